"""AnnData and MuData as Zarr: a folder, or the same packed as .zip."""

from __future__ import annotations

import json
from contextlib import contextmanager
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

import zarr

from monae_app.engine.data.contents import Contents
from monae_app.engine.data.readers.guard import guarded
from monae_app.engine.data.readers.h5ad import ENTRIES, part_of
from monae_app.engine.data.readers.names import modality_of
from monae_app.engine.data.readers.tree import Opener, is_array
from monae_app.engine.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from monae_app.engine.data.contents import Part
    from monae_app.engine.data.readers.archive import Listing
    from monae_app.engine.data.readers.tree import Node

FORMAT = "AnnData (Zarr)"
EXPECTED = "a Zarr store as anndata's write_zarr makes it, a folder or packed as .zip"
TODO = "write it anew with anndata's write_zarr; a file of it may be missing or damaged"
MARKS = (".zgroup", "zarr.json")
# Codecs that turn bytes into any Python object, which may run code.
UNSAFE = frozenset(["pickle", "numcodecs.pickle"])


def root_of(listing: Listing) -> str | None:
    """Return the folder in which an AnnData or MuData in Zarr begins, empty for the top; None if there is none."""
    names = set(listing.names)
    for name in sorted(names, key=lambda each: (each.count("/"), each)):
        folder, base = PurePosixPath(name).parent, PurePosixPath(name).name
        if base not in MARKS:
            continue
        below = {(folder / entry / base).as_posix().removeprefix("./") for entry in ("obs", "mod")}
        if below & names or (base == ".zgroup" and (folder / "obs" / ".zarray").as_posix() in names):
            return "" if folder.as_posix() == "." else folder.as_posix()
    return None


def read(path: Path, root: str) -> Contents:
    """Read an AnnData or MuData.

    Parameters
    ----------
    path
        The folder or .zip archive.
    root
        Where it begins inside.

    Raises
    ------
    InputError
        If it is damaged, or its values could run code.
    """
    opener = _opener(path, root)
    notes: list[str] = []
    with guarded(path, FORMAT, EXPECTED, TODO), opener() as group:
        places = [f"mod/{name}" for name in group["mod"]] if "mod" in group else [""]
        parts: list[Part] = []
        for place in places:
            table = group[place] if place else group
            for entry in ENTRIES:
                if entry in table:
                    _check_safe(table[entry], path)
            name = place.removeprefix("mod/")
            parts.append(part_of(opener, place, table, path, name, modality_of(name) if name else None))
    return Contents(path, FORMAT, tuple(parts), tuple(notes))


def _opener(path: Path, root: str) -> Opener:
    @contextmanager
    def opened() -> Iterator[Node]:
        store: Any = (
            zarr.storage.LocalStore(path, read_only=True)
            if path.is_dir()
            else zarr.storage.ZipStore(path, mode="r", read_only=True)
        )
        try:
            # what a store says of itself in one place may be out of date: each group is asked
            yield zarr.open_group(store, path=root, mode="r", use_consolidated=False)
        finally:
            store.close()

    return Opener(path, opened)


def _check_safe(node: Node, path: Path) -> None:
    nodes = [node] if is_array(node) else [each for _, each in node.members(max_depth=None)]
    for each in nodes:
        if is_array(each) and UNSAFE & set(_words(each.metadata.to_dict())):
            raise InputError(
                f"{path.name}: {each.path} holds Python pickles, which are unsafe to open.", f"{EXPECTED}.", f"{TODO}."
            )


def _words(value: object) -> Iterator[str]:
    """Go through all text in a description of an array."""
    if isinstance(value, str):
        yield value.lower()
    elif isinstance(value, dict):
        for each in value.values():
            yield from _words(each)
    elif isinstance(value, list | tuple):
        for each in value:
            yield from _words(each)
    elif hasattr(value, "to_dict"):
        yield from _words(value.to_dict())
    elif hasattr(value, "get_config"):
        yield from _words(json.loads(json.dumps(value.get_config(), default=str)))
