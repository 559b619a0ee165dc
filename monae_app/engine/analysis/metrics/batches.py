"""Whether batches are mixed, by a covariate: sample, donor, technology.

N cells, D axes, B batches, k neighbours.
"""

from __future__ import annotations

import numpy as np
from scipy.stats import chi2
from sklearn.neighbors import NearestNeighbors

from monae_app.engine.analysis.metrics.neighbors import neighbor_ids, sampled_rows

PERPLEXITY = 30
BISECTIONS = 60
MOST_CELLS = 5000
SIGNIFICANCE = 0.05
FEWEST_CELLS = 10
SMALLEST_TESTED, LARGEST_TESTED = 10, 70
NO_BATCH = ("nan", "None", "")


def lisi(embedding: np.ndarray, batch: np.ndarray, perplexity: int = PERPLEXITY) -> np.ndarray:
    """Local inverse Simpson index: effective number of batches around every cell, from 1 to B, shape (N,).

    Neighbours are the nearest 3 x perplexity cells, the cell itself counted and then left out, weighted by
    exp(-beta x distance) with the beta at which the weights have that perplexity; then 1 / sum_b p_b^2.
    Source: Korsunsky et al. 2019, Nat Methods 16:1289.
    """
    n_neighbors = min(3 * perplexity, len(embedding))
    distance, near = NearestNeighbors(n_neighbors=n_neighbors).fit(embedding).kneighbors(embedding)
    weight = _weights_of_perplexity(distance[:, 1:], n_neighbors / 3)  # (N, k)
    names, codes = np.unique(batch, return_inverse=True)
    near_codes = codes[near[:, 1:]]
    share = np.stack([(weight * (near_codes == code)).sum(axis=1) for code in range(len(names))], axis=1)  # (N, B)
    return np.asarray(1 / (share**2).sum(axis=1))


def _weights_of_perplexity(distance: np.ndarray, perplexity: float) -> np.ndarray:
    """Weights exp(-beta d) that sum to 1 and whose entropy is log(perplexity), by bisection of log beta; (N, k)."""
    scaled = distance / np.maximum(distance.mean(axis=1, keepdims=True), 1e-300)
    # the closest one has weight 1: nothing underflows to an empty sum
    scaled = scaled - scaled[:, :1]
    low, high = np.full(len(scaled), -12.0), np.full(len(scaled), 25.0)
    for _ in range(BISECTIONS):
        middle = (low + high) / 2
        weight = np.exp(-np.exp(middle)[:, None] * scaled)
        total = weight.sum(axis=1)
        entropy = np.log(total) + np.exp(middle) * (weight * scaled).sum(axis=1) / total
        wide = entropy > np.log(perplexity)
        low, high = np.where(wide, middle, low), np.where(wide, high, middle)
    return np.asarray(weight / weight.sum(axis=1, keepdims=True))


def ilisi(embedding: np.ndarray, batch: np.ndarray, *, seed: int = 0) -> float | None:
    """Integration LISI: median over cells, scaled from 0 (each batch alone) to 1 (as many as there are batches).

    On at most 5,000 cells, drawn by the seed; None with fewer than two batches.
    Source: Luecken et al. 2022, Nat Methods 19:41, (median LISI - 1) / (B - 1).
    """
    rows = _known(batch, seed)
    n_batches = len(np.unique(batch[rows]))
    if n_batches < 2 or len(rows) < FEWEST_CELLS:
        return None
    return float((np.median(lisi(embedding[rows], batch[rows])) - 1) / (n_batches - 1))


def kbet(embedding: np.ndarray, batch: np.ndarray, label: np.ndarray | None = None, *, seed: int = 0) -> float | None:
    """Rate at which the k-nearest-neighbour batch effect test accepts, mean over types; 1 is well mixed.

    In a neighbourhood of k cells, the cell itself counted, the batches are compared with their shares in the whole
    type by Pearson's chi-square at level .05, B - 1 degrees of freedom; k = a quarter of the mean batch, between 10
    and 70. Every cell is tested, which is what the published repeated tests of 10 % of them estimate. Types of one
    batch or of fewer than 10 cells are left out; without labels all cells are one type. On at most 5,000 cells, drawn
    by the seed; None if nothing can be tested.
    Source: Buettner et al. 2019, Nat Methods 16:43; k and the mean over types from Luecken et al. 2022, with plain in
    place of diffusion neighbours.
    """
    rows = _known(batch, seed)
    kind = np.full(len(rows), "all") if label is None else label[rows]
    rates = []
    for name in np.unique(kind):
        members = rows[kind == name]
        n_batches = len(np.unique(batch[members]))
        if n_batches < 2 or len(members) < FEWEST_CELLS:
            continue
        k = min(LARGEST_TESTED, max(SMALLEST_TESTED, len(members) // n_batches // 4), len(members))
        near = neighbor_ids(embedding[members], embedding[members], k)
        rates.append(float((kbet_p(batch[members], near) >= SIGNIFICANCE).mean()))
    return float(np.mean(rates)) if rates else None


def kbet_p(batch: np.ndarray, neighborhoods: np.ndarray) -> np.ndarray:
    """P value of Pearson's chi-square of every neighbourhood (N, k) against the batches (N,) of all cells."""
    _, codes, counts = np.unique(batch, return_inverse=True, return_counts=True)
    expected = counts / len(batch) * neighborhoods.shape[1]
    found = np.stack([(codes[neighborhoods] == code).sum(axis=1) for code in range(len(counts))], axis=1)
    return np.asarray(chi2.sf(((found - expected) ** 2 / expected).sum(axis=1), len(counts) - 1))


def _known(batch: np.ndarray, seed: int) -> np.ndarray:
    """Rows with a batch, at most 5,000."""
    known = np.flatnonzero(~np.isin(batch, NO_BATCH))
    return np.asarray(known[sampled_rows(len(known), MOST_CELLS, seed)])
