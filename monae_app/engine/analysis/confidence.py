"""How far the imputed values of each feature can be trusted, from cells that training did not see.

A cell that is imputed from its own counts knows the answer. So the counts of a held-out cell are split in two at
random, which leaves two independent measurements of it: one is encoded, the other is what the imputed values are held
against, and the other way round. Continuous values cannot be split; there half of the features are hidden instead, as
are levels of methylation (:mod:`monae_app.engine.analysis.confidence_of_levels`).

n held-out cells, F features of the modality, D latent axes, b batches.
*Source:* binomial thinning of counts for validation: Batson, Royer & Webber 2019 (molecular cross-validation).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import scipy.sparse as sp

from monae_app.engine.analysis.confidence_of_levels import CoveredCells, confidence_of_levels
from monae_app.engine.analysis.decoded_levels import feature_shards, levels_of
from monae_app.engine.analysis.linear_decoding import LARGEST_EXPONENT
from monae_app.engine.data.covered import CoveredMatrix
from monae_app.engine.kept_stages import kept
from monae_app.engine.telling import SILENT, Telling

if TYPE_CHECKING:
    from collections.abc import Callable

    from monae_app.engine.analysis.fitted import Embedder
    from monae_app.engine.data.held_out import Split
    from monae_app.engine.training.decoded import DecodedFeatures

    # values (n, F) and which of the features were measured (F,) or None, to latent (n, D)
    Embed = Callable[[Any, np.ndarray | None], np.ndarray]

# a correlation over fewer cells with the feature is mostly chance
FEWEST_CELLS = 10
# of the values themselves; what varies less is constant but for rounding
SMALLEST_VARIATION = 1e-5


def confidences(
    parts: Split, decoded: dict[str, DecodedFeatures], embedder: Embedder, *, seed: int, tell: Telling = SILENT
) -> dict[str, np.ndarray]:
    """Confidence of all features of the modalities that have held-out cells.

    Parameters
    ----------
    parts
        The dataset, and what was held out.
    decoded
        All features, as learned.
    embedder
        Trained on the rest.
    seed
        Of the splits.
    tell
        Told the progress.
    """
    found = {}
    for name, rows in parts.held_out.items():
        if not len(rows):
            continue
        tell(f"Asking how far imputed values of {name} can be trusted, by {len(rows):,} cells held out")
        values, batch = parts.unseen(name)
        columns = embedder.modelled[name]

        def embed(
            shown: Any,
            measured: np.ndarray | None,
            name: str = name,
            columns: np.ndarray = columns,
            batch: np.ndarray = batch,
        ) -> np.ndarray:
            of_encoder = None if measured is None else measured[columns]
            return embedder.embed(name, shown[:, columns], batch, of_encoder)

        modality = parts.whole.modalities[name]
        if isinstance(values, CoveredMatrix):
            covered = CoveredCells(values, batch, name, modality.likelihood)
            ask = partial(confidence_of_levels, covered, decoded[name], embed, seed=seed)
        else:
            cells = HeldOutCells(values, batch, modality.is_count)
            ask = partial(confidence, cells, decoded[name], embed, seed=seed)
        found[name] = kept(f"confidence of {name}", ask)
    return found


def summary(parts: Split, found: dict[str, np.ndarray]) -> dict[str, dict[str, float | int | None]]:
    """Say for the report how many cells were held out, how many features have a confidence, and its median."""
    said: dict[str, dict[str, float | int | None]] = {}
    for name, values in found.items():
        known = values[np.isfinite(values)]
        middle = round(float(np.median(known)), 4) if len(known) else None
        said[name] = {"held_out_cells": len(parts.held_out[name]), "features": len(known), "median": middle}
    return said


@dataclass(frozen=True)
class HeldOutCells:
    """Cells of one modality that training did not see.

    Parameters
    ----------
    values
        All features, (n, F).
    batch
        (n,).
    is_count
        Whether the values are counts.
    """

    values: sp.csr_matrix
    batch: np.ndarray
    is_count: bool


def confidence(cells: HeldOutCells, decoded: DecodedFeatures, embed: Embed, *, seed: int) -> np.ndarray:
    """Correlate imputed with measured values of every feature over held-out cells.

    Counts are compared as shares of the cell's total, cells weighted by that total, which is the inverse of the noise
    of a share; differences between batches are taken out first.

    Parameters
    ----------
    cells
        Held out of training.
    decoded
        The features, as learned; each cell is decoded at its own batch.
    embed
        Places cells in the latent space.
    seed
        Of the split.

    Returns
    -------
    numpy.ndarray
        Pearson r, (F,) float32; NaN where the feature stands in fewer than 10 of the cells or does not vary.
    """
    n_cells, n_features = cells.values.shape
    rng = np.random.default_rng(seed)
    if n_cells < FEWEST_CELLS:
        return np.full(n_features, np.nan, np.float32)
    found = _of_counts(cells, decoded, embed, rng) if cells.is_count else _of_values(cells, decoded, embed, rng)
    seen = np.bincount(cells.values.indices, minlength=n_features)
    return np.where(seen < FEWEST_CELLS, np.nan, found).astype(np.float32)


def _of_counts(cells: HeldOutCells, decoded: DecodedFeatures, embed: Embed, rng: np.random.Generator) -> np.ndarray:
    halves = thin(cells.values, rng)
    latent = np.concatenate([embed(half, None) for half in halves])
    # each half is held against what the other one foretold
    measured = sp.csc_matrix(sp.vstack(halves[::-1]))
    batch = np.tile(cells.batch, 2)
    library = np.asarray(measured.sum(axis=1), dtype=np.float64).ravel()
    total = np.zeros(len(latent))
    for columns in feature_shards(len(latent), measured.shape[1]):
        total += np.exp(levels_of(latent, decoded, batch, columns, LARGEST_EXPONENT)).sum(axis=1)
    found = np.empty(measured.shape[1])
    for columns in feature_shards(len(latent), measured.shape[1]):
        share = np.exp(levels_of(latent, decoded, batch, columns, LARGEST_EXPONENT)) / total[:, None]
        of_cell = measured[:, columns].toarray() / np.maximum(library, 1)[:, None]
        found[columns] = weighted_correlation(share, of_cell, library, batch)
    return found


def _of_values(cells: HeldOutCells, decoded: DecodedFeatures, embed: Embed, rng: np.random.Generator) -> np.ndarray:
    n_cells, n_features = cells.values.shape
    fold = rng.permutation(n_features) % 2
    found = np.empty(n_features)
    values = cells.values.tocsc()
    for hidden in (0, 1):
        latent = embed(cells.values.multiply(fold != hidden).tocsr(), fold != hidden)
        for shard in feature_shards(n_cells, n_features):
            columns = np.arange(n_features)[shard][fold[shard] == hidden]
            level = levels_of(latent, decoded, cells.batch, columns, np.inf)
            found[columns] = weighted_correlation(level, values[:, columns].toarray(), np.ones(n_cells), cells.batch)
    return found


def thin(counts: sp.csr_matrix, rng: np.random.Generator) -> tuple[sp.csr_matrix, sp.csr_matrix]:
    """Give every count to one of two halves by the toss of a coin; fractions stay with the second."""
    first, second = counts.copy(), counts.copy()
    first.data = rng.binomial(np.floor(counts.data).astype(np.int64), 0.5).astype(np.float32)
    second.data = counts.data - first.data
    for half in (first, second):
        half.eliminate_zeros()
    return first, second


def weighted_correlation(first: np.ndarray, second: np.ndarray, weight: np.ndarray, group: np.ndarray) -> np.ndarray:
    """Pearson r of columns within groups, rows weighted; NaN where a column does not vary.

    Parameters
    ----------
    first, second
        (n, F) each.
    weight
        Of the rows, (n,), not negative.
    group
        Of the rows, (n,): means are taken off group by group.

    Returns
    -------
    numpy.ndarray
        (F,) float64.
    """
    one, other = _centred(first, weight, group), _centred(second, weight, group)
    together = np.einsum("n,nf,nf->f", weight, one, other)
    varies, alone = np.ones(first.shape[1], bool), np.ones(first.shape[1])
    for centred, values in ((one, first), (other, second)):
        squares = np.einsum("n,nf,nf->f", weight, centred, centred)
        varies &= squares > SMALLEST_VARIATION**2 * np.einsum("n,nf,nf->f", weight, values, values)
        alone *= squares
    return np.where(varies, together / np.sqrt(np.where(varies, alone, 1)), np.nan)


def _centred(values: np.ndarray, weight: np.ndarray, group: np.ndarray) -> np.ndarray:
    _, code = np.unique(group, return_inverse=True)
    members = sp.csr_matrix((weight, (code, np.arange(len(code)))))
    total = np.asarray(members.sum(axis=1))
    mean = np.asarray(members @ values) / np.where(total > 0, total, 1)
    return np.asarray(values - mean[code])
