"""From hidden axes to counts: what a modality measures of the cells.

N cells, F features, A hidden axes. The mean of a count is library size x share, where the log share is linear in the
cell's axes, the axes that this modality alone sees, and the batch.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import scipy.sparse as sp

if TYPE_CHECKING:
    from monae_app.engine.data.planted.population import Cells
    from monae_app.engine.data.planted.regimes import Regime

ALONE_AXES = 4
LIBRARY_SPREAD = 0.4
LOWEST, HIGHEST = -8.0, 6.0
CELLS_AT_ONCE = 2000


@dataclass(frozen=True)
class Panel:
    """What a modality reads out.

    Parameters
    ----------
    loadings
        (A, F).
    bias
        Log share of a feature in a cell at the origin, up to a constant, (F,).
    dispersion
        Inverse dispersion of the negative binomial, (F,); variance = mean + mean^2 / dispersion.
    depth
        Median counts a cell.
    background
        Share of counts drawn from the mean profile, whatever the cell.
    """

    loadings: np.ndarray
    bias: np.ndarray
    dispersion: np.ndarray
    depth: float
    background: float


@dataclass(frozen=True)
class Measured:
    """Counts (N, F), which cells are doublets (N,), and the means with and without batch, (N, F), if asked for.

    The means of a doublet are those of its first cell.
    """

    counts: sp.csr_matrix
    doublet: np.ndarray
    with_batch: np.ndarray | None
    without_batch: np.ndarray | None


def measure(cells: Cells, panel: Panel, regime: Regime, rng: np.random.Generator, *, means: bool) -> Measured:
    """Draw counts."""
    n_cells, n_features = len(cells.kind), panel.loadings.shape[1]
    alone = rng.normal(0, 1, (n_cells, ALONE_AXES))
    of_alone = rng.normal(0, regime.alone, (ALONE_AXES, n_features))
    of_batch = rng.normal(0, regime.batch, (2, n_features))
    library = np.exp(rng.normal(np.log(panel.depth), LIBRARY_SPREAD, n_cells))
    is_doublet = rng.random(n_cells) < regime.doublets
    profile = np.exp(panel.bias) / np.exp(panel.bias).sum()

    counts, kept = [], []
    for start in range(0, n_cells, CELLS_AT_ONCE):
        rows = slice(start, start + CELLS_AT_ONCE)
        level = cells.latent[rows] @ panel.loadings + alone[rows] @ of_alone + panel.bias
        both = [
            _means(level + effect, profile, panel.background, library[rows])
            for effect in ([of_batch[cells.batch[rows]], 0.0] if means else [of_batch[cells.batch[rows]]])
        ]
        drawn = rng.poisson(rng.gamma(panel.dispersion, both[0] / panel.dispersion))
        counts.append(sp.csr_matrix(drawn.astype(np.float32)))
        kept.append([each.astype(np.float32) for each in both])
    single = sp.csr_matrix(sp.vstack(counts))
    second = (np.arange(n_cells) + rng.integers(1, max(n_cells, 2), n_cells)) % n_cells
    added = sp.csr_matrix(sp.diags(is_doublet.astype(np.float32)) @ single[second])
    layers = [np.vstack([part[place] for part in kept]) for place in (0, 1)] if means else [None, None]
    return Measured(sp.csr_matrix(single + added), is_doublet, *layers)


def _means(level: np.ndarray, profile: np.ndarray, background: float, library: np.ndarray) -> np.ndarray:
    share = np.exp(np.clip(level, LOWEST, HIGHEST))
    share /= share.sum(axis=1, keepdims=True)
    return np.asarray(((1 - background) * share + background * profile) * library[:, None])
