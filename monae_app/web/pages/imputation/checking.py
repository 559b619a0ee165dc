"""The hold-out check: what is kept of it at once, and a button that makes it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dash import Dash, Input, Output, dcc, html

from monae_app.engine.data.dataset import is_count
from monae_app.jobs.kept_holdout import KeptHoldout
from monae_app.web import ids
from monae_app.web.components.aria import aria
from monae_app.web.components.figure_out import figure_out
from monae_app.web.components.long_job import LongJob
from monae_app.web.figures.holdout import OURS, counts_told, holdout_figure
from monae_app.web.figures.style import style
from monae_app.web.long_work import check_lasts, check_of
from monae_app.web.modalities import modality_title
from monae_app.web.pages.imputation import layout as page

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from monae_app.web.pages.imputation.sight import Sight

JOB = LongJob("imputation-holdout", "Check on these data")
SAID, FIGURE, TABLE, ROW, OFFER = (
    "imputation-holdout-said",
    "imputation-holdout-figure",
    "imputation-holdout-table",
    "imputation-holdout-row",
    "imputation-holdout-offer",
)
TOLD = (
    "A fifth of the counts of every cell is kept aside, a model is trained anew on the rest with the settings of this "
    "run, and each method recovers what was kept aside. It takes minutes. In the figure: the median "
    "correlation of a feature, as a share of the highest that noise allows, by how much of it was counted."
)
HIDDEN, SHOWN = {"display": "none"}, {"height": "280px"}
GOOD, FAIR = 0.6, 0.3
# with one seed, a smaller difference says nothing
NOTHING = 0.02
OWN, DECODED = OURS


def section() -> html.Section:
    """Build the card."""
    return html.Section(
        [
            html.H2("Is it to be trusted? Hold-out check"),
            html.P(id=SAID, **aria(live="polite")),
            dcc.Graph(id=FIGURE, config=page.GRAPH, responsive=True, style=HIDDEN),
            html.Div(figure_out(FIGURE, "holdout_check"), id=ROW, hidden=True),
            html.Div(id=TABLE),
            html.P(TOLD, className="muted small"),
            html.Div(JOB.layout(), id=OFFER),
        ],
        className="card",
    )


def register(app: Dash, sight: Sight) -> None:
    """Connect it."""
    services = sight.services

    @app.callback(
        Output(SAID, "children"), Output(FIGURE, "figure"), Output(FIGURE, "style"), Output(ROW, "hidden"),
        Output(TABLE, "children"), Output(OFFER, "hidden"),
        Input(ids.RUN, "value"), Input(page.TARGET, "value"), Input(JOB.outcome, "data"), Input(ids.THEME, "data"),
    )  # fmt: skip
    def show(run: str | None, target: str | None, _outcome: Any, theme: str | None) -> tuple[Any, ...]:
        view = sight.view(run)
        if view is None or not target:
            return *_only(""), False
        if not is_count(view.run.likelihood(target)):
            return *_only(_no_counts(view.run.modalities, view.run.likelihood, target)), True
        kept = KeptHoldout(services.settings.store, services.users.current()).read(view.folder)
        if kept is None or target not in kept["modalities"]:
            return *_only("This run was not checked yet."), False
        found = kept["modalities"][target]
        overall, *bins = found["summary"]
        drawn = holdout_figure(bins or [overall], found["methods"], style(theme))
        return in_words(overall, found["methods"], target), drawn, SHOWN, False, _table(found), False

    def lasts(run: str | None) -> float | None:
        return check_lasts(services, services.view(run or ""))

    JOB.register(
        app, services, [ids.RUN], lambda run: [check_of(services, run or "")],
        lambda run: check_of(services, run or ""), lasts,
    )  # fmt: skip


def _only(said: str) -> tuple[Any, ...]:
    """Sentence, figure, its style, whether its row is hidden, table: where there is nothing but the sentence."""
    return said, {}, HIDDEN, True, None


def _no_counts(modalities: Sequence[str], likelihood: Callable[[str], str], target: str) -> str:
    """Say why a modality is not checked, and which would be."""
    others = [modality_title(each) for each in modalities if is_count(likelihood(each))]
    instead = f" Of this run it can be checked: {', '.join(others)} (choose it as what is imputed)." if others else ""
    return f"{modality_title(target)} holds no counts: it cannot be thinned.{instead}"


def in_words(overall: dict[str, Any], methods: dict[str, str], target: str) -> str:
    """Say what the check found for a modality."""
    name = modality_title(target)
    known = {key: overall[key] for key in methods if overall.get(key) is not None}
    if not known:
        return f"{name}: too few counts to judge imputation by; no feature holds enough signal."
    ours = {key: known[key] for key in OURS if key in known}
    others = {key: value for key, value in known.items() if key not in OURS}
    best = max(ours, key=lambda key: ours[key])
    value = ours[best]
    trust = "well recovered" if value >= GOOD else "recovered in part" if value >= FAIR else "hardly recovered"
    words = (
        f"{name}: what was kept aside is {trust}. {methods[best]} reaches {value:.2f} of what noise allows, in the "
        f"median of {overall['features']:,} features"
    )
    without = ""
    if best == OWN and DECODED in ours:
        without = (
            f" Without the cell's own counts, as in the heatmap and on the map, it is {ours[DECODED]:.2f}; files of "
            "imputed values can hold either."
        )
    if not others:
        return f"{words}.{without}"
    rival = max(others, key=lambda key: others[key])
    apart = value - others[rival]
    place = "level with" if abs(apart) < NOTHING else "ahead of" if apart > 0 else "behind"
    return f"{words}, {place} the best other method ({methods[rival]}, {others[rival]:.2f}).{without}"


def _table(found: dict[str, Any]) -> Any:
    methods = found["methods"]
    head = html.Tr([html.Th("Counts a cell"), html.Th("Features"), html.Th("Ceiling"), *map(html.Th, methods.values())])
    rows = [
        html.Tr([
            html.Th(_fifth(row), scope="row"),
            html.Td(f"{row['features']:,}"), html.Td(_two(row["ceiling"])),
            *(html.Td(_two(row[key])) for key in methods),
        ])
        for row in found["summary"]
    ]  # fmt: skip
    notes = [html.P(note, className="muted small") for note in found["notes"]]
    return [html.Table([html.Thead(head), html.Tbody(rows)], className="table"), *notes]


def _two(value: float | None) -> str:
    return "–" if value is None else f"{value:.2f}"


def _fifth(row: dict[str, Any]) -> str:
    return f"{counts_told(row['low'])} to {counts_told(row['high'])}" if row["bin"] else "all"
