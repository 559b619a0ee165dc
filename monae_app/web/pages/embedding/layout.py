"""What the Embedding page consists of: the map with its controls, the scores, and what can be made of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dash import dcc, html

from monae_app.web.components.aria import aria
from monae_app.web.components.code_link import code_link
from monae_app.web.components.export_run import export_box
from monae_app.web.components.figure_out import figure_out
from monae_app.web.components.graph_config import FIGURE_CONFIG
from monae_app.web.components.selection_panel import selection_panel
from monae_app.web.modalities import MODALITY_TITLES, modality_title
from monae_app.web.pages.embedding import gene_set, imputed_file, some_cells, whole_file

if TYPE_CHECKING:
    from collections.abc import Collection

    import plotly.graph_objects as go

COLOUR, VALUES, PANEL, LABELS = "map-colour", "map-values", "map-panel", "map-labels"
GRAPH, VIEW, MESSAGE, CAPTION, SCORES, CSV = "map", "map-view", "map-message", "map-caption", "map-scores", "map-csv"
SUBTITLE, SEEN = "map-subtitle", "map-seen"
WITH, WITH_FIELD = "map-with", "map-with-field"
# What the canvas shall show (assets/embedding/element.mjs), and whether the browser can draw it.
ORDER, CAPABLE = "map-order", "map-capable"
CODE = "map-code"
# The figure in place of the canvas, where it cannot.
PLAIN, ROOM, FIGURE = "map-plain", "map-figure-room", "map-figure"
NO_HIT = "Nothing begins like that"
GRAPH_CONFIG: Any = FIGURE_CONFIG | {
    "scrollZoom": True,
    "modeBarButtonsToRemove": ["select2d", "lasso2d", "autoScale2d", "toImage"],
}


def layout(colour: str = "", values: str = "imputed", panel: str = "joint", labels: str = "", **more: str) -> html.Div:
    """Build the page in the state that its URL names."""
    second = more.get("with")
    controls = html.Div(
        [
            control(
                "Colour by",
                dcc.Dropdown(
                    id=COLOUR, value=colour or None, options=[colour] if colour else [], clearable=False,
                    placeholder="cell type, gene, peak …", optionHeight=34, maxHeight=360,
                    labels={"search": "Type a gene, a peak or a column", "no_options_found": NO_HIT},
                ),
                "colour",
            ),
            html.Div(
                control(
                    "Blend with",
                    dcc.Dropdown(
                        id=WITH, value=second or None, options=[second] if second else [], placeholder="a second one",
                        optionHeight=34, maxHeight=360,
                        labels={"search": "Type a gene or a peak", "no_options_found": NO_HIT},
                    ),
                    "blend",
                ),
                id=WITH_FIELD, hidden=True,
            ),
            html.Div(
                control("Values", segments(VALUES, {"imputed": "Imputed", "measured": "Measured"}, values)),
                id=f"{VALUES}-field",
            ),
            control(
                "Show",
                segments(PANEL, panels(MODALITY_TITLES), panel),
            ),
            html.Div(
                dcc.Checklist([{"label": "Group names", "value": "on"}], [] if labels == "off" else ["on"], id=LABELS),
                id=f"{LABELS}-field",
            ),
        ],
        className="toolbar",
    )  # fmt: skip
    table = html.A("CSV", id=CSV, href="", className="link-button", title="Coordinates and values of every cell")
    downloads = figure_out(GRAPH, "map", table, [code_link(CODE)], instead=FIGURE)
    # plotly is several megabytes: it comes to those browsers alone that need its figure.
    plain = html.Div(
        dcc.Loading(
            html.Div(id=ROOM),
            delay_show=400, overlay_style={"visibility": "visible", "opacity": 0.55}, parent_className="map-loading",
        ),
        id=PLAIN, className="map-plain", hidden=True,
    )  # fmt: skip
    caption = html.Div([html.P(id=CAPTION, className="muted"), downloads], className="map-foot")
    closer = html.Section(
        [html.H2("Look closer"), gene_set.gene_set_box(), some_cells.some_cells_box()], className="card closer"
    )
    scores = html.Section(
        [
            html.H2("Integration scores"), html.P(id=SUBTITLE, className="muted"), html.Div(id=SCORES),
            html.H2("Take it with you", className="after-scores"), export_box(),
            whole_file.whole_box(), imputed_file.imputed_box(),
        ],
        className="card",
    )  # fmt: skip
    return html.Div(
        [
            html.H1("Embedding", className="visually-hidden"),
            dcc.Store(id=SEEN),
            dcc.Store(id=ORDER),
            dcc.Store(id=CAPABLE),
            html.Div(id=MESSAGE),
            html.Div(
                [
                    html.Section(
                        [
                            controls,
                            some_cells.some_cells_note(more.get("part", "")),
                            html.Div(id=GRAPH, className="cell-map"),
                            plain,
                            caption,
                        ],
                        className="card map-card",
                    ),
                    html.Aside([selection_panel(), closer, scores], className="stack"),
                ],
                id=VIEW,
                className="map-page",
            ),
        ]
    )


def figure_box(figure: go.Figure) -> dcc.Graph:
    """Show a figure in place of the canvas."""
    return dcc.Graph(id=FIGURE, figure=figure, config=GRAPH_CONFIG, className="map-graph", responsive=True)


def panels(modalities: Collection[str]) -> dict[str, str]:
    """Ways to show the cells of these modalities."""
    if len(modalities) == 1:
        return {"joint": "Together"}
    titles = {name: modality_title(name) for name in modalities}
    beside = " | ".join([*titles.values(), "Joint"])
    return {"joint": "Together", "split": "Side by side", "all": beside, **titles}


def control(title: str, inner: Any, extra: str = "") -> html.Div:
    """Put a name before a control."""
    return html.Div(
        [html.Span(title, className="control-title"), inner], className=f"control {extra}", role="group",
        **aria(label=title),
    )  # fmt: skip


def options(choices: dict[str, str]) -> list[dict[str, Any]]:
    """Offer keys by their titles."""
    return [{"label": title, "value": key} for key, title in choices.items()]


def segments(name: str, choices: dict[str, str], value: str) -> dcc.RadioItems:
    """Show choices side by side."""
    chosen = value if value in choices else next(iter(choices))
    return dcc.RadioItems(options(choices), chosen, id=name, inline=True, className="segments")
