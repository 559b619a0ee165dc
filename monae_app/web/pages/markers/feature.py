"""The nearest groups of a feature: the score of each beside what was measured in it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import numpy as np
from dash import Dash, Input, Output, State

from monae_app.engine.errors import InputError
from monae_app.web import ids
from monae_app.web.components.notice import refused
from monae_app.web.figures.markers import agreement
from monae_app.web.figures.style import style
from monae_app.web.marker_groups import NAMED
from monae_app.web.modalities import modality_title
from monae_app.web.pages.markers import layout as page
from monae_app.web.pages.markers.sight import outside, wanted
from monae_app.web.pages.markers.tabled import NUMBER, SHARE, columns

if TYPE_CHECKING:
    import pandas as pd

    from monae_app.web.pages.markers.sight import Seen, Sight

COLUMNS = {
    "rank": ("#", "d3.format('d')", ""),
    "group": ("Group", None, ""),
    "score": ("Score", NUMBER, "How near the feature lies to the group. Higher is nearer."),
    "part": ("Part", SHARE, "Softmax of the scores over the groups"),
    "mean": ("Mean", NUMBER, "Measured mean of the group"),
    "share": ("Cells", SHARE, "Share of the group's cells in which it was measured above zero"),
}
NOTHING: tuple[Any, ...] = ([], [], "Nearest groups", "", {}, {"display": "none"}, "", "", "/")


def register(app: Dash, sight: Sight) -> None:
    """Connect it."""

    @app.callback(
        Output(page.GROUPS, "rowData"),
        Output(page.GROUPS, "columnDefs"),
        Output(page.BARS_HEAD, "children"),
        Output(page.BARS_TOLD, "children"),
        Output(page.BARS, "figure"),
        Output(page.BARS, "style"),
        Output(page.GROUPS_CSV, "href"),
        Output(page.BARS_CODE, "href"),
        Output(page.ON_MAP, "href"),
        Input(page.FEATURES, "value"),
        Input(page.COLUMN, "value"),
        Input(page.GROUP, "value"),
        Input(page.MODALITY, "value"),
        Input(page.SPECIFIC, "value"),
        Input(ids.THEME, "data"),
        State(ids.RUN, "value"),
    )
    def show(
        keys: list[str] | None, column: str | None, group: str | None, modality: str | None, specific: float, *more: Any
    ) -> tuple[Any, ...]:
        theme, run = more
        seen = sight.seen_or_none(run, column, group) if group else None
        if seen is None:
            return NOTHING
        # as long as nobody has chosen one: the nearest of the group
        key = keys[-1] if keys else seen.markers.best(seen.group, wanted(modality, specific))
        if key is None:
            return NOTHING
        try:
            table, note = seen.markers.nearest_groups(key)
        except InputError as error:
            return [], [], "Nearest groups", refused(error), {}, {"display": "none"}, "", "", "/"
        name = key.partition(":")[2]
        keyed = table.assign(key=[_key(seen, each, group) for each in table["group"]])
        rows = keyed.astype(object).where(keyed.notna(), None).to_dict("records")
        said = {"column": column, "group": outside(group) or "", "feature": key}
        query = urlencode(said, safe=":")
        told = f"{_agree(name, table)} {note}".strip()
        return (
            rows,
            columns(COLUMNS),
            f"Nearest groups of {name} ({modality_title(key.partition(':')[0])})",
            told,
            agreement(table, seen.name, style(theme)),
            {"height": "300px"},
            f"/api/runs/{run}/nearest_groups.csv?{query}",
            f"/api/runs/{run}/code/nearest_groups.py?{query}",
            f"/?{urlencode({'run': run, 'colour': key, 'values': 'measured'}, safe=':')}",
        )


def _key(seen: Seen, name: str, group: str | None) -> str:
    """Key of a group by its name; a selection that is one of them is named by its id."""
    selection = outside(group)
    return selection if selection and name == seen.markers.names[-1] else f"{NAMED}:{name}"


def _agree(name: str, table: pd.DataFrame) -> str:
    """Say whether the space and the measurement name the same group."""
    first = str(table["group"].iloc[0])
    if table["mean"].notna().sum() == 0:
        return f"{name} lies nearest to {first}."
    top = int(table["mean"].fillna(-np.inf).to_numpy().argmax())
    highest, place = str(table["group"].iloc[top]), int(table["rank"].iloc[top])
    if highest == first:
        return f"{name} lies nearest to {first}, where it was measured highest too."
    return f"{name} lies nearest to {first}; it was measured highest in {highest}, which is number {place} here."
