"""What the links of a data set look like: tiles, and features without a link."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from dash import html

from monae_app.web.components import words
from monae_app.web.components.notice import alert

if TYPE_CHECKING:
    from monae_app.engine.data.guidance_effect import GuidanceEffect

NAMED = 60


def edge_tiles(effect: GuidanceEffect) -> html.Dl:
    """Show edges, and how many genes and peaks have one."""
    linked = effect.edges_of_gene[effect.edges_of_gene > 0]
    items = [
        ("Edges", f"{effect.n_edges:,}"),
        ("Genes with an edge", f"{len(linked):,} of {len(effect.genes):,}"),
        ("Peaks with an edge", f"{int((effect.edges_of_peak > 0).sum()):,} of {len(effect.peaks):,}"),
        ("Median edges of a linked gene", words.number(float(np.median(linked))) if len(linked) else "none"),
    ]
    return html.Dl([html.Div([html.Dt(name), html.Dd(text)]) for name, text in items], className="tiles")


def compared(effect: GuidanceEffect, standard: GuidanceEffect) -> html.P | None:
    """Say what the settings change against the standard ones."""
    more = effect.n_edges - standard.n_edges
    if not more:
        return None
    genes, peaks = (
        int((getattr(effect, name) > 0).sum()) - int((getattr(standard, name) > 0).sum())
        for name in ("edges_of_gene", "edges_of_peak")
    )
    told = words.listed([f"{_signed(more)} edges", f"{_signed(genes)} genes", f"{_signed(peaks)} peaks with an edge"])
    return html.P(["Against the standard settings: ", html.Strong(told), "."], className="small")


def _signed(number: int) -> str:
    return f"{number:+,}".replace("-", "−")


def lone_features(effect: GuidanceEffect) -> list[Any]:
    """Name the features without an edge, by modality."""
    lone = effect.without_edge()
    parts = []
    for modality, noun in (("rna", "genes"), ("atac", "peaks")):
        mine = lone[lone["modality"] == modality]
        reasons = mine["reason"].value_counts()
        why = words.listed([f"{count:,} {reason}" for reason, count in reasons.items()])
        names = [html.Span(name, className="chip") for name in mine["name"].head(NAMED)]
        more = len(mine) - len(names)
        inside: list[Any] = [html.P(why.capitalize() + "." if why else "All have one.", className="muted small")]
        inside.append(html.Div(names, className="names"))
        if more > 0:
            inside.append(html.P(f"and {more:,} more, all in the table to download", className="muted small"))
        title = f"{len(mine):,} {noun} without an edge"
        parts.append(html.Details([html.Summary(title), *inside], className="fold"))
    return parts


def few_known(effect: GuidanceEffect) -> Any:
    """Warn where the annotation does not fit the genes, or the peaks do not fit either."""
    share = float(effect.known.mean()) if len(effect.known) else 0.0
    if share < 0.5:
        told = f"Only {words.percent(share)} of the genes are in these gene coordinates."
        return alert(told, "Choose the genome that the reads were aligned to, in the case that it writes names.",
                     tone="warning")  # fmt: skip
    if not effect.n_edges:
        return alert("No peak lies near any gene.", "Are genes and peaks of the same genome?", tone="warning")
    return None
