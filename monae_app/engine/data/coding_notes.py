"""What antibodies were taken for, in words: which have no link and why, and which weigh less."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from monae_app.engine.data.coding import Coded

_NAMED = 5


def coding_notes(names: Sequence[str], coded: Sequence[Coded]) -> list[str]:
    """Say in words which proteins have no link and why, and which weigh less than others.

    Parameters
    ----------
    names
        Of the proteins, (G,).
    coded
        What each was taken for, (G,).
    """
    alone = [(name, each) for name, each in zip(names, coded, strict=True) if not each.genes]
    unknown = [name for name, each in alone if each.how in ("none", "column", "isotype") and not each.lacking]
    unmeasured = [f"{name} ({', '.join(each.lacking)})" for name, each in alone if each.lacking]
    geneless = [name for name, each in alone if each.how == "table" and not each.lacking]
    by_hand = [name for name, each in alone if each.how == "hand"]
    forms = [name for name, each in zip(names, coded, strict=True) if each.genes and each.kind == "isoform"]
    total = f"of {len(names):,} proteins"
    said = [
        (unknown, f"{total} ({{}}) match no gene of the RNA by name and get no links; map them by hand (on the "
                  "Guidance page, or antibody_genes), or name their genes in a column 'gene' of var."),
        (unmeasured, f"{total} get no links, for the RNA lacks their genes: {{}}."),
        (geneless, f"{total} get no links, for what they bind is a sugar or has no gene of its own: {{}}."),
        (by_hand, f"{total} get no links, as mapped by hand: {{}}."),
        (forms, f"{total} bind one form of what a gene codes for, and their links weigh half: {{}}."),
    ]  # fmt: skip
    return [f"protein: {len(found):,} {text.format(_shown(found))}" for found, text in said if found]


def _shown(names: Sequence[str]) -> str:
    return ", ".join(names[:_NAMED]) + (", ..." if len(names) > _NAMED else "")
