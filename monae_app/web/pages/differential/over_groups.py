"""Features over the groups of a column: dots, violin, heatmap; and what groups consist of."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from dash import Dash, Input, Output, State, ctx, no_update

from monae_app.engine.errors import InputError
from monae_app.web import ids
from monae_app.web.components.notice import empty, refused
from monae_app.web.figures import differential as figures
from monae_app.web.figures.style import style
from monae_app.web.group_values import GroupValues, composition_of
from monae_app.web.pages.differential import layout as page

if TYPE_CHECKING:
    import pandas as pd

    from monae_app.web.explore import RunView
    from monae_app.web.services import Services

COMPOSITION = "composition"
NOTHING = empty("No features are chosen: type some above, or compare cells and take them from the table.")
HITS = 30


def register(app: Dash, services: Services) -> None:
    """Connect the figure."""

    @app.callback(
        Output(page.COLUMN, "options"),
        Output(page.COLUMN, "value"),
        Output(page.PART, "options"),
        Output(page.PART, "value"),
        Input(ids.RUN, "value"),
    )
    def offer(run: str | None) -> tuple[Any, ...]:
        view = services.opened(run)
        if view is None:
            return [], None, [], None
        columns = view.groupings
        return columns, columns[0], columns, "modality" if "modality" in columns else columns[-1]

    @app.callback(
        Output(page.FEATURES, "options"),
        Input(page.FEATURES, "search_value"),
        Input(page.FEATURES, "value"),
        State(ids.RUN, "value"),
    )
    def search(text: str | None, chosen: list[str] | None, run: str | None) -> list[dict[str, str]]:
        view = services.opened(run)
        found = [] if view is None else [hit for hit in view.search(text or "", HITS) if not hit.key.startswith("obs:")]
        options = {hit.key: f"{hit.name} · {hit.kind}" for hit in found}
        options |= {key: key.partition(":")[2] for key in chosen or []}
        return [{"value": key, "label": label} for key, label in options.items()]

    _register_figure(app, services)
    _register_download(app, services)


def _register_figure(app: Dash, services: Services) -> None:
    @app.callback(
        Output(page.FIGURE, "figure"),
        Output(page.FIGURE, "style"),
        Output(page.FIGURE_NOTE, "children"),
        Output(f"{page.PART}-field", "hidden"),
        Output(page.FIGURE_CODE, "href"),
        Input(page.FEATURES, "value"),
        Input(page.COLUMN, "value"),
        Input(page.PART, "value"),
        Input(page.KIND, "value"),
        Input(ids.THEME, "data"),
        State(ids.RUN, "value"),
    )
    def draw(
        keys: list[str] | None, column: str | None, part: str | None, kind: str, theme: str | None, run: str | None
    ) -> tuple[Any, ...]:
        hidden = kind != COMPOSITION
        view = services.opened(run)
        if view is None or not column or (kind != COMPOSITION and not keys):
            return {}, {"display": "none"}, NOTHING, hidden, ""
        said = {"kind": kind, "column": column, "part": part or "", "feature": keys or []}
        code = f"/api/runs/{run}/code/groups.py?{urlencode(said, doseq=True, safe=':')}"
        try:
            if kind == COMPOSITION:
                table = composition_of(view, column, part or "")
                return figures.composition(table, style(theme)), _tall(len(table)), None, hidden, code
            chosen = _values(view, keys or [], column)
        except InputError as error:
            return {}, {"display": "none"}, refused(error), hidden, ""
        look = style(theme)
        if kind == "violin":
            name = str(chosen.values.columns[-1])
            return figures.violins(chosen.some(name, 0), look), {"height": "340px"}, _of_one(name, chosen), hidden, code
        means = chosen.means()
        figure = figures.heat(means, look) if kind == "heat" else figures.dot_plot(means, chosen.shares(), look)
        return figure, _tall(len(means)), None, hidden, code


def _register_download(app: Dash, services: Services) -> None:
    @app.callback(
        Output(page.FIGURE_DOWNLOAD, "data"),
        Input(page.FIGURE_CSV, "n_clicks"),
        State(page.FEATURES, "value"),
        State(page.COLUMN, "value"),
        State(page.PART, "value"),
        State(page.KIND, "value"),
        State(ids.RUN, "value"),
        prevent_initial_call=True,
    )
    def download(
        _clicks: int | None, keys: list[str] | None, column: str | None, part: str | None, kind: str, run: str | None
    ) -> Any:
        view = services.opened(run)
        if ctx.triggered_id != page.FIGURE_CSV or view is None or not column:
            return no_update
        try:
            content = _data(view, keys or [], column, part or "", kind).to_csv()
        except InputError:
            return no_update
        return {"content": content, "filename": f"{kind}.csv"}


def _values(view: RunView, keys: list[str], column: str) -> GroupValues:
    """Values of the features of one modality, that of the last one."""
    modality = keys[-1].partition(":")[0]
    names = [key.partition(":")[2] for key in keys if key.startswith(f"{modality}:")]
    return GroupValues.of(view, modality, names, column)


def _data(view: RunView, keys: list[str], column: str, part: str, kind: str) -> pd.DataFrame:
    if kind == COMPOSITION:
        return composition_of(view, column, part)
    chosen = _values(view, keys, column)
    if kind == "violin":
        return chosen.some(str(chosen.values.columns[-1]), 0)
    return chosen.means().join(chosen.shares(), lsuffix=" mean", rsuffix=" share")


def _of_one(name: str, chosen: GroupValues) -> str | None:
    return None if chosen.values.shape[1] == 1 else f"The violin shows {name}, which was chosen last."


def _tall(rows: int) -> dict[str, str]:
    return {"height": f"{max(240, 90 + 22 * rows)}px"}
