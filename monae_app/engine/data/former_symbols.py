"""Genes that changed their name between two releases, found by the place they kept.

The bundled tables of hg19 and hg38 know some genes by one name each alone (FAM46A, now TENT5A). Between the two
assemblies, whole stretches of a chromosome were moved together. Where the genes around one of hg19 were all moved by
the same number of bases, that gene must lie as far along in hg38: the one that lies just there, on the same strand, is
the same gene.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from monae_app.engine.data.genome import read_genome

if TYPE_CHECKING:
    from collections.abc import Mapping

    from monae_app.engine.config import GenomeName

OLD: GenomeName = "hg19"
NEW: GenomeName = "hg38"
AROUND = 5  # genes on either side
AS_ONE = 5000  # bp by which their moves may differ
# overlap of the two places over their union
SAME_PLACE = 0.9


def other_names(genome: GenomeName | None) -> Mapping[str, str]:
    """Symbols of a bundled genome by the names that its genes have in the other release.

    Returns
    -------
    dict
        From names of the other release that the genome does not know to its own names of the same genes, each once.
        Empty for a genome of which one release is bundled, and for none.
    """
    if genome == NEW:
        return _renamed()
    return {new: old for old, new in _renamed().items()} if genome == OLD else {}


def names_in(names: pd.Index, genome: GenomeName | None) -> pd.Index:
    """Name genes as a bundled genome does, where it knows them by another name alone.

    Parameters
    ----------
    names
        Of the genes of a data set, (G,).
    genome
        Of the run.

    Returns
    -------
    pandas.Index
        (G,). A name stays as it is if the genome knows it, knows no other for it, or the data use that other too.
    """
    others = other_names(genome)
    taken = set(names)
    found = [others.get(name, name) for name in names]
    theirs = [name if other in taken else other for name, other in zip(names, found, strict=True)]
    return pd.Series(theirs, index=theirs, dtype=object).index


@lru_cache(maxsize=1)
def _renamed() -> dict[str, str]:
    """Names of hg38 by those of hg19."""
    before, after = read_genome(OLD), read_genome(NEW)
    only_before = before[~before["symbol"].isin(after["symbol"])]
    only_after = after[~after["symbol"].isin(before["symbol"])]
    kept = before.merge(after, on=["symbol", "chrom", "strand"], suffixes=("", "_after"))
    found = [
        each
        for chrom, genes in only_before.groupby("chrom")
        for each in _on_one_chromosome(
            genes, kept[kept["chrom"] == chrom].sort_values("start"), only_after[only_after["chrom"] == chrom]
        )
    ]
    pairs = pd.DataFrame(found, columns=["before", "after"])
    # a name that two genes lay claim to is nobody's
    pairs = pairs[~pairs["before"].duplicated(keep=False) & ~pairs["after"].duplicated(keep=False)]
    return dict(zip(pairs["before"].tolist(), pairs["after"].tolist(), strict=True))


def _on_one_chromosome(genes: pd.DataFrame, kept: pd.DataFrame, candidates: pd.DataFrame) -> list[tuple[str, str]]:
    """Pairs of names on one chromosome; ``kept`` are the genes of one name in both releases, by their old start."""
    if not len(kept) or not len(candidates):
        return []
    place = np.searchsorted(kept["start"].to_numpy(), genes["start"].to_numpy())
    moves = np.column_stack([kept["start_after"] - kept["start"], kept["end_after"] - kept["end"]])
    starts, ends = candidates["start"].to_numpy(), candidates["end"].to_numpy()
    strands, names = candidates["strand"].to_numpy(), candidates["symbol"].to_numpy()
    found = []
    for at, gene in zip(place.tolist(), genes.itertuples(), strict=True):
        around = moves[max(0, at - AROUND) : at + AROUND].ravel()
        move = np.median(around)
        if np.mean(np.abs(around - move) < AS_ONE) < 0.5:
            continue
        start, end = gene.start + move, gene.end + move
        common = np.minimum(ends, end) - np.maximum(starts, start)
        alike = np.where(strands == gene.strand, common / (np.maximum(ends, end) - np.minimum(starts, start)), 0)
        best = int(alike.argmax())
        if alike[best] >= SAME_PLACE:
            found.append((str(gene.symbol), str(names[best])))
    return found
