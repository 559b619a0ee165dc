"""Reading what was chosen, and showing what it holds."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from dash import ALL, Dash, Input, Output, State, ctx, html, no_update

from monae_app.engine.config import RunConfig
from monae_app.engine.errors import InputError
from monae_app.web import ids
from monae_app.web.basket import Basket
from monae_app.web.components import training_choices
from monae_app.web.components.notice import empty, refused
from monae_app.web.components.summary_table import summary_table
from monae_app.web.datasets import Source
from monae_app.web.pages.data import layout as page

# Settings that the basket decides.
READING = frozenset(
    name
    for name, field in RunConfig.model_fields.items()
    if isinstance(field.json_schema_extra, dict) and field.json_schema_extra["group"] == "reading"
)

if TYPE_CHECKING:
    from monae_app.web.services import Services


def register(app: Dash, services: Services) -> None:
    """Connect the reading."""

    @app.callback(
        Output(ids.SOURCE, "data"),
        Output(page.MESSAGE, "children"),
        Input({"type": page.OPEN_SAMPLE, "name": ALL}, "n_clicks"),
        Input(page.READ, "n_clicks"),
        State(ids.BASKET, "data"),
        State(ids.SOURCE, "data"),
        prevent_initial_call=True,
        running=[(Output(page.READ, "disabled"), True, False), (Output(page.READ, "children"), "Reading …", READ)],
    )
    def choose(_samples: list[int | None], _read: int | None, basket: Any, before: Any) -> tuple[Any, Any]:
        if not any(trigger["value"] for trigger in ctx.triggered):
            return no_update, no_update
        pressed: Any = ctx.triggered_id
        if pressed != page.READ:
            return Source(sample=pressed["name"]).to_json(), None
        try:
            source = _going_on(Basket.from_json(basket).source(), Source.from_json(before))
            services.summary(source)
        except InputError as error:
            return no_update, refused(error)
        return source.to_json(), None

    @app.callback(
        Output(page.SUMMARY, "children"),
        Output(page.HEADING, "children"),
        Output(page.ONWARD, "hidden"),
        Input(ids.SOURCE, "data"),
        # It is shown whenever the page is, also where the callback above ran first and changed nothing.
        Input(page.SUMMARY, "id"),
    )
    def show(chosen: dict[str, Any] | None, _: str) -> tuple[Any, str, bool]:
        return _summary(services, chosen)

    @app.callback(
        Output(ids.SOURCE, "data", allow_duplicate=True),
        Input(training_choices.BATCHES, "value"),
        Input(training_choices.PAIRED, "value"),
        State(ids.SOURCE, "data"),
        prevent_initial_call=True,
    )
    def decide(batches: list[str] | None, paired: str | None, chosen: Any) -> Any:
        source = Source.from_json(chosen) or services.catalogue.default()
        if source is None:
            return no_update
        settings = training_choices.chosen_settings(source.settings, batches, paired)
        # Drawing the choices sets them too: only a change is one.
        return no_update if settings == source.settings else replace(source, settings=settings).to_json()


READ = "Read these files"


def _going_on(source: Source, before: Source | None) -> Source:
    """Keep what was chosen for the same files before: batches, cut-offs, how features are linked."""
    if before is None or before.inputs != source.inputs:
        return source
    # that no annotation fits is said where the annotation is chosen
    decided = {("infer_links", "only")}
    kept = {
        name: value
        for name, value in before.settings.items()
        if name not in READING and (name, str(value)) not in decided
    }
    return replace(source, settings={**kept, **source.settings})


def _summary(services: Services, chosen: dict[str, Any] | None) -> tuple[Any, str, bool]:
    source = Source.from_json(chosen) or services.catalogue.default()
    if source is None:
        return empty("Nothing read yet", html.P("Drop files on the left to see what they hold.")), "", True
    try:
        summary = services.summary(source)
        choices = training_choices.training_choices(summary, source.settings)
        return [*summary_table(summary), choices], services.catalogue.title(source), False
    except InputError as error:
        return refused(error), "", True
