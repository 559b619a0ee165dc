"""Imputed values as a file: any features, any cells, for other programs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dash import Dash, Input, Output, State, dcc, html

from monae_app.engine.errors import InputError
from monae_app.web import ids
from monae_app.web.components.export_run import download_link
from monae_app.web.components.short_job import ShortJob
from monae_app.web.group_choice import GroupChoice
from monae_app.web.imputed_order import KINDS, imputed_order, names_of
from monae_app.web.modalities import modality_title
from monae_app.web.pages.imputation import layout as page

if TYPE_CHECKING:
    from monae_app.web.pages.imputation.sight import Sight

JOB = ShortJob("imputation-file", "imputed", "Make the file", primary=True)
SOURCE, WHICH, TYPED, CELLS, KIND, VALUES = (
    "imputation-file-source",
    "imputation-file-which",
    "imputation-file-typed",
    "imputation-file-cells",
    "imputation-file-kind",
    "imputation-file-values",
)
TYPED_ROW = "imputation-file-typed-row"
WHICHES = {"shown": "those shown above", "typed": "these names", "all": "all"}
EXPECTED, OWN = "expected", "own"
VALUED = {EXPECTED: "as the model expects", OWN: "with the cell's own counts"}
OWN_TOLD = "Within a modality of counts: also heeds what was counted in the cell itself, as the hold-out check tells"
TOLD = (
    "Written in pieces, however many cells there are: counts per 10,000, levels of methylation from 0 to 1, or the "
    "model's own scale of other values."
)


def section() -> html.Section:
    """Build the card."""
    return html.Section(
        [
            html.H2("Imputed values as a file"),
            html.P(TOLD, className="muted small"),
            html.Div(
                [
                    page.control("In the cells of", dcc.Dropdown(id=SOURCE, options=[], clearable=False)),
                    page.control("Of these alone", dcc.Dropdown(
                        id=CELLS, options=[], multi=True, placeholder="all of them"), "imputation-wide"),
                    page.control("Features", dcc.Dropdown(
                        options=[{"value": key, "label": title} for key, title in WHICHES.items()], value="shown",
                        id=WHICH, clearable=False), "imputation-wide"),
                    page.control("Values", dcc.Dropdown(
                        options=[{"value": key, "label": title} for key, title in VALUED.items()], value=EXPECTED,
                        id=VALUES, clearable=False), "imputation-wide", told=OWN_TOLD),
                    page.control("File", dcc.Dropdown(
                        options=[{"value": key, "label": title} for key, title in KINDS.items()], value="h5ad",
                        id=KIND, clearable=False), "imputation-wide"),
                ],
                className="toolbar imputation-saving",
            ),
            html.Div(
                page.control("Names, by comma or line", dcc.Textarea(id=TYPED, value="", rows=2,
                                                                     className="imputation-pasted")),
                id=TYPED_ROW, hidden=True,
            ),
            JOB.layout(),
        ],
        className="card",
    )  # fmt: skip


def register(app: Dash, sight: Sight) -> None:
    """Connect it."""
    from monae_app.web.pages.imputation.showing import FIELDS, asked_of

    @app.callback(
        Output(SOURCE, "options"), Output(SOURCE, "value"), Output(CELLS, "options"), Output(CELLS, "value"),
        Input(ids.RUN, "value"), Input(page.TARGET, "value"),
    )  # fmt: skip
    def offer(run: str | None, target: str | None) -> tuple[Any, ...]:
        view = sight.view(run)
        if view is None or run is None:
            return [], None, [], []
        names = [{"value": name, "label": modality_title(name)} for name in view.modalities]
        others = [name for name in view.modalities if name != target]
        return names, next(iter(others), target), GroupChoice(view, run, sight.selections).offered(), []

    @app.callback(Output(TYPED_ROW, "hidden"), Input(WHICH, "value"))
    def reveal(which: str | None) -> bool:
        return which != "typed"

    def order(
        source: str | None, cells: list[str] | None, which: str, typed: str | None, kind: str, values: str, *said: Any
    ) -> dict[str, Any]:
        *fields, run = said
        asked = asked_of(run, *fields)
        view = sight.services.view(run or "")
        if asked is None:
            raise InputError("Nothing is shown yet.", "features and groups.", "choose them above.")
        names = None if which == "all" else names_of(typed) if which == "typed" else sight.seen(asked)[0].names
        mask = GroupChoice(view, str(run), sight.selections).cells(cells) if cells else None
        return imputed_order(view, asked.target, source, names, kind=kind, cells=mask, own_counts=values == OWN)

    states = [
        *(State(name, "value") for name in (SOURCE, CELLS, WHICH, TYPED, KIND, VALUES, *FIELDS)),
        State(ids.RUN, "value"),
    ]  # fmt: skip
    JOB.register(app, sight.services, order, states, download_link)
