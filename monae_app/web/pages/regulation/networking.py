"""The network: drawn by cytoscape, which is loaded when it is first shown; a click says what is known of a node."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import dash_cytoscape as cyto  # type: ignore[import-untyped]
import numpy as np
from dash import ClientsideFunction, Dash, Input, Output, State, dcc, html, no_update

from monae_app.engine.errors import InputError
from monae_app.web import ids
from monae_app.web.components.aria import aria
from monae_app.web.components.notice import refused
from monae_app.web.figures.network import elements, stylesheet
from monae_app.web.figures.style import style
from monae_app.web.network_data import network_for
from monae_app.web.network_files import KINDS
from monae_app.web.pages.regulation.choosing import tables_of
from monae_app.web.pages.regulation.layout import BACKING, FACTOR, MOST_Q, OWN, READY, SIGN, TARGET, WHICH, field
from monae_app.web.pages.regulation.listing import papers
from monae_app.web.pages.regulation.peaking import as_factor
from monae_app.web.regulation_tables import Filters
from monae_app.web.regulation_view import with_known

if TYPE_CHECKING:
    from monae_app.web.regulation_view import RegulationView, Tables

NETWORK, BOX, LOADED, MORE, NODES, DETAILS, FILES = (
    "regulation-network", "regulation-network-box", "regulation-network-loaded", "regulation-network-more",
    "regulation-network-nodes", "regulation-network-details", "regulation-network-files",
)  # fmt: skip
SCRIPT = "/_dash-component-suites/dash_cytoscape/dash_cytoscape.min.js"
SIZES = (15, 30, 60, 120)
# half a megabyte that other pages do without: the page asks for it (assets/regulation.js)
cyto.Cytoscape._js_dist[0]["dynamic"] = True


def section() -> html.Section:
    """Build the card of the network."""
    options: Any = [{"label": f"{count} targets each", "value": count} for count in SIZES]
    return html.Section(
        [
            html.Div(
                [html.H2("Network"), html.Div(id=FILES, className="downloads")], className="card-head"
            ),
            html.Div(
                [
                    field("Size", NODES, dcc.Dropdown(
                        options, 30, id=NODES, clearable=False, className="regulation-n",
                    )),
                    html.Div(
                        field("With the targets of", MORE, dcc.Dropdown(
                            id=MORE, multi=True, options=[], value=[], placeholder="another factor …",
                        )),
                        className="regulation-more",
                    ),
                ],
                className="regulation-filters",
            ),
            dcc.Store(id=LOADED),
            html.Div(
                [
                    html.Div(id=BOX, className="regulation-network", role="group", **aria(label="Network of targets")),
                    html.Div(id=DETAILS, className="regulation-details", **aria(live="polite")),
                ],
                className="regulation-network-pair",
            ),
            html.P(
                "Size: score. Arrows: green rises with the factor, orange with a bar falls; thick: known. Diamonds are "
                "transcription factors. The filters of the table apply. Click a node; drag and scroll to look around.",
                className="muted small",
            ),
        ],
        className="card",
    )  # fmt: skip


def register(app: Dash, view: RegulationView) -> None:
    """Connect it."""
    app.clientside_callback(  # type: ignore[no-untyped-call]
        ClientsideFunction("regulation", "cytoscape"),
        Output(LOADED, "data"),
        Input(READY, "data"),
        State(LOADED, "data"),
    )
    _register_figure(app, view)
    _register_details(app, view)

    @app.callback(
        Output(MORE, "options"), Output(MORE, "value"),
        Input(FACTOR, "value"),
        Input(MORE, "search_value"),
        State(MORE, "value"),
        State(READY, "data"),
    )  # fmt: skip
    def offer(tf: str | None, text: str | None, more: list[str] | None, ready: Any) -> tuple[Any, Any]:
        tables = tables_of(view, ready)
        if tables is None:
            return [], []
        kept = [name for name in more or [] if name != tf]
        return list(dict.fromkeys([*tables.search(text or ""), *kept])), kept if kept != (more or []) else no_update


def _register_figure(app: Dash, view: RegulationView) -> None:
    @app.callback(
        Output(BOX, "children"), Output(FILES, "children"),
        Input(LOADED, "data"),
        Input(FACTOR, "value"),
        Input(MORE, "value"),
        Input(NODES, "value"),
        Input(WHICH, "value"),
        Input(SIGN, "value"),
        Input(MOST_Q, "value"),
        Input(BACKING, "value"),
        Input(OWN, "data"),
        Input(READY, "data"),
        Input(TARGET, "data"),
        Input(ids.THEME, "data"),
    )  # fmt: skip
    def draw(loaded: Any, tf: str | None, more: list[str] | None, top: int, *rest: Any) -> tuple[Any, Any]:
        which, sign, most_q, backing, own, ready, target, theme = rest
        tables = tables_of(view, ready)
        if not loaded or tables is None or not tf:
            return None, None
        factors, filters = [tf, *(more or [])], Filters.read(which, sign, most_q, backing, top)
        try:
            known = view.known(ready["run"], tables, own)
            network = network_for(view, ready["run"], tables, factors, filters, known)
        except InputError as error:
            return refused(error), None
        look = style(theme)
        drawn = cyto.Cytoscape(
            id=NETWORK, elements=elements(network, (target or {}).get("target")), stylesheet=stylesheet(look),
            layout={"name": "preset", "fit": True, "padding": 20}, minZoom=0.2, maxZoom=4, boxSelectionEnabled=False,
            style={"width": "100%", "height": "100%"}, autoungrabify=True,
        )  # fmt: skip
        said = {"tf": factors, "groups": ready["groups"], "which": which, "sign": sign, "q": most_q,
                "backing": backing, "top": top}  # fmt: skip
        query = urlencode(said | ({"own": own} if own else {}), doseq=True)
        route = f"/api/runs/{ready['run']}/regulation/network"
        links = [html.A(kind.upper() if kind != "graphml" else "GraphML", href=f"{route}.{kind}?{query}",
                        className="link-button", title=f"The network as {kind}") for kind in KINDS]  # fmt: skip
        return drawn, [html.Span("Download"), *links]


def _register_details(app: Dash, view: RegulationView) -> None:
    @app.callback(
        Output(TARGET, "data", allow_duplicate=True),
        Input(NETWORK, "tapNodeData"),
        State(FACTOR, "value"),
        prevent_initial_call=True,
    )
    def click(node: dict[str, Any] | None, tf: str | None) -> Any:
        name = str((node or {}).get("id") or "")
        return {"tf": tf, "target": name} if name and name != tf else no_update

    @app.callback(
        Output(DETAILS, "children"), Input(TARGET, "data"), Input(FACTOR, "value"), Input(OWN, "data"),
        State(READY, "data"),
    )  # fmt: skip
    def tell(target: Any, tf: str | None, own: str | None, ready: Any) -> Any:
        tables, name = tables_of(view, ready), (target or {}).get("target")
        if tables is None or not tf or not name or (found := tables.factor(tf)) is None:
            return None
        try:
            known = view.known(ready["run"], tables, own)
            targets = with_known(view.targets(ready["run"], tables, found), known, found)
        except InputError as error:
            return refused(error)
        row = targets[targets["target"] == name]
        return details(row.iloc[0].to_dict(), tables) if len(row) else None


def details(row: dict[str, Any], tables: Tables) -> list[Any]:
    """Say what speaks for a target, with the way on if it is a factor itself."""
    name = str(row["target"])

    def number(key: str, shape: str) -> str:
        return "not known" if row[key] is None or np.isnan(row[key]) else format(row[key], shape)

    sign = {1: "rises with it", -1: "falls as it rises"}.get(int(row["sign"]), "not known")
    facts = {
        "Rank": f"{int(row['rank']):,}", "Score": number("score", ".2f"), "q": number("q", ".2g"), "Sign": sign,
        "Correlation": number("correlation", ".2f"), "Motif peaks": number("motif_peaks", ".0f"),
        "Best peak p": number("link_p", ".2g"),
    }  # fmt: skip
    listed = [part for key, value in facts.items() for part in (html.Dt(key), html.Dd(value))]
    known = (
        dcc.Markdown(f"Known: {row['mode']}. PubMed {papers(str(row['pmids']))}", link_target="_blank")
        if row["known"]
        else html.P("Not among the known targets.", className="muted small")
    )
    walk = [html.P([f"{name} is a factor itself: ", as_factor(name, "network")])] if name in tables.factors else []
    return [html.H3(f"{row['tf']} → {name}"), html.Dl(listed, className="facts"), known, *walk]
