"""What a user saves of a run: named selections and columns of annotations, with undo and redo. N cells."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from monae_app.jobs import bitsets
from monae_app.jobs.about import clean_name
from monae_app.jobs.annotation_columns import Columns
from monae_app.jobs.annotation_files import AnnotationFiles
from monae_app.jobs.annotation_state import (
    COLOURS,
    MOST_SETS,
    SavedSet,
    check_free,
    check_room,
    checked,
    new_id,
    newest,
)

if TYPE_CHECKING:
    from pathlib import Path

    from monae_app.jobs.annotation_state import State


class Annotations:
    """What one user has saved of one run.

    Parameters
    ----------
    folder
        Where it is kept, see :func:`monae_app.jobs.annotation_files.annotation_folder`.
    cells
        N, of the run.
    """

    def __init__(self, folder: Path, cells: int) -> None:
        self.folder = folder
        self._files = AnnotationFiles(folder, cells)
        self.sets = SavedSets(self._files)
        self.columns = Columns(self._files)

    def state(self) -> State:
        """Return what is saved now.

        Raises
        ------
        InputError
            If it cannot be read, or belongs to another number of cells.
        """
        return self._files.state()

    def undo(self, step: str | None = None) -> State:
        """Take the last step back, as :meth:`monae_app.jobs.annotation_state.State.undone` does."""
        return self._files.change(lambda state: state.undone(step))

    def redo(self, step: str | None = None) -> State:
        """Do again what was taken back last, as :meth:`monae_app.jobs.annotation_state.State.redone` does."""
        return self._files.change(lambda state: state.redone(step))


class SavedSets:
    """The named selections.

    Parameters
    ----------
    files
        Of the user and the run.
    """

    def __init__(self, files: AnnotationFiles) -> None:
        self._files = files

    def bits(self, key: str) -> bytes:
        """Return the cells of a selection as bits, see :mod:`monae_app.jobs.bitsets`.

        Raises
        ------
        InputError
            If there is no such selection.
        """
        item = checked(self._files.state(), key, SavedSet)
        return self._files.read(item.blob, bitsets.bytes_for(self._files.cells))

    def add(self, name: str, bits: bytes, colour: str | None = None) -> SavedSet:
        """Save a selection under a name.

        Raises
        ------
        InputError
            If it is empty, not one of this run, its name is taken, or there are too many.
        """
        name, chosen = clean_name(name), bitsets.some(bits, self._files.cells)

        def change(state: State) -> State:
            check_room(len(state.sets), MOST_SETS, "selections")
            check_free(name, [each.name for each in state.sets], "selection")
            item = SavedSet(
                id=new_id(),
                order=state.order + 1,
                name=name,
                colour=colour or COLOURS[state.order % len(COLOURS)],
                count=chosen,
                blob=self._files.write(bits),
            )
            return state.changed(f"save the selection “{name}”", {item.id: item})

        return newest(self._files.change(change).sets)

    def change(
        self, key: str, *, name: str | None = None, colour: str | None = None, version: int | None = None
    ) -> SavedSet:
        """Rename a selection or give it another colour; what is None stays.

        Parameters
        ----------
        key
            Its id.
        name, colour
            What changes; a colour as #rrggbb.
        version
            Of the state that the user saw: refused if the selection has changed since.

        Raises
        ------
        InputError
            If it is gone, has changed, or cannot be called so.
        """
        name = None if name is None else clean_name(name)

        def change(state: State) -> State:
            item = checked(state, key, SavedSet, version)
            changes: dict[str, Any] = {}
            if name is not None and name != item.name:
                check_free(name, [each.name for each in state.sets], "selection")
                changes["name"] = name
            if colour is not None and colour != item.colour:
                changes["colour"] = colour
            if not changes:
                return state
            text = f"rename “{item.name}” to “{name}”" if "name" in changes else f"recolour “{item.name}”"
            return state.changed(text, {key: item.model_copy(update=changes)})

        return checked(self._files.change(change), key, SavedSet)

    def replace(self, key: str, bits: bytes, version: int | None = None) -> SavedSet:
        """Put other cells into a selection.

        Raises
        ------
        InputError
            If it is gone or has changed since ``version``, or no cells are chosen.
        """
        chosen = bitsets.some(bits, self._files.cells)

        def change(state: State) -> State:
            item = checked(state, key, SavedSet, version)
            after = item.model_copy(update={"count": chosen, "blob": self._files.write(bits)})
            return state.changed(f"replace the cells of “{item.name}”", {key: after})

        return checked(self._files.change(change), key, SavedSet)

    def remove(self, key: str, version: int | None = None) -> None:
        """Remove a selection.

        Raises
        ------
        InputError
            If it is gone already, or has changed since ``version``.
        """

        def change(state: State) -> State:
            item = checked(state, key, SavedSet, version)
            return state.changed(f"delete the selection “{item.name}”", {key: None})

        self._files.change(change)
