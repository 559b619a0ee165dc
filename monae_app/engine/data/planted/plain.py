"""Plain planted data: small, balanced and easy. Half of the peaks near a gene follow it, the others another or none."""

from __future__ import annotations

import anndata as ad
import numpy as np
import pandas as pd
import scipy.sparse as sp

from monae_app.engine.data.planted.record import Planted

AXES, PRIVATE_AXES = 10, 3
GENE_SPACING, GENE_LENGTH, GENES_PER_CHROMOSOME = 50_000, 15_000, 100
PEAK_LENGTH = 400
PROMOTER_OFFSET = 900
SHARE_FOLLOWING, SHARE_STRAY = 0.5, 0.2
SHARE_NEAR_GENES = 0.7
CELLS_AT_ONCE = 2000


def make_plain(*, n_cells: int, n_genes: int, n_peaks: int, n_types: int, seed: int) -> Planted:
    """Draw a plain planted data set; the same cells are measured in both modalities."""
    rng = np.random.default_rng(seed)
    types = rng.choice(n_types, n_cells, p=rng.dirichlet(np.full(n_types, 5.0)))
    centres = rng.normal(0, 1, (n_types, AXES))
    latent = centres[types] + rng.normal(0, 0.35, (n_cells, AXES))
    batch = rng.integers(0, 2, n_cells)

    genes = _genes(n_genes, rng)
    of_genes = rng.normal(0, 0.5, (AXES, n_genes)) * (rng.random(n_genes) < 0.7)
    peaks, of_peaks = _peaks(genes, of_genes, n_peaks, rng)

    cells = pd.DataFrame(
        {
            "cell_type": pd.Categorical([f"type {each}" for each in types]),
            "batch": pd.Categorical([f"batch {each}" for each in batch]),
            "pair_id": [f"cell {each}" for each in range(n_cells)],
        }
    )
    rna = ad.AnnData(
        _counts(latent, of_genes, depth=1200, dispersion=2.0, rng=rng),
        obs=cells.set_index(pd.Index([f"r{each}" for each in range(n_cells)])),
        var=pd.DataFrame(index=genes["symbol"].to_numpy()),
    )
    order = rng.permutation(n_cells)
    atac = ad.AnnData(
        _counts(latent, of_peaks, depth=500, dispersion=2.0, rng=rng)[order],
        obs=cells.iloc[order].set_index(pd.Index([f"a{each}" for each in range(n_cells)])),
        var=peaks,
    )
    return Planted(rna, atac, genes, latent, latent[order])


def _genes(n_genes: int, rng: np.random.Generator) -> pd.DataFrame:
    position = np.arange(n_genes)
    start = (position % GENES_PER_CHROMOSOME) * GENE_SPACING + 10_000
    return pd.DataFrame(
        {
            "chrom": [f"chr{each // GENES_PER_CHROMOSOME + 1}" for each in position],
            "start": start,
            "end": start + GENE_LENGTH,
            "symbol": [f"Gene{each}" for each in position],
            "strand": np.where(rng.random(n_genes) < 0.5, "+", "-"),
        }
    )


def _peaks(
    genes: pd.DataFrame, of_genes: np.ndarray, n_peaks: int, rng: np.random.Generator
) -> tuple[pd.DataFrame, np.ndarray]:
    """Place peaks in promoters, gene bodies and between genes, and decide what each one follows."""
    n_genes = len(genes)
    host = rng.integers(0, n_genes, n_peaks)
    near = rng.random(n_peaks) < SHARE_NEAR_GENES
    in_promoter = near & (rng.random(n_peaks) < 0.3)
    start, end = genes["start"].to_numpy()[host], genes["end"].to_numpy()[host]
    plus = (genes["strand"] == "+").to_numpy()[host]
    place = start + rng.integers(0, GENE_LENGTH - PEAK_LENGTH, n_peaks)
    promoter = np.where(plus, start - PROMOTER_OFFSET, end + PROMOTER_OFFSET - PEAK_LENGTH)
    place = np.where(in_promoter, promoter - rng.integers(0, 500, n_peaks) * np.where(plus, 1, -1), place)
    place = np.where(near, place, end + rng.integers(10_000, 25_000, n_peaks))

    follows = near & (rng.random(n_peaks) < SHARE_FOLLOWING)
    stray = ~follows & (rng.random(n_peaks) < SHARE_STRAY)
    leader = np.where(follows, host, rng.integers(0, n_genes, n_peaks))
    loadings = np.where(follows | stray, of_genes[:, leader], 0) + rng.normal(0, 0.05, (AXES, n_peaks))

    chrom = genes["chrom"].to_numpy(str)[host]
    names = [f"{c}:{s}-{s + PEAK_LENGTH}" for c, s in zip(chrom, place, strict=True)]
    table = pd.DataFrame({"owner": np.where(near, genes["symbol"].to_numpy(str)[host], ""), "follows": follows}, names)
    first = ~table.index.duplicated()
    return table[first], loadings[:, first]


def _counts(
    latent: np.ndarray, loadings: np.ndarray, *, depth: float, dispersion: float, rng: np.random.Generator
) -> sp.csr_matrix:
    """Draw negative binomial counts; latent (N, axes), loadings (axes, features)."""
    n_cells, n_features = len(latent), loadings.shape[1]
    alone = rng.normal(0, 1, (n_cells, PRIVATE_AXES))
    of_alone = rng.normal(0, 0.25, (PRIVATE_AXES, n_features))
    bias = rng.normal(0, 1, n_features)
    library = np.exp(rng.normal(np.log(depth), 0.4, (n_cells, 1)))
    parts = []
    for first in range(0, n_cells, CELLS_AT_ONCE):
        rows = slice(first, first + CELLS_AT_ONCE)
        level = np.exp(latent[rows] @ loadings + alone[rows] @ of_alone + bias)
        mean = library[rows] * level / level.sum(axis=1, keepdims=True)
        parts.append(sp.csr_matrix(rng.poisson(rng.gamma(dispersion, mean / dispersion)).astype(np.float32)))
    return sp.csr_matrix(sp.vstack(parts))
