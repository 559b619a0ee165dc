"""Before and after: the cells laid out and clustered by what was measured, and by what is imputed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dash import Dash, Input, Output, State, dcc, html

from monae_app.engine.errors import InputError
from monae_app.web import ids
from monae_app.web.components.figure_out import figure_out
from monae_app.web.components.short_job import ShortJob
from monae_app.web.figures.before_after import before_after
from monae_app.web.figures.style import style
from monae_app.web.marker_groups import marker_groups
from monae_app.web.modalities import modality_title
from monae_app.web.pages.imputation import layout as page

if TYPE_CHECKING:
    from monae_app.web.pages.imputation.sight import Sight

JOB = ShortJob("imputation-before", "before_after", "Lay out and cluster")
FIGURE, SCORES = "imputation-before-figure", "imputation-before-scores"
TOLD = (
    "PCA and UMAP of what was measured beside those of what is imputed, and how well Leiden clusters (resolution 1) "
    "agree with the groups chosen above. Up to 3,000 cells of each modality; about a minute."
)
NAMES = {"ari": "ARI", "nmi": "NMI", "ami": "AMI", "homogeneity": "Homogeneity", "clusters": "Clusters"}


def section() -> html.Section:
    """Build the card."""
    return html.Section(
        [
            html.H2("Before and after"),
            html.P(TOLD, className="muted small"),
            JOB.layout(),
            dcc.Graph(id=FIGURE, config=page.GRAPH, responsive=True, style={"display": "none"}),
            html.Div(id=SCORES),
            html.Div(figure_out(FIGURE, "before_and_after"), id=f"{FIGURE}-row", hidden=True),
        ],
        className="card",
    )


def register(app: Dash, sight: Sight) -> None:
    """Connect it."""

    def order(run: str | None, column: str | None, target: str | None, sources: list[str] | None) -> dict[str, Any]:
        view = sight.services.view(run or "")
        if not column or target not in view.modalities:
            raise InputError("No groups are chosen.", "a column of groups.", "choose one above.")
        groups = marker_groups(view, str(run), sight.selections, column, None).groups
        others = [each for each in sources or [] if each in view.modalities and each != target]
        return {
            "folder": str(view.folder), "target": target, "sources": others, "groups": list(groups.names),
            "codes": groups.codes.tolist(),
        }  # fmt: skip

    states = [State(ids.RUN, "value"), *(State(name, "value") for name in (page.COLUMN, page.TARGET, page.SOURCES))]
    JOB.register(app, sight.services, order, states)

    @app.callback(
        Output(FIGURE, "figure"), Output(FIGURE, "style"), Output(SCORES, "children"),
        Output(f"{FIGURE}-row", "hidden"),
        Input(JOB.outcome, "data"), Input(ids.THEME, "data"),
        prevent_initial_call=True,
    )  # fmt: skip
    def show(outcome: dict[str, Any] | None, theme: str | None) -> tuple[Any, ...]:
        if not outcome or outcome.get("state") != "done":
            return {}, {"display": "none"}, None, True
        found = outcome["result"]
        titles = [_title(each, found["target"]) for each in found["panels"]]
        head = html.Tr([html.Th(""), *(html.Th(title) for title in NAMES.values())])
        rows = [
            html.Tr([html.Th(title, scope="row"), *(html.Td(_number(panel["scores"][key])) for key in NAMES)])
            for title, panel in zip(titles, found["panels"], strict=True)
        ]
        table = html.Table([html.Thead(head), html.Tbody(rows)], className="table")
        note = html.P(f"{found['features']:,} features that were modelled jointly.", className="muted small")
        figure = before_after(found["panels"], titles, found["groups"], style(theme))
        return figure, {"height": "330px"}, [table, note], False


def _title(panel: dict[str, Any], target: str) -> str:
    name = modality_title(target)
    if panel["what"] == "measured":
        return f"{name}, measured"
    within = panel["what"] == "within"
    return f"imputed within {name}" if within else f"imputed from {modality_title(panel['source'])}"


def _number(value: float) -> str:
    return f"{value:,}" if isinstance(value, int) else f"{value:.3f}"
