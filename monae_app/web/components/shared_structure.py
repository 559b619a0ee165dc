"""Do these modalities share structure? Asked of files that were read, before anything is trained; answered in words.

A process of its own reads the files and compares their links with permuted ones. Of files that somebody chose it is
asked at once, of a sample at the press of a button.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dash import Dash, Input, Output, State, dcc, html, no_update

from monae_app.engine.data.cutoffs import without_cutoffs
from monae_app.engine.errors import InputError
from monae_app.web import ids
from monae_app.web.components.alignment_words import evidence_notice
from monae_app.web.components.aria import aria
from monae_app.web.components.figure_out import figure_out
from monae_app.web.components.notice import alert, refused
from monae_app.web.datasets import Source
from monae_app.web.figures.alignment import null_figure
from monae_app.web.figures.style import style

if TYPE_CHECKING:
    from monae_app.jobs.surveys import Survey
    from monae_app.web.services import Services

BOX, NOTE, BODY, CLOCK, ASK, ASKED, DRAWN = (
    "shared-structure", "shared-structure-note", "shared-structure-body", "shared-structure-clock",
    "shared-structure-ask", "shared-structure-asked", "shared-structure-drawn",
)  # fmt: skip
POLL_MILLISECONDS = 1000
GRAPH: Any = {"displayModeBar": False}
INTRODUCTION = (
    "A map mixes any two modalities, also those of two tissues. Whether links between features join what goes together "
    "is asked before training: against the same links put at random."
)
NOT_ASKED = "Not asked yet: the files are read for it, which takes from seconds to a few minutes."
# what the callback gives where there is nothing to ask
HIDDEN = (True, None, None, True, True, None)
NOTHING = "Nothing links the features of these modalities, so that it cannot be asked."


def panel() -> html.Section:
    """Build the panel; it is hidden until two modalities are there."""
    return html.Section(
        [
            dcc.Interval(id=CLOCK, interval=POLL_MILLISECONDS, disabled=True),
            # the data set of which it was asked by the button
            dcc.Store(id=ASKED, storage_type="session"),
            # which answer is shown, in which theme
            dcc.Store(id=DRAWN),
            html.H2("Do these modalities share structure?"),
            html.P(INTRODUCTION, className="muted"),
            html.Div(id=NOTE, **aria(live="polite")),
            html.Div(id=BODY, **aria(live="polite")),
            html.Button("Ask now", id=ASK, className="button", type="button", hidden=True),
        ],
        id=BOX,
        className="card",
        hidden=True,
    )


def register(app: Dash, services: Services) -> None:
    """Connect the panel."""

    @app.callback(
        Output(BOX, "hidden"),
        Output(NOTE, "children"),
        Output(BODY, "children"),
        Output(CLOCK, "disabled"),
        Output(ASK, "hidden"),
        Output(DRAWN, "data"),
        Input(ids.SOURCE, "data"),
        Input(CLOCK, "n_intervals"),
        Input(ASKED, "data"),
        Input(ids.THEME, "data"),
        State(DRAWN, "data"),
    )
    def show(chosen: Any, _: int | None, asked: Any, theme: str | None, drawn: Any) -> tuple[Any, ...]:
        source = Source.from_json(chosen) or services.catalogue.default()
        if source is None:
            return HIDDEN
        try:
            settings = services.catalogue.settings(source)
            if len(settings["inputs"]) < 2:
                return HIDDEN
            if source.sample and asked != _which(source):
                return False, html.P(NOT_ASKED, className="small"), None, True, False, None
            return _told(services.surveys.ask("alignment", settings), theme, drawn)
        except InputError as error:
            return False, refused(error), None, True, True, None

    @app.callback(Output(ASKED, "data"), Input(ASK, "n_clicks"), State(ids.SOURCE, "data"), prevent_initial_call=True)
    def ask(clicks: int | None, chosen: Any) -> Any:
        source = Source.from_json(chosen) or services.catalogue.default()
        return _which(source) if clicks and source is not None else no_update


def _told(survey: Survey, theme: str | None, drawn: Any) -> tuple[Any, ...]:
    """Say how far the answer is; it is drawn once, and anew in another theme."""
    if survey.error is not None:
        raise survey.error
    if survey.state == "running":
        note = html.P(f"{survey.message} …", className="spinner-note", role="status")
        return False, note, None, False, True, None
    now = [survey.folder.name, theme]
    return False, None, no_update if now == drawn else answers(survey, theme), True, True, now


def answers(survey: Survey, theme: str | None) -> list[Any]:
    """Show the answer of every two modalities that links join, with its figure."""
    pairs: list[dict[str, Any]] = survey.said["pairs"]
    if not pairs:
        return [alert(NOTHING, tone="info")]
    return [
        html.Div([evidence_notice(pair), _figure(pair, theme)], className="shared-structure-pair") for pair in pairs
    ]


def _figure(pair: dict[str, Any], theme: str | None) -> Any:
    null = pair.get("null")
    if null is None:
        return None
    figure = null_figure(null["low"], null["high"], null["counts"], pair["similarity"], style(theme))
    modalities = "_".join(pair["modalities"])
    graph = dcc.Graph(
        id=(name := f"shared-structure-{modalities}"), figure=figure, config=GRAPH, responsive=True,
        style={"height": "100%"},
    )  # fmt: skip
    out = figure_out(name, f"shared_structure_{modalities}")
    told = (
        f"Grey: {pair['permutations']:,} maps whose links are put at random. Line: the links as they are, over "
        f"{pair['genes']:,} linked features."
    )
    return html.Figure([html.Div(graph, className="shared-structure-figure"), html.Figcaption(told), out])


def _which(source: Source) -> dict[str, Any]:
    """Return what makes a data set another one, whatever its cut-offs."""
    return source.to_json() | {"settings": without_cutoffs(source.settings)}
