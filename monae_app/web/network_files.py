"""A network of factors and targets as files for other programs: GraphML, SIF, CSV, SVG."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import numpy as np

from monae_app.web.figures.network import svg
from monae_app.web.figures.style import style
from monae_app.web.regulation_tables import csv_of

if TYPE_CHECKING:
    from monae_app.web.figures.network import Network

KINDS = {
    "graphml": "application/graphml+xml",
    "sif": "text/plain",
    "csv": "text/csv",
    "svg": "image/svg+xml",
}
EDGE = ("tf", "target", "score", "sign", "p", "q", "known", "mode", "pmids", "link_p")


def written(network: Network, kind: str, lines: list[str]) -> str:
    """Write a network.

    Parameters
    ----------
    kind
        One of ``KINDS``.
    lines
        What has to be said of it; GraphML has it as an attribute of the graph, SIF has no place for it.
    """
    if kind == "graphml":
        return graphml(network, lines)
    if kind == "sif":
        return sif(network)
    if kind == "svg":
        return svg(network, style("light"), " ".join(lines))
    return csv_of(network.edges[list(EDGE)], lines)


def graphml(network: Network, lines: list[str]) -> str:
    """Write nodes with their places and edges with what speaks for them as GraphML."""
    # here, not above: a server that starts has no network to write yet
    import networkx as nx

    graph = nx.DiGraph(about=" ".join(lines))
    for row in network.nodes.to_dict("records"):
        graph.add_node(row["name"], **{str(key): _plain(row[key]) for key in ("factor", "tf", "score", "x", "y")})
    for row in network.edges.to_dict("records"):
        said = {key: _plain(row[key]) for key in EDGE[2:]}
        graph.add_edge(row["tf"], row["target"], **said)
    content = io.BytesIO()
    nx.write_graphml(graph, content)
    return content.getvalue().decode()


def sif(network: Network) -> str:
    """Write a line an edge: factor, activates, represses or regulates, target; by the sign that was measured."""
    words = {1: "activates", -1: "represses"}
    rows = network.edges.to_dict("records")
    return "".join(f"{row['tf']}\t{words.get(int(row['sign']), 'regulates')}\t{row['target']}\n" for row in rows)


def _plain(value: object) -> object:
    if isinstance(value, np.generic):
        return value.item()
    return value
