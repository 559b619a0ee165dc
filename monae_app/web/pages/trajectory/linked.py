"""Peaks and the genes that they are linked to, in the order in which they change."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import dash_ag_grid as dag  # type: ignore[import-untyped]
from dash import Dash, Input, Output, State, html, no_update

from monae_app.web.components.grid_theme import GRID_OPTIONS
from monae_app.web.pages.trajectory.drawing import found_of
from monae_app.web.pages.trajectory.layout import FEATURES, READY

if TYPE_CHECKING:
    from monae_app.web.trajectory_view import TrajectoryView

CARD, TABLE, TOLD, CSV = (
    "trajectory-linked", "trajectory-linked-table", "trajectory-linked-told", "trajectory-linked-csv",
)  # fmt: skip
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


def section() -> html.Section:
    """Build the card; it is shown where a run has genes and peaks."""
    columns: list[dict[str, Any]] = [
        {"field": name, "headerName": title, "headerTooltip": told}
        | ({"flex": 2, "tooltipField": name} if name in ("gene", "peak") else {})
        | ({} if name in ("gene", "peak", "way") else {"valueFormatter": NUMBER, "type": "rightAligned"})
        for name, (title, told) in COLUMNS.items()
    ]
    grid = dag.AgGrid(
        id=TABLE, columnDefs=columns, rowData=[], className="markers-grid", style={"height": "360px"},
        defaultColDef={"sortable": True, "resizable": True, "minWidth": 52, "flex": 1,
                       "suppressHeaderMenuButton": True},
        dashGridOptions={
            "rowSelection": {"mode": "singleRow", "checkboxes": False, "enableClickSelection": True},
            **GRID_OPTIONS,
        },
    )  # fmt: skip
    return html.Section(
        [
            html.H2("Do peaks open before their genes rise?"),
            html.P(id=TOLD, className="muted small"),
            grid,
            html.Div(html.A("All links (CSV)", id=CSV, href="", className="link-button"), className="markers-out"),
        ],
        id=CARD, className="card trajectory-linked", hidden=True,
    )  # fmt: skip


def register(app: Dash, view: TrajectoryView) -> None:
    """Connect it."""

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

    @app.callback(
        Output(FEATURES, "value", allow_duplicate=True),
        Output(FEATURES, "options", allow_duplicate=True),
        Input(TABLE, "selectedRows"),
        State(READY, "data"),
        prevent_initial_call=True,
    )
    def show(rows: list[dict[str, Any]] | None, ready: dict[str, Any] | None) -> Any:
        if not rows or not ready:
            return no_update, no_update
        keys = [f"rna:{rows[0]['gene']}", f"atac:{rows[0]['peak']}"]
        return keys, [{"value": each, "label": each.partition(":")[2]} for each in keys]
