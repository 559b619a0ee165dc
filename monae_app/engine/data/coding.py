"""Which gene codes for which protein: by name, since a protein has no place in the genome."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from monae_app.engine.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

GENE_COLUMNS = ("gene", "gene_name", "gene_symbol")
# a complex such as CD8 is made of the products of several genes
_SEPARATORS = re.compile(r"[,;|]")
# what kits and toolkits append to the target of an antibody
_TAG = re.compile(r"[-_. ](?:total-?seq[-_ ]?[abcd]?|adt|prot|protein|antibody)$", re.IGNORECASE)
_EXAMPLES = 3


def coding_genes(var: pd.DataFrame, genes: Sequence[str]) -> pd.DataFrame:
    """Find the genes that code for each protein.

    Parameters
    ----------
    var
        Of the proteins. The column ``gene``, ``gene_name`` or ``gene_symbol``, whichever there is first, names their
        genes (several separated by comma, semicolon or bar; empty for none); without such a column a protein is named
        like its gene.
    genes
        Names of the genes.

    Returns
    -------
    pandas.DataFrame
        ``gene`` and ``protein`` (positions in the inputs), each pair once, sorted by gene, then protein. Upper and
        lower case are alike, and a tag of the antibody at the end of a name (``-TotalSeqB``, ``_ADT``, ``-prot``) is
        passed over, unless a gene has that very name.
    """
    # of several genes of one name the first
    place = {name: at for at, name in reversed(list(enumerate(genes)))}
    folded = {name.casefold(): at for name, at in place.items()}

    def find(name: str) -> int | None:
        for each in (name, _TAG.sub("", name)):
            found = place.get(each, folded.get(each.casefold()))
            if found is not None:
                return found
        return None

    pairs = {
        (gene, protein)
        for protein, names in enumerate(_named_genes(var))
        for name in names
        if (gene := find(name)) is not None
    }
    return pd.DataFrame(sorted(pairs), columns=["gene", "protein"], dtype=np.int64)


def _named_genes(var: pd.DataFrame) -> Iterable[list[str]]:
    column = next((name for name in GENE_COLUMNS if name in var), None)
    if column is None:
        return [[str(name).strip()] for name in var.index]
    texts = var[column].astype(object).where(var[column].notna(), "").astype(str)
    return [[part.strip() for part in _SEPARATORS.split(text) if part.strip()] for text in texts]


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
        "proteins named like their genes, or a column of var that names the gene of each.",
        "add a column 'gene' to var of the protein file, with gene names as the RNA file writes them.",
    )
