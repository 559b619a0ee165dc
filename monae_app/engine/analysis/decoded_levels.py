"""Decoded levels of some features in some cells, in blocks of features.

n cells, F features of the modality.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from monae_app.engine.analysis.linear_decoding import VALUES_AT_ONCE, linear_predictor

if TYPE_CHECKING:
    from monae_app.engine.training.decoded import DecodedFeatures


def levels_of(
    latent: np.ndarray, decoded: DecodedFeatures, batch: np.ndarray, columns: slice | np.ndarray, bound: float
) -> np.ndarray:
    """Linear predictor of some features, each cell at its own batch, (n, columns) float64."""
    vectors = decoded.vectors[columns]
    level = np.empty((len(latent), len(vectors)))
    for code in np.unique(batch):
        mine = batch == code
        scale, bias = decoded.scale[columns, code], decoded.bias[columns, code]
        level[mine] = linear_predictor(latent[mine], vectors, scale, bias, bound=bound)
    return level


def feature_shards(n_cells: int, n_features: int) -> list[slice]:
    """Features to decode at a time, so that a block never grows with the data."""
    size = max(1, VALUES_AT_ONCE // (4 * max(1, n_cells)))
    return [slice(start, min(start + size, n_features)) for start in range(0, n_features, size)]
