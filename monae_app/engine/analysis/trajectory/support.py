"""Which ends of a trajectory are found again in half of the cells. n cells, T tips.

Noise makes ends too: a few cells off the way. One that is there is found in other cells as well.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.sparse.csgraph import connected_components

from monae_app.engine.analysis.trajectory.branches import Tree, grow, smooth_over
from monae_app.engine.analysis.trajectory.diffusion import diffusion_coordinates
from monae_app.engine.analysis.trajectory.neighbours import find_neighbours

if TYPE_CHECKING:
    from collections.abc import Sequence

DRAWS = 20
OFTEN = 0.75
# more would only take longer
MOST_CELLS, FEWEST_CELLS = 2500, 100


def support_of(
    points: np.ndarray, modality: np.ndarray, codes: np.ndarray, root: int, tips: Sequence[int], seed: int
) -> np.ndarray:
    """Tell in which share of random halves of the cells an end is found in the group of each tip, (T,).

    Source: half-samples of stability selection, Meinshausen & Bühlmann 2010, J R Stat Soc B 72:417.

    Parameters
    ----------
    points
        The cells of the trajectory in the space, (n, D).
    modality
        (n,) of each cell.
    codes
        Group of each cell, (n,), negative for none.
    root
        Cell that the trajectory begins at, which every half has.
    tips
        Cells at its ends.
    seed
        Of the draws.
    """
    if len(points) < FEWEST_CELLS:
        return np.ones(len(tips))
    rng = np.random.default_rng(seed)
    count = np.zeros(len(tips))
    for _ in range(DRAWS):
        half = rng.choice(len(points), min(len(points) // 2, MOST_CELLS), replace=False)
        half = np.union1d(half, [root])
        count += np.isin(codes[list(tips)], list(_ends_in(points, modality, codes, half, root, seed)))
    found: np.ndarray = count / DRAWS
    return found


def often(tree: Tree, support: np.ndarray) -> tuple[Tree, np.ndarray]:
    """Keep the tips that are found often enough, and always the first; the tree and which are kept, (T,) bool."""
    kept = support >= OFTEN
    kept[0] = True
    return Tree([tip for tip, good in zip(tree.tips, kept, strict=True) if good], tree.shared[:, kept]), kept


def _ends_in(
    points: np.ndarray, modality: np.ndarray, codes: np.ndarray, half: np.ndarray, root: int, seed: int
) -> set[int]:
    weights = find_neighbours(points[half], modality[half]).weights
    piece = connected_components(weights, directed=False)[1]
    kept = np.flatnonzero(piece == piece[np.searchsorted(half, root)])
    weights, half = weights[kept][:, kept], half[kept]
    if len(half) < FEWEST_CELLS // 2:
        return set()
    smooth = smooth_over(diffusion_coordinates(weights, seed), weights)
    tree = grow(smooth, int(np.searchsorted(half, root)), codes[half])
    return {int(codes[half[tip]]) for tip in tree.tips}
