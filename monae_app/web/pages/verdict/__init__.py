"""Did it work? One answer for the current run, what it rests on, what to try next, and a report to keep."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

from dash import Dash, Input, Output, State, dcc, html

from monae_app.engine.errors import InputError
from monae_app.jobs.progress import STOPPED
from monae_app.web import ids
from monae_app.web.components.composition import composition
from monae_app.web.components.export_run import download_link
from monae_app.web.components.findings import finding_card, glossary, level_badge
from monae_app.web.components.notice import empty, refused
from monae_app.web.components.progress_panel import outcome
from monae_app.web.figures.spark import loss_spark
from monae_app.web.figures.style import style
from monae_app.web.pages.verdict import layout as page
from monae_app.web.pages.verdict.layout import layout
from monae_app.web.verdicts import facts, verdict

if TYPE_CHECKING:
    from monae_app.engine.analysis.verdict import RunFacts, Verdict
    from monae_app.web.services import Services

__all__ = ["PATH", "TITLE", "layout", "register"]

PATH = "/verdict"
TITLE = "Verdict"
NOTHING = (None, None, None, None, "", "", "", True)


def register(app: Dash, services: Services) -> None:
    """Connect the page."""

    @app.callback(
        Output(page.MESSAGE, "children"),
        Output(page.HEAD, "children"),
        Output(page.PICTURE, "children"),
        Output(page.FINDINGS, "children"),
        Output(page.GLOSSARY, "children"),
        Output(page.CSV, "href"),
        Output(page.JSON, "href"),
        Output(page.CODE, "href"),
        Output(page.BODY, "hidden"),
        Input(ids.RUN, "value"),
        Input(ids.THEME, "data"),
    )
    def show(run: str | None, theme: str | None) -> Any:
        if not run:
            text = html.P("Train on the bundled sample or on your own files; the verdict stands here when it is done.")
            link = dcc.Link("Choose data", href="/data", className="button primary")
            return empty("No run to judge yet", text, link), *NOTHING
        try:
            view = services.view(run)
            known, said = facts(view), verdict(view)
        except InputError as error:
            return why_not(services, run, error), *NOTHING
        cards = [finding_card(each, run, view.columns) for each in said.findings]
        told = glossary(known.report, known.mixing.get(None))
        files = [f"/api/runs/{run}/verdict.{ending}" for ending in ("csv", "json")]
        files.append(f"/api/runs/{run}/code/verdict.py")
        return None, _answer(said), _picture(known, theme), cards, told, *files, False

    def order(run: str | None) -> dict[str, Any]:
        record = services.registry.get(run or "")
        services.view(run or "")
        return {"folder": str(record.folder), "name": record.name}

    page.REPORT.register(app, services, order, [State(ids.RUN, "value")], download_link)


def _answer(said: Verdict) -> list[Any]:
    return [
        html.Div([html.H2(said.headline), level_badge(said.level)], className="finding-head"),
        html.P(said.explanation),
    ]


def _picture(known: RunFacts, theme: str | None) -> list[Any]:
    parts: list[Any] = []
    if len(known.modalities) > 1:
        parts += [
            html.H2("Modalities of each cluster"),
            html.P(
                "Where they mix as they are in all cells, each bar is divided at the line.", className="muted small"
            ),
            composition(known.clusters),
        ]
    drawn = loss_spark(known.losses, style(theme))
    if drawn:
        source = f"data:image/svg+xml;base64,{base64.b64encode(drawn.encode()).decode()}"
        steps = int(known.losses["step"].max())
        first, last = known.losses["loss"].iloc[0], known.losses["loss"].iloc[-1]
        told = f"{first:.3g} to {last:.3g} over {steps:,} steps. Grey: the last quarter, where it should be flat."
        parts += [
            html.H2("Loss", className="after-scores"),
            html.Img(src=source, alt=f"The loss of the training. {told}", className="loss-spark"),
            html.P(told, className="muted small"),
        ]
    return parts


def why_not(services: Services, run: str, error: InputError) -> Any:
    """Say why a run is not judged, and what to do about it."""
    try:
        record = services.registry.get(run)
    except InputError:
        return refused(error)
    if record.finished:
        return refused(error)
    if record.status.state in STOPPED:
        link = dcc.Link("See it on the Training page", href=f"/training?run={run}", className="button primary")
        return html.Div([outcome(record.status), html.P("There is no result to judge.", className="muted"), link])
    text = html.P(f"{record.name} is {record.status.state}: it is judged when its training is done.")
    link = dcc.Link("Follow the training", href=f"/training?run={run}", className="button primary")
    return empty("This run has no verdict yet", text, link)
