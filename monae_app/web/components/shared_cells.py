"""How modalities share cells: a bar for every set of modalities, by batch where there is one, and the rule in words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dash import html

from monae_app.web.components import words
from monae_app.web.components.aria import aria
from monae_app.web.modalities import modality_title

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

SHOWN_GROUPS = 12


def shared_cells(summary: Mapping[str, Any]) -> html.Section | None:
    """Show how cells are shared; None where there is one modality, or a run of an earlier version does not say.

    Parameters
    ----------
    summary
        Of the data set, with ``shared_cells`` as :func:`monae_app.engine.data.shared_cells.shared_cells` gives it.
    """
    found = summary.get("shared_cells") or {}
    if not found.get("sets"):
        return None
    names = list(summary["modalities"])
    parts = [html.H3("Cells that modalities share"), html.P(_in_words(found, names)), _bars(found["sets"], names)]
    shared = any(len(each["in"]) > 1 for each in found["sets"])
    if shared and found.get("examples"):
        parts.append(_examples(found, names))
    if shared and found.get("groups"):
        parts.append(_groups(found["groups"], found["sets"]))
    return html.Section(parts, className="shared-cells")


def _in_words(found: Mapping[str, Any], names: Sequence[str]) -> str:
    several = sum(each["cells"] for each in found["sets"] if len(each["in"]) > 1)
    every = sum(each["cells"] for each in found["sets"])
    titles = words.listed([_called(name) for name in names])
    if not several:
        return f"No cell of {titles} has the name of one of another modality: all are taken as different cells."
    if several == every:
        return f"All {every:,} cells were measured in several of {titles}, by their names."
    rest = every - several
    return (
        f"{several:,} of {every:,} cells were measured in several of {titles}, by their names; {rest:,} in one alone."
    )


def _called(modality: str) -> str:
    """Name a modality within a sentence."""
    title = modality_title(modality)
    return title if title.isupper() else title.lower()


def set_title(modalities: Sequence[str], n_modalities: int) -> str:
    """Name a set of modalities: "RNA and protein", "only RNA"."""
    listed = words.listed([_called(name) for name in modalities])
    return f"only {listed}" if len(modalities) < n_modalities and len(modalities) == 1 else listed


def _bars(sets: Sequence[Mapping[str, Any]], names: Sequence[str]) -> html.Table:
    """One row a set: a dot for each modality that is in it, a bar, the number."""
    most = max(each["cells"] for each in sets)
    head = html.Tr(
        [
            *(html.Th(modality_title(name), scope="col", className="dot") for name in names),
            html.Th("Cells", scope="col", colSpan=2),
        ]
    )
    rows = []
    for number, each in enumerate(sets):
        title = set_title(each["in"], len(names))
        dots = [
            html.Td(html.Span(className="on" if name in each["in"] else "off", **aria(hidden="true")), className="dot")
            for name in names
        ]
        bar = html.Td(_bar(each["cells"] / most, number), className="bars")
        rows.append(html.Tr([*dots, bar, html.Td([html.Strong(f"{each['cells']:,} "), title])]))
    return html.Table([html.Thead(head), html.Tbody(rows)], className="table sets")


def _bar(share: float, number: int) -> html.Div:
    return html.Div(style={"width": f"{max(100 * share, 0.5):.1f}%"}, className=f"set-bar set-{number % 8}")


def _examples(found: Mapping[str, Any], names: Sequence[str]) -> html.P:
    """Name some cells that were found to be the same, and by which rule."""
    told: list[Any] = [f"{found['rule'][:1].upper()}{found['rule'][1:]}: "]
    for number, example in enumerate(found["examples"]):
        told.append("; " if number else "")
        present = [name for name in names if name in example]
        for at, name in enumerate(present):
            told += [" = " if at else "", html.Code(example[name])]
    return html.P(told, className="small names")


def _groups(groups: Mapping[str, Any], sets: Sequence[Mapping[str, Any]]) -> html.Table:
    """One row a batch, its cells as a bar of all sets, as wide as the largest batch allows."""
    rows = groups["rows"][:SHOWN_GROUPS]
    most = max(sum(each["cells"]) for each in rows)
    n_modalities = max(len(each["in"]) for each in sets)
    body = []
    for row in rows:
        parts = [
            html.Span(style={"width": f"{100 * count / most:.1f}%"}, className=f"set-bar set-{number % 8}")
            for number, count in enumerate(row["cells"])
            if count
        ]
        told = ", ".join(
            f"{count:,} {set_title(each['in'], max(2, n_modalities))}"
            for count, each in zip(row["cells"], sets, strict=True)
            if count
        )
        bar = html.Td(html.Div(parts, className="set-bars"), className="bars")
        body.append(html.Tr([html.Th(row["name"], scope="row"), bar, html.Td(told)]))
    more = len(groups["rows"]) - len(rows) + int(groups.get("more") or 0)
    if more:
        body.append(html.Tr([html.Td(f"and {more:,} more", colSpan=3, className="muted")]))
    head = html.Tr([html.Th(groups["column"], scope="col"), html.Th("Cells", scope="col", colSpan=2)])
    return html.Table([html.Thead(head), html.Tbody(body)], className="table sets by-group")
