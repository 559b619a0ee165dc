"""Where the genes and peaks of a planted genome lie.

Genes stand in tiles of 60 kb, one each; a peak lies in a promoter, in a gene body or between genes, and no two overlap.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

TILE, GENES_PER_CHROMOSOME = 60_000, 200
GENE_START, GENE_LENGTH = 10_000, 20_000
PEAK_LENGTH, PEAK_SPACING, PROMOTER_OFFSET = 500, 600, 700
BODY_SLOTS = GENE_LENGTH // PEAK_SPACING
BETWEEN_START, BETWEEN_SLOTS = 34_000, 40
SHARE_NEAR = 0.6


def place_genes(n_genes: int, rng: np.random.Generator) -> pd.DataFrame:
    """Place genes: chrom, start, end, symbol, strand."""
    number = np.arange(n_genes)
    start = number % GENES_PER_CHROMOSOME * TILE + GENE_START
    return pd.DataFrame(
        {
            "chrom": [f"chr{each // GENES_PER_CHROMOSOME + 1}" for each in number],
            "start": start,
            "end": start + GENE_LENGTH,
            "symbol": [f"G{each:05d}" for each in number],
            "strand": np.where(rng.random(n_genes) < 0.5, "+", "-"),
        }
    )


def place_peaks(genes: pd.DataFrame, n_peaks: int, rng: np.random.Generator) -> pd.DataFrame:
    """Place peaks, in the order of the genome.

    Returns
    -------
    pandas.DataFrame
        ``chrom``, ``chromStart``, ``chromEnd``; ``tile``, the number of the gene whose tile the peak lies in; ``near``,
        whether it lies in that gene's body or promoter. Indexed by chrom:start-end.

    Raises
    ------
    ValueError
        If the genome has no room for so many.
    """
    n_genes = len(genes)
    n_near = round(SHARE_NEAR * n_peaks)
    n_promoter = min(n_genes, n_near)
    n_body, n_between = n_near - n_promoter, n_peaks - n_near
    if n_body > n_genes * BODY_SLOTS or n_between > n_genes * BETWEEN_SLOTS:
        msg = f"{n_genes:,} genes have no room for {n_peaks:,} peaks"
        raise ValueError(msg)
    start, end = genes["start"].to_numpy(), genes["end"].to_numpy()
    plus = (genes["strand"] == "+").to_numpy()

    of_promoter = rng.choice(n_genes, n_promoter, replace=False)
    upstream = np.where(plus, start - PROMOTER_OFFSET - PEAK_LENGTH, end + PROMOTER_OFFSET)[of_promoter]
    of_body, body_slot = np.divmod(rng.choice(n_genes * BODY_SLOTS, n_body, replace=False), BODY_SLOTS)
    of_between, between_slot = np.divmod(rng.choice(n_genes * BETWEEN_SLOTS, n_between, replace=False), BETWEEN_SLOTS)
    tile = np.r_[of_promoter, of_body, of_between]
    position = np.r_[
        upstream,
        start[of_body] + body_slot * PEAK_SPACING,
        start[of_between] - GENE_START + BETWEEN_START + between_slot * PEAK_SPACING,
    ]
    near = np.arange(n_peaks) < n_near

    order = np.lexsort((position, tile))
    tile, position, near = tile[order], position[order], near[order]
    chrom = genes["chrom"].to_numpy(str)[tile]
    return pd.DataFrame(
        {"chrom": chrom, "chromStart": position, "chromEnd": position + PEAK_LENGTH, "tile": tile, "near": near},
        index=[f"{c}:{s}-{s + PEAK_LENGTH}" for c, s in zip(chrom, position, strict=True)],
    )
