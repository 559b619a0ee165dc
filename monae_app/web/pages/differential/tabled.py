"""The table of a comparison, and its volcano."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import pandas as pd
from dash import Dash, Input, Output, State, ctx, no_update

from monae_app.jobs.comparisons import Comparisons
from monae_app.web import ids
from monae_app.web.figures.differential import volcano
from monae_app.web.figures.style import style
from monae_app.web.pages.differential import layout as page

if TYPE_CHECKING:
    from monae_app.web.services import Services

# more rows make the page slow; the file has them all
MOST_ROWS = 30_000
# features that are shown over groups as long as nobody has chosen
BEST = 5
TITLES = {
    "feature": ("Feature", None),
    "score": ("Score", "d3.format('.2f')"),
    "log2_fold_change": ("log2 FC", "d3.format('.2f')"),
    "difference": ("Difference", "d3.format('.3f')"),
    "fdr": ("FDR", "d3.format('.2~e')"),
    "p": ("p", "d3.format('.2~e')"),
    "auroc": ("AUROC", "d3.format('.3f')"),
    "mean_first": ("Mean", "d3.format('.3f')"),
    "mean_second": ("Mean, others", "d3.format('.3f')"),
    "share_first": ("Share", "d3.format('.1%')"),
    "share_second": ("Share, others", "d3.format('.1%')"),
}


def register(app: Dash, services: Services) -> None:
    """Connect the table."""

    def kept() -> Comparisons:
        return Comparisons(services.settings.store, services.users.current())

    @app.callback(
        Output(page.ASKED, "data"), Input(page.JOB.outcome, "data"), Input(ids.RUN, "value"), prevent_initial_call=True
    )
    def came(outcome: dict[str, Any] | None, run: str | None) -> Any:
        result = (outcome or {}).get("result")
        return {"key": result["key"], "run": run} if isinstance(result, dict) else None

    @app.callback(
        Output(page.RESULT, "hidden"),
        Output(page.EMPTY, "hidden"),
        Output(page.SENTENCE, "children"),
        Output(page.TABLE, "columnDefs"),
        Output(page.TABLE, "rowData"),
        Output(page.CSV, "href"),
        Output(page.CODE, "href"),
        Output(page.FEATURES, "options", allow_duplicate=True),
        Output(page.FEATURES, "value", allow_duplicate=True),
        Output(page.SHOW_ON_MAP, "href", allow_duplicate=True),
        Output(page.VOLCANO, "figure"),
        Input(page.ASKED, "data"),
        State(ids.THEME, "data"),
        prevent_initial_call="initial_duplicate",
    )
    def show(asked: dict[str, Any] | None, theme: str | None) -> tuple[Any, ...]:
        about = kept().about(str(asked["key"])) if asked else None
        if asked is None or about is None:
            return True, False, "", [], [], "", "", *[no_update] * 4
        table = kept().table(str(asked["key"]))
        half = MOST_ROWS // 2
        some = pd.concat([table.head(half), table.tail(half)]) if len(table) > MOST_ROWS else table
        rows = some.astype(object).where(some.notna(), None).to_dict("records")
        keys = [f"{about['modality']}:{name}" for name in table["feature"].head(BEST)]
        href = f"/api/comparisons/{asked['key']}.csv"
        code = f"/api/runs/{asked.get('run')}/code/differential.py?key={asked['key']}"
        told = _sentence(about, len(some))
        return (
            False,
            True,
            told,
            _columns(table.columns),
            rows,
            href,
            code,
            _options(keys),
            keys,
            _on_map(asked.get("run"), keys[0]),
            volcano(table, style(theme)),
        )

    @app.callback(
        Output(page.VOLCANO, "figure", allow_duplicate=True),
        Input(ids.THEME, "data"),
        State(page.ASKED, "data"),
        prevent_initial_call=True,
    )
    def draw(theme: str | None, asked: dict[str, Any] | None) -> Any:
        if not asked or kept().about(str(asked["key"])) is None:
            return no_update
        return volcano(kept().table(str(asked["key"])), style(theme))

    _register_following(app)


def _register_following(app: Dash) -> None:
    @app.callback(
        Output(page.FEATURES, "options", allow_duplicate=True),
        Output(page.FEATURES, "value"),
        Output(page.SHOW_ON_MAP, "href"),
        Input(page.TABLE, "selectedRows"),
        Input(page.VOLCANO, "clickData"),
        State(ids.RUN, "value"),
        State(page.MODALITY, "value"),
        State(page.FEATURES, "value"),
        prevent_initial_call=True,
    )
    def follow(
        rows: list[dict[str, Any]] | None, clicked: Any, run: str | None, modality: str | None, now: list[str] | None
    ) -> tuple[Any, ...]:
        names = [str(row["feature"]) for row in rows or []]
        if ctx.triggered_id == page.VOLCANO and clicked:
            name = str(clicked["points"][0].get("customdata") or "")
            names = list(dict.fromkeys([*(now_names(now)), name]))
        if not names:
            return no_update, no_update, no_update
        keys = [f"{modality}:{name}" for name in names]
        return _options(keys), keys, _on_map(run, keys[-1])


def _options(keys: list[str]) -> list[dict[str, str]]:
    """Offer what is chosen: a value that is not among the options is thrown away."""
    return [{"value": key, "label": key.partition(":")[2]} for key in keys]


def _on_map(run: str | None, key: str) -> str:
    return f"/?{urlencode({'run': run or '', 'colour': key, 'values': 'measured'})}"


def now_names(keys: list[str] | None) -> list[str]:
    """Names of features that are chosen by keys ``<modality>:<name>``."""
    return [key.partition(":")[2] for key in keys or []]


def _sentence(about: dict[str, Any], shown: int) -> str:
    (one, other), (first, second) = about["names"], about["cells"]
    told = f"{one}: {first:,} cells. {other}: {second:,} cells. {about['features']:,} features. {about['test']}."
    return told if shown == about["features"] else f"{told} The table shows the {shown:,} at both ends."


def _columns(names: Any) -> list[dict[str, Any]]:
    found = []
    for name in (each for each in TITLES if each in names):
        title, shape = TITLES[name]
        column: dict[str, Any] = {"field": name, "headerName": title}
        if shape is None:
            column |= {"pinned": "left", "minWidth": 120, "flex": 0, "width": 130}
        else:
            column |= {
                "filter": "agNumberColumnFilter",
                "valueFormatter": {"function": f"params.value == null ? '' : {shape}(params.value)"},
            }
        found.append(column)
    return found
