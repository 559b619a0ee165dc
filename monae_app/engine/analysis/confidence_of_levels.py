"""How far imputed levels of methylation can be trusted, from cells that training did not see.

Half of the regions are hidden from the encoder, and what is imputed of them is held against what was measured, where
it was: then the other half. n held-out cells, F regions.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from monae_app.engine.analysis.decoded_levels import feature_shards, levels_of
from monae_app.engine.analysis.response import response

if TYPE_CHECKING:
    from collections.abc import Callable

    from monae_app.engine.data.covered import CoveredMatrix
    from monae_app.engine.training.decoded import DecodedFeatures

    Embed = Callable[[CoveredMatrix, np.ndarray | None], np.ndarray]

# a correlation over fewer cells that cover the region is mostly chance
FEWEST_CELLS = 10
SMALLEST_VARIANCE = 1e-10


@dataclass(frozen=True)
class CoveredCells:
    """Cells of a modality with gaps that training did not see: values (n, F), batch (n,), its name and likelihood."""

    values: CoveredMatrix
    batch: np.ndarray
    modality: str
    likelihood: str


def confidence_of_levels(cells: CoveredCells, decoded: DecodedFeatures, embed: Embed, *, seed: int) -> np.ndarray:
    """Correlate imputed with measured levels of every region over the held-out cells that cover it.

    A place weighs as much as it has reads; differences between batches are taken out first.

    Parameters
    ----------
    cells
        Held out of training.
    decoded
        The regions, as learned; each cell is decoded at its own batch.
    embed
        Places cells in the latent space.
    seed
        Of the halves.

    Returns
    -------
    numpy.ndarray
        Pearson r, (F,) float32; NaN where fewer than 10 of the cells cover the region, or it does not vary.
    """
    n_cells, n_features = cells.values.shape
    found = np.full(n_features, np.nan, np.float32)
    if n_cells < FEWEST_CELLS:
        return found
    fold = np.random.default_rng(seed).permutation(n_features) % 2
    for hidden in (0, 1):
        shown = fold != hidden
        latent = embed(cells.values.of_columns(shown), shown)
        for shard in feature_shards(n_cells, n_features):
            columns = np.arange(n_features)[shard][~shown[shard]]
            level = levels_of(latent, decoded, cells.batch, columns, np.inf)
            imputed = response(level, cells.modality, cells.likelihood)
            found[columns] = covered_correlation(imputed, cells.values[:, columns], cells.batch)
    seen = np.bincount(cells.values.indices, minlength=n_features)
    return np.where(seen < FEWEST_CELLS, np.nan, found).astype(np.float32)


def covered_correlation(imputed: np.ndarray, measured: CoveredMatrix, batch: np.ndarray) -> np.ndarray:
    """Pearson r of columns over their covered places within batches, each weighing as much as it has reads.

    Parameters
    ----------
    imputed
        (n, F).
    measured
        (n, F).
    batch
        Of the rows, (n,): means are taken off batch by batch.

    Returns
    -------
    numpy.ndarray
        (F,) float64; NaN where a column does not vary.
    """
    n_features = measured.shape[1]
    rows, columns, weight = measured.rows, measured.indices, measured.totals.data.astype(np.float64)
    names, code = np.unique(batch, return_inverse=True)
    group = code[rows] * n_features + columns

    def centred(values: np.ndarray) -> np.ndarray:
        total = np.bincount(group, weight, len(names) * n_features)
        mean = np.bincount(group, weight * values, len(total)) / np.where(total > 0, total, 1)
        return np.asarray(values - mean[group])

    one, other = centred(imputed[rows, columns]), centred(measured.level.astype(np.float64))
    together, first, second = (
        np.bincount(columns, weight * product, n_features) for product in (one * other, one**2, other**2)
    )
    varies = (first > SMALLEST_VARIANCE) & (second > SMALLEST_VARIANCE)
    return np.where(varies, together / np.sqrt(np.where(varies, first * second, 1)), np.nan)
