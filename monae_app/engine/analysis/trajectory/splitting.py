"""Counts split in two that know nothing of each other: one half tells the pseudotime, the other is tested.

A pseudotime from the same counts has seen their noise: features seem to change that do not. n cells, F features.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import scipy.sparse as sp
from sklearn.neighbors import NearestNeighbors

if TYPE_CHECKING:
    from monae_app.engine.analysis.trajectory.following import Trajectory

NEAREST = 15
LARGEST = 1e6


def split_counts(values: sp.csr_matrix, dispersion: np.ndarray, seed: int) -> tuple[sp.csr_matrix, sp.csr_matrix]:
    """Split counts into two independent halves.

    Source: Neufeld et al. 2024, Biostatistics 25:270 (thinning) and 2023, arXiv:2307.12985 (negative binomial): of a
    count x with dispersion theta, a beta-binomial part with theta / 2 on both sides.

    Parameters
    ----------
    values
        (n, F) whole numbers.
    dispersion
        theta of each feature, (F,): variance = mean + mean^2 / theta.
    seed
        Of the draws.
    """
    rng = np.random.default_rng(seed)
    side = np.minimum(np.maximum(dispersion, 1e-3), LARGEST)[values.indices] / 2
    share = rng.beta(side, side)
    one = rng.binomial(np.rint(values.data).astype(np.int64), share).astype(np.float32)
    first = sp.csr_matrix((one, values.indices, values.indptr), shape=values.shape)
    second = sp.csr_matrix((values.data - one, values.indices, values.indptr), shape=values.shape)
    return first, second


def place_anew(
    points: np.ndarray, found: Trajectory, latent: np.ndarray, own: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Tell pseudotime and tip of cells from where half of their counts puts them.

    Parameters
    ----------
    points
        All cells in the space, (N, D).
    found
        Their trajectory.
    latent
        Cells placed anew in the same space, (n, D).
    own
        Row of each of them among all, (n,): no cell is told from itself.

    Returns
    -------
    Pseudotime (n,), NaN where most neighbours have none, and the number of the tip ahead, negative where there are
    several.
    """
    known = np.flatnonzero(np.isfinite(found.pseudotime))
    near = NearestNeighbors(n_neighbors=NEAREST + 1).fit(points[known])
    ids = known[near.kneighbors(latent, return_distance=False)]
    itself = ids == own[:, None]
    # the last one goes where the cell is not among them
    itself[~itself.any(axis=1), -1] = True
    ids = ids[~itself].reshape(len(latent), NEAREST)
    tips = found.tip[ids]
    ahead = np.stack([(tips == tip).mean(axis=1) for tip in range(len(found.ends))], axis=1)
    return found.pseudotime[ids].mean(axis=1), np.where(ahead.max(axis=1) > 0.5, ahead.argmax(axis=1), -1)
