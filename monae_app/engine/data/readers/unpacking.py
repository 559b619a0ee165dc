"""Compressed files as streams that stop at a bomb, and temporary files that go with their last reader."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import re
import shutil
import tempfile
import weakref
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, cast

from monae_app.engine.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable

    from monae_app.engine.data.contents import Contents, Matrix

COMPRESSIONS: tuple[tuple[bytes, str, Callable[[BinaryIO], BinaryIO]], ...] = (
    (b"\x1f\x8b", "gzip", lambda raw: cast("BinaryIO", gzip.GzipFile(fileobj=raw))),
    (b"BZh", "bzip2", lambda raw: cast("BinaryIO", bz2.BZ2File(raw))),
    (b"\xfd7zXZ\x00", "xz", lambda raw: cast("BinaryIO", lzma.LZMAFile(raw))),  # noqa: SIM115 (closed by its reader)
)
# A table of counts shrinks 5 to 100 times; a bomb 1,000 times and more. What is small does no harm at any ratio.
MOST_RATIO, HARMLESS_BYTES = 300, 256 << 20
MOST_BYTES = 64 << 30
BUFFER = 1 << 20


def compression_of(start: bytes) -> str | None:
    """Return how a file is compressed, by its first bytes; None if it is not."""
    return next((name for magic, name, _ in COMPRESSIONS if start.startswith(magic)), None)


def is_compressed(path: Path) -> bool:
    """Tell whether a file is compressed, by its first bytes."""
    with path.open("rb") as file:
        return compression_of(file.read(8)) is not None


def unpacked(path: Path) -> io.BufferedReader:
    """Open a file for reading, unpacked if it is compressed.

    Reading raises InputError where the content grows beyond all reason.
    """
    raw = path.open("rb")
    start = raw.read(8)
    raw.seek(0)
    inner = next((opened(raw) for magic, _, opened in COMPRESSIONS if start.startswith(magic)), None)
    if inner is None:
        return raw
    return io.BufferedReader(_Bounded(inner, raw, path.name), BUFFER)


def taken_from(stream: io.BufferedReader) -> int:
    """Return how many bytes of its file a stream of :func:`unpacked` has taken."""
    return stream.raw.taken if isinstance(stream.raw, _Bounded) else stream.tell()


class _Bounded(io.RawIOBase):
    """What a compressed stream gives, as long as it is in proportion to what was taken from the file."""

    def __init__(self, inner: BinaryIO, raw: BinaryIO, name: str) -> None:
        self._inner, self._raw, self._name, self._given = inner, raw, name, 0

    @property
    def taken(self) -> int:
        return self._raw.tell()

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: object) -> int:
        count = cast("int", self._inner.readinto(buffer))  # type: ignore[attr-defined]
        self._given += count
        check_growth(self._name, self._given, self._raw.tell())
        return count

    def close(self) -> None:
        if not self.closed:
            self._inner.close()
            self._raw.close()
        super().close()


def check_growth(name: str, unpacked_bytes: int, packed_bytes: int) -> None:
    """Refuse what unpacks to far more than data do.

    Raises
    ------
    InputError
        If it does.
    """
    beyond_ratio = unpacked_bytes > HARMLESS_BYTES and unpacked_bytes > MOST_RATIO * max(1, packed_bytes)
    if beyond_ratio or unpacked_bytes > MOST_BYTES:
        raise InputError(
            f"{name} unpacks to more than {unpacked_bytes >> 20:,} MB from {packed_bytes / (1 << 20):,.1f} MB.",
            f"at most {MOST_RATIO} times its size, and at most {MOST_BYTES >> 30} GB.",
            "unpack it yourself and look at what it holds.",
        )


class TemporaryFolder:
    """A folder that is removed when nothing refers to it any more, and at the end of the process."""

    def __init__(self) -> None:
        self.path = Path(tempfile.mkdtemp(prefix="monae-"))
        self._remove = weakref.finalize(self, shutil.rmtree, self.path, ignore_errors=True)

    def copy(self, source: BinaryIO, name: str, packed_bytes: int | None = None) -> Path:
        """Write a stream to a file of the folder, under the last part of its name alone, and return its path.

        Parameters
        ----------
        packed_bytes
            Its size as packed, where the stream itself is not bounded.
        """
        safe = re.sub(r"[^\w.+-]", "_", Path(name).name)[-100:].lstrip(".") or "file"
        path = self.path / safe
        while path.exists():
            path = self.path / f"{len(list(self.path.iterdir()))}-{safe}"
        written = 0
        with path.open("xb") as target:
            while block := source.read(BUFFER):
                written += len(block)
                check_growth(name, written, written if packed_bytes is None else packed_bytes)
                target.write(block)
        return path


def kept(contents: Contents, path: Path, folder: TemporaryFolder) -> Contents:
    """Return contents that were read from a temporary folder as those of ``path``; the folder stays while they do."""

    def held(matrix: Matrix) -> Matrix:
        # the closures hold the folder
        def read(_folder: TemporaryFolder = folder) -> object:
            return matrix.read()

        def peek(_folder: TemporaryFolder = folder) -> object:
            return matrix.peek()

        def columns(wanted: object, _folder: TemporaryFolder = folder) -> object:
            return matrix.columns(wanted)  # type: ignore[misc, arg-type]

        of_features = None if matrix.columns is None else columns
        return replace(matrix, read=read, peek=peek, columns=of_features)  # type: ignore[arg-type]

    parts = tuple(
        replace(part, matrices={name: held(matrix) for name, matrix in part.matrices.items()})
        for part in contents.parts
    )
    return replace(contents, path=path, parts=parts)
