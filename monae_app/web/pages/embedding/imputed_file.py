"""Imputed values of chosen features as an .h5ad file."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dash import Dash, Input, Output, State, dcc, html

from monae_app.web import ids
from monae_app.web.components.export_run import download_link
from monae_app.web.components.short_job import ShortJob
from monae_app.web.imputed_order import imputed_order, names_of
from monae_app.web.modalities import modality_title

if TYPE_CHECKING:
    from monae_app.web.services import Services

JOB = ShortJob("imputed", "imputed", "Make the file")
SOURCE, TARGET, FEATURES = "imputed-source", "imputed-target", "imputed-features"
TOLD = "What the model expects of these features in every cell of a modality, as an AnnData file (.h5ad), in CP10k."


def imputed_box() -> html.Details:
    """Build the fold with the choice of cells and features."""
    return html.Details(
        [
            html.Summary("Imputed values as a file"),
            html.P(TOLD, className="muted small"),
            html.Label("Features", htmlFor=FEATURES),
            dcc.Textarea(
                id=FEATURES, value="", className="imputed-features", placeholder="names, by comma or line", rows=3
            ),
            html.Label("of", htmlFor=TARGET),
            dcc.Dropdown(id=TARGET, options=[], clearable=False),
            html.Label("in the cells of", htmlFor=SOURCE),
            dcc.Dropdown(id=SOURCE, options=[], clearable=False),
            JOB.layout(),
        ],
        className="fold",
    )


def register(app: Dash, services: Services) -> None:
    """Connect it."""

    @app.callback(
        Output(TARGET, "options"), Output(TARGET, "value"), Output(SOURCE, "options"), Output(SOURCE, "value"),
        Input(ids.RUN, "value"),
    )  # fmt: skip
    def offer(run: str | None) -> tuple[Any, ...]:
        view = services.opened(run)
        names = [] if view is None else list(view.modalities)
        choices = [{"label": modality_title(name), "value": name} for name in names]
        return choices, next(iter(names), None), choices, next(reversed(names), None)

    def order(run: str | None, typed: str | None, target: str | None, source: str | None) -> dict[str, Any]:
        view = services.view(run or "")
        return imputed_order(view, target, source, names_of(typed))

    states = [State(ids.RUN, "value"), State(FEATURES, "value"), State(TARGET, "value"), State(SOURCE, "value")]
    JOB.register(app, services, order, states, download_link)
