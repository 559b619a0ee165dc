"""The first screen: the map of all cells, and how well they were integrated."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from dash import ClientsideFunction, Dash, Input, Output, State, dcc, html, no_update

from monae_app.engine.errors import InputError
from monae_app.web import ids
from monae_app.web.components import words
from monae_app.web.components.aria import aria
from monae_app.web.components.notice import empty, refused
from monae_app.web.components.scores import score_list
from monae_app.web.explore import Hit, RunView
from monae_app.web.figures.embedding import blank_figure, embedding_figure
from monae_app.web.figures.style import style
from monae_app.web.modalities import MODALITY_TITLES, modality_title

if TYPE_CHECKING:
    from collections.abc import Collection

    import plotly.graph_objects as go

    from monae_app.web.services import Services

PATH = "/"
TITLE = "Embedding"

COLOUR, VALUES, PANEL, LABELS = "map-colour", "map-values", "map-panel", "map-labels"
GRAPH, VIEW, MESSAGE, CAPTION, SCORES, CSV = "map", "map-view", "map-message", "map-caption", "map-scores", "map-csv"
SVG, PNG, SUBTITLE, SEEN = "map-svg", "map-png", "map-subtitle", "map-seen"
NO_HIT = "Nothing begins like that"
GRAPH_CONFIG: Any = {
    "displaylogo": False,
    "scrollZoom": True,
    "responsive": True,
    "modeBarButtonsToRemove": ["select2d", "lasso2d", "autoScale2d", "toImage"],
}


def layout(colour: str = "", values: str = "imputed", panel: str = "joint", labels: str = "", **_: str) -> html.Div:
    """Build the page in the state that its URL names."""
    controls = html.Div(
        [
            _control(
                "Colour by",
                dcc.Dropdown(
                    id=COLOUR, value=colour or None, options=[colour] if colour else [], clearable=False,
                    placeholder="cell type, gene, peak …", optionHeight=34, maxHeight=360,
                    labels={"search": "Type a gene, a peak or a column", "no_options_found": NO_HIT},
                ),
                "colour",
            ),
            html.Div(
                _control("Values", _segments(VALUES, {"imputed": "Imputed", "measured": "Measured"}, values)),
                id=f"{VALUES}-field",
            ),
            _control(
                "Show",
                _segments(PANEL, _panels(MODALITY_TITLES), panel),
            ),
            html.Div(
                dcc.Checklist([{"label": "Group names", "value": "on"}], [] if labels == "off" else ["on"], id=LABELS),
                id=f"{LABELS}-field",
            ),
        ],
        className="toolbar",
    )  # fmt: skip
    downloads = html.Div(
        [
            html.Span("Download"),
            html.Button("SVG", id=SVG, className="link-button"),
            html.Button("PNG", id=PNG, className="link-button"),
            html.A("CSV", id=CSV, href="", className="link-button", title="Coordinates and values of every cell"),
        ],
        className="downloads",
    )
    graph = dcc.Loading(
        dcc.Graph(id=GRAPH, config=GRAPH_CONFIG, className="map-graph", responsive=True),
        delay_show=400, overlay_style={"visibility": "visible", "opacity": 0.55}, parent_className="map-loading",
    )  # fmt: skip
    caption = html.Div([html.P(id=CAPTION, className="muted"), downloads], className="map-foot")
    scores = html.Aside(
        [html.H2("Integration scores"), html.P(id=SUBTITLE, className="muted"), html.Div(id=SCORES)], className="card"
    )
    return html.Div(
        [
            html.H1("Embedding", className="visually-hidden"),
            dcc.Store(id=SEEN),
            html.Div(id=MESSAGE),
            html.Div(
                [html.Section([controls, graph, caption], className="card map-card"), scores],
                id=VIEW,
                className="map-page",
            ),
        ]
    )


def register(app: Dash, services: Services) -> None:
    """Connect the page."""
    app.clientside_callback(  # type: ignore[no-untyped-call]
        ClientsideFunction("map", "remember"),
        Output(COLOUR, "className"),
        Input(COLOUR, "value"),
        Input(VALUES, "value"),
        Input(PANEL, "value"),
        Input(LABELS, "value"),
    )
    app.clientside_callback(  # type: ignore[no-untyped-call]
        ClientsideFunction("map", "save"),
        Output(SVG, "className"),
        Input(SVG, "n_clicks"),
        Input(PNG, "n_clicks"),
        State(COLOUR, "value"),
        prevent_initial_call=True,
    )

    @app.callback(
        Output(COLOUR, "options"),
        Output(COLOUR, "value"),
        Output(SEEN, "data"),
        Input(ids.RUN, "value"),
        Input(COLOUR, "search_value"),
        State(COLOUR, "value"),
        State(SEEN, "data"),
    )
    def offer_colours(
        run: str | None, typed: str | None, chosen: str | None, seen: str | None
    ) -> tuple[list[dict[str, Any]], str | None, str | None]:
        view = _open(services, run)
        if view is None:
            return ([{"label": chosen, "value": chosen}] if chosen else []), chosen, seen
        # A colour from the URL that is not there is said; one that another run had gives way in silence.
        return *_colour_options(view, typed or "", chosen, keep=seen in (None, run)), run

    @app.callback(
        Output(GRAPH, "figure"),
        Output(MESSAGE, "children"),
        Output(VIEW, "hidden"),
        Output(CAPTION, "children"),
        Output(CSV, "href"),
        Output(f"{VALUES}-field", "hidden"),
        Output(f"{LABELS}-field", "hidden"),
        Input(ids.RUN, "value"),
        Input(COLOUR, "value"),
        Input(VALUES, "value"),
        Input(PANEL, "value"),
        Input(LABELS, "value"),
        Input(ids.THEME, "data"),
    )
    def draw(
        run: str | None, colour: str | None, values: str, panel: str, labels: list[str], theme: str | None
    ) -> tuple[Any, ...]:
        view = _open(services, run)
        if view is None or run is None:
            return {}, _why_not(services, run), True, "", "", True, True
        colour = colour or view.default_colour
        is_column = colour.startswith("obs:")
        try:
            figure = _figure(view, colour, values, panel, labels=bool(labels), theme=theme)
        except InputError as error:
            return blank_figure(style(theme)), refused(error), False, "", "", is_column, True
        query = urlencode({"colour": colour, "values": values}, safe=":")
        caption, table = _caption(view, colour, values), f"/api/runs/{run}/map.csv?{query}"
        return figure, None, False, caption, table, is_column, figure.layout.coloraxis.cmax is not None

    _register_what_hangs_on_the_run(app, services)


def _register_what_hangs_on_the_run(app: Dash, services: Services) -> None:
    @app.callback(Output(PANEL, "options"), Output(PANEL, "value"), Input(ids.RUN, "value"), State(PANEL, "value"))
    def offer_panels(run: str | None, panel: str) -> tuple[Any, Any]:
        return panel_choice(_open(services, run), panel)

    @app.callback(Output(SCORES, "children"), Output(SUBTITLE, "children"), Input(ids.RUN, "value"))
    def show_scores(run: str | None) -> tuple[Any, str]:
        view = _open(services, run)
        if view is None:
            return [], ""
        names = words.listed([modality_title(name) for name in view.modalities])
        return score_list(view.result.report), f"{names}, {view.result.cells.n_obs:,} cells"


def _open(services: Services, run: str | None) -> RunView | None:
    try:
        return services.view(run) if run else None
    except InputError:
        return None


def _colour_options(
    view: RunView, typed: str, chosen: str | None, *, keep: bool
) -> tuple[list[dict[str, Any]], str | None]:
    if not chosen or (not keep and view.hit(chosen) is None):
        chosen = view.default_colour
    hits = view.search(typed)
    # The dropdown forgets a value that is not among its options.
    if all(hit.key != chosen for hit in hits):
        hits.append(view.hit(chosen) or Hit(chosen, chosen.partition(":")[2], "not in this run"))
    return [_option(hit) for hit in hits], chosen


def _figure(view: RunView, colour: str, values: str, panel: str, *, labels: bool, theme: str | None) -> go.Figure:
    colouring = view.colouring(colour, measured=values == "measured")
    panels = list(view.modalities) if panel == "split" else [panel if panel in view.modalities else "joint"]
    return embedding_figure(
        view.cells,
        colouring.values,
        style(theme),
        title=colouring.title,
        unit=colouring.unit,
        panels=panels,
        labels=labels,
    )


def _panels(modalities: Collection[str]) -> dict[str, str]:
    """Ways to show the cells of these modalities."""
    if len(modalities) == 1:
        return {"joint": "Together"}
    return {"joint": "Together", "split": "Side by side", **{name: modality_title(name) for name in modalities}}


def panel_choice(view: RunView | None, panel: str) -> tuple[Any, Any]:
    """Offer the panels of a run: the options, and the value if the chosen panel is not among them."""
    if view is None:
        return no_update, no_update
    offered = _panels(view.modalities)
    # a panel of a modality that another run had gives way
    return _options(offered), no_update if panel in offered else "joint"


def _control(title: str, control: Any, extra: str = "") -> html.Div:
    return html.Div(
        [html.Span(title, className="control-title"), control], className=f"control {extra}", role="group",
        **aria(label=title),
    )  # fmt: skip


def _options(choices: dict[str, str]) -> list[dict[str, Any]]:
    return [{"label": title, "value": key} for key, title in choices.items()]


def _segments(name: str, choices: dict[str, str], value: str) -> dcc.RadioItems:
    options = _options(choices)
    chosen = value if value in choices else next(iter(choices))
    return dcc.RadioItems(options, chosen, id=name, inline=True, className="segments")


def _option(hit: Hit) -> dict[str, Any]:
    # Plain text: Dash's renderer fails when a list of options with components as labels becomes shorter.
    return {"label": f"{hit.name} · {hit.kind}", "value": hit.key, "search": hit.name}


def _caption(view: RunView, colour: str, values: str) -> str:
    kind, _, name = colour.partition(":")
    if kind == "obs":
        return "Each dot is a cell. Click a legend entry to hide its group, double-click to see it alone."
    if values == "measured":
        others = " and ".join(modality_title(other) for other in view.modalities if other != kind)
        hidden = f" Cells of {others} carry no measurement of it and are grey." if others else ""
        return f"{name} as it was measured.{hidden} Colours are clipped at the 1st and 99th percentile."
    return (
        f"{name} as the model expects it in every cell, measured or not. "
        "Colours are clipped at the 1st and 99th percentile."
    )


def _why_not(services: Services, run: str | None) -> Any:
    if not run:
        text = html.P("Train on the bundled sample or on your own files; the map opens here when the run is done.")
        return empty("No map yet", text, dcc.Link("Choose data", href="/data", className="button primary"))
    try:
        services.view(run)
    except InputError as error:
        refusal = refused(error)
    try:
        record = services.registry.get(run)
    except InputError:
        return refusal
    if record.finished:
        return refusal
    text = html.P(f"{record.name} is {record.status.state}: the map is drawn when its training is done.")
    link = dcc.Link("Follow the training", href=f"/training?run={run}", className="button primary")
    return empty("This run has no map yet", text, link)
