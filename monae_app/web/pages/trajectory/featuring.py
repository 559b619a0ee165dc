"""Features along pseudotime: trends, heatmap, and the table of tests."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from dash import Dash, Input, Output, State, ctx, no_update

from monae_app.engine.analysis.trajectory.splines import Curves, smooth_curves
from monae_app.engine.errors import InputError
from monae_app.web import ids
from monae_app.web.figures.style import style
from monae_app.web.figures.trajectory import Trend, heat_figure, trends_figure
from monae_app.web.modalities import modality_title
from monae_app.web.pages.trajectory import layout as page
from monae_app.web.pages.trajectory.drawing import found_of

if TYPE_CHECKING:
    from monae_app.web.trajectory_view import Followed, TrajectoryView

MOST_FEATURES, MOST_ROWS, MOST_LISTED = 4, 40, 2000
HITS = 50
FEWEST_CELLS, MOST_CELLS = 30, 20_000
SURE = 0.05
NUMBER = "d3.format('.2f')"
SMALL = "d3.format('.1e')"
COLUMNS = {
    "feature": ("Feature", None, ""),
    "kind": ("Modality", None, ""),
    "q": ("q", SMALL, "False discovery rate of a change along pseudotime"),
    "q_branches": ("q branches", SMALL, "False discovery rate of a difference between branches"),
    "highest": ("Highest on", None, "The way on which its level is highest"),
    "peak": ("Peak", NUMBER, "Pseudotime at which it is highest"),
    "rise": ("Rise", NUMBER, "Level at the end of that way less that at the root"),
}


def register(app: Dash, view: TrajectoryView) -> None:
    """Connect them."""
    _register_table(app, view)
    _register_chosen(app, view)


def _register_table(app: Dash, view: TrajectoryView) -> None:
    @app.callback(
        Output(page.TABLE, "rowData"),
        Output(page.TABLE, "columnDefs"),
        Output(page.TESTS, "children"),
        Output(page.FEATURES_CSV, "href"),
        Output(page.MODALITY, "options"),
        Output(page.MODALITY, "value"),
        Input(page.READY, "data"),
        State(page.MODALITY, "value"),
    )
    def tell(ready: dict[str, Any] | None, modality: str | None) -> Any:
        found = found_of(view, ready)
        if found is None or ready is None:
            return [], [], "", "", [], modality
        table = found.features
        table["kind"] = table["modality"].map(modality_title)
        shown = _ranked(found).head(MOST_LISTED)
        shown = shown.assign(kind=shown["modality"].map(modality_title))[["key", *COLUMNS]]
        rows = shown.astype(object).where(shown.notna(), None).to_dict("records")
        kinds = list(dict.fromkeys(table["modality"]))
        options = [{"value": each, "label": modality_title(each)} for each in kinds]
        kept = modality if modality in kinds else (kinds[0] if kinds else None)
        href = f"/api/runs/{ready['run']}/trajectory/{found.key}/features.csv"
        return rows, _columns(), " ".join(found.kept.about["notes"]), href, options, kept

    @app.callback(
        Output(page.HEAT, "figure"),
        Input(page.READY, "data"),
        Input(page.MODALITY, "value"),
        Input(ids.THEME, "data"),
    )
    def heat(ready: dict[str, Any] | None, modality: str | None, theme: str | None) -> Any:
        found = found_of(view, ready)
        if found is None:
            return {}
        table = _ranked(found)
        best = table[table["modality"] == modality].head(MOST_ROWS).sort_values(["highest", "peak"])
        levels = found.levels[:, best.index.to_numpy()]
        return heat_figure(levels, best["feature"].tolist(), found.ends, style(theme)) if len(best) else {}


def _register_chosen(app: Dash, view: TrajectoryView) -> None:
    @app.callback(
        Output(page.FEATURES, "options"),
        Input(page.FEATURES, "search_value"),
        Input(page.FEATURES, "value"),
        State(ids.RUN, "value"),
    )
    def search(text: str | None, chosen: list[str] | None, run: str | None) -> Any:
        seen = view.services.opened(run)
        found = [] if seen is None or not (text or "").strip() else seen.search(str(text))
        options = {each.key: f"{each.name} · {each.kind}" for each in found if not each.key.startswith("obs:")}
        options |= {key: options.get(key, key.partition(":")[2]) for key in chosen or []}
        return [{"value": key, "label": label} for key, label in options.items()]

    @app.callback(
        Output(page.FEATURES, "value"),
        Output(page.FEATURES, "options", allow_duplicate=True),
        Input(page.TABLE, "selectedRows"),
        Input(page.READY, "data"),
        State(page.FEATURES, "value"),
        prevent_initial_call=True,
    )
    def take(rows: list[dict[str, Any]] | None, ready: dict[str, Any] | None, now: list[str] | None) -> Any:
        now = now or []
        key = (rows or [{}])[0].get("key")
        chosen = [*now, key][-MOST_FEATURES:] if key and key not in now else now
        if ctx.triggered_id == page.READY:
            found = found_of(view, ready)
            chosen = now if now or found is None else _first(found)
        if chosen == now:
            return no_update, no_update
        # a value that is not among the options is thrown away
        return chosen, [{"value": each, "label": each.partition(":")[2]} for each in chosen]

    @app.callback(
        Output(page.TRENDS, "figure"),
        Input(page.FEATURES, "value"),
        Input(page.READY, "data"),
        Input(ids.THEME, "data"),
    )
    def trend(keys: list[str] | None, ready: dict[str, Any] | None, theme: str | None) -> Any:
        found = found_of(view, ready)
        if found is None or not keys:
            return {}
        trends = [each for key in keys[-MOST_FEATURES:] if (each := _trend(found, key)) is not None]
        return trends_figure(trends, found.ends, style(theme)) if trends else {}


def _ranked(found: Followed) -> Any:
    table = found.features
    return table.sort_values("p", kind="stable") if "p" in table else table


def _first(found: Followed) -> list[str]:
    """Choose features to begin with: of each way the one that changes most surely and peaks on it."""
    table = _ranked(found)
    if not len(table):
        return []
    late = table[(table["peak"] > 0.5) & (table["q"] <= SURE)]
    late = late.sort_values("p_branches", kind="stable", na_position="last")
    first: list[str] = late.drop_duplicates("highest")["key"].tolist()[:MOST_FEATURES]
    return first or [str(each) for each in table["key"][:1]]


def _trend(found: Followed, key: str) -> Trend | None:
    seen = found.view
    try:
        measured, imputed = (seen.colouring(key, measured=each) for each in (True, False))
    except InputError:
        return None
    levels, others = (each.values.to_numpy(np.float64) for each in (measured, imputed))
    rows = np.flatnonzero(np.isfinite(found.time) & np.isfinite(levels))
    if len(rows) > MOST_CELLS:
        rows = np.sort(np.random.default_rng(0).choice(rows, MOST_CELLS, replace=False))
    if not len(rows):
        return None
    ahead = found.ahead
    tip = np.where(ahead.sum(axis=1) == 1, ahead.argmax(axis=1), -1)
    return Trend(
        measured.title,
        measured.unit.removeprefix("measured, "),
        (found.time[rows], levels[rows], tip[rows]),
        [_curve(found.time, levels, rows[ahead[rows, each]]) for each in range(len(found.ends))],
        [_curve(found.time, others, rows[ahead[rows, each] & np.isfinite(others[rows])]) for each in
         range(len(found.ends))],
    )  # fmt: skip


def _curve(time: np.ndarray, levels: np.ndarray, rows: np.ndarray) -> Curves | None:
    if len(rows) < FEWEST_CELLS:
        return None
    mine = time[rows].astype(np.float64)
    return smooth_curves(mine, levels[rows][:, None], np.linspace(mine.min(), mine.max(), 60))


def _columns() -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    for name, (title, shape, told) in COLUMNS.items():
        column: dict[str, Any] = {"field": name, "headerName": title, "headerTooltip": told}
        if shape is None:
            column |= {"flex": 2 if name == "feature" else 1, "tooltipField": name}
        else:
            # a p that is too small for a number is none of 0
            least = "params.value == 0 ? '< 1e-300' : " if shape == SMALL else ""
            column["valueFormatter"] = {"function": f"params.value == null ? '–' : {least}{shape}(params.value)"}
            column["type"] = "rightAligned"
        found.append(column)
    return found
