"""Methylation of planted cells: which regions fall as a gene rises, and how few reads show it.

A region's level is the logistic of what it follows. Promoters lose mCG and gene bodies lose mCH as a gene is expressed
more; mCG of a gene body varies by itself. Every cell covers 5 to 20 % of the regions, has a global level of its own in
either context, and as many reads of a region as its depth gives; reads are beta-binomial.

N cells, G regions: three a gene.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import anndata as ad
import numpy as np
import pandas as pd
import scipy.sparse as sp
from scipy.special import expit

if TYPE_CHECKING:
    from monae_app.engine.data.planted.population import Cells
    from monae_app.engine.data.planted.regimes import Regime

PROMOTER_LENGTH = 2000
# place, context, mean logit of its level, and sign of what it does as the gene rises: 0 for nothing
KINDS = (("promoter", "CG", -0.5, -1), ("body", "CG", 1.0, 0), ("body", "CH", -2.0, -1))
SHARE_FOLLOWING = 0.7
GAIN, NOISE, LONE_LOADING, BIAS = 1.4, 0.1, 0.5, 0.6
COVERAGE = (0.05, 0.2)
READS, DEPTH_SPREAD = 8.0, 0.5
GLOBAL_SPREAD = 0.4
CONCENTRATION = 12.0
ALONE_AXES = 4


def place_regions(genes: pd.DataFrame) -> pd.DataFrame:
    """Place three regions a gene: chrom, chromStart, chromEnd, context, gene, place and sign, (G, 7)."""
    start, end = genes["start"].to_numpy(), genes["end"].to_numpy()
    minus = (genes["strand"] == "-").to_numpy()
    upstream = np.where(minus, end, np.maximum(start - PROMOTER_LENGTH, 0))
    tables = []
    for place, context, _, sign in KINDS:
        first, last = (upstream, upstream + PROMOTER_LENGTH) if place == "promoter" else (start, end)
        table = pd.DataFrame({"chrom": genes["chrom"].to_numpy(), "chromStart": first, "chromEnd": last})
        table = table.assign(context=context, gene=genes["symbol"].to_numpy(), place=place, sign=sign)
        names = [f"{c}:{a}-{b}_{context}" for c, a, b in zip(table["chrom"], first, last, strict=True)]
        tables.append(table.set_axis(pd.Index(names)))
    return pd.concat(tables)


def measure_methylation(
    cells: Cells, genes: pd.DataFrame, of_genes: np.ndarray, regime: Regime, rng: np.random.Generator, *, means: bool
) -> ad.AnnData:
    """Draw methylated and covered reads, as the layers ``methylated`` and ``total``.

    Parameters
    ----------
    cells
        N of them.
    genes
        Coordinates, one row a gene.
    of_genes
        Loadings of the genes, (axes, genes).
    regime
        Strength of batches and of axes that methylation alone sees.
    rng
        Source of randomness.
    means
        Also keep the level of every region in every cell, without batch and without the global level of the cell, as
        the layer ``mu0``.
    """
    var = place_regions(genes)
    n_genes, n_cells, n_regions = len(genes), len(cells.kind), len(var)
    drawn = [_loadings(of_genes, sign, rng) for *_, sign in KINDS]
    loadings = np.hstack(drawn)
    bias = np.concatenate([rng.normal(mean, BIAS, n_genes) for _, _, mean, _ in KINDS])
    # whether a region really follows its gene
    var["follows"] = np.concatenate(
        [each.any(axis=0) & of_genes.any(axis=0) & (sign != 0) for each, (*_, sign) in zip(drawn, KINDS, strict=True)]
    )
    of_alone = rng.normal(0, regime.alone, (ALONE_AXES, n_regions))
    logits = cells.latent @ loadings + rng.normal(0, 1, (n_cells, ALONE_AXES)) @ of_alone + bias
    by_itself = expit(logits)

    of_batch = rng.normal(0, regime.batch, (2, n_regions))
    of_cell = rng.normal(0, GLOBAL_SPREAD, (n_cells, 2))
    in_ch = (var["context"] == "CH").to_numpy().astype(int)
    level = expit(logits + of_batch[cells.batch] + of_cell[:, in_ch])

    share = np.exp(rng.uniform(np.log(COVERAGE[0]), np.log(COVERAGE[1]), (n_cells, 1)))
    depth = np.exp(rng.normal(np.log(READS), DEPTH_SPREAD, (n_cells, 1)))
    total = (1 + rng.poisson(depth, (n_cells, n_regions))) * (rng.random((n_cells, n_regions)) < share)
    chance = rng.beta(CONCENTRATION * level, CONCENTRATION * (1 - level))
    methylated = rng.binomial(total, chance)
    layers = {
        "methylated": sp.csr_matrix(methylated, dtype=np.float32),
        "total": sp.csr_matrix(total, dtype=np.float32),
    }
    table = ad.AnnData(var=var, obs=pd.DataFrame(index=[str(each) for each in range(n_cells)]), layers=layers)
    if means:
        table.layers["mu0"] = by_itself.astype(np.float32)
    return table


def _loadings(of_genes: np.ndarray, sign: int, rng: np.random.Generator) -> np.ndarray:
    """Draw loadings of the regions of one kind, (axes, genes): those of their genes, with a sign, or their own."""
    n_genes = of_genes.shape[1]
    lone = rng.normal(0, LONE_LOADING, of_genes.shape) * (rng.random(n_genes) < SHARE_FOLLOWING)
    if sign == 0:
        return lone
    following = rng.random(n_genes) < SHARE_FOLLOWING
    noise = rng.normal(0, NOISE, of_genes.shape)
    return np.where(following, GAIN * sign * of_genes + noise, 0)
