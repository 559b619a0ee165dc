"""Frames as tables of a comparison: figures to the right, the best of a column set off, a download beside."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from dash import html

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

    import pandas as pd


def compared_table(
    table: pd.DataFrame,
    titles: Mapping[str, str],
    *,
    best: Mapping[str, float] | None = None,
    digits: int = 3,
    quiet: Collection[str] = (),
    hints: Callable[[str], str] = lambda _column: "",
) -> html.Div:
    """Show a frame.

    Parameters
    ----------
    table
        The first column heads its rows.
    titles
        Of its columns.
    best
        Columns whose best value is set off, with their ideal.
    digits
        Behind the point.
    quiet
        Columns that are only relative.
    hints
        What a column means.
    """
    marked = {name: _best(table[name], ideal) for name, ideal in (best or {}).items() if name in table}
    head = html.Thead(
        html.Tr(
            [
                html.Th(
                    titles.get(name, name), scope="col", title=hints(name) or None, className=_look(table, name, quiet)
                )
                for name in table.columns
            ]
        )
    )
    rows = []
    for number, row in enumerate(table.to_dict("records")):
        cells: list[Any] = []
        for place, (name, value) in enumerate(row.items()):
            if place == 0:
                cells.append(html.Th(str(value), scope="row"))
                continue
            shown: Any = _said(value, digits)
            if number in marked.get(str(name), ()):
                shown = html.Strong(shown)
            cells.append(html.Td(shown, className=_look(table, str(name), quiet)))
        rows.append(html.Tr(cells))
    inner = html.Table([head, html.Tbody(rows)], className="table compared")
    return html.Div(inner, className="table-scroll", tabIndex="0")


def download(href: str, title: str = "Download the table (CSV)") -> html.Div:
    """Offer the table as a file."""
    return html.Div(html.A(title, href=href, className="link-button"), className="downloads")


def _best(column: pd.Series[float], ideal: float) -> set[int]:
    away = (column.astype(float) - ideal).abs().round(3)
    if away.notna().sum() < 2:
        return set()
    return {number for number, value in enumerate(away) if value == away.min()}


def _look(table: pd.DataFrame, name: str, quiet: Collection[str]) -> str:
    number = table[name].dtype.kind in "fiu"
    return " ".join(filter(None, ["figure-cell" if number else "", "muted" if name in quiet else ""]))


def _said(value: Any, digits: int) -> str:
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return "–"
    if isinstance(value, float):
        return f"{value:.{digits}f}"
    return f"{value:,}" if isinstance(value, int) else str(value)
