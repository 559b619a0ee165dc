"""Rename a run and write a note to it, in place."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dash import ClientsideFunction, Dash, Input, Output, State, ctx, no_update

from monae_app.engine.errors import InputError
from monae_app.web import ids
from monae_app.web.components.notice import refused
from monae_app.web.pages.training import layout as page

if TYPE_CHECKING:
    from monae_app.web.run_actions import RunActions
    from monae_app.web.services import Services


def register(app: Dash, services: Services, deeds: RunActions) -> None:
    """Connect it."""

    @app.callback(
        Output(page.EDIT_BOX, "hidden"),
        Output(page.EDIT_NAME, "value"),
        Output(page.EDIT_NOTE, "value"),
        Input(page.EDIT, "n_clicks"),
        Input(page.LEAVE, "n_clicks"),
        Input(ids.RUN, "value"),
        State(ids.RUN, "value"),
        prevent_initial_call=True,
    )
    def edit(clicks: int | None, _leave: int | None, _run: str | None, run: str | None) -> tuple[Any, Any, Any]:
        if ctx.triggered_id != page.EDIT or not clicks or not run:
            return True, no_update, no_update
        try:
            record = services.own(run)
        except InputError:
            return True, no_update, no_update
        about = record.about
        return False, record.named(about, record.status), about.note

    @app.callback(
        Output(page.EDIT_BOX, "hidden", allow_duplicate=True),
        Output(page.TOUCHED, "data", allow_duplicate=True),
        Output(ids.RUNS, "data", allow_duplicate=True),
        Output(page.MESSAGE, "children", allow_duplicate=True),
        Input(page.SAVE, "n_clicks"),
        Input(page.EDIT_NAME, "n_submit"),
        State(page.EDIT_NAME, "value"),
        State(page.EDIT_NOTE, "value"),
        State(ids.RUN, "value"),
        prevent_initial_call=True,
    )
    def save(
        clicks: int | None, entered: int | None, name: str | None, note: str | None, run: str | None
    ) -> tuple[Any, Any, Any, Any]:
        if not run or not (clicks or entered):
            return no_update, no_update, no_update, no_update
        try:
            deeds.describe(run, name or "", note or "")
        except InputError as error:
            return no_update, no_update, no_update, refused(error)
        return True, page.nonce(run), page.nonce(run), None

    # Puts the keyboard into the field that has appeared, and back on the button.
    app.clientside_callback(  # type: ignore[no-untyped-call]
        ClientsideFunction("training", "edit"), Output(page.EDIT_BOX, "title"), Input(page.EDIT_BOX, "hidden")
    )
