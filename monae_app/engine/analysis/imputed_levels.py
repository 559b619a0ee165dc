"""Levels of features over groups of cells, or in some cells, as measured and as imputed from each modality.

N cells of the run, n of them taken, G groups, F features of one modality. Counts are levels per 10,000 of the cell;
levels of groups are ratios of sums, so that neither shallow cells nor frequent groups weigh more than they should.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from monae_app.engine.analysis.everywhere import decoded_rows

if TYPE_CHECKING:
    from monae_app.engine.analysis.run_slices import RunSlices

TEN_THOUSAND = 1e4
# of a group and a modality; rare groups have all of theirs
MOST_OF_A_GROUP = 1000


def balanced(codes: np.ndarray, groups: int, most: int, seed: int) -> np.ndarray:
    """Draw as many cells of each group as it has, at most ``most``: positions, ordered by group.

    Parameters
    ----------
    codes
        Group of every cell, (N,), negative for none.
    groups
        How many there are, G.
    most
        Cells of a group.
    seed
        Of the draw.
    """
    order = np.random.default_rng(seed).permutation(len(codes))
    order = order[codes[order] >= 0]
    order = order[np.argsort(codes[order], kind="stable")]
    sizes = np.bincount(codes[order], minlength=groups)
    place = np.arange(len(order)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    return np.asarray(order[place < most])


def imputed_rows(run: RunSlices, source: str, target: str, features: np.ndarray, cells: np.ndarray) -> np.ndarray:
    """Impute features in some cells of a modality, (n, F) float32: per 10,000, or on the model's own scale.

    Parameters
    ----------
    run
        The run.
    source, target
        Modality of the cells and of the features.
    features
        Their rows in features.h5ad, (F,).
    cells
        Positions among the cells of the source, (n,), in any order.
    """
    order = np.argsort(cells, kind="stable")
    found = np.empty((len(cells), len(features)), np.float32)
    found[order] = decoded_rows(run, source, target, features, cells[order])
    return found


def group_levels(values: np.ndarray, codes: np.ndarray, groups: int, library: np.ndarray | None = None) -> np.ndarray:
    """Levels of groups, (F, G), NaN where nothing was measured.

    Parameters
    ----------
    values
        (n, F), NaN where a feature was not covered; counts where ``library`` is given.
    codes
        Group of every cell, (n,), negative for none.
    groups
        G.
    library
        Library size of every cell, (n,): the level is then 10,000 x the sum of the counts over the sum of these.
    """
    found = np.full((values.shape[1], groups), np.nan)
    for group in range(groups):
        mine = codes == group
        if not mine.any():
            continue
        some = values[mine].astype(np.float64)
        known = ~np.isnan(some)
        over = known.sum(axis=0).astype(np.float64)
        factor = 1.0
        if library is not None:
            over, factor = np.where(known, library[mine][:, None], 0.0).sum(axis=0), TEN_THOUSAND
        total = np.where(known, some, 0).sum(axis=0)
        found[:, group] = np.where(over > 0, factor * total / np.maximum(over, 1e-12), np.nan)
    return found
