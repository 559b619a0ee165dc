"""What the buttons below a run do: cancel, go on, train further, delete, undo."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from dash import Dash, Input, Output, State, ctx, no_update

from monae_app.engine.errors import InputError
from monae_app.web import ids
from monae_app.web.components.notice import refused
from monae_app.web.pages.training import layout as page

if TYPE_CHECKING:
    from monae_app.web.run_actions import RunActions
    from monae_app.web.services import Services


def register(app: Dash, services: Services, deeds: RunActions) -> None:
    """Connect them."""

    @app.callback(
        Output(page.TOUCHED, "data"),
        Output(page.MESSAGE, "children"),
        Input(page.CANCEL, "n_clicks"),
        Input(page.RESUME, "n_clicks"),
        State(ids.RUN, "value"),
        prevent_initial_call=True,
    )
    def stop_or_go_on(cancel: int | None, resume: int | None, run: str | None) -> tuple[Any, Any]:
        if not run or not (cancel or resume):
            return no_update, no_update
        try:
            (services.cancel if ctx.triggered_id == page.CANCEL else services.resume)(run)
        except InputError as error:
            return page.nonce(run), refused(error)
        return page.nonce(run), None

    @app.callback(
        Output(page.MESSAGE, "children", allow_duplicate=True), Input(ids.RUN, "value"), prevent_initial_call=True
    )
    def forget(_run: str | None) -> None:
        """Take away what was said of another run."""

    _register_extending(app, services, deeds)


def _register_extending(app: Dash, services: Services, deeds: RunActions) -> None:
    @app.callback(
        Output(page.EXTEND_BOX, "hidden"),
        Output(page.MORE, "value"),
        Output(page.MESSAGE, "children", allow_duplicate=True),
        Input(page.FURTHER, "n_clicks"),
        Input(page.EXTEND_BACK, "n_clicks"),
        Input(ids.RUN, "value"),
        prevent_initial_call=True,
    )
    def ask(further: int | None, _back: int | None, run: str | None) -> tuple[Any, Any, Any]:
        if ctx.triggered_id != page.FURTHER or not further or not run:
            return True, no_update, no_update
        try:
            had = deeds.extensible(run)
        except InputError as error:
            return True, no_update, refused(error)
        return False, str(max(1, had // 2)), None

    @app.callback(
        Output(ids.NEW_RUN, "data", allow_duplicate=True),
        Output(page.MESSAGE, "children", allow_duplicate=True),
        Input(page.EXTEND, "n_clicks"),
        Input(page.MORE, "n_submit"),
        State(page.MORE, "value"),
        State(ids.RUN, "value"),
        prevent_initial_call=True,
        running=[(Output(page.EXTEND, "disabled"), True, False)],
    )
    def extend(clicks: int | None, entered: int | None, more: str | None, run: str | None) -> tuple[Any, Any]:
        if not run or not (clicks or entered):
            return no_update, no_update
        try:
            record = deeds.extend(run, _number(more or ""))
        except InputError as error:
            return no_update, refused(error)
        return {"id": record.id, "nonce": time.time()}, None


def _number(text: str) -> int:
    plain = text.replace(",", "").replace(" ", "")
    if not plain.isdecimal():
        raise InputError(f"{text or 'Nothing'!r} is no number of steps.", "a whole number.", "type one.")
    return int(plain)
