"""Which modality a part is: what the file says, else what its features are called."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from monae_app.engine.data.genome import has_peak_columns
from monae_app.engine.data.understanding.feature_names import (
    ENSEMBL,
    PEAK,
    SPECIES,
    share_matching,
    symbol_column,
    symbols_apart,
)
from monae_app.engine.data.understanding.guess import Guess
from monae_app.engine.data.understanding.known_genes import GENOMES, share_known
from monae_app.engine.data.understanding.methylated import are_levels, has_gaps, looks_methylated

if TYPE_CHECKING:
    from pathlib import Path

    from monae_app.engine.config import ModalityName
    from monae_app.engine.data.contents import Part

# no panel of antibodies is larger
LARGEST_PANEL = 1000
ANTIBODY = re.compile(
    r"^(?:anti[-_ .](?:human|mouse)?[-_ .]?)?(?:adt[-_ .])?"
    r"(?:cd\d+\w?|hla[-_ .]?[a-d]\w*|tcr|ig[gdmae]\d?\w*|siglec)\b",
    re.IGNORECASE,
)
ANTIBODY_TAG = re.compile(
    r".*[-_. ](?:total-?seq[-_ ]?[abcd]?|adt|prot|protein|antibody|isotype|control)$|^(?:adt|prot)[-_. ]", re.IGNORECASE
)
TYPE_COLUMNS = ("feature_types", "feature_type", "modality")
TYPES: dict[str, ModalityName] = {
    "gene expression": "rna",
    "rna": "rna",
    "gex": "rna",
    "peaks": "atac",
    "atac": "atac",
    "chromatin accessibility": "atac",
    "antibody capture": "protein",
    "protein": "protein",
    "protein expression": "protein",
    "adt": "protein",
    "methylation": "methylation",
    "dna methylation": "methylation",
    "meth": "methylation",
}
ENOUGH_GENES = 20
FEW, SOME, MOST = 0.1, 0.3, 0.8


def feature_types(var: pd.DataFrame) -> np.ndarray | None:
    """Modality of each feature as a column of var says it, (G,) of str, empty where it says another; None without."""
    for column in TYPE_COLUMNS:
        if column in var:
            said = var[column].astype(str).str.strip().str.casefold().map(TYPES)
            if said.notna().any():
                return said.fillna("").to_numpy(str)
    return None


def guess_from_file(path: Path) -> Guess:
    """Say which modality the name of a file speaks of, for files whose features tell nothing."""
    words = re.split(r"[^a-z]+", path.name.casefold())
    named = {TYPES[word] for word in words if word in TYPES}
    if len(named) != 1:
        return Guess(None, "unsure", "neither its features nor its name say what it is")
    return Guess(named.pop(), "unsure", "its features are of unknown names, but the file is named so")


def guess_modality(part: Part) -> Guess:
    """Say which modality a part is, and how sure that is."""
    if part.modality is not None:
        return Guess(part.modality, "sure", "the file says so")
    types = feature_types(part.var)
    if types is not None:
        names, counts = np.unique(types[types != ""], return_counts=True)
        return Guess(str(names[counts.argmax()]), "sure", "var says so")
    told = looks_methylated(part)
    if told:
        return Guess("methylation", "sure", told)
    return _with_values(part, _from_names(part.var))


def _with_values(part: Part, by_names: Guess) -> Guess:
    """Take levels with gaps for methylation, whatever their features are called: nothing else is like that."""
    x = part.matrices.get("X")
    may_have_gaps = x is not None and (x.dense or part.rows is not None)
    if x is None or by_names.value == "protein" or not may_have_gaps or not has_gaps(x) or not are_levels(x):
        return by_names
    return Guess("methylation", "likely", "X holds values from 0 to 1, and NaN")


def _from_names(var: pd.DataFrame) -> Guess:
    names = _plain(var.index)
    if not len(names):
        return Guess(None, "unsure", "there are no features")
    peaks = share_matching(names, PEAK)
    if peaks >= MOST:
        return Guess("atac", "sure", f"{peaks:.0%} of the features are named like peaks")
    known, ids = max(share_known(names, genome) for genome in GENOMES), share_matching(names, ENSEMBL)
    panel = share_matching(names, ANTIBODY) if len(names) <= LARGEST_PANEL else 0.0
    tagged = share_matching(names, ANTIBODY_TAG) if len(names) <= LARGEST_PANEL else 0.0
    if max(panel, tagged) >= SOME:
        about = f"{max(panel, tagged):.0%} of the {len(names):,} features are named like antibodies"
        return Guess("protein", "sure" if max(tagged, panel) >= MOST else "likely", about)
    if max(known, ids) >= FEW:
        enough = ids > known or known * len(names) >= ENOUGH_GENES
        what = "Ensembl ids of genes" if ids > known else "known gene symbols"
        about = f"{max(known, ids):.0%} of the features are {what}"
        return Guess("rna", "sure" if max(known, ids) >= SOME and enough else "likely", about)
    column = symbol_column(var)
    if column is not None:
        beside = max(share_known(pd.Index(var[column].astype(str)), genome) for genome in GENOMES)
        if beside >= SOME:
            return Guess("rna", "likely", f"{beside:.0%} of the values of {column!r} in var are known gene symbols")
    if has_peak_columns(var):
        return Guess("atac", "likely", "var says where in the genome each feature lies")
    return Guess(None, "unsure", f"the names of the features ({', '.join(map(repr, names[:2]))}) say nothing")


def _plain(names: pd.Index) -> pd.Index:
    """Names without the prefix of a species, and symbols without the id beside them."""
    both = symbols_apart(names)
    names = names if both is None else pd.Index(both["symbol"].to_numpy())
    if share_matching(names, SPECIES) < MOST:
        return names
    return pd.Index([SPECIES.sub("", str(name)) for name in names])
