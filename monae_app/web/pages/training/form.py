"""The form of a new training: what it is trained on, what it will take, and the start."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from dash import Dash, Input, Output, State, dcc, html, no_update

from monae_app.engine.config import RunConfig, make_config
from monae_app.engine.errors import InputError
from monae_app.web import ids
from monae_app.web.components.forecast_line import forecast_line
from monae_app.web.components.notice import refused
from monae_app.web.components.parameter_form import read_parameters
from monae_app.web.datasets import Source
from monae_app.web.forecast import forecast
from monae_app.web.pages.training import layout as page

if TYPE_CHECKING:
    from monae_app.web.services import Services


def register(app: Dash, services: Services) -> None:
    """Connect the form."""

    @app.callback(Output(page.DATASET, "children"), Input(ids.SOURCE, "data"))
    def describe(chosen: dict[str, Any] | None) -> Any:
        change = dcc.Link("Change", href="/data")
        try:
            source = source_of(services, chosen)
            title = services.catalogue.title(source)
        except InputError as error:
            return [refused(error), change]
        chosen_before = [
            html.Span([html.Code(name), f" {_plain(value)}"], className="chip")
            for name, value in sorted(source.settings.items())
        ]
        told = html.P("Chosen on the pages before, and taken from there:", className="muted small")
        return [
            html.P(["On ", html.Strong(title), " · ", change], className="dataset"),
            *([told, html.Div(chosen_before, className="chips")] if chosen_before else []),
        ]

    @app.callback(
        Output(page.CHECK, "children"),
        Output(page.START, "disabled"),
        Input(ids.SOURCE, "data"),
        Input(page.PARAMETERS, "value"),
        Input(ids.RUN_STATE, "data"),
        State(page.PARAMETERS, "id"),
    )
    def check(
        chosen: dict[str, Any] | None, values: list[Any], _state: str | None, names: list[dict[str, str]]
    ) -> tuple[Any, bool]:
        try:
            config = _config(services, chosen, names, values)
            return forecast_line(forecast(services, source_of(services, chosen), config)), False
        except InputError as error:
            return refused(error), True

    @app.callback(
        Output(ids.NEW_RUN, "data"),
        Output(page.START_MESSAGE, "children"),
        Input(page.START, "n_clicks"),
        State(ids.SOURCE, "data"),
        State(page.NAME, "value"),
        State(page.PARAMETERS, "value"),
        State(page.PARAMETERS, "id"),
        prevent_initial_call=True,
        running=[(Output(page.START, "disabled"), True, False)],
    )
    def start(
        clicks: int | None,
        chosen: dict[str, Any] | None,
        name: str | None,
        values: list[Any],
        names: list[dict[str, str]],
    ) -> tuple[Any, Any]:
        if not clicks:
            return no_update, no_update
        try:
            config, source = _config(services, chosen, names, values), source_of(services, chosen)
            title = (name or "").strip() or services.catalogue.title(source)
            seconds = forecast(services, source, config).seconds
            record = services.start(config, title, expected_s=seconds, source=source)
        except InputError as error:
            return no_update, refused(error)
        return {"id": record.id, "nonce": time.time()}, None


def source_of(services: Services, chosen: dict[str, Any] | None) -> Source:
    """Return the data set that was chosen, or the first sample.

    Raises
    ------
    InputError
        If there is neither.
    """
    source = Source.from_json(chosen) or services.catalogue.default()
    if source is None:
        raise InputError("No data are chosen yet.", "a sample, or files.", "choose some on the Data page.")
    return source


def _config(
    services: Services, chosen: dict[str, Any] | None, names: list[dict[str, str]], values: list[Any]
) -> RunConfig:
    source = source_of(services, chosen)
    # What was set for these data stands above the form; a path that was typed must be one that is on offer.
    typed = services.catalogue.checked(read_parameters(names, values))
    return make_config(**(typed | services.catalogue.settings(source)))


def _plain(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
