"""Peaks and the genes that they are linked to, in the order in which they change."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import dash_ag_grid as dag  # type: ignore[import-untyped]
from dash import Dash, Input, Output, State, ctx, dcc, html, no_update

from monae_app.web import ids
from monae_app.web.components.figure_out import figure_out
from monae_app.web.components.grid_theme import GRID_OPTIONS
from monae_app.web.figures.leads import leads_figure, leads_height, leads_shown
from monae_app.web.figures.style import style
from monae_app.web.pages.trajectory.drawing import found_of
from monae_app.web.pages.trajectory.layout import FEATURES, GRAPH, READY

if TYPE_CHECKING:
    from monae_app.web.trajectory_view import TrajectoryView

CARD, TABLE, TOLD, CSV = (
    "trajectory-linked", "trajectory-linked-table", "trajectory-linked-told", "trajectory-linked-csv",
)  # fmt: skip
LEADS, SHOWN, BOTH = "trajectory-leads", "trajectory-leads-shown", "trajectory-leads-both"
NUMBER = {"function": "params.value == null ? '–' : d3.format('.2f')(params.value)"}
COLUMNS = {
    "gene": ("Gene", ""),
    "peak": ("Peak", "Linked to it by the guidance"),
    "way": ("On the way to", "The branch on which both are highest"),
    "gene_time": ("Gene", "Pseudotime at which the gene is half way up"),
    "peak_time": ("Peak", "Pseudotime at which the peak is half way up"),
    "lead": ("Lead", "How much earlier the peak is; negative where the gene is first"),
    "low": ("from", "Lower bound of the 95 % bootstrap interval"),
    "high": ("to", "Upper bound of the 95 % bootstrap interval"),
}

CAPTION = (
    "When gene and peak are half way up, with 95 % bootstrap intervals; a line joins the two, rows are sorted by the "
    "gene. A click shows their trends."
)


def section() -> html.Section:
    """Build the card; it is shown where a run has genes and peaks."""
    columns: list[dict[str, Any]] = [
        {"field": name, "headerName": title, "headerTooltip": told}
        | ({"flex": 2, "tooltipField": name} if name in ("gene", "peak") else {})
        | ({} if name in ("gene", "peak", "way") else {"valueFormatter": NUMBER, "type": "rightAligned"})
        for name, (title, told) in COLUMNS.items()
    ]
    grid = dag.AgGrid(
        id=TABLE, columnDefs=columns, rowData=[], className="markers-grid", style={"height": "520px"},
        defaultColDef={"sortable": True, "resizable": True, "minWidth": 52, "flex": 1,
                       "suppressHeaderMenuButton": True, "wrapHeaderText": True, "autoHeaderHeight": True},
        dashGridOptions={
            "rowSelection": {"mode": "singleRow", "checkboxes": False, "enableClickSelection": True},
            **GRID_OPTIONS,
        },
    )  # fmt: skip
    table = html.A("All links (CSV)", id=CSV, href="", className="link-button")
    return html.Section(
        [
            html.H2("Do peaks open before their genes rise?"),
            html.P(id=TOLD, className="muted small"),
            html.Div(
                [
                    html.Div(
                        [
                            dcc.Graph(id=LEADS, config=GRAPH, responsive=True),
                            html.P(id=SHOWN, className="muted small"),
                            figure_out(LEADS, "peaks_before_genes", CSV),
                        ]
                    ),
                    html.Div([grid, html.Div(table, className="markers-out")]),
                ],
                id=BOTH, className="trajectory-leads", hidden=True,
            ),
        ],
        id=CARD, className="card trajectory-linked", hidden=True,
    )  # fmt: skip


def register(app: Dash, view: TrajectoryView) -> None:
    """Connect it."""
    _register_links(app, view)
    _register_picture(app, view)
    _register_chosen(app)


def _register_links(app: Dash, view: TrajectoryView) -> None:
    @app.callback(
        Output(CARD, "hidden"), Output(TOLD, "children"), Output(TABLE, "rowData"), Output(CSV, "href"),
        Input(READY, "data"),
    )  # fmt: skip
    def tell(ready: dict[str, Any] | None) -> Any:
        found = found_of(view, ready)
        told = "" if found is None else str(found.kept.about.get("links", ""))
        if found is None or ready is None or not told:
            return True, "", [], ""
        table = found.links
        rows = table.astype(object).where(table.notna(), None).to_dict("records")
        return False, told, rows, f"/api/runs/{ready['run']}/trajectory/{found.key}/links.csv"


def _register_picture(app: Dash, view: TrajectoryView) -> None:
    @app.callback(
        Output(LEADS, "figure"), Output(LEADS, "style"), Output(SHOWN, "children"), Output(BOTH, "hidden"),
        Input(READY, "data"), Input(ids.THEME, "data"),
    )  # fmt: skip
    def draw(ready: dict[str, Any] | None, theme: str | None) -> Any:
        found = found_of(view, ready)
        if found is None or not len(found.links):
            return {}, {}, "", True
        shown = leads_shown(found.links)
        few = f" Of {len(found.links)} links the {len(shown)} with the narrowest intervals of their leads."
        caption = CAPTION + (few if len(shown) < len(found.links) else "")
        return leads_figure(shown, style(theme)), {"height": f"{leads_height(shown)}px"}, caption, False


def _register_chosen(app: Dash) -> None:
    @app.callback(
        Output(FEATURES, "value", allow_duplicate=True),
        Output(FEATURES, "options", allow_duplicate=True),
        Input(TABLE, "selectedRows"),
        Input(LEADS, "clickData"),
        State(READY, "data"),
        prevent_initial_call=True,
    )
    def show(rows: list[dict[str, Any]] | None, clicked: dict[str, Any] | None, ready: dict[str, Any] | None) -> Any:
        if ctx.triggered_id == LEADS and clicked:
            gene, peak = clicked["points"][0]["customdata"][:2]
        elif rows:
            gene, peak = rows[0]["gene"], rows[0]["peak"]
        else:
            return no_update, no_update
        if not ready:
            return no_update, no_update
        keys = [f"rna:{gene}", f"atac:{peak}"]
        return keys, [{"value": each, "label": each.partition(":")[2]} for each in keys]
