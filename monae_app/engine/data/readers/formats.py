"""The table of formats: what a file is, found by what it holds, and who reads it."""

from __future__ import annotations

import tarfile
import zipfile
from typing import TYPE_CHECKING, NamedTuple

import h5py

from monae_app.engine.data.readers import archive, collections_of_files, h5ad, h5mu, loom, plain_text, refusals, tenx_h5
from monae_app.engine.data.readers.guard import guarded
from monae_app.engine.data.readers.unpacking import TemporaryFolder, compression_of, kept, unpacked
from monae_app.engine.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from monae_app.engine.data.contents import Contents, ReadingOptions

HDF5_SIGNATURE = b"\x89HDF\r\n\x1a\n"
START = 1 << 16
MOST_WRAPPINGS = 3


class InHdf5(NamedTuple):
    """One kind of HDF5 file: how it is told by its contents, and its reader."""

    is_it: Callable[[h5py.File], bool]
    read: Callable[[Path, ReadingOptions], Contents]


HDF5_FORMATS = (
    InHdf5(lambda file: {"obs", "var"} <= set(file) and "mod" not in file, h5ad.read),
    InHdf5(lambda file: isinstance(file.get("mod"), h5py.Group), h5mu.read),
    InHdf5(lambda file: {"matrix", "row_attrs", "col_attrs"} <= set(file), loom.read),
    InHdf5(tenx_h5.is_version_3, tenx_h5.read_version_3),
    InHdf5(lambda file: bool(tenx_h5.genome_groups(file)), tenx_h5.read_version_2),
)


class ByStart(NamedTuple):
    """One kind of file: how it is told by its path and its first bytes, and its reader.

    The reader is also told in how many wrappings, archives or compressions, the file was found.
    """

    is_it: Callable[[Path, bytes], bool]
    read: Callable[[Path, ReadingOptions, int], Contents]


def read_any(path: Path, options: ReadingOptions, wrappings: int = 0) -> Contents:
    """Read a file or folder of any kind.

    Raises
    ------
    InputError
        If it is damaged or of no known kind.
    """
    if wrappings > MOST_WRAPPINGS:
        raise InputError(f"{path.name} is packed in packed files.", refusals.EXPECTED, "unpack it.")
    if path.is_dir():
        return _read_folder(path, options, wrappings)
    if not path.is_file():
        found = f"{path} is no plain file." if path.exists() else f"There is no file {path}."
        raise InputError(found, refusals.EXPECTED, "check the path.")
    with path.open("rb") as file:
        start = file.read(START)
    if not start:
        raise InputError(f"{path.name} is empty.", refusals.EXPECTED, "copy or download it again.")
    reader = next((each.read for each in BY_START if each.is_it(path, start)), None)
    if reader is None:
        refusals.check_start(path, start)
        return plain_text.read(path, start, options)
    return reader(path, options, wrappings)


def read_hdf5(path: Path, options: ReadingOptions) -> Contents:
    """Read an HDF5 file of any kind.

    Raises
    ------
    InputError
        If it is damaged or of no known kind.
    """
    keys = h5ad.check_is_hdf5(path)
    with guarded(path, "HDF5", h5ad.H5AD, h5ad.REWRITE), h5py.File(path, "r", locking=False) as file:
        found = next((each.read for each in HDF5_FORMATS if each.is_it(file)), None)
    if found is None:
        raise refusals.hdf5_of_another_kind(path, keys) or h5ad.unknown_hdf5(path, keys)
    return found(path, options)


def _read_folder(path: Path, options: ReadingOptions, wrappings: int) -> Contents:
    listing = archive.list_folder(path)
    return collections_of_files.read(path, listing, lambda file: read_any(file, options, wrappings + 1))


def _read_zip(path: Path, options: ReadingOptions, wrappings: int) -> Contents:
    with guarded(path, "a .zip archive", archive.EXPECTED, archive.REPACK):
        listing = archive.list_zip(path)
        refusals.check_zip(path, listing.names)
        return collections_of_files.read(path, listing, lambda file: read_any(file, options, wrappings + 1))


def _refuse_cut_zip(path: Path, _options: ReadingOptions, _wrappings: int) -> Contents:
    # the list of what a .zip archive holds stands at its end
    what = "a .zip archive, or a document packed as one, whose end is missing"
    raise refusals.refused(path, what, "copy or download it again: it is cut off.")


def _read_tar(path: Path, options: ReadingOptions, wrappings: int) -> Contents:
    todo = "copy or download it again, as it may be cut off, or pack the files anew"
    with guarded(path, "a .tar archive", archive.EXPECTED, todo):
        listing = archive.list_tar(path)
        return collections_of_files.read(path, listing, lambda file: read_any(file, options, wrappings + 1))


def _read_compressed(path: Path, options: ReadingOptions, wrappings: int) -> Contents:
    with guarded(path, "a compressed file", refusals.EXPECTED, "copy or download it again: it may be cut off"):
        with unpacked(path) as stream:
            start = stream.read(START)
        refusals.check_start(path, start)
        if _is_tar(start):
            return _read_tar(path, options, wrappings)
        if start.startswith((HDF5_SIGNATURE, b"PK\x03\x04")) or compression_of(start):
            folder = TemporaryFolder()
            with unpacked(path) as stream:
                inner = folder.copy(stream, path.stem or path.name)
            return kept(read_any(inner, options, wrappings + 1), path, folder)
        return plain_text.read(path, start, options)


def _is_tar(start: bytes) -> bool:
    try:
        tarfile.TarInfo.frombuf(start[:512], "utf-8", "surrogateescape")
    except tarfile.HeaderError:
        return False
    return True


BY_START = (
    ByStart(lambda path, _: h5py.is_hdf5(path), lambda path, options, _: read_hdf5(path, options)),
    ByStart(lambda path, start: start.startswith(b"PK") and zipfile.is_zipfile(path), _read_zip),
    ByStart(lambda _, start: start.startswith(b"PK\x03\x04"), _refuse_cut_zip),
    ByStart(lambda _, start: compression_of(start) is not None, _read_compressed),
    ByStart(lambda _, start: _is_tar(start), _read_tar),
)
