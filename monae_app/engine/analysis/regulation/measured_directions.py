"""In which direction of the cells' space each feature was measured to change, without any graph.

Vectors that were trained have heard from the guidance graph, so that an edge of it always looks good: on planted data
p-values of its false edges were far from uniform (Kolmogorov-Smirnov distance .05 to .07 with the same null). Here the
embedding of the cells is held fixed and every feature is fitted to its own counts alone, for which few steps of Fisher
scoring suffice: its links are told from others as well as by a fit to convergence, in a small part of the
time. N cells, F features, D_s shared axes, b batches.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import scipy.sparse as sp

# of the normal prior of a vector; 1 and 10 told links from others as well
RIDGE = 3.0
SMALLEST = 1e-12
FEATURES_AT_ONCE = 2_000
HALF_STEPS = 2
MOST_LOG = 6.0
MOST_CELLS, FEWEST_CELLS = 5_000, 20


@dataclass(frozen=True)
class Directions:
    """Features in the space of the cells.

    Parameters
    ----------
    unit
        Directions whose scalar product is the correlation, over cells, of what two vectors decode to, (F, D_s) float32;
        zero for features that were never seen.
    length
        Standard deviation over cells of what the vector decodes to, (F,) float32.
    mean
        Mean of the measured values a cell, (F,) float32.
    """

    unit: np.ndarray
    length: np.ndarray
    mean: np.ndarray


def space_of(latent: np.ndarray) -> np.ndarray:
    """Square root of the covariance of cells, (D_s, D_s): vectors times it have the cells' metric.

    Parameters
    ----------
    latent
        Shared axes of the cells of all modalities, (N, D_s).
    """
    values, axes = np.linalg.eigh(np.cov(latent.T.astype(np.float64)))
    return np.asarray(axes * np.sqrt(np.maximum(values, 0)))


def directions_of(vectors: np.ndarray, space: np.ndarray, mean: np.ndarray) -> Directions:
    """Bring vectors (F, D_s) to the metric of the cells."""
    turned = vectors @ space
    length = np.linalg.norm(turned, axis=1)
    unit = turned / np.maximum(length, SMALLEST)[:, None]
    return Directions(unit.astype(np.float32), length.astype(np.float32), mean.astype(np.float32))


def fit_vectors(
    values: sp.csr_matrix,
    latent: np.ndarray,
    batch: np.ndarray,
    *,
    counted: bool,
    ridge: float = RIDGE,
    seed: int = 0,
) -> np.ndarray:
    r"""Fit a vector to the values of every feature with a few steps of Fisher scoring from zero.

    Parameters
    ----------
    values
        Measured, (N, F).
    latent
        Shared axes of the same cells, (N, D_s).
    batch
        Of the cells, (N,): each has its own mean.
    counted
        Whether values are counts; else they are continuous, and one step is the solution.
    ridge
        Precision of the prior.
    seed
        Of the sample of cells that stands for many.

    Returns
    -------
    numpy.ndarray
        (F, D_s).

    Notes
    -----
    Counts are taken as Poisson with mean :math:`\mu_{ig} = l_i p_{bg} \exp(u_i \cdot f_g)`, where l is a cell's total
    and p a feature's share in its batch. At f = 0 the gradient is :math:`\sum_i \tilde u_i x_{ig}` and the information
    :math:`p_g \sum_i l_i \tilde u_i \tilde u_i^T`, with u centred within batches by weight l; the first step is
    :math:`(p_g A + \lambda I)^{-1} \tilde U^T x_g`. It tells where a feature is high better than where it is low:
    repressive links, whose peaks are low where the gene is high, need the half steps after it, which keep A and take
    :math:`\sum_i \tilde u_i \mu_{ig}` and the prior from the gradient. On hostile planted data two of them raise the
    AUROC of repressive links from .77 to .81 and of all from .85 to .86; more raise it no further.
    """
    n_cells, n_features = values.shape
    weight = np.asarray(values.sum(axis=1), np.float64).ravel() if counted else np.ones(n_cells)
    groups = [np.flatnonzero(batch == each) for each in np.unique(batch)]
    groups = [rows for rows in groups if weight[rows].sum() > 0]
    centred = np.zeros(latent.shape, np.float64)
    for rows in groups:
        centred[rows] = latent[rows] - np.average(latent[rows], axis=0, weights=weight[rows])
    strength, axes = np.linalg.eigh((centred * weight[:, None]).T @ centred)
    turned = centred @ axes
    gradient = np.asarray(values.T @ turned, np.float64)
    if counted:
        share = np.asarray(values.sum(axis=0), np.float64).ravel() / max(weight.sum(), SMALLEST)
    else:
        mean = np.asarray(values.mean(axis=0), np.float64).ravel()
        square = np.asarray(values.multiply(values).mean(axis=0), np.float64).ravel()
        share = 1 / np.maximum(square - mean**2, SMALLEST)
        gradient *= share[:, None]
    sample = _sampled(groups, seed) if counted else []
    totals = [np.asarray(values[rows].sum(axis=0), np.float64).ravel() for rows in groups] if counted else []
    fitted = np.empty((n_features, latent.shape[1]))
    for first in range(0, n_features, FEATURES_AT_ONCE):
        part = slice(first, first + FEATURES_AT_ONCE)
        step = 1 / (share[part, None] * strength[None] + ridge)
        found = gradient[part] * step
        for _ in range(HALF_STEPS if counted else 0):
            expected = np.zeros_like(found)
            for rows, total in zip(sample, totals, strict=True):
                level = weight[rows, None] * np.exp(np.clip(turned[rows] @ found.T, -MOST_LOG, MOST_LOG))
                level *= total[part] / np.maximum(level.sum(axis=0), SMALLEST)
                expected += level.T @ turned[rows]
            found += 0.5 * step * (gradient[part] - expected - ridge * found)
        fitted[part] = found @ axes.T
    return fitted


def _sampled(groups: list[np.ndarray], seed: int) -> list[np.ndarray]:
    """Cells of every batch, fewer in proportion where there are many in all."""
    rng, total = np.random.default_rng(seed), sum(map(len, groups))
    kept = min(1.0, MOST_CELLS / max(total, 1))
    sizes = [max(min(FEWEST_CELLS, len(rows)), round(kept * len(rows))) for rows in groups]
    return [np.sort(rng.choice(rows, size, replace=False)) for rows, size in zip(groups, sizes, strict=True)]
