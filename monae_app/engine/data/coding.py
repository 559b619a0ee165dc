"""Which gene codes for which protein: by name, since a protein has no place in the genome."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
import pandas as pd

from monae_app.engine.data.antibodies import canonical, is_isotype_control, readings, species_of, targets
from monae_app.engine.data.antibodies.by_hand import genes_by_hand
from monae_app.engine.data.gene_names import GeneNames
from monae_app.engine.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from monae_app.engine.data.antibodies import Organism, Target

GENE_COLUMNS = ("gene", "gene_name", "gene_symbol")
# a complex such as CD8 is made of the products of several genes
_SEPARATORS = re.compile(r"[,;|]")
_EXAMPLES = 3

# kinds of targets that no gene codes for
GENELESS = ("glycan", "unknown")
How = Literal["hand", "column", "symbol", "table", "isotype", "none"]


@dataclass(frozen=True)
class Coded:
    """What the antibody of a protein was taken for.

    Parameters
    ----------
    genes
        Positions of the genes that code for it; none without link.
    how
        By whom: ``hand`` (the user), ``column`` (of var), ``symbol`` (it is named like a gene), ``table`` (of
        antibodies), ``isotype`` (a control, which binds nothing) or ``none``.
    weight
        Of all its links together, (0, 1].
    target
        What it binds, as the table calls it; empty where the table was not asked.
    kind
        Of the target, as in :class:`~monae_app.engine.data.antibodies.Target`; ``isotype`` for a control.
    lacking
        Genes of the target that the data lack.
    note
        What else is to be known, in words.
    """

    genes: tuple[int, ...]
    how: How
    weight: float = 1.0
    target: str = ""
    kind: str = ""
    lacking: tuple[str, ...] = ()
    note: str = ""


def code_proteins(var: pd.DataFrame, genes: Sequence[str], by_hand: Sequence[str] = ()) -> list[Coded]:
    """Say of each protein what its antibody was taken for.

    Parameters
    ----------
    var
        Of the proteins. The column ``gene``, ``gene_name`` or ``gene_symbol``, whichever there is first, names their
        genes (several separated by comma, semicolon or bar; empty for none); without such a column a protein is known
        by its name.
    genes
        Names of the genes.
    by_hand
        ``ANTIBODY=GENE[+GENE]``, or ``ANTIBODY=`` for no link: these go before all else.

    Returns
    -------
    list of Coded
        One a protein. A name is that of a gene, or stands in the table of antibodies. Upper and lower case are alike,
        and what kits and toolkits add to a name is passed over, unless a gene has that very name.

    Raises
    ------
    InputError
        If what was mapped by hand names an antibody or a gene that is not there.
    """
    known = GeneNames(genes)
    mapped = genes_by_hand(by_hand, [str(name) for name in var.index], known.names, known.find)
    column = next((name for name in GENE_COLUMNS if name in var), None)
    of_column = _named_genes(var[column]) if column else [None] * len(var)
    found = []
    for name, texts in zip(map(str, var.index), of_column, strict=True):
        if name in mapped:
            found.append(Coded(mapped[name], "hand"))
        elif texts is not None:
            found.append(_of_column(texts, known))
        else:
            found.append(_of_name(name, known))
    return found


def coding_genes(var: pd.DataFrame, genes: Sequence[str], by_hand: Sequence[str] = ()) -> pd.DataFrame:
    """Find the genes that code for each protein.

    Parameters
    ----------
    var, genes, by_hand
        As in :func:`code_proteins`.

    Returns
    -------
    pandas.DataFrame
        ``gene`` and ``protein`` (positions in the inputs), each pair once, sorted by gene, then protein, and
        ``weight``: the genes of one protein share its weight.
    """
    return links_of(code_proteins(var, genes, by_hand))


def links_of(coded: Sequence[Coded]) -> pd.DataFrame:
    """Turn what antibodies were taken for into links, as :func:`coding_genes` returns them."""
    rows = [(gene, protein, each.weight / len(each.genes)) for protein, each in enumerate(coded) for gene in each.genes]
    table = pd.DataFrame(sorted(rows), columns=["gene", "protein", "weight"])
    return table.astype({"gene": np.int64, "protein": np.int64, "weight": np.float64})


def _named_genes(column: pd.Series) -> Iterable[list[str]]:
    texts = column.astype(object).where(column.notna(), "").astype(str)
    return [[part.strip() for part in _SEPARATORS.split(text) if part.strip()] for text in texts]


def _of_column(texts: list[str], known: GeneNames) -> Coded:
    parts = [_of_name(text, known) for text in texts]
    genes = tuple(dict.fromkeys(gene for part in parts for gene in part.genes))
    lacking = tuple(gene for part in parts for gene in part.lacking)
    if len(parts) == 1 and parts[0].how == "table":
        return parts[0]
    return Coded(genes, "column", lacking=lacking)


def _of_name(name: str, known: GeneNames) -> Coded:
    name = name.strip()
    # what has a gene's very name is no control, whatever it looks like
    if (gene := known.find(name)) is not None:
        return Coded((gene,), "symbol")
    if is_isotype_control(name):
        return Coded((), "isotype", kind="isotype", note="binds nothing: shows the background")
    organism, elsewhere = _organism(name, known), None
    for each in readings(name):
        if (gene := known.find(each)) is not None:
            return Coded((gene,), "symbol")
        target = targets().get(canonical(each))
        if target is not None and (target.genes[organism] or target.kind in GENELESS):
            return _of_target(target, organism, known)
        elsewhere = elsewhere or target
        if (gene := known.find_loosely(each)) is not None:
            return Coded((gene,), "symbol")
    return Coded((), "none") if elsewhere is None else _of_target(elsewhere, organism, known)


def _organism(name: str, known: GeneNames) -> Organism:
    """Tell whose protein it is: that of the cells, unless the name says that it is another's."""
    said = species_of(name)
    if known.organism in said or not said & {"human", "mouse"}:
        return known.organism
    return "human" if "human" in said else "mouse"


def _of_target(target: Target, organism: Organism, known: GeneNames) -> Coded:
    coded_by = target.genes[organism]
    places = [known.find_first(symbols) for symbols in coded_by]
    lacking = tuple(symbols[0] for symbols, place in zip(coded_by, places, strict=True) if place is None)
    genes = tuple(dict.fromkeys(place for place in places if place is not None))
    note = target.notes[organism]
    if not coded_by and target.kind not in GENELESS:
        note = f"no gene of {organism} codes for it"
    kind = target.kind if target.kind not in ("gene", "complex") else "complex" if len(coded_by) > 1 else "gene"
    return Coded(genes, "table", target.weight or 1.0, target.name, kind, lacking, note)


def check_any_coded(pairs: pd.DataFrame, var: pd.DataFrame, genes: Sequence[str]) -> None:
    """Make sure that there is a pair.

    Raises
    ------
    InputError
        If there is none.
    """
    if len(pairs):
        return
    proteins, known = (", ".join(repr(str(name)) for name in names[:_EXAMPLES]) for names in (var.index, genes))
    raise InputError(
        f"None of the {len(var):,} proteins (such as {proteins}) is the product of one of the {len(genes):,} genes "
        f"(such as {known}).",
        "proteins named like their genes or like antibodies are, or a column of var that names the gene of each.",
        "add a column 'gene' to var of the protein file, with gene names as the RNA file writes them, or map "
        "antibodies by hand (antibody_genes).",
    )
