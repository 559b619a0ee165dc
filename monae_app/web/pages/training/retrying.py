"""Try again with other settings: the form is filled with those of an earlier run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dash import ClientsideFunction, Dash, Input, Output, State, ctx, html, no_update

from monae_app.engine.errors import InputError
from monae_app.web import ids
from monae_app.web.components.notice import refused
from monae_app.web.components.parameter_form import default_values, shown_values
from monae_app.web.pages.training import layout as page

if TYPE_CHECKING:
    from monae_app.web.run_actions import Earlier, RunActions
    from monae_app.web.services import Services


def register(app: Dash, services: Services, deeds: RunActions) -> None:
    """Connect it."""

    @app.callback(
        Output(page.PARAMETERS, "value"),
        Output(page.NAME, "value"),
        Output(ids.SOURCE, "data", allow_duplicate=True),
        Output(page.FROM, "hidden"),
        Output(page.FROM_TEXT, "children"),
        Output(page.FILLED, "data"),
        Output(page.MESSAGE, "children", allow_duplicate=True),
        Input(page.RETRY, "n_clicks"),
        Input(page.RESET, "n_clicks"),
        State(ids.RUN, "value"),
        State(page.PARAMETERS, "id"),
        prevent_initial_call=True,
    )
    def fill(retry: int | None, reset: int | None, run: str | None, names: list[dict[str, str]]) -> tuple[Any, ...]:
        nothing = [no_update] * len(names)
        if ctx.triggered_id == page.RESET and reset:
            return default_values(names), "", no_update, True, None, no_update, None
        if not retry or not run:
            return nothing, *[no_update] * 6
        try:
            earlier = deeds.earlier(run)
        except InputError as error:
            return nothing, *[no_update] * 5, refused(error)
        known = earlier.source is not None
        source = earlier.source.to_json() if earlier.source else no_update
        told = _told(earlier, known=known)
        return shown_values(names, earlier.config), earlier.record.name, source, False, told, page.nonce(run), None

    _register_asked(app, deeds)

    # Scrolls to the form and puts the keyboard there.
    app.clientside_callback(  # type: ignore[no-untyped-call]
        ClientsideFunction("training", "begin"), Output(page.FORM, "title"), Input(page.FILLED, "data")
    )


def _register_asked(app: Dash, deeds: RunActions) -> None:
    """Fill the form as the URL asks: with the settings of a run, some of them changed."""

    @app.callback(
        Output(page.PARAMETERS, "value", allow_duplicate=True),
        Output(page.NAME, "value", allow_duplicate=True),
        Output(ids.SOURCE, "data", allow_duplicate=True),
        Output(page.FROM, "hidden", allow_duplicate=True),
        Output(page.FROM_TEXT, "children", allow_duplicate=True),
        Output(page.FILLED, "data", allow_duplicate=True),
        Output(page.MESSAGE, "children", allow_duplicate=True),
        Input(page.ASKED, "data"),
        State(page.PARAMETERS, "id"),
        prevent_initial_call="initial_duplicate",
    )
    def fill(asked: dict[str, str] | None, names: list[dict[str, str]]) -> tuple[Any, ...]:
        nothing = [no_update] * len(names)
        changes = changes_of((asked or {}).get("set", ""))
        if asked is None or not changes:
            return nothing, *[no_update] * 6
        try:
            earlier = deeds.earlier(asked["run"])
        except InputError as error:
            return nothing, *[no_update] * 5, refused(error)
        shown = zip(names, shown_values(names, earlier.config), strict=True)
        values = [changes.get(given["name"], value) for given, value in shown]
        source = earlier.source.to_json() if earlier.source else no_update
        told = _told(earlier, known=earlier.source is not None)
        for name in changes.keys() & {given["name"] for given in names}:
            told += ["Changed: ", html.Code(name), f" {changes[name]}. "]
        return values, earlier.record.name, source, False, told, page.nonce(asked["run"]), None


def changes_of(text: str) -> dict[str, str]:
    """Read settings from a URL: "steps:800;learning_rate:0.001"."""
    pairs = (part.partition(":") for part in text.split(";"))
    return {name.strip(): value.strip() for name, colon, value in pairs if colon and name.strip()}


def _told(earlier: Earlier, *, known: bool) -> list[Any]:
    said: list[Any] = ["Settings from ", html.Strong(earlier.record.name), ". "]
    if not known:
        said.append("Which data it was trained on is not known here: those named below stay chosen. ")
    return said
