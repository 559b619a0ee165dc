"""How genes and peaks are joined before training: the genome, the promoter, the window, and what comes of them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from dash import ALL, Dash, Input, Output, State, ctx, dcc, html, no_update

from monae_app.engine.config import RunConfig
from monae_app.engine.errors import InputError
from monae_app.web import ids
from monae_app.web.basket import Basket
from monae_app.web.components import antibody_grid, inferred_links, motif_choice, refined_links
from monae_app.web.components.aria import aria
from monae_app.web.components.figure_out import figure_out
from monae_app.web.components.guidance_panel import compared, edge_tiles, few_known, lone_features
from monae_app.web.components.notice import empty, refused
from monae_app.web.datasets import GENOMES
from monae_app.web.figures.guidance import base_pairs, distance_figure, edges_figure
from monae_app.web.figures.style import style
from monae_app.web.guidance_view import Choice, GuidanceView, standard

if TYPE_CHECKING:
    from monae_app.web.services import Services

PATH = "/guidance"
TITLE = "Guidance"

GENOME, PROMOTER, WINDOW, WINDOW_TO = "guidance-genome", "guidance-promoter", "guidance-window", "guidance-window-to"
CLOCK, FILLED, READY, NOTE = "guidance-clock", "guidance-filled", "guidance-ready", "guidance-note"
BOX, TILES, EDGES, DISTANCES = "guidance-box", "guidance-tiles", "guidance-edges", "guidance-distances"
LONE, CSV, DOWNLOAD, FORM = "guidance-lone", "guidance-csv", "guidance-download", "guidance-form"
WINDOWS = (0, 10_000, 50_000, 150_000, 500_000)
POLL_MILLISECONDS = 700
# The effect is shown while somebody types, but not for every key.
PAUSE_SECONDS = 0.35
GRAPH: Any = {"displayModeBar": False}
LINKED = {"rna", "atac"}
# What the data set brings itself; an empty value would look like none.
OWN = "own"


def layout(**_: str) -> html.Div:
    """Build the page."""
    shortcuts = [
        html.Button(base_pairs(bp) if bp else "0", id={"type": WINDOW_TO, "bp": bp}, className="shortcut")
        for bp in WINDOWS
    ]
    form = html.Section(
        [
            html.H2("Links"),
            _field("Genome, or gene coordinates (BED, GTF)", GENOME, dcc.Dropdown(id=GENOME, clearable=False)),
            _field("Promoter", PROMOTER, _typed(PROMOTER), _help("promoter")),
            _field("Window", WINDOW, _typed(WINDOW), html.Div(shortcuts, className="shortcuts"), _help("window")),
            html.P("The next training takes these settings.", className="muted small"),
        ],
        id=FORM,
        className="card guidance-form",
        hidden=True,
    )
    graphs = [
        html.Div(
            [html.H3(title), html.Div(dcc.Graph(id=name, config=GRAPH, responsive=True, style={"height": "100%"}),
                                      className="figure-box"),
             figure_out(name, name.replace("-", "_"), title=title)]
        )
        for title, name in (("Edges of a gene", EDGES), ("Distance of the peak", DISTANCES))
    ]  # fmt: skip
    found = html.Section(
        [
            html.Div(
                [
                    html.H2("What is linked"),
                    html.Button("Download features without an edge (CSV)", id=CSV, className="link-button"),
                ],
                className="card-head",
            ),
            html.Div(id=TILES, **aria(live="polite")),
            html.Div(graphs, className="figure-pair"),
            html.Div(id=LONE),
            dcc.Download(id=DOWNLOAD),
        ],
        id=BOX,
        className="card",
        hidden=True,
    )
    return html.Div(
        [
            dcc.Interval(id=CLOCK, interval=POLL_MILLISECONDS, disabled=True),
            dcc.Store(id=FILLED),
            dcc.Store(id=READY),
            html.Div([html.H1("Guidance"), html.P(INTRODUCTION, className="lead")], className="page-head"),
            html.Div(
                [
                    form,
                    html.Div(
                        [
                            html.Div(id=NOTE),
                            found,
                            antibody_grid.layout(),
                            inferred_links.panel(),
                            motif_choice.panel(),
                            refined_links.panel(),
                        ],
                        className="stack filled",
                    ),
                ],
                className="two-columns data-page",
            ),
        ]
    )


INTRODUCTION = (
    "Peaks are linked to the genes in whose body or promoter they lie, or near which, and antibodies to the genes that "
    "code for what they bind. These links guide the training. Counted here over all features of the files; a training "
    "joins those among them that it models."
)


def register(app: Dash, services: Services) -> None:
    """Connect the page."""
    view = GuidanceView(services)
    _register_reading(app, view)
    _register_form(app, services, view)
    _register_keeping(app, view)
    _register_effect(app, view)
    _register_download(app, view)
    antibody_grid.register(app, view, READY)
    inferred_links.register(app, services)
    motif_choice.register(app, services)
    refined_links.register(app, services)


def _register_reading(app: Dash, view: GuidanceView) -> None:
    @app.callback(
        Output(READY, "data"),
        Output(NOTE, "children"),
        Output(CLOCK, "disabled"),
        Output(FORM, "hidden"),
        Input(ids.SOURCE, "data"),
        Input(CLOCK, "n_intervals"),
        State(READY, "data"),
    )
    def read(chosen: dict[str, Any] | None, _: int | None, known: dict[str, Any] | None) -> tuple[Any, ...]:
        try:
            survey = view.survey(chosen)
        except InputError as error:
            return None, refused(error), True, True
        if survey.error is not None:
            return None, refused(survey.error), True, True
        if survey.state == "running":
            return None, html.P(f"{survey.message} …", className="spinner-note", role="status"), False, True
        ready = {"answer": survey.folder.name, "modalities": survey.said["modalities"]}
        linkable = set(ready["modalities"]) >= LINKED
        by_name = set(ready["modalities"]) >= antibody_grid.LINKED
        note = None if linkable or by_name else _nothing_to_link(ready["modalities"])
        return no_update if ready == known else ready, note, True, not linkable


def _nothing_to_link(modalities: list[str]) -> html.Section:
    told = "Links by place join genes (RNA) and peaks (ATAC); these data have only one of them."
    go = dcc.Link("Choose other data", href="/data", className="button")
    title = "Nothing to link"
    if {"rna", "methylation"} <= set(modalities):
        title = "Methylated regions are linked by place and sign"
        told = (
            "Promoters lose mCG and gene bodies lose mCH as a gene is expressed more, unless sign_promoter_cg and its "
            "like say otherwise. How many regions are linked stands on the Data page; this page shows peaks alone."
        )
    return html.Section(empty(title, html.P(told), go), className="card")


def _register_form(app: Dash, services: Services, view: GuidanceView) -> None:
    @app.callback(
        Output(GENOME, "options"),
        Output(GENOME, "value"),
        Output(PROMOTER, "value"),
        Output(WINDOW, "value"),
        Output(FILLED, "data"),
        Input(ids.SOURCE, "data"),
        State(FILLED, "data"),
        State(ids.BASKET, "data"),
    )
    def fill(chosen: dict[str, Any] | None, filled: Any, kept: Any) -> tuple[Any, ...]:
        # Only for other data: what is being typed must not be written over by what was typed before.
        try:
            source, own = view.source(chosen), view.own(chosen)
        except InputError:
            return (no_update,) * 5
        which = {"sample": source.sample, "inputs": source.to_json()["inputs"]}
        if which == filled:
            return (no_update,) * 5
        files = {each.ref: each.name for each in Basket.from_json(kept).files if each.kind == "coordinates"}
        if source.genome and source.genome not in GENOMES:
            files.setdefault(source.genome, services.catalogue.label(source.genome))
        titles = {name: name for name in GENOMES} | files
        options = [{"label": title, "value": name} for name, title in titles.items()]
        value = source.genome or own.get("genome")
        file = own.get("bed") or own.get("gtf")
        if file:
            options.insert(0, {"label": f"{Path(file).name} (of the data set)", "value": OWN})
            value = value or OWN
        lengths = standard() | Choice(chosen, None, None, None).kept()
        return options, value, str(lengths["promoter"]), str(lengths["window"]), which

    @app.callback(
        Output(WINDOW, "value", allow_duplicate=True),
        Input({"type": WINDOW_TO, "bp": ALL}, "n_clicks"),
        prevent_initial_call=True,
    )
    def to_length(clicks: list[int | None]) -> Any:
        return str(ctx.triggered_id["bp"]) if any(clicks) and ctx.triggered_id else no_update


def _register_keeping(app: Dash, view: GuidanceView) -> None:
    @app.callback(
        Output(ids.SOURCE, "data", allow_duplicate=True),
        *[Input(name, "value") for name in (GENOME, PROMOTER, WINDOW)],
        State(ids.SOURCE, "data"),
        State(FILLED, "data"),
        prevent_initial_call=True,
    )
    def keep(genome: str | None, promoter: Any, window: Any, chosen: dict[str, Any] | None, filled: Any) -> Any:
        choice = Choice(chosen, _named(genome), promoter, window)
        try:
            lengths, source, own = choice.lengths(), view.source(chosen), view.own(chosen)
        except InputError:
            return no_update
        settings = {**choice.kept(), **lengths}
        same_lengths = settings == standard() | choice.kept()
        same_genome = choice.genome == (source.genome or own.get("genome") or "")
        if not filled or (same_lengths and same_genome):
            return no_update
        return {**(chosen or source.to_json()), "genome": choice.genome, "settings": settings}


def _register_effect(app: Dash, view: GuidanceView) -> None:
    @app.callback(
        Output(TILES, "children"),
        Output(EDGES, "figure"),
        Output(DISTANCES, "figure"),
        Output(LONE, "children"),
        Output(BOX, "hidden"),
        Input(READY, "data"),
        *[Input(name, "value") for name in (GENOME, PROMOTER, WINDOW)],
        Input(ids.THEME, "data"),
        State(ids.SOURCE, "data"),
    )
    def show(ready: Any, genome: str | None, promoter: Any, window: Any, theme: str | None, chosen: Any) -> Any:
        if not ready or not set(ready["modalities"]) >= LINKED or window is None:
            return no_update, no_update, no_update, no_update, True
        choice = Choice(chosen, _named(genome), promoter, window)
        try:
            lengths = choice.lengths()
            found, usual = view.effect(choice, lengths), view.effect(choice, standard())
        except InputError as error:
            return refused(error), no_update, no_update, no_update, False
        look = style(theme)
        tiles = [few_known(found), edge_tiles(found), compared(found, usual)]
        distances = distance_figure(found.distance, lengths["window"], look)
        return tiles, edges_figure(found.edges_of_gene, look), distances, lone_features(found), False


def _register_download(app: Dash, view: GuidanceView) -> None:
    @app.callback(
        Output(DOWNLOAD, "data"),
        Input(CSV, "n_clicks"),
        *[State(name, "value") for name in (GENOME, PROMOTER, WINDOW)],
        State(ids.SOURCE, "data"),
        prevent_initial_call=True,
    )
    def download(clicks: int | None, genome: str | None, promoter: Any, window: Any, chosen: Any) -> Any:
        choice = Choice(chosen, _named(genome), promoter, window)
        try:
            table = view.effect(choice, choice.lengths()).without_edge() if clicks else None
        except InputError:
            table = None
        if table is None:
            return no_update
        return {"content": table.to_csv(index=False), "filename": "features_without_edge.csv", "type": "text/csv"}


def _named(genome: str | None) -> str:
    """Read the chosen genome; empty for what the data set brings itself."""
    return "" if genome in (None, OWN) else str(genome)


def _typed(name: str) -> dcc.Input:
    return dcc.Input(id=name, type="text", debounce=PAUSE_SECONDS, autoComplete="off", spellCheck=False)


def _help(name: str) -> html.P:
    return html.P(RunConfig.model_fields[name].description)


def _field(title: str, name: str, *parts: Any) -> html.Div:
    return html.Div([html.Label(title, htmlFor=name), *parts], className="field")
