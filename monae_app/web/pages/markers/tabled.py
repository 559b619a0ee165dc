"""The nearest features of a group: the table beside the map, and the whole of it as a file."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from dash import Dash, Input, Output, State

from monae_app.engine.data.dataset import is_count
from monae_app.engine.errors import InputError
from monae_app.jobs import bitsets
from monae_app.web import ids
from monae_app.web.components.export_run import download_link
from monae_app.web.modalities import modality_title
from monae_app.web.pages.markers import layout as page
from monae_app.web.pages.markers.sight import wanted

if TYPE_CHECKING:
    from monae_app.web.marker_view import MarkerView
    from monae_app.web.pages.markers.sight import Sight

NUMBER, SHARE = "d3.format('.2f')", "d3.format('.0%')"
COLUMNS = {
    "rank": ("#", "d3.format('d')", "Rank within its modality"),
    "feature": ("Feature", None, ""),
    "kind": ("Modality", None, ""),
    "score": ("Score", NUMBER, "How near it lies to the group: cosine, corrected for hubs and noise"),
    "mean": ("Mean", NUMBER, "Measured mean of the group: ln(1 + counts per 10,000) of counts"),
    "rest": ("Rest", NUMBER, "Measured mean of all other groups"),
    "change": ("log2FC", NUMBER, "Measured log2 fold change; difference of means where values are no counts"),
    "share": ("Cells", SHARE, "Share of the group's cells that have it above zero, of those in which it was measured"),
    "specificity": ("Spec.", NUMBER, page.LEAST_SPECIFIC),
}  # fmt: skip
NARROW = {"rank": 28, "kind": 64}
LEAST = {"score": 48, "mean": 46, "change": 54, "share": 48, "specificity": 44, "feature": 72, "group": 72}


def register(app: Dash, sight: Sight) -> None:
    """Connect the table."""

    @app.callback(
        Output(page.TABLE, "rowData"),
        Output(page.TABLE, "columnDefs"),
        Output(page.TABLE_HEAD, "children"),
        Output(page.TABLE_NOTE, "children"),
        Output(page.TABLE_CODE, "href"),
        Input(page.COLUMN, "value"),
        Input(page.GROUP, "value"),
        Input(page.MODALITY, "value"),
        Input(page.SPECIFIC, "value"),
        Input(page.SHARE, "value"),
        Input(ids.RUN, "value"),
    )
    def show(
        column: str | None, group: str | None, modality: str | None, specific: float, share: float, run: str | None
    ) -> tuple[Any, ...]:
        seen = sight.seen_or_none(run, column, group) if group else None
        if seen is None:
            return [], [], "Nearest features", "", ""
        asked = wanted(modality, specific, share)
        table, note = seen.markers.nearest_features(seen.group, asked)
        table["kind"] = table["modality"].map(modality_title)
        rows = table[["key", *COLUMNS]].astype(object).where(table[["key", *COLUMNS]].notna(), None).to_dict("records")
        if not rows:
            note = note or "No feature is as specific, and measured in as many cells, as is asked for: ask for less."
        said = {"column": column, "group": group, "modality": asked.modality, "specific": specific, "share": share}
        code = f"/api/runs/{run}/code/nearest_features.py?{urlencode(said, safe=':')}"
        return rows, columns(columns_for(seen.markers, asked.modality)), f"Nearest features of {seen.name}", note, code

    def order(run: str | None, column: str | None, group: str | None, modality: str | None) -> dict[str, Any]:
        seen = sight.seen(run, column, group)
        if seen is None or run is None:
            raise InputError("No groups are chosen.", "a column of groups.", "choose one.")
        view, groups = seen.markers.view, seen.markers.found.groups
        return {
            "folder": str(view.folder),
            "names": list(groups.names),
            # a group takes a bit of every cell
            "groups": [bitsets.written(groups.codes == number) for number in range(len(groups.names))],
            "group": seen.group,
            "column": seen.column.partition(":")[2],
            "modality": wanted(modality, 0).modality,
        }

    states = [State(ids.RUN, "value"), *(State(name, "value") for name in (page.COLUMN, page.GROUP, page.MODALITY))]
    page.JOB.register(app, sight.services, order, states, download_link)


def columns_for(markers: MarkerView, modality: str) -> dict[str, tuple[str, str | None, str]]:
    """Columns of the table: of one modality its name stands on no row, and of no counts there is no fold change."""
    every = [modality] if modality else markers.modalities
    shown = dict(COLUMNS)
    if len(every) == 1:
        del shown["kind"]
    if not any(is_count(markers.view.run.likelihood(name)) for name in every):
        shown["change"] = ("Diff.", NUMBER, "Measured difference of the means")
    return shown


def columns(shown: dict[str, tuple[str, str | None, str]]) -> list[dict[str, Any]]:
    """Define the columns of a table: by name, title, format (None for text) and what it means."""
    found: list[dict[str, Any]] = []
    for name, (title, shape, told) in shown.items():
        column: dict[str, Any] = {"field": name, "headerName": title, "headerTooltip": told}
        if name in NARROW:
            column |= {"flex": 0, "width": NARROW[name]}
        if name in LEAST:
            column["minWidth"] = LEAST[name]
        if shape is None and name not in NARROW:
            column |= {"flex": 2, "tooltipField": name}
        elif shape is not None:
            column["valueFormatter"] = {"function": f"params.value == null ? '–' : {shape}(params.value)"}
            column["type"] = "rightAligned"
        found.append(column)
    return found
