"""The rows of the antibody grid: what each antibody was taken for, its genes to change, its weight."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from dash import dcc, html

from monae_app.web.components import words
from monae_app.web.components.aria import aria, with_label

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from monae_app.web.antibody_view import Antibody

ROW, GENE, TAKEN, WEIGHT, RESET_ROW = (
    "antibody-row",
    "antibody-gene",
    "antibody-taken",
    "antibody-weight",
    "antibody-reset",
)
LISTED = 1000
HOW = {
    "hand": "mapped by hand",
    "column": "a column of the file",
    "symbol": "named like its gene",
    "table": "by the table of antibodies",
    "isotype": "isotype control",
    "none": "not known",
}
WAYS = {"table": "by the table", "symbol": "named like their gene", "column": "by a column", "hand": "by hand"}
UNKNOWN, LACKING, NO_GENE = "not known", "whose gene the RNA lacks", "that no gene codes for"
ISOTYPE, LEFT_OUT = "as isotype control", "by hand"
REASONS = (UNKNOWN, LACKING, NO_GENE, ISOTYPE, LEFT_OUT)
KINDS = {"isoform": "weighs half", "glycan": "no gene codes for it", "unknown": "no link"}


def part_id(kind: str, row: int) -> dict[str, Any]:
    """Id of a part of a row; rows are numbered as in the file."""
    return {"type": kind, "row": row}


def antibody_table(
    panel: Sequence[Antibody], mapping: Mapping[str, str], *, only_alone: bool, find: str, leave: bool
) -> Any:
    """Show the antibodies, those without a gene first.

    Parameters
    ----------
    panel
        As they are without what was mapped by hand.
    mapping
        What was.
    only_alone
        Whether only those without a gene are shown.
    find
        Only those in whose name, target or gene this stands.
    leave
        Whether isotype controls leave the panel.
    """
    rows = [(row, each.mapped(mapping)) for row, each in enumerate(panel)]
    wanted = find.strip().casefold()
    shown = [
        (row, each)
        for row, each in rows
        if not (only_alone and each.gene) and wanted in f"{each.name} {each.target} {each.gene}".casefold()
    ]
    if not shown:
        return html.P("No antibody is left by this filter.", className="muted")
    # ordered by what was found: a row does not jump away from under the hand that maps it
    shown.sort(key=lambda each: bool(panel[each[0]].gene))
    titles = ("Antibody", "Genes", "Taken for", "Weight", "")
    head = html.Thead(html.Tr([html.Th(title, scope="col") for title in titles]))
    body = html.Tbody([_row(row, each, leave=leave) for row, each in shown[:LISTED]])
    return html.Div(html.Table([head, body], className="table antibodies"), className="table-scroll tall")


def _row(row: int, antibody: Antibody, *, leave: bool) -> html.Tr:
    by_hand = antibody.how == "hand"
    field = dcc.Input(
        id=part_id(GENE, row), type="text", value=antibody.gene, debounce=True, placeholder="no link",
        autoComplete="off", spellCheck=False,
    )  # fmt: skip
    reset = html.Button(
        "Reset", id=part_id(RESET_ROW, row), className="link-button", hidden=not by_hand,
        **aria(label=f"Reset {antibody.name}"),
    )  # fmt: skip
    return html.Tr(
        [
            html.Th(antibody.name, scope="row"),
            html.Td(with_label(field, f"Genes of {antibody.name}")),
            html.Td(taken_for(antibody, leave=leave), id=part_id(TAKEN, row)),
            html.Td(weight(antibody), id=part_id(WEIGHT, row)),
            html.Td(reset),
        ],
        id=part_id(ROW, row),
        className=row_class(antibody),
    )


def row_class(antibody: Antibody, *, wrong: bool = False) -> str:
    """How a row looks."""
    return "wrong" if wrong else "by-hand" if antibody.how == "hand" else "" if antibody.gene else "alone"


def taken_for(antibody: Antibody, *, leave: bool) -> list[Any]:
    """Say what an antibody was taken for, how, and what else is to be known."""
    notes = [antibody.note] if antibody.note and antibody.how != "hand" else []
    if antibody.how == "hand":
        notes.append(f"otherwise {antibody.else_gene}" if antibody.else_gene else "otherwise no link")
    elif antibody.how == "isotype":
        notes = ["leaves the panel; kept as background" if leave else "stays in the panel"]
    elif antibody.kind in KINDS:
        notes.append(KINDS[antibody.kind])
    if antibody.lacking:
        notes.append(f"the RNA lacks {antibody.lacking}")
    how = HOW.get(antibody.how, antibody.how)
    name = f"{antibody.target}, {how}" if antibody.how == "table" else how[:1].upper() + how[1:]
    return [html.Span(name), _small(notes)]


def _small(notes: Sequence[str]) -> html.Small | None:
    return html.Small("; ".join(notes)) if notes else None


def weight(antibody: Antibody) -> str:
    """Write the weight of its links: of several genes, that each has a share of it."""
    if not antibody.gene:
        return "–"
    return f"{antibody.weight:g}" + (f" ÷ {antibody.n_genes}" if antibody.n_genes > 1 else "")


def told(panel: Sequence[Antibody], mapping: Mapping[str, str]) -> str:
    """Count the antibodies with a link, by how they were matched, and those without, by the reason."""
    rows = [each.mapped(mapping) for each in panel]
    linked = Counter(each.how for each in rows if each.gene)
    alone = Counter(_reason(each) for each in rows if not each.gene)
    how = words.listed([f"{linked[key]:,} {text}" for key, text in WAYS.items() if linked[key]])
    why = words.listed([f"{alone[text]:,} {text}" for text in REASONS if alone[text]])
    first = f"{linked.total():,} of {len(rows):,} antibodies are linked to a gene{f': {how}' if how else ''}."
    return f"{first} Without a link: {why}." if why else first


def _reason(antibody: Antibody) -> str:
    if antibody.how == "isotype":
        return ISOTYPE
    if antibody.lacking:
        return LACKING
    return NO_GENE if antibody.how == "table" else LEFT_OUT if antibody.how == "hand" else UNKNOWN
