"""Another file whose cells take part: chosen among those on offer, looked into, and what it does."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dash import Dash, Input, Output, State, no_update

from monae_app.web import ids
from monae_app.web.components.notice import alert, failure
from monae_app.web.label_files import GETS, Look
from monae_app.web.pages.labels.layout import ASKED, LOOK, OTHER, ROLE, ROLE_BOX, SAVE, TOLD

if TYPE_CHECKING:
    from monae_app.web.labels_view import LabelsView


def register(app: Dash, view: LabelsView) -> None:
    """Connect it."""

    @app.callback(
        Output(OTHER, "options"),
        Output(OTHER, "value"),
        Input(ids.UPLOADS, "data"),
        Input(ids.BASKET, "data"),
        State(OTHER, "options"),
        State(ASKED, "data"),
    )
    def offer(_uploads: Any, basket: Any, before: list[Any] | None, asked: dict[str, str] | None) -> tuple[Any, Any]:
        options = view.files.options(basket)
        wanted = (asked or {}).get("file")
        # What the URL names is chosen once: a choice that was made since is not undone.
        first = not before and wanted in [each["value"] for each in options]
        return options, wanted if first else no_update

    @app.callback(Output(LOOK, "data"), Input(OTHER, "value"), prevent_initial_call=True)
    def look(ref: str | None) -> Any:
        return view.files.look(ref).to_json() if ref else None

    @app.callback(
        Output(TOLD, "children"),
        Output(ROLE_BOX, "hidden"),
        Output(SAVE, "hidden"),
        Input(LOOK, "data"),
        Input(ROLE, "value"),
    )
    def tell(kept: Any, role: str) -> tuple[Any, bool, bool]:
        found = Look.from_json(kept)
        if found is None:
            return None, True, False
        return told(found, role), found.error is not None, role == GETS


def told(found: Look, role: str) -> Any:
    """Say what a file holds, or why it cannot be used."""
    if found.error:
        return failure(*(str(found.error.get(name, "")) for name in ("found", "expected", "todo")))
    if role != GETS and not any(part["labels"] for part in found.parts):
        lacking = "A column of obs that names kinds of cells, such as cell_type. Add one, or choose another file."
        return alert(f"{found.name} has no labels to give", lacking, tone="info")
    return found.sentence
