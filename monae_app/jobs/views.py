"""What a link to a map restores beside its address: ``<store>/views/<user>-<run>-<token>.json``, both by their digest.

A view belongs to the run whose map it shows: it is read by whoever may see that run and has the token, which cannot be
guessed, and goes when the run's sharing ends. N cells.
"""

from __future__ import annotations

import base64
import re
import secrets
from contextlib import suppress
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from monae_app.engine.errors import InputError
from monae_app.jobs import bitsets
from monae_app.jobs.kept_files import key_of
from monae_app.jobs.private_files import private_folder, write_private

if TYPE_CHECKING:
    from pathlib import Path

TOKEN = re.compile(r"[0-9a-f]{32}")
MOST_OF_A_USER, MOST_GROUPS = 500, 300
Name = Annotated[str, Field(max_length=400)]
Colour = Annotated[str, Field(pattern=r"^#[0-9a-fA-F]{6}$")]
Place = Annotated[float, Field(allow_inf_nan=False)]


class MapView(BaseModel):
    """What a map shows beside what stands in its address.

    Parameters
    ----------
    key
        What the cells are coloured by; hidden groups and colours are of this column.
    hidden, colours
        Groups that are not drawn, and colours that groups were given, by name.
    scale
        Name of the scale of continuous values.
    camera
        Centre x and y, and zoom; None for all cells.
    part
        Key of the map of some cells; None for all.
    selection
        The cells that are selected, as bits (see :mod:`monae_app.jobs.bitsets`) in base64; None for none.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    key: Name = ""
    hidden: Annotated[tuple[Name, ...], Field(max_length=MOST_GROUPS)] = ()
    colours: Annotated[dict[Name, Colour], Field(max_length=MOST_GROUPS)] = {}
    scale: Annotated[str | None, Field(max_length=40)] = None
    camera: tuple[Place, Place, Place] | None = None
    part: Annotated[str | None, Field(pattern=r"^[0-9a-f]{40}$")] = None
    selection: str | None = None

    @classmethod
    def of(cls, said: Any, cells: int) -> MapView:
        """Take what a browser says.

        Raises
        ------
        InputError
            If it is no view of a map of so many cells.
        """
        try:
            view = cls.model_validate(said)
            if view.selection is not None:
                bitsets.some(base64.b64decode(view.selection, validate=True), cells)
        except (ValidationError, ValueError) as error:
            raise InputError(
                "What the map shows cannot be kept.", "a view of a map of this run.", "reload the page and try again."
            ) from error
        return view


class Views:
    """The views of all users.

    Parameters
    ----------
    store
        Root of everything that the app keeps.
    """

    def __init__(self, store: Path) -> None:
        self._folder = store / "views"

    def add(self, user: str, run: Path, view: MapView) -> str:
        """Keep a view and return its token.

        Parameters
        ----------
        user
            Who keeps it.
        run
            Folder of the run.
        view
            What is shown.

        Raises
        ------
        InputError
            If the user has made too many.
        """
        # by their names: what they hold may be large, and there may be many
        mine = sum(1 for _ in self._folder.glob(f"{_digest(user)}-*.json"))
        if mine >= MOST_OF_A_USER:
            raise InputError(
                f"{mine} links to views were made.", f"fewer than {MOST_OF_A_USER}.",
                "end the sharing of a run whose links nobody needs.",
            )  # fmt: skip
        token = secrets.token_hex(16)
        name = f"{_digest(user)}-{_digest(str(run.resolve()))}-{token}.json"
        write_private(private_folder(self._folder) / name, view.model_dump_json().encode())
        return token

    def read(self, token: str, run: Path) -> MapView:
        """Return a view of a run.

        Raises
        ------
        InputError
            If there is none with this token.
        """
        if TOKEN.fullmatch(token):
            for path in self._folder.glob(f"*-{_digest(str(run.resolve()))}-{token}.json"):
                with suppress(OSError, ValueError):
                    return MapView.model_validate_json(path.read_bytes())
        raise InputError(
            "The view that this link shows is not there any more.", "a link that was not ended.", "ask for a new one."
        )

    def forget(self, run: Path) -> None:
        """Remove the views of a run."""
        for path in self._folder.glob(f"*-{_digest(str(run.resolve()))}-*.json"):
            path.unlink(missing_ok=True)


def _digest(text: str) -> str:
    return key_of(text)[:16]
