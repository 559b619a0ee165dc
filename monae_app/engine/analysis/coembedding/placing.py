"""Where features stand on a map of cells: where the cells that they lie next to are densest.

The mean of these cells would often lie where no cell is, since a map tears apart what is near in the space. n cells of
a sample, F features, D axes, k nearest cells of a feature.
"""

from __future__ import annotations

import numpy as np

from monae_app.engine.analysis.coembedding.groups import Groups, unit

MOST_CELLS = 10_000
NEAREST = 50
# of the cosines of the nearest cells
SHARPNESS = 0.1
# of the extent of the map
BANDWIDTH = 0.03
VALUES_AT_ONCE = 2**24


def some_cells(groups: Groups, seed: int, most: int = MOST_CELLS) -> np.ndarray:
    """Draw cells, the same number of each group where it has so many; their rows, increasing."""
    rng = np.random.default_rng(seed)
    each = max(1, most // len(groups.names))
    drawn = [rng.permutation(np.flatnonzero(groups.codes == group))[:each] for group in range(len(groups.names))]
    return np.sort(np.concatenate(drawn))


def place(latent: np.ndarray, xy: np.ndarray, middle: np.ndarray, vectors: np.ndarray) -> np.ndarray:
    """Place features.

    Parameters
    ----------
    latent
        Shared vectors of cells, (n, D).
    xy
        Where they are on the map, (n, 2).
    middle
        From which directions are taken, (D,).
    vectors
        Shared vectors of the features, (F, D).

    Returns
    -------
    (F, 2) float32.
    """
    cells = np.asarray(unit(np.asarray(latent, np.float64) - middle), np.float32)
    features = np.asarray(unit(np.nan_to_num(np.asarray(vectors, np.float64))), np.float32)
    xy = np.asarray(xy, np.float32)
    low, high = np.percentile(xy, [1, 99], axis=0)
    width = BANDWIDTH * max(float((high - low).max()), 1e-9)
    step = max(1, VALUES_AT_ONCE // max(len(cells), NEAREST**2))
    parts = [_place(cells, xy, features[start : start + step], width) for start in range(0, len(features), step)]
    return np.concatenate(parts) if parts else np.zeros((0, 2), np.float32)


def _place(cells: np.ndarray, xy: np.ndarray, features: np.ndarray, width: float) -> np.ndarray:
    near = features @ cells.T
    count = min(NEAREST, len(cells))
    nearest = np.argpartition(-near, count - 1, axis=1)[:, :count]
    level = np.take_along_axis(near, nearest, axis=1)
    weight = np.exp((level - level.max(axis=1, keepdims=True)) / SHARPNESS)
    spots = xy[nearest]  # (F, k, 2)
    apart = np.square(spots[:, :, None] - spots[:, None]).sum(axis=-1)
    kernel = np.exp(-apart / (2 * width**2))  # (F, k, k)
    densest = np.einsum("fij,fj->fi", kernel, weight).argmax(axis=1)
    around = kernel[np.arange(len(features)), densest] * weight
    return np.asarray(np.einsum("fk,fkd->fd", around, spots) / around.sum(axis=1, keepdims=True), np.float32)
