"""The rows of the antibody grid, in words: what each antibody was taken for, how it weighs, and how many are linked."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from monae_app.web.components import words

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from monae_app.web.antibody_view import Antibody

HOW = {
    "hand": "Mapped by hand",
    "column": "A column of the file",
    "symbol": "Named like its gene",
    "table": "by the table of antibodies",
    "isotype": "Isotype control",
    "none": "Not known",
}
KINDS = {"isoform": "weighs half", "glycan": "no gene codes for it", "unknown": "no link"}
WAYS = {"table": "by the table", "symbol": "named like their gene", "column": "by a column", "hand": "by hand"}
UNKNOWN, LACKING, NO_GENE = "not known", "whose gene the RNA lacks", "that no gene codes for"
ISOTYPE, LEFT_OUT = "as isotype control", "by hand"
REASONS = (UNKNOWN, LACKING, NO_GENE, ISOTYPE, LEFT_OUT)


def grid_rows(panel: Sequence[Antibody], mapping: Mapping[str, str], *, leave: bool) -> list[dict[str, Any]]:
    """Return the rows as assets/antibodies.js draws them: the unknown first, then others without a gene.

    Parameters
    ----------
    panel
        Antibodies as they are without what was mapped by hand: a row does not jump away from under the hand.
    mapping
        What was.
    leave
        Whether isotype controls leave the panel.
    """
    ordered = sorted(panel, key=lambda each: (bool(each.gene), each.how != "none"))
    return [_row(each.mapped(mapping), leave=leave) for each in ordered]


def _row(antibody: Antibody, *, leave: bool) -> dict[str, Any]:
    how = HOW.get(antibody.how, antibody.how)
    return {
        "name": antibody.name,
        "gene": antibody.gene,
        "taken": f"{antibody.target}, {how}" if antibody.how == "table" else how,
        "note": "; ".join(_notes(antibody, leave=leave)),
        "weight": weight(antibody),
        "by_hand": antibody.how == "hand",
    }


def _notes(antibody: Antibody, *, leave: bool) -> list[str]:
    if antibody.how == "hand":
        return [f"otherwise {antibody.else_gene or 'no link'}"]
    if antibody.how == "isotype":
        return ["leaves the panel; kept as background" if leave else "stays in the panel"]
    lacking = f"the RNA lacks {antibody.lacking}" if antibody.lacking else ""
    return [note for note in (antibody.note, KINDS.get(antibody.kind, ""), lacking) if note]


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
