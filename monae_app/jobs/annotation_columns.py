"""Columns that a user makes: a group, or none, for every cell. N cells."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from monae_app.jobs import bitsets
from monae_app.jobs.about import clean_name
from monae_app.jobs.annotation_state import (
    MOST_COLUMNS,
    MOST_GROUPS,
    NONE,
    Column,
    Group,
    check_free,
    check_room,
    checked,
    gone,
    new_id,
    newest,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from monae_app.jobs.annotation_files import AnnotationFiles
    from monae_app.jobs.annotation_state import State


class Columns:
    """The columns of one user and one run.

    Parameters
    ----------
    files
        Of the user and the run.
    """

    def __init__(self, files: AnnotationFiles) -> None:
        self._files = files

    def codes(self, key: str) -> NDArray[np.uint8]:
        """Return the group of every cell, (N,), 255 where it has none.

        Raises
        ------
        InputError
            If there is no such column.
        """
        return self._codes(checked(self._files.state(), key, Column))

    def categories(self, key: str) -> pd.Categorical[Any]:
        """Return the group of every cell by its name, (N,), missing where it has none; refused as :meth:`codes` is."""
        item = checked(self._files.state(), key, Column)
        codes = self._codes(item).astype(np.int16)
        codes[codes == NONE] = -1
        groups = pd.Index([group.name for group in item.groups], dtype=object)
        return pd.Categorical.from_codes(codes, dtype=pd.CategoricalDtype(groups))

    def add(self, name: str, group: str = "", bits: bytes | None = None) -> Column:
        """Make a column, with a first group if cells are given.

        Raises
        ------
        InputError
            If its name is taken, no cells are chosen, or there are too many columns.
        """
        name, groups = clean_name(name), []
        codes = np.full(self._files.cells, NONE, np.uint8)
        if bits is not None:
            bitsets.some(bits, self._files.cells)
            groups = [clean_name(group)]
            codes[bitsets.unpack(bits, self._files.cells)] = 0

        def change(state: State) -> State:
            check_room(len(state.columns), MOST_COLUMNS, "columns")
            check_free(name, [each.name for each in state.columns], "column")
            empty = Column(id=new_id(), order=state.order + 1, name=name, blob="0" * 32)
            return state.changed(f"make the column “{name}”", {empty.id: self._with(empty, groups, codes)})

        return newest(self._files.change(change).columns)

    def add_whole(self, name: str, groups: Sequence[str], codes: NDArray[np.uint8]) -> Column:
        """Make a column, or replace the one of this name, with the group of every cell.

        Parameters
        ----------
        name
            Of the column.
        groups
            Their names.
        codes
            (N,), each below the number of groups, or 255 for none.

        Raises
        ------
        InputError
            If there are too many groups or columns, or the codes are of other cells.
        """
        name, names = clean_name(name), [clean_name(each) for each in groups]
        check_room(len(names) - 1, MOST_GROUPS, "groups in a column")
        if len(codes) != self._files.cells or (codes[codes != NONE] >= len(names)).any():
            raise gone("These groups belong to other cells")

        def change(state: State) -> State:
            known = next((each for each in state.columns if each.name == name), None)
            if known is not None:
                return state.changed(f"replace the column “{name}”", {known.id: self._with(known, names, codes)})
            check_room(len(state.columns), MOST_COLUMNS, "columns")
            made = Column(id=new_id(), order=state.order + 1, name=name, blob="0" * 32)
            return state.changed(f"make the column “{name}”", {made.id: self._with(made, names, codes)})

        after = self._files.change(change)
        return next(each for each in after.columns if each.name == name)

    def assign(self, key: str, bits: bytes, group: str | None, *, new: bool = False) -> Column:
        """Put the chosen cells into a group of a column, or into none.

        Parameters
        ----------
        key
            Id of the column.
        bits
            The cells.
        group
            Its name; None takes the cells out of their groups.
        new
            Make the group if the column does not have it.

        Raises
        ------
        InputError
            If column or group are gone, no cells are chosen, or there are too many groups.
        """
        chosen, where = bitsets.some(bits, self._files.cells), bitsets.unpack(bits, self._files.cells)
        group = None if group is None else clean_name(group)

        def change(state: State) -> State:
            item = checked(state, key, Column)
            names = [each.name for each in item.groups]
            if group is not None and group not in names:
                if not new:
                    raise gone(f"The column “{item.name}” has no group “{group}” any more")
                check_room(len(names), MOST_GROUPS, "groups in a column")
                names.append(group)
            codes = self._codes(item)
            codes[where] = NONE if group is None else names.index(group)
            to = "no group" if group is None else f"“{group}”"
            text = f"put {chosen:,} cells into {to} of “{item.name}”"
            return state.changed(text, {key: self._with(item, names, codes)})

        return checked(self._files.change(change), key, Column)

    def rename(self, key: str, name: str, version: int | None = None) -> Column:
        """Give a column another name.

        Parameters
        ----------
        key
            Its id.
        name
            The new name.
        version
            Of the state that the user saw: refused if the column has changed since.

        Raises
        ------
        InputError
            If it is gone, has changed, or cannot be called so.
        """
        name = clean_name(name)

        def change(state: State) -> State:
            item = checked(state, key, Column, version)
            if name == item.name:
                return state
            check_free(name, [each.name for each in state.columns], "column")
            return state.changed(f"rename “{item.name}” to “{name}”", {key: item.model_copy(update={"name": name})})

        return checked(self._files.change(change), key, Column)

    def rename_group(self, key: str, group: str, name: str, version: int | None = None) -> Column:
        """Give a group another name, as :meth:`rename` does with a column."""
        name = clean_name(name)

        def change(state: State) -> State:
            item, code = _group(state, key, group, version)
            if name == group:
                return state
            names = [each.name for each in item.groups]
            check_free(name, names, "group")
            names[code] = name
            text = f"rename the group “{group}” of “{item.name}” to “{name}”"
            return state.changed(text, {key: self._with(item, names, self._codes(item))})

        return checked(self._files.change(change), key, Column)

    def remove_group(self, key: str, group: str, version: int | None = None) -> Column:
        """Take a group away: its cells are in none then; refused as :meth:`rename` is."""

        def change(state: State) -> State:
            item, code = _group(state, key, group, version)
            names, codes = [each.name for each in item.groups if each.name != group], self._codes(item)
            later = (codes > code) & (codes != NONE)
            codes[codes == code] = NONE
            codes[later] -= 1
            return state.changed(
                f"remove the group “{group}” of “{item.name}”", {key: self._with(item, names, codes)}
            )  # fmt: skip

        return checked(self._files.change(change), key, Column)

    def remove(self, key: str, version: int | None = None) -> None:
        """Remove a column; refused as :meth:`rename` is."""

        def change(state: State) -> State:
            item = checked(state, key, Column, version)
            return state.changed(f"delete the column “{item.name}”", {key: None})

        self._files.change(change)

    def _codes(self, item: Column) -> NDArray[np.uint8]:
        return np.frombuffer(self._files.read(item.blob, self._files.cells), np.uint8).copy()

    def _with(self, item: Column, names: list[str], codes: NDArray[np.uint8]) -> Column:
        counts = np.bincount(codes, minlength=NONE + 1).tolist()
        groups = tuple(Group(name=name, count=counts[code]) for code, name in enumerate(names))
        return item.model_copy(update={"groups": groups, "blob": self._files.write(codes.tobytes())})


def _group(state: State, key: str, group: str, version: int | None) -> tuple[Column, int]:
    item = checked(state, key, Column, version)
    code = item.code(group)
    if code is None:
        raise gone(f"The column “{item.name}” has no group “{group[:80]}” any more")
    return item, code
