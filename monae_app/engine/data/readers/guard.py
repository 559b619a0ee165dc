"""One guard for all readers: whatever a library says to a damaged file becomes one sentence for people."""

from __future__ import annotations

import csv
import lzma
import struct
import tarfile
import warnings
import zipfile
import zlib
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, ParamSpec, TypeVar

from anndata._io.specs.registry import IORegistryError

from monae_app.engine.errors import InputError
from monae_app.engine.folder import is_full

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from monae_app.engine.data.contents import Contents, Matrix

# What h5py, zarr, anndata, pandas, scipy and the archive modules have been seen to raise on damaged files.
READING_ERRORS = (
    OSError,
    LookupError,
    ValueError,
    TypeError,
    RuntimeError,
    SystemError,
    AttributeError,
    ArithmeticError,
    AssertionError,
    EOFError,
    MemoryError,
    BufferError,
    csv.Error,
    lzma.LZMAError,
    struct.error,
    tarfile.TarError,
    zipfile.BadZipFile,
    zlib.error,
    IORegistryError,
)
LONGEST_REASON = 160
Read = TypeVar("Read")
Asked = ParamSpec("Asked")


def reason_of(error: BaseException) -> str:
    """Return the first line of what a library said, short enough for a message."""
    if isinstance(error, MemoryError):
        return "it asks for more memory than there is"
    lines = str(error).strip().splitlines()
    text = (lines[0] if lines else "").strip() or type(error).__name__
    return text if len(text) <= LONGEST_REASON else text[: LONGEST_REASON - 3] + "..."


@contextmanager
def guarded(path: Path, called: str, expected: str, todo: str) -> Iterator[None]:
    """Turn every error of a library into an InputError.

    Parameters
    ----------
    path
        The file, named in the message.
    called
        What it was taken for: ``AnnData (.h5ad)``.
    expected, todo
        The rest of the message.
    """
    try:
        with warnings.catch_warnings():
            # libraries warn of old formats and repeated names; what matters of it is said in notes
            warnings.simplefilter("ignore")
            yield
    except READING_ERRORS as error:
        if is_full(error):
            raise InputError(
                f"{path.name} is too large for memory, and the disk that its values go to is full.",
                "some 5 to 20 bytes of free space for each of its values that is not 0.",
                "free some space and try again: what was brought over is taken up.",
            ) from error
        raise InputError(
            f"{path.name} could not be read as {called} ({reason_of(error)}).",
            f"{expected.rstrip('.')}.",
            f"{todo.rstrip('.')}.",
        ) from error


def guard_matrices(contents: Contents) -> Contents:
    """Put the guard around every matrix that is yet to be read."""
    path, called = contents.path, contents.format
    parts = tuple(
        replace(part, matrices={name: _guarded(matrix, path, called) for name, matrix in part.matrices.items()})
        for part in contents.parts
    )
    return replace(contents, parts=parts)


def _guarded(matrix: Matrix, path: Path, called: str) -> Matrix:
    def around(read: Callable[Asked, Read]) -> Callable[Asked, Read]:
        def whole(*asked: Asked.args, **named: Asked.kwargs) -> Read:
            with guarded(path, called, "a file that is whole", "copy it again: it may be cut off or damaged"):
                return read(*asked, **named)

        return whole

    columns = None if matrix.columns is None else around(matrix.columns)
    return replace(matrix, read=around(matrix.read), peek=around(matrix.peek), columns=columns)
