"""The matrix of a Matrix Market file: in memory, or on disk if it is large, in whatever order the file lists it.

N cells, G features.
"""

from __future__ import annotations

import io
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import scipy.sparse as sp

from monae_app.engine.data import on_disk
from monae_app.engine.data.contents import PEEKED_VALUES, Matrix
from monae_app.engine.data.readers.matrix_market import parsed, parsed_lines, sample
from monae_app.engine.data.readers.onto_disk import LEAST_BYTES, brought_over, check_room
from monae_app.engine.data.readers.unpacking import BUFFER, is_compressed, unpacked
from monae_app.engine.data.store import kept
from monae_app.engine.data.store.scattering import ENTRY, Scattering

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from monae_app.engine.data.readers.matrix_market import Header
    from monae_app.engine.data.store.kept import Entry, Keeping
    from monae_app.engine.data.store.lines import LineWriter

STRETCH = 8 << 20
LONGEST_LINE = 10_000
WAITING = "entries"
BLANK = re.compile(rb"(?:^|\n)[ \t\r]*\n")


@dataclass(frozen=True)
class MtxMatrix:
    """Where a matrix lies and how.

    Parameters
    ----------
    path, header
        The file, or a copy of it if it lies in an archive; what stands at its top.
    source, place
        The file, folder or archive that was given, and its name in there.
    shape
        (N, G), cells in rows.
    turned
        Whether the file has features in rows.
    keeping
        Where it is kept if it is large.
    """

    path: Path
    header: Header
    source: Path
    place: str
    shape: tuple[int, int]
    turned: bool
    keeping: Keeping | None = field(default_factory=kept.keeping)

    def matrix(self, features: np.ndarray | None) -> Matrix:
        """Return it as a Matrix that is read when it is asked, all of its features or those at (G',)."""
        entry = self._entry()
        n_features = self.shape[1] if features is None else len(features)

        def columns(wanted: np.ndarray) -> np.ndarray:
            return self._columns(entry, wanted if features is None else features[wanted])

        return Matrix(
            (self.shape[0], n_features),
            lambda: self._read(features, entry),
            lambda: self._peek(features),
            # a feature is looked up by whoever shows a page: not in a file that has yet to be gone through
            columns=None if entry is None or entry.by_feature() is None else columns,
        )

    @property
    def _is_large(self) -> bool:
        # of whoever reads it, some want all in memory
        return on_disk.is_large(self.header.n_values or 0) and self.header.is_general

    def _entry(self) -> Entry | None:
        return None if self.keeping is None or not self._is_large else self.keeping.of(self.source, self.place)

    def _read(self, features: np.ndarray | None, entry: Entry | None) -> sp.csr_matrix | np.ndarray:
        if self._is_large:
            values = self._onto_disk(entry)
            return values if features is None else on_disk.take(values, columns=features)
        values = parsed(self.path)
        values = values.T if self.turned else values
        if values.shape != self.shape:
            raise ValueError(f"{self.path.name} is {values.shape}, not {self.shape}")
        values = values if isinstance(values, np.ndarray) else sp.csr_matrix(values)
        return values if features is None else values[:, features]

    def _peek(self, features: np.ndarray | None) -> np.ndarray:
        values = sp.coo_matrix(sample(self.path))
        found = values.data
        if features is not None:
            found = found[np.isin(values.row if self.turned else values.col, features)]
        return np.asarray(found[:: -(-len(found) // PEEKED_VALUES) or 1])

    def _columns(self, entry: Entry | None, wanted: np.ndarray) -> np.ndarray:
        values = self._onto_disk(entry)
        lines = None if entry is None else entry.by_feature()
        return np.asarray(values[:, wanted].toarray()) if lines is None else lines.dense(wanted, self.shape[0])

    def _onto_disk(self, entry: Entry | None) -> sp.csr_matrix:
        return brought_over(self._write_lines, "csr", self.shape, entry)

    def _write_lines(self, writer: LineWriter) -> None:
        """Write the cells of the file, and go on where that was interrupted."""
        if writer.done < self.shape[0]:
            self._scattered(writer.folder).hand_over(writer, self.shape[1])

    def _scattered(self, folder: Path) -> Scattering:
        header = self.header
        size = header.n_rows, header.n_columns
        if (size[::-1] if self.turned else size) != self.shape:
            raise ValueError(f"{self.path.name} is {size[0]} x {size[1]}, which does not fit")
        n_values = header.n_values or 0
        waiting = Scattering(folder / WAITING, self.shape[0], n_values)
        check_room(folder, (LEAST_BYTES + ENTRY.itemsize) * (n_values - waiting.taken))
        for stretch, position in _stretches(self.path, header.length, waiting.position):
            values = parsed_lines(header, stretch.count(b"\n"), io.BytesIO(stretch), self.path)
            rows, columns = (values.col, values.row) if self.turned else (values.row, values.col)
            waiting.add(rows, columns, values.data.astype(np.float32), position)
            kept.tell(waiting.taken, n_values)
        if waiting.taken != n_values:
            raise ValueError(
                f"{self.path.name} lists {n_values:,} values, but holds {waiting.taken:,}: it may be cut off"
            )
        return waiting


def _stretches(path: Path, begin: int, position: int) -> Iterator[tuple[bytes, int]]:
    """Yield whole lines below the header from a position on, without blank ones, and the position after them."""
    with unpacked(path) as stream:
        if is_compressed(path):
            left = begin + position
            while left and (passed := len(stream.read(min(left, BUFFER)))):
                left -= passed
        else:
            stream.seek(begin + position)
        while stretch := stream.read(STRETCH):
            if not stretch.endswith(b"\n"):
                stretch += stream.readline(LONGEST_LINE)
            position += len(stretch)
            tidy = stretch if stretch.endswith(b"\n") and not BLANK.search(stretch) else _without_blanks(stretch)
            if tidy:
                yield tidy, position


def _without_blanks(stretch: bytes) -> bytes:
    return b"".join(line + b"\n" for line in stretch.split(b"\n") if line.strip())
