"""Modalities of each cluster as bars, beside what an even mix would be."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dash import html

from monae_app.engine.analysis.palette import PALETTE
from monae_app.engine.analysis.verdict.mixing import BALANCED, balance
from monae_app.web.components.aria import aria
from monae_app.web.modalities import modality_title

if TYPE_CHECKING:
    import pandas as pd

MOST_SHOWN = 12


def composition(table: pd.DataFrame) -> html.Div:
    """Show a bar a cluster, largest first, and one of all cells.

    Parameters
    ----------
    table
        Cells of each cluster and modality, (C, K).
    """
    names = [str(name) for name in table.columns]
    whole = table.sum()
    ordered = table.loc[table.sum(axis=1).sort_values(ascending=False, kind="stable").index]
    even = dict(zip(table.index, balance(table), strict=True))
    # where the bar of an evenly mixed cluster is divided
    expected = [100 * share for share in (whole.cumsum() / max(int(whole.sum()), 1)).tolist()[:-1]]
    rows = [_row("All cells", whole, names, [], whole=True)]
    for name in ordered.index:
        uneven = even[name] < BALANCED
        rows.append(_row(f"Cluster {name}", ordered.loc[name], names, expected, uneven=uneven))
    legend = html.Div(
        [
            html.Span([html.I(style={"background": colour(place)}), modality_title(name)], className="composition-key")
            for place, name in enumerate(names)
        ],
        className="composition-legend",
    )
    more = rows[MOST_SHOWN + 1 :]
    fold = [html.Details([html.Summary(f"{len(more):,} smaller clusters"), *more], className="fold")] if more else []
    return html.Div([legend, *rows[: MOST_SHOWN + 1], *fold], className="composition")


def colour(place: int) -> str:
    """Colour of a modality by its place, as the map has it."""
    return PALETTE[place % len(PALETTE)]


def _row(
    title: str,
    counts: pd.Series[Any],
    names: list[str],
    expected: list[float],
    *,
    whole: bool = False,
    uneven: bool = False,
) -> html.Div:
    total = int(counts.sum())
    told = ", ".join(f"{modality_title(name)} {int(counts[name]):,}" for name in names)
    parts: list[Any] = [
        html.Div(style={"width": f"{100 * counts[name] / max(total, 1):.2f}%", "background": colour(place)})
        for place, name in enumerate(names)
    ]
    parts += [html.I(style={"left": f"{place:.2f}%"}) for place in expected]
    look = "composition-row" + (" whole" if whole else "") + (" uneven" if uneven else "")
    mark = html.Span("!", className="composition-mark", title="A modality is rare here") if uneven else html.Span()
    return html.Div(
        [
            html.Span(title, className="composition-name"),
            html.Div(parts, className="composition-bar", role="img", title=told, **aria(label=f"{title}: {told}")),
            html.Span(f"{total:,}", className="composition-count"),
            mark,
        ],
        className=look,
    )
