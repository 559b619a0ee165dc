"""What a user has saved of a run, as values: named selections, annotation columns, and the steps that led there.

Nothing is changed in place. A step names each item that it changed as it was before and as it was after, so that it can
be taken back and done again; the cells themselves lie in files that are named here by their sum.
"""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Annotated, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field

from monae_app.engine.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

# Undo reaches back so far; where what is kept takes much room, at least LEAST_STEPS.
MOST_STEPS, LEAST_STEPS = 100, 50
MOST_SETS, MOST_COLUMNS, MOST_GROUPS = 200, 40, 254
# No group, among the codes of a column.
NONE = 255
# Okabe and Ito's colours, which colour-blind people tell apart.
COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#b2a100", "#6f4e9c")

Blob = Annotated[str, Field(pattern=r"^[0-9a-f]{32}$")]
Id = Annotated[str, Field(pattern=r"^[a-z0-9]{4,24}$")]
Colour = Annotated[str, Field(pattern=r"^#[0-9a-f]{6}$")]


class Frozen(BaseModel):
    """Values that never change."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class SavedSet(Frozen):
    """A named selection of ``count`` cells; ``changed`` is the version that changed it last."""

    kind: Literal["set"] = "set"
    id: Id
    order: int
    changed: int = 0
    name: str
    colour: Colour
    count: int
    blob: Blob


class Group(Frozen):
    """One group of a column."""

    name: str
    count: int


class Column(Frozen):
    """A column that the user makes: a group, or none, for every cell. Codes count the groups from 0."""

    kind: Literal["column"] = "column"
    id: Id
    order: int
    changed: int = 0
    name: str
    groups: tuple[Group, ...] = ()
    blob: Blob

    def code(self, name: str) -> int | None:
        """Return the code of a group, or None if the column has no such group."""
        return next((code for code, group in enumerate(self.groups) if group.name == name), None)


Item = Annotated[SavedSet | Column, Field(discriminator="kind")]


class Change(Frozen):
    """One item before and after; None where it was not there."""

    before: Item | None
    after: Item | None


class Step(Frozen):
    """What was done, in words, and what that changed."""

    id: Id
    text: str
    changes: dict[str, Change]


class State(Frozen):
    """Everything that is saved; ``version`` counts the changes, ``order`` the items ever made."""

    cells: int
    version: int = 0
    order: int = 0
    items: dict[str, Item] = {}
    past: tuple[Step, ...] = ()
    future: tuple[Step, ...] = ()

    @property
    def sets(self) -> list[SavedSet]:
        """The selections, oldest first."""
        return sorted((item for item in self.items.values() if isinstance(item, SavedSet)), key=lambda item: item.order)

    @property
    def columns(self) -> list[Column]:
        """The columns, oldest first."""
        return sorted((item for item in self.items.values() if isinstance(item, Column)), key=lambda item: item.order)

    @property
    def blobs(self) -> set[str]:
        """Sums of all files that are needed, those of undo and redo among them."""
        items = list(self.items.values())
        for step in (*self.past, *self.future):
            items += [item for change in step.changes.values() for item in (change.before, change.after) if item]
        return {item.blob for item in items}

    def changed(self, text: str, after: dict[str, SavedSet | Column | None]) -> State:
        """Do something new: what was undone before cannot be done again then.

        Parameters
        ----------
        text
            What was done, to follow "Undo:".
        after
            The items that it changes, by id; None for those that it removes.
        """
        version = self.version + 1
        stamped = {key: item and item.model_copy(update={"changed": version}) for key, item in after.items()}
        changes = {key: Change(before=self.items.get(key), after=item) for key, item in stamped.items()}
        step = Step(id=secrets.token_hex(6), text=text, changes=changes)
        past = (*self.past, step)[-MOST_STEPS:]
        order = max([self.order, *(item.order for item in stamped.values() if item)])
        return self._with(stamped).model_copy(
            update={"version": version, "past": past, "future": (), "order": order}
        )  # fmt: skip

    def undone(self, step: str | None = None) -> State:
        """Take the last step back.

        Parameters
        ----------
        step
            Id of the step that is meant; whichever is the last if left out.

        Raises
        ------
        InputError
            If there is none, or another one is the last meanwhile.
        """
        last = _expected(self.past, step, "undo")
        back = self._with({key: change.before for key, change in last.changes.items()}, stamp=True)
        return back.model_copy(
            update={"version": self.version + 1, "past": self.past[:-1], "future": (*self.future, last)}
        )

    def redone(self, step: str | None = None) -> State:
        """Do again what was taken back last, as :meth:`undone` does.

        Raises
        ------
        InputError
            If there is none, or another one is the last meanwhile.
        """
        last = _expected(self.future, step, "redo")
        again = self._with({key: change.after for key, change in last.changes.items()}, stamp=True)
        return again.model_copy(
            update={"version": self.version + 1, "past": (*self.past, last), "future": self.future[:-1]}
        )

    def forgetting(self, steps: int) -> State:
        """Forget the oldest steps."""
        return self.model_copy(update={"past": self.past[steps:]})

    def _with(self, changes: dict[str, SavedSet | Column | None], *, stamp: bool = False) -> State:
        items = dict(self.items)
        for key, item in changes.items():
            if item is None:
                items.pop(key, None)
            else:
                items[key] = item.model_copy(update={"changed": self.version + 1}) if stamp else item
        return self.model_copy(update={"items": items})


def _expected(steps: tuple[Step, ...], meant: str | None, word: str) -> Step:
    if not steps:
        raise InputError(
            f"There is nothing to {word}.", "a change that was saved.", "select cells, and save them first."
        )
    if meant is not None and steps[-1].id != meant:
        raise InputError(
            f"Something else was done meanwhile, in another tab: {steps[-1].text}.",
            f"the change that the page offered to {word}.",
            f"look at the list, which is fresh now, then {word} again.",
        )
    return steps[-1]


Kind = TypeVar("Kind", SavedSet, Column)


def checked(state: State, key: str, kind: type[Kind], version: int | None = None) -> Kind:
    """Return an item, if it is there and has not changed since a version that somebody saw.

    Raises
    ------
    InputError
        If not.
    """
    item = state.items.get(key)
    if not isinstance(item, kind):
        raise gone("What you mean is not there any more")
    if version is not None and item.changed > version:
        raise gone(f"“{item.name}” was changed meanwhile")
    return item


def gone(what: str) -> InputError:
    """Say that another tab was quicker."""
    return InputError(
        f"{what}: another tab may have changed it.",
        "what the list showed.",
        "look at the list, which is fresh now, then try again.",
    )


def check_free(name: str, taken: Collection[str], what: str) -> None:
    """Refuse a name that something else of the kind has."""
    if name in taken:
        raise InputError(f"There is already a {what} “{name}”.", "a name of its own.", "choose another name.")


def check_room(there: int, most: int, what: str) -> None:
    """Refuse one more than ``most``."""
    if there >= most:
        raise InputError(f"There are {there} {what} already.", f"at most {most}.", "delete some first.")


def new_id() -> str:
    """Return an id that nothing else has."""
    return secrets.token_hex(6)


def newest(items: Sequence[Kind]) -> Kind:
    """Return the item that was made last."""
    return max(items, key=lambda item: item.order)
