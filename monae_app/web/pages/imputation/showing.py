"""The heatmap, the agreement of each feature, and one feature in detail."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import numpy as np
from dash import Dash, Input, Output, State, ctx, no_update

from monae_app.engine.analysis.heat_rows import z_scores
from monae_app.engine.analysis.imputed_agreement import FEWEST_GROUPS
from monae_app.engine.data.dataset import METHYLATION
from monae_app.engine.errors import InputError
from monae_app.web import ids
from monae_app.web.components.notice import refused
from monae_app.web.figures.imputed_features import agreement_figure, feature_figure, zeros_figure
from monae_app.web.figures.imputed_heat import HeatPanel, imputed_heat
from monae_app.web.figures.style import style
from monae_app.web.imputed_view import MEASURED
from monae_app.web.imputed_zeros import zeros_of, zeros_told
from monae_app.web.modalities import modality_title
from monae_app.web.pages.imputation import layout as page
from monae_app.web.pages.imputation.choosing import EVERY
from monae_app.web.pages.imputation.sight import Asked

if TYPE_CHECKING:
    from monae_app.web.imputed_view import ImputedView
    from monae_app.web.pages.imputation.sight import Sight

NUMBER = "d3.format('.2f')"
HIDDEN, SHOWN = {"display": "none"}, {"height": "300px"}
NO_FEATURE: tuple[Any, ...] = ("One feature", "", {}, HIDDEN, "/", "", {}, HIDDEN)
TOO_FEW = f"Agreement takes {FEWEST_GROUPS} groups in which a feature was measured."
FIELDS = (
    page.COLUMN, page.TARGET, page.SOURCES, page.FROM, page.GROUP, page.FEATURES, page.PASTED, page.SET, page.FACTOR,
)  # fmt: skip


def asked_of(run: str | None, *said: Any) -> Asked | None:
    """Take what the fields say, in the order of ``FIELDS``; None where not enough is known yet."""
    column, target, sources, origin, group, features, pasted, gene_set, factor = said
    if not run or not column or not target or not origin or (origin == "group" and group is None):
        return None
    return Asked(
        run, column, target, tuple(sources or ()), origin, "" if group in (None, EVERY) else str(group),
        tuple(features or ()), pasted or "", gene_set or "", factor or "",
    )  # fmt: skip


def register(app: Dash, sight: Sight) -> None:
    """Connect them."""
    _register_heat(app, sight)
    _register_agreement(app, sight)
    _register_choice(app, sight)
    _register_detail(app, sight)


def _inputs() -> list[Input]:
    return [Input(name, "value") for name in FIELDS]


def _register_heat(app: Dash, sight: Sight) -> None:
    @app.callback(
        Output(page.HEAT, "figure"), Output(page.HEAT, "style"), Output(page.SAID, "children"),
        Input(page.SHOW, "value"), Input(page.SCALE, "value"), Input(ids.THEME, "data"), *_inputs(),
        State(ids.RUN, "value"),
    )  # fmt: skip
    def heat(show: str, scale: str, theme: str | None, *said: Any) -> tuple[Any, ...]:
        seen, told = _seen(sight, said)
        if seen is None:
            return {}, HIDDEN, told
        figure = _heat(seen, single=show == "cells", z=scale == "z", look=style(theme))
        alone = "" if seen.sources else " The run has no other modality to impute from." * (len(seen.view.spans) == 1)
        count = f"{len(seen.found)} features, {len(seen.groups.names)} groups."
        said_of = f"{told} {count}{alone}{gaps_told(seen, single=show == 'cells')} {seen.note}"
        return figure, {"height": f"{figure.layout.height}px"}, said_of.strip()


def _register_agreement(app: Dash, sight: Sight) -> None:
    # by itself: a table that is written anew loses its chosen row and the place of the keyboard
    @app.callback(
        Output(page.TABLE, "rowData"), Output(page.TABLE, "columnDefs"), *_inputs(), State(ids.RUN, "value")
    )  # fmt: skip
    def agree(*said: Any) -> tuple[Any, ...]:
        seen, _ = _seen(sight, said)
        if seen is None:
            return [], []
        table = seen.agreement
        rows = table.astype(object).where(table.notna(), None).to_dict("records")
        return rows, _columns(_imputed(seen))

    @app.callback(
        Output(page.NOTE, "children"), Output(page.SPREAD, "figure"), Output(page.SPREAD, "style"),
        Input(page.FEATURE, "data"), Input(ids.THEME, "data"), *_inputs(),
        State(ids.RUN, "value"),
    )  # fmt: skip
    def draw(feature: str | None, theme: str | None, *said: Any) -> tuple[Any, ...]:
        seen, _ = _seen(sight, said)
        if seen is None:
            return "", {}, HIDDEN
        table = seen.agreement
        if seen.panels[0].key != MEASURED or table["ceiling"].isna().all():
            return seen.note or TOO_FEW, {}, HIDDEN
        return _agreement_told(seen), agreement_figure(table, _imputed(seen), feature, style(theme)), SHOWN


def _register_choice(app: Dash, sight: Sight) -> None:
    @app.callback(
        Output(page.FEATURE, "data"),
        Input(page.TABLE, "selectedRows"), Input(page.HEAT, "clickData"), Input(page.SPREAD, "clickData"),
        *(State(name, "value") for name in FIELDS), State(ids.RUN, "value"),
        prevent_initial_call=True,
    )  # fmt: skip
    def choose(rows: list[dict[str, Any]] | None, clicked: Any, marked: Any, *said: Any) -> Any:
        if ctx.triggered_id == page.TABLE:
            return rows[0]["feature"] if rows else no_update
        seen, _ = _seen(sight, said)
        point = ((clicked if ctx.triggered_id == page.HEAT else marked) or {}).get("points", [{}])[0]
        if seen is None or not point:
            return no_update
        if ctx.triggered_id == page.SPREAD:
            return str(point.get("text") or "") or no_update
        return seen.names[int(seen.order[int(point["y"])])]


def _register_detail(app: Dash, sight: Sight) -> None:
    @app.callback(
        Output(page.DETAIL_HEAD, "children"), Output(page.DETAIL_TOLD, "children"),
        Output(page.DETAIL, "figure"), Output(page.DETAIL, "style"), Output(page.ON_MAP, "href"),
        Output(page.ZEROS_TOLD, "children"), Output(page.ZEROS, "figure"), Output(page.ZEROS, "style"),
        Input(page.FEATURE, "data"), Input(ids.THEME, "data"), *_inputs(),
        State(ids.RUN, "value"),
    )  # fmt: skip
    def detail(feature: str | None, theme: str | None, *said: Any) -> tuple[Any, ...]:
        seen, _ = _seen(sight, said)
        if seen is None:
            return NO_FEATURE
        table, look = seen.agreement, style(theme)
        # as long as nobody has chosen one of these: the worst that can be judged
        known = table[table["share"].notna()]["feature"]
        name = feature if feature in seen.names else (known if len(known) else table["feature"]).iloc[0]
        row = seen.names.index(name)
        figure = feature_figure(seen.detail(row), _ways(seen), seen.unit, look)
        zeros = zeros_of(seen, row)
        drawn = ({}, HIDDEN) if zeros is None else (zeros_figure(zeros, look), SHOWN)
        key = f"{seen.target}:{name}"
        return (
            f"{name} ({modality_title(seen.target)}) over the groups", _feature_told(seen, name), figure, SHOWN,
            f"/?{urlencode({'run': said[-1], 'colour': key}, safe=':')}", zeros_told(seen, row, zeros), *drawn,
        )  # fmt: skip


def _seen(sight: Sight, said: tuple[Any, ...]) -> tuple[ImputedView | None, Any]:
    *fields, run = said
    asked = asked_of(run, *fields)
    view = sight.view(run)
    if asked is None or view is None or asked.target not in view.modalities:
        return None, ""
    try:
        return sight.seen(asked)
    except InputError as error:
        return None, refused(error)


def _heat(seen: ImputedView, *, single: bool, z: bool, look: Any) -> Any:
    order, panels = seen.order, seen.panels
    levels = [(panel.cells if single else panel.groups)[order] for panel in panels]
    shown = z_scores(levels) if z else levels
    every = np.arange(len(seen.groups.names))
    parts = [
        HeatPanel(panel.title, values, level, panel.codes if single else every, single)
        for panel, values, level in zip(panels, shown, levels, strict=True)
    ]
    return imputed_heat(parts, [seen.names[row] for row in order], seen.groups.names, seen.unit, look, z=z)


def gaps_told(seen: ImputedView, *, single: bool) -> str:
    """Say what an empty place of the heatmap is, where there is one."""
    if all(np.isfinite(panel.cells if single else panel.groups).all() for panel in seen.panels):
        return ""
    if seen.target == METHYLATION:
        return " Empty: not covered by any read, which is missing and not zero."
    return " Empty: no cell of the group was measured there."


def _ways(seen: ImputedView) -> dict[str, str]:
    titles = {panel.key: panel.title for panel in seen.panels}
    return titles | ({MEASURED: "measured"} if MEASURED in titles else {})


def _imputed(seen: ImputedView) -> dict[str, str]:
    return {key: title for key, title in _ways(seen).items() if key != MEASURED}


def _short(title: str) -> str:
    return _capital(title.removeprefix("imputed "))


def _capital(words: str) -> str:
    return words[:1].upper() + words[1:]


def _columns(imputed: dict[str, str]) -> list[dict[str, Any]]:
    shown = {
        "feature": ("Feature", ""),
        **{key: (_short(title), f"r of what was {title} with what was measured")
           for key, title in imputed.items()},
        "ceiling": ("Ceiling", "The highest r that the true levels could reach"),
        "share": ("Share", "The lowest r over the ceiling; rows are ordered by it"),
        "confidence": ("Held out", "r in the cells that training never saw, cell by cell; – where none were held out"),
    }  # fmt: skip
    found: list[dict[str, Any]] = []
    for name, (title, told) in shown.items():
        column: dict[str, Any] = {"field": name, "headerName": title, "headerTooltip": told}
        if name == "feature":
            column |= {"flex": 2, "minWidth": 90, "tooltipField": name}
        else:
            column["valueFormatter"] = {"function": f"params.value == null ? '–' : {NUMBER}(params.value)"}
            column |= {"type": "rightAligned", "minWidth": 58}
        found.append(column)
    return found


def _agreement_told(seen: ImputedView) -> str:
    table = seen.agreement
    words = [
        f"{title}: median r {table[key].median():.2f}"
        for key, title in _imputed(seen).items() if table[key].notna().any()
    ]  # fmt: skip
    ceiling = table["ceiling"]
    low = int((ceiling.fillna(0) < 0.5).sum())
    said = _capital(f"{'; '.join(words)}; median ceiling {ceiling.median():.2f}.")
    if low:
        said += f" {low} of {len(table)} features have a ceiling below .5: too few counts to judge them by."
    return said


def _feature_told(seen: ImputedView, name: str) -> str:
    table = seen.agreement
    row = table[table["feature"] == name].iloc[0]
    words = [
        f"r = {row[key]:.2f} {title}" for key, title in _ways(seen).items() if key != MEASURED and row[key] == row[key]
    ]
    ceiling = f" Noise allows {row['ceiling']:.2f}." if row["ceiling"] == row["ceiling"] else ""
    return f"{', '.join(words)}.{ceiling}" if words else "Nothing that was measured is here to compare with."
