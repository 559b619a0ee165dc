"""A tree of arrays on disk, HDF5 or Zarr, opened anew for each read; nothing in it may point outside the file."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import h5py

from monae_app.engine.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager
    from pathlib import Path

# A group or an array of h5py or zarr: both have attrs, and arrays have a shape and slices.
Node = Any
DEEPEST, MOST_NODES = 6, 200_000


@dataclass(frozen=True)
class Opener:
    """Opens the tree of a file or folder, as often as it is called."""

    path: Path
    how: Callable[[], AbstractContextManager[Node]]

    def __call__(self) -> AbstractContextManager[Node]:
        """Open it."""
        return self.how()


def hdf5(path: Path) -> Opener:
    """Open an HDF5 file for reading; no lock is taken."""
    return Opener(path, lambda: h5py.File(path, "r", locking=False))


def is_array(node: Node) -> bool:
    """Tell arrays from groups."""
    return hasattr(node, "shape")


def is_group(node: Node) -> bool:
    """Tell groups from arrays and from nothing."""
    return node is not None and not is_array(node)


def child(group: Node, name: str) -> Node | None:
    """Return what stands at a name, None where nothing does."""
    return group[name] if name in group else None  # noqa: SIM401 (a zarr group has no get that returns None)


def attribute(node: Node, *names: str) -> Any:
    """Return the first of several attributes that is there, as text where it is text; None if none is."""
    for name in names:
        if name in node.attrs:
            value = node.attrs[name]
            return value.decode("utf-8", "replace") if isinstance(value, bytes) else value
    return None


def check_inside(file: h5py.File, names: list[str], path: Path) -> None:
    """Refuse a file in which any of the named entries points into another file.

    A link to the outside, or an array stored outside, would show its reader files of the server.

    Raises
    ------
    InputError
        If one does.
    """
    left = MOST_NODES
    stack = [(file, name, 0) for name in names]
    while stack:
        group, name, depth = stack.pop()
        left -= 1
        if depth > DEEPEST or left < 0:
            raise InputError(
                f"{path.name}: {name} is nested deeper than any table is.",
                "tables of columns.",
                "write the file anew with the program it comes from.",
            )
        if _leads_outside(group, name, file):
            raise InputError(
                f"{path.name}: {group.name.rstrip('/')}/{name} points to another file.",
                "a file that holds all of its data itself.",
                "write it anew, for example with anndata's write_h5ad.",
            )
        node = group[name]
        if isinstance(node, h5py.Group):
            # links may run in a circle: the depth and the number of entries are bounded
            stack += [(node, each, depth + 1) for each in node]


def _leads_outside(group: h5py.Group, name: str, file: h5py.File) -> bool:
    if isinstance(group.get(name, getlink=True), h5py.ExternalLink):
        return True
    node = group[name]
    if node.file.filename != file.filename:
        return True
    return isinstance(node, h5py.Dataset) and bool(node.is_virtual or node.external)
