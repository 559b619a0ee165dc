"""What a folder or an archive is: a 10x matrix, a Zarr store, or the wrapping of one file."""

from __future__ import annotations

import zipfile
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from monae_app.engine.data.readers import tenx_mtx, zarr_store
from monae_app.engine.data.readers.mtx_sets import find_sets
from monae_app.engine.data.readers.refusals import refused
from monae_app.engine.data.readers.unpacking import TemporaryFolder, kept
from monae_app.engine.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from monae_app.engine.data.contents import Contents
    from monae_app.engine.data.readers.archive import Listing

EXPECTED = "a 10x matrix (matrix.mtx, features.tsv, barcodes.tsv), a Zarr store, or one data file."
ENDINGS = (".h5ad", ".h5mu", ".h5", ".hdf5", ".loom", ".csv", ".tsv", ".txt", ".rds")
PACKED = ("", ".gz", ".bz2", ".xz", ".bgz")
SHOWN = 6


def read(path: Path, listing: Listing, open_one: Callable[[Path], Contents]) -> Contents:
    """Read what a folder or archive holds.

    Parameters
    ----------
    path, listing
        The folder or archive, and its files.
    open_one
        Reads a single file.

    Raises
    ------
    InputError
        If it holds nothing that can be read, or several files of which each could be meant.
    """
    root = zarr_store.root_of(listing)
    if root is not None:
        if path.is_file() and not zipfile.is_zipfile(path):
            raise InputError(f"{path.name} holds a Zarr store.", EXPECTED, "pack its folder as .zip instead.")
        return zarr_store.read(path, root)
    sets, notes = find_sets(listing.names)
    folder = TemporaryFolder()
    if sets:
        taken = listing.take([name for each in sets for name in each.files], folder)
        return kept(tenx_mtx.read_sets(path, sets, taken.__getitem__, notes), path, folder)
    if {"config.json", "status.json"} <= set(listing.names):
        raise refused(
            path,
            "a run that was made with Monae",
            "import it on the Training page, or unpack it and open its folder: `monae app FOLDER`.",
        )
    files = _data_files(listing.names)
    if len(files) != 1:
        raise _none_or_several(path, files, listing.names)
    taken = listing.take(files, folder)
    found = open_one(taken[files[0]])
    return kept(found, path, folder)


def _data_files(names: tuple[str, ...]) -> list[str]:
    """Return the files that may be meant; an archive of one file is that file, whatever its name."""
    visible = [name for name in names if not PurePosixPath(name).name.startswith(".")]
    if len(visible) == 1:
        return visible
    endings = tuple(ending + packed for ending in ENDINGS for packed in PACKED)
    found = [name for name in visible if name.lower().endswith(endings)]
    plain = [name for name in found if "readme" not in name.lower() and "license" not in name.lower()]
    # of the two matrices of Cell Ranger the filtered one is meant
    filtered = [name for name in plain if "filtered_" in name.lower() and name.lower().endswith(".h5")]
    return filtered if len(filtered) == 1 else plain


def _none_or_several(path: Path, files: list[str], names: tuple[str, ...]) -> InputError:
    if files:
        shown = ", ".join(files[:SHOWN]) + (" and more" if len(files) > SHOWN else "")
        return InputError(
            f"{path.name} holds {len(files)} files that could be meant: {shown}.",
            f"{EXPECTED}",
            "give the one that is meant; several samples are given as several files.",
        )
    shown = ", ".join(names[:SHOWN]) + (" and more" if len(names) > SHOWN else "") or "nothing"
    return InputError(
        f"{path.name} holds {shown}, which is no data that can be read.", EXPECTED, "choose another file or folder."
    )
