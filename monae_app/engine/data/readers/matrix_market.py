"""Matrix Market files (.mtx): a header, then a line a value."""

from __future__ import annotations

import io
from codecs import BOM_UTF8
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, BinaryIO

import scipy.io

from monae_app.engine.data.contents import PEEKED_VALUES
from monae_app.engine.data.readers.stored import NUMBERS
from monae_app.engine.data.readers.stored_dense import spread
from monae_app.engine.data.readers.unpacking import BUFFER, is_compressed, unpacked

if TYPE_CHECKING:
    from pathlib import Path

    import numpy as np
    import scipy.sparse as sp

# the shortest line of a matrix is `1 1`, and nothing shrinks more than 1,032 times by gzip
SHORTEST_LINE, GZIP_LIMIT = 4, 1032
# numbers, infinity and NaN
ALLOWED = b"0123456789+-.eEinfaINFAN \t\r\n"
# a look at the values reads at most so much of a file, in so many places if it is not compressed
PEEKED_BYTES, PLACES = 16 * PEEKED_VALUES, 16


@dataclass(frozen=True)
class Header:
    """What stands at the top of a Matrix Market file: its first line, rows, columns, and where the values begin."""

    first: str
    n_rows: int
    n_columns: int
    n_values: int | None
    length: int

    @property
    def is_general(self) -> bool:
        """Whether each line stands for one value: none is mirrored."""
        return "general" in self.first.lower()


def read_header(path: Path) -> Header:
    """Read the first lines of a Matrix Market file.

    Raises
    ------
    ValueError
        If it is none, or lists more values than the file can hold.
    """
    length = 0
    with unpacked(path) as stream:
        first = stream.readline(1000)
        length += len(first)
        first = first.removeprefix(BOM_UTF8)
        if not first.lower().startswith(b"%%matrixmarket matrix"):
            raise ValueError(f"{path.name} begins with {first[:20]!r}, not with %%MatrixMarket")
        line = b"%"
        while line.startswith(b"%") or line.strip() == b"":
            line = stream.readline(100_000)
            length += len(line)
            if not line:
                raise ValueError(f"{path.name} ends before its sizes")
    sizes = [int(word) for word in line.split()]
    if len(sizes) not in (2, 3) or min(sizes) < 0:
        raise ValueError(f"the sizes of {path.name} are {line[:40]!r}")
    n_values = sizes[2] if len(sizes) == 3 else None
    room = path.stat().st_size * (GZIP_LIMIT if is_compressed(path) else 1)
    if n_values is not None and n_values * SHORTEST_LINE > room + SHORTEST_LINE:
        raise ValueError(f"{path.name} lists {n_values:,} values, more than it can hold: it is cut off")
    return Header(first.decode("ascii", "replace"), sizes[0], sizes[1], n_values, length)


def parsed(path: Path) -> sp.coo_matrix | np.ndarray:
    """Parse a whole file, as it lies.

    Raises
    ------
    ValueError
        If it is damaged, or holds no plain numbers.
    """
    header = read_header(path)
    with unpacked(path) as stream:
        # the comments are not handed on, whatever they hold
        stream.read(header.length)
        return _numbers(header, stream, path)


def parsed_lines(header: Header, n_lines: int, body: BinaryIO, path: Path) -> sp.coo_matrix:
    """Parse so many lines of a file's body, none of them blank, as :func:`parsed` does."""
    return _numbers(replace(header, n_values=n_lines), body, path)


def _numbers(header: Header, body: BinaryIO, path: Path) -> sp.coo_matrix | np.ndarray:
    values = scipy.io.mmread(io.BufferedReader(_Digits(header, body, path), BUFFER), spmatrix=True)
    if values.dtype.kind not in NUMBERS:
        raise ValueError(f"{path.name} holds {values.dtype}")
    return values


class _Digits(io.RawIOBase):
    """The header and the lines of a matrix, as long as they are made of numbers.

    SciPy's parser is quick, but other bytes, NUL above all, can end the process.
    """

    def __init__(self, header: Header, body: BinaryIO, path: Path) -> None:
        sizes = " ".join(str(size) for size in (header.n_rows, header.n_columns, header.n_values) if size is not None)
        self._left, self._body, self._path = f"{header.first.strip()}\n{sizes}\n".encode(), body, path

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        found, self._left = self._left[: len(buffer)], self._left[len(buffer) :]
        if not found:
            found = self._body.read(len(buffer))
            odd = found.translate(None, ALLOWED)
            if odd:
                raise ValueError(f"{self._path.name} holds {odd[:8]!r} among its numbers")
        buffer[: len(found)] = found
        return len(found)


def sample(path: Path) -> sp.coo_matrix | np.ndarray:
    """Parse some of the lines: the first ones of a compressed file, else lines from all over it."""
    header = read_header(path)
    body = path.stat().st_size - header.length
    if header.n_values is None or (not is_compressed(path) and body <= PEEKED_BYTES):
        return parsed(path)
    lines: list[bytes] = []
    with unpacked(path) as stream:
        if is_compressed(path):
            stream.read(header.length)
            lines = stream.read(PEEKED_BYTES).splitlines()
            # the last line may be cut
            lines = lines[:-1] if len(lines) < header.n_values else lines
        else:
            for place in spread(body, PLACES):
                stream.seek(header.length + min(place.start, body - 1))
                stream.readline()
                lines += stream.read(PEEKED_BYTES // PLACES).splitlines()[:-1]
    lines = [line for line in lines if line.strip()]
    return parsed_lines(header, len(lines), io.BytesIO(b"\n".join(lines) + b"\n"), path)
