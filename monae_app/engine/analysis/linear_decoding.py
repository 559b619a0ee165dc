"""From vectors of cells and features to the linear predictor of their values, in shards of cells.

N cells, F or V features, D axes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from monae_app.engine.telling import SILENT, Telling

if TYPE_CHECKING:
    from collections.abc import Iterator

LARGEST_EXPONENT = 30.0
VALUES_AT_ONCE = 2**24  # of one shard, 64 MB in float32


def linear_predictor(
    latent: np.ndarray, vectors: np.ndarray, scale: np.ndarray, bias: np.ndarray, *, bound: float = LARGEST_EXPONENT
) -> np.ndarray:
    """Scale (u . f) + bias; latent (N, D), vectors (F, D), scale and bias (F,), result (N, F)."""
    level = latent @ vectors.T
    level *= scale
    level += bias
    return np.asarray(np.minimum(level, bound, out=level))


def shards(n_cells: int, n_features: int) -> Iterator[slice]:
    """Rows to decode at a time, so that a block never grows with the data."""
    size = max(1, VALUES_AT_ONCE // max(1, n_features))
    for start in range(0, n_cells, size):
        yield slice(start, min(start + size, n_cells))


def normaliser(
    latent: np.ndarray, vectors: np.ndarray, scale: np.ndarray, bias: np.ndarray, tell: Telling = SILENT
) -> np.ndarray:
    """Sum over all features of exp(scale (u . f) + bias), in shards of cells, shape (N,), float32."""
    total = np.empty(len(latent), np.float32)
    for rows in shards(len(latent), len(vectors)):
        if rows.start:
            tell.part(rows.start, len(latent))
        total[rows] = np.exp(linear_predictor(latent[rows], vectors, scale, bias)).sum(axis=1)
    return total
