"""Lines of a sparse matrix on disk, cells or features: written from first to last, and gone on with after a kill.

What is written is noted after each block of lines, the values before the note: whoever comes after a process that was
killed takes over all blocks that were noted. L lines, M places in each.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from monae_app.engine.data import in_blocks
from monae_app.engine.data.in_blocks import blocks
from monae_app.engine.data.store.mapped_matrix import MappedMatrix, width_of
from monae_app.engine.folder import sweep
from monae_app.engine.result import write_json

if TYPE_CHECKING:
    from pathlib import Path

    import scipy.sparse as sp

PLACES, ENDS, ABOUT, NOTE = "places.i4", "ends.i8", "about.json", "written.json"
# types in the order in which they hold more
WIDTHS: dict[str, np.dtype[Any]] = {"u1": np.dtype(np.uint8), "u2": np.dtype(np.uint16), "f4": np.dtype(np.float32)}


@dataclass(frozen=True)
class Lines:
    """Lines that are whole.

    Parameters
    ----------
    values, places
        Of all lines after each other, mapped: (stored,), as few bytes as hold them; (stored,) int32, increasing in each
        line.
    ends
        Where lines begin and end, (L + 1,) int64.
    """

    values: np.ndarray
    places: np.ndarray
    ends: np.ndarray

    @classmethod
    def open(cls, folder: Path) -> Lines | None:
        """Open what lies in a folder; None if it is not whole."""
        try:
            about = json.loads((folder / ABOUT).read_text(encoding="utf-8"))
            ends = np.fromfile(folder / ENDS, np.int64)
            stored = int(ends[-1])
            if about != {"lines": len(ends) - 1, "stored": stored, "width": about["width"]}:
                return None
            return cls(
                _mapped(folder / _name(about["width"]), WIDTHS[about["width"]], stored),
                _mapped(folder / PLACES, np.dtype(np.int32), stored),
                ends,
            )
        except (OSError, ValueError, LookupError, TypeError):
            return None

    def line(self, number: int) -> tuple[np.ndarray, np.ndarray]:
        """Return places and values (float32) of one line."""
        part = slice(int(self.ends[number]), int(self.ends[number + 1]))
        return self.places[part], self.values[part].astype(np.float32)

    def matrix(self, n_places: int) -> MappedMatrix:
        """Return them as a matrix, (L, M)."""
        return MappedMatrix.of(self.values, self.places, self.ends, (len(self.ends) - 1, n_places))

    def dense(self, numbers: np.ndarray, n_places: int) -> np.ndarray:
        """Return some lines by their numbers (n,), zeros filled in, as columns: (M, n) float32."""
        found = np.zeros((n_places, len(numbers)), np.float32)
        for column, number in enumerate(numbers.tolist()):
            places, values = self.line(number)
            found[places, column] = values
        return found


def finished(folder: Path, lines: int, stored: int, width: str) -> Lines:
    """Say of a folder that all lines are there, and open them.

    Raises
    ------
    OSError
        If they are not there as they were written.
    """
    write_json(folder / ABOUT, {"lines": lines, "stored": stored, "width": width}, durable=False)
    found = Lines.open(folder)
    if found is None:
        msg = f"{folder.name} is not as it was written"
        raise OSError(msg)
    return found


class LineWriter:
    """Takes lines from first to last.

    Parameters
    ----------
    folder
        Made if need be; if lines were written there before, ``done`` says how many, and the next come after them.

    Raises
    ------
    OSError
        Here and in all that follows: if the disk is too full.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        sweep(folder)
        self.done, self._stored, self._width = _noted(folder)
        for name, length in self._lengths().items():
            path = folder / name
            path.touch()
            os.truncate(path, length)

    def append(self, block: sp.csr_matrix) -> None:
        """Add lines, (n, M), each with its places in order, once each, and without zeros."""
        needed = width_of(block.data)
        if list(WIDTHS.values()).index(needed) > list(WIDTHS).index(self._width):
            self._widen(next(name for name, width in WIDTHS.items() if width == needed))
        ends = self._stored + block.indptr[1:].astype(np.int64)
        for name, array in (
            (_name(self._width), block.data.astype(WIDTHS[self._width])),
            (PLACES, block.indices.astype(np.int32)),
            (ENDS, ends),
        ):
            with (self.folder / name).open("ab") as file:
                array.tofile(file)
        self.done, self._stored = self.done + block.shape[0], self._stored + block.nnz
        self._note()

    def finish(self) -> Lines:
        """Say that all lines are there, and open them."""
        found = finished(self.folder, self.done, self._stored, self._width)
        (self.folder / NOTE).unlink(missing_ok=True)
        return found

    def _widen(self, width: str) -> None:
        """Write all values anew with more bytes each."""
        former = self.folder / _name(self._width)
        with (self.folder / _name(width)).open("wb") as file:
            values = _mapped(former, WIDTHS[self._width], self._stored)
            for part in blocks(self._stored, in_blocks.VALUES_AT_ONCE):
                values[part].astype(WIDTHS[width]).tofile(file)
        self._width = width
        self._note()
        former.unlink()

    def _note(self) -> None:
        about = {"lines": self.done, "stored": self._stored, "width": self._width}
        write_json(self.folder / NOTE, about, durable=False)

    def _lengths(self) -> dict[str, int]:
        """How long the files are by what was noted; the first end is that of no line."""
        if not (self.folder / ENDS).exists():
            np.zeros(1, np.int64).tofile(self.folder / ENDS)
        width = WIDTHS[self._width].itemsize
        return {_name(self._width): self._stored * width, PLACES: self._stored * 4, ENDS: (self.done + 1) * 8}


def _name(width: str) -> str:
    return f"values.{width}"


def _noted(folder: Path) -> tuple[int, int, str]:
    """Lines, stored values and their type of what was written before; nothing where that cannot be told."""
    try:
        found = json.loads((folder / NOTE).read_text(encoding="utf-8"))
        lines, stored, width = int(found["lines"]), int(found["stored"]), str(found["width"])
        lengths = {_name(width): stored * WIDTHS[width].itemsize, PLACES: stored * 4, ENDS: (lines + 1) * 8}
        if all((folder / name).stat().st_size >= length for name, length in lengths.items()):
            return lines, stored, width
    except (OSError, ValueError, LookupError, TypeError):
        pass
    return 0, 0, "u1"


def _mapped(path: Path, dtype: np.dtype, length: int) -> np.ndarray:
    return np.memmap(path, dtype, "r", shape=(length,)) if length else np.zeros(0, dtype)
