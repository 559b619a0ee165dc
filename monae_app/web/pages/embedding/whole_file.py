"""What was measured, with embeddings and annotations, as a file for scanpy, muon or cellxgene."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dash import Dash, Input, Output, State, dcc, html

from monae_app.engine.errors import InputError
from monae_app.web import ids
from monae_app.web.components.export_run import download_link
from monae_app.web.components.short_job import ShortJob
from monae_app.web.modalities import modality_title
from monae_app.web.selections import Selections

if TYPE_CHECKING:
    from monae_app.web.services import Services

JOB = ShortJob("whole", "tables", "Make the file")
MODALITY, IMPUTED, ALL = "whole-modality", "whole-imputed", "all"
TOLD = (
    "What was measured, with the embeddings, all columns and what you noted: for scanpy and cellxgene (.h5ad), or all "
    "modalities for muon (.h5mu)."
)


def whole_box() -> html.Details:
    """Build the fold with the choice of cells."""
    return html.Details(
        [
            html.Summary("All data for other programs"),
            html.P(TOLD, className="muted small"),
            html.Label("Cells of", htmlFor=MODALITY),
            dcc.Dropdown(id=MODALITY, options=[], clearable=False),
            dcc.Checklist([{"label": "With imputed values as a layer", "value": "on"}], [], id=IMPUTED),
            JOB.layout(),
        ],
        className="fold",
    )


def register(app: Dash, services: Services) -> None:
    """Connect it."""

    @app.callback(Output(MODALITY, "options"), Output(MODALITY, "value"), Input(ids.RUN, "value"))
    def offer(run: str | None) -> tuple[Any, ...]:
        view = services.opened(run)
        names = [] if view is None else list(view.modalities)
        each = [{"label": f"{modality_title(name)} (.h5ad)", "value": name} for name in names]
        every = [{"label": "all modalities (.h5mu)", "value": ALL}] if len(names) > 1 else []
        choices = [*every, *each]
        return choices, choices[0]["value"] if choices else None

    def order(run: str | None, modality: str | None, imputed: list[str] | None) -> dict[str, Any]:
        saved = Selections(services).of(run or "")
        if modality not in (*saved.view.modalities, ALL):
            raise InputError("No cells are chosen.", "a modality of this run, or all of them.", "choose one.")
        return {
            "folder": str(saved.view.folder),
            "modality": modality,
            "imputed": bool(imputed),
            "notes": str(saved.annotations.folder),
        }

    states = [State(ids.RUN, "value"), State(MODALITY, "value"), State(IMPUTED, "value")]
    JOB.register(app, services, order, states, download_link)
