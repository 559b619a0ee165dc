"""What the bundled genomes know of genes and chromosomes, kept in memory once read."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, get_args

import numpy as np
import pandas as pd

from monae_app.engine.config import GenomeName
from monae_app.engine.data.genome import bundled_symbols, read_genome

if TYPE_CHECKING:
    from collections.abc import Mapping

GENOMES: tuple[GenomeName, ...] = get_args(GenomeName)
ORGANISMS: Mapping[str, str] = {"hg38": "human", "hg19": "human", "mm10": "mouse"}
# a share of names is measured on so many, spread over the table: enough to tell a percent
MEASURED_NAMES = 20_000


@lru_cache(maxsize=len(GENOMES))
def symbols(genome: GenomeName) -> pd.Index:
    """Symbols of all genes of a bundled genome."""
    return bundled_symbols(genome)


@lru_cache(maxsize=len(GENOMES))
def starts(genome: GenomeName) -> dict[str, np.ndarray]:
    """Transcription start sites of a bundled genome by chromosome, increasing positions in bp."""
    genes = read_genome(genome)
    at = np.where(genes["strand"] == "-", genes["end"] - 1, genes["start"])
    return {str(chrom): np.sort(each.to_numpy()) for chrom, each in pd.Series(at).groupby(genes["chrom"].to_numpy())}


@lru_cache(maxsize=len(GENOMES))
def lengths(genome: GenomeName) -> pd.Series[int]:
    """Lengths of the chromosomes of a bundled genome in bp, as bioframe's assembly tables have them."""
    # here, not above: it brings matplotlib, which takes a second
    import bioframe

    return bioframe.assembly_info(genome).chromsizes  # type: ignore[no-any-return]


def measured(names: pd.Index) -> pd.Index:
    """Up to ``MEASURED_NAMES`` of the names, evenly spread."""
    few: pd.Index = names[:: max(1, -(-len(names) // MEASURED_NAMES))]
    return few


def share_known(names: pd.Index, genome: GenomeName) -> float:
    """Share of the names that a bundled genome knows as gene symbols, 0 to 1."""
    few = measured(names)
    return float(few.isin(symbols(genome)).mean()) if len(few) else 0.0
