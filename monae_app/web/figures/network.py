"""A network of factors and targets: where its nodes lie, how they look, and the same as a drawing. V nodes, E edges."""

from __future__ import annotations

import random
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

import numpy as np
import pandas as pd

from monae_app.web.figures.style import FONT

if TYPE_CHECKING:
    from monae_app.web.figures.style import Style

FALLING = "#d8663f"
ROUNDS = 400
WIDE, TALL = 640.0, 420.0
GOLDEN = np.pi * (3 - np.sqrt(5))
SMALLEST, LARGEST = 14.0, 34.0
MARGIN = 60.0
_ONE_AT_A_TIME = threading.Lock()


@dataclass(frozen=True)
class Network:
    """Factors and targets.

    Parameters
    ----------
    nodes
        ``name``, ``factor`` (whether its targets are shown), ``tf`` (whether it is a transcription factor), ``score``
        (of its best edge), ``x``, ``y``, (V,).
    edges
        ``tf``, ``target``, ``score``, ``sign``, ``p``, ``q``, ``known``, ``mode``, ``pmids``, ``link_p``, (E,).
    """

    nodes: pd.DataFrame
    edges: pd.DataFrame


def network_of(edges: pd.DataFrame, factors: list[str], listed: set[str], seed: int) -> Network:
    """Lay a network out.

    Parameters
    ----------
    edges
        As of :class:`Network`.
    factors
        Whose targets are shown.
    listed
        All transcription factors.
    seed
        Of the layout.
    """
    names = list(dict.fromkeys([*factors, *edges["target"].astype(str)]))
    best = edges.groupby("target")["score"].max() if len(edges) else pd.Series(dtype=float)
    places = _layout(names, edges, seed)
    nodes = pd.DataFrame(
        {
            "name": names,
            "factor": [name in factors for name in names],
            "tf": [name in listed or name in factors for name in names],
            "score": [float(best.get(name, np.nan)) for name in names],
            "x": places[:, 0],
            "y": places[:, 1],
        }
    )
    return Network(nodes, edges.reset_index(drop=True))


def _layout(names: list[str], edges: pd.DataFrame, seed: int) -> np.ndarray:
    """Place nodes by forces, (V, 2), from a spiral that the seed turns."""
    # here, not above: it takes a second, and most pages have no network
    import igraph

    number = {name: at for at, name in enumerate(names)}
    pairs = [(number[tf], number[target]) for tf, target in zip(edges["tf"], edges["target"], strict=True)]
    at = np.arange(len(names))
    turn = np.random.default_rng(seed).uniform(0, 2 * np.pi) + GOLDEN * at
    start = np.sqrt(at + 0.5)[:, None] * np.column_stack([np.cos(turn), np.sin(turn)])
    graph = igraph.Graph(len(names), pairs)
    with _ONE_AT_A_TIME:
        # its random numbers are everyone's
        igraph.set_random_number_generator(random.Random(seed))
        found = graph.layout_fruchterman_reingold(seed=start.tolist(), niter=ROUNDS, grid="nogrid")
    places = np.array(found.coords, np.float64).reshape(-1, 2)
    low, high = (places.min(axis=0), places.max(axis=0)) if len(places) else (np.zeros(2), np.ones(2))
    share = (places - low) / np.where(high > low, high - low, 1) - 0.5
    return np.asarray(np.round(share * [WIDE, TALL], 2))


def sizes(nodes: pd.DataFrame) -> np.ndarray:
    """Diameters by score, (V,); factors are the largest."""
    score = nodes["score"].to_numpy(np.float64)
    known = score[np.isfinite(score)]
    low, high = (float(known.min()), float(known.max())) if len(known) else (0.0, 1.0)
    share = np.nan_to_num((score - low) / max(high - low, 1e-9))
    return np.where(nodes["factor"], LARGEST + 6, SMALLEST + (LARGEST - SMALLEST) * share)


def elements(network: Network, chosen: str | None) -> list[dict[str, Any]]:
    """Describe nodes and edges as cytoscape takes them, with their places."""
    found: list[dict[str, Any]] = []
    for row, size in zip(network.nodes.to_dict("records"), sizes(network.nodes), strict=True):
        looks = ["factor"] if row["factor"] else ["tf"] if row["tf"] else []
        looks += ["chosen"] if row["name"] == chosen else []
        found.append(
            {
                "data": {"id": row["name"], "label": row["name"], "size": round(float(size), 1)},
                "position": {"x": row["x"], "y": row["y"]},
                "classes": " ".join(looks),
            }
        )
    for row in network.edges.to_dict("records"):
        looks = ["falls" if row["sign"] < 0 else "rises", *(["known"] if row["known"] else [])]
        data = {"id": f"{row['tf']}→{row['target']}", "source": row["tf"], "target": row["target"]}
        found.append({"data": data | {"width": 1.5 if not row["known"] else 3.5}, "classes": " ".join(looks)})
    return found


def stylesheet(look: Style) -> list[dict[str, Any]]:
    """Say how nodes and edges look."""
    node = {
        "label": "data(label)", "width": "data(size)", "height": "data(size)", "background-color": look.missing,
        "border-width": 1, "border-color": look.muted, "color": look.ink, "font-size": look.size(12),
        "font-family": FONT, "text-valign": "bottom", "text-margin-y": 3, "min-zoomed-font-size": 6,
        "text-outline-color": look.surface, "text-outline-width": 2,
    }  # fmt: skip
    edge = {
        "width": "data(width)", "curve-style": "bezier", "target-arrow-shape": "triangle", "arrow-scale": 0.8,
        "line-color": look.accent, "target-arrow-color": look.accent, "opacity": 0.65,
    }  # fmt: skip
    falls = {"line-color": FALLING, "target-arrow-color": FALLING, "target-arrow-shape": "tee"}
    return [
        {"selector": "node", "style": node},
        {"selector": "edge", "style": edge},
        {"selector": ".tf", "style": {"shape": "diamond", "background-color": look.ramp[1]}},
        {"selector": ".factor", "style": {"shape": "diamond", "background-color": look.accent, "font-weight": "bold"}},
        {"selector": ".chosen", "style": {"border-width": 4, "border-color": look.ink}},
        {"selector": ".falls", "style": falls},
        {"selector": ".known", "style": {"opacity": 1}},
    ]


def svg(network: Network, look: Style, credit: str = "") -> str:
    """Draw the network as SVG, with what has to be said of known edges."""
    nodes, size = network.nodes, sizes(network.nodes)
    low = nodes[["x", "y"]].min().to_numpy() - MARGIN if len(nodes) else np.zeros(2)
    high = nodes[["x", "y"]].max().to_numpy() + MARGIN if len(nodes) else np.ones(2)
    wide, tall = (high - low).tolist()
    root = ET.Element("svg", xmlns="http://www.w3.org/2000/svg", width=f"{wide:.0f}", height=f"{tall:.0f}",
                      viewBox=f"{low[0]:.1f} {low[1]:.1f} {wide:.1f} {tall:.1f}")  # fmt: skip
    root.set("font-family", FONT)
    place = {row["name"]: (row["x"], row["y"]) for row in nodes.to_dict("records")}
    for row in network.edges.to_dict("records"):
        (x1, y1), (x2, y2) = place[row["tf"]], place[row["target"]]
        colour = FALLING if row["sign"] < 0 else look.accent
        line = ET.SubElement(root, "line", x1=f"{x1}", y1=f"{y1}", x2=f"{x2}", y2=f"{y2}", stroke=colour)
        line.set("stroke-width", "3.5" if row["known"] else "1.5")
        line.set("stroke-opacity", "1" if row["known"] else "0.65")
        told = f"{row['tf']} to {row['target']}{', known' if row['known'] else ''}"
        ET.SubElement(line, "title").text = told
    for row, wide_of in zip(nodes.to_dict("records"), size, strict=True):
        colour = look.accent if row["factor"] else look.ramp[1] if row["tf"] else look.missing
        ET.SubElement(root, "circle", cx=f"{row['x']}", cy=f"{row['y']}", r=f"{wide_of / 2:.1f}", fill=colour,
                      stroke=look.muted)  # fmt: skip
        text = ET.SubElement(root, "text", x=f"{row['x']}", y=f"{row['y'] + wide_of / 2 + 13:.1f}", fill=look.ink)
        text.set("font-size", "12")
        text.set("text-anchor", "middle")
        text.text = str(row["name"])
    if credit:
        ET.SubElement(root, "desc").text = credit
        note = ET.SubElement(root, "text", x=f"{low[0] + 8:.1f}", y=f"{high[1] - 8:.1f}", fill=look.muted)
        note.set("font-size", "9")
        note.text = credit
    return ET.tostring(root, encoding="unicode")
