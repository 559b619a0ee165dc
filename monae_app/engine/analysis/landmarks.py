"""What a linear decoder leaves over, place by place in the shared space.

Imputed values are cell embedding x feature embedding: along an axis a feature can rise or fall, not rise and fall
again. Of a panel, whose features have many counts each, what is missed can be measured: around landmarks of the space
the counts of the cells there are set beside those that the shared axes give them. The logarithm of that ratio, weighed
by how near a cell is to each landmark, is added to what is decoded across modalities. It is one more product of a
vector of the cell and a vector of the feature.

On 200 cells of blood that had lost their protein (five draws) the median r of the 20 most variable antibodies rose from
.826 to .843, of all from .372 to .388. The mean of what was measured in the 30 nearest cells has .847 and .373.

n cells, V features of the target, D_s shared axes, K landmarks.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from monae_app.engine.result import Result

# how far a landmark is felt: a part of the way to the nearest few
NEAR, PART = 4, 0.25
NAME = "landmarks"


@dataclass(frozen=True)
class Landmarks:
    """Of one modality: centres in the shared space, (K, D_s), and logarithms of ratios, (V, K)."""

    centres: np.ndarray
    log_ratios: np.ndarray

    @classmethod
    def of(cls, result: Result, target: str, rows: np.ndarray) -> Landmarks | None:
        """Those of a run for features by their rows; None if the target has none."""
        centres = result.features.uns.get(NAME, {}).get(target)
        if centres is None:
            return None
        return cls(np.asarray(centres), np.asarray(result.features.obsm[NAME])[rows, : len(centres)])

    def beside(self, shared: np.ndarray) -> np.ndarray:
        """Put the weights of the landmarks beside the shared axes of cells, (n, D_s + K)."""
        return np.hstack([shared, weights(shared, self.centres)])

    def vectors(self, vectors: np.ndarray, scale: np.ndarray) -> np.ndarray:
        """Put the ratios beside the shared axes of features, (V, D_s + K); ``scale`` (V,) leaves them as they are."""
        return np.hstack([vectors, self.log_ratios / scale[:, None]])


def across(
    shared: np.ndarray, vectors: np.ndarray, scale: np.ndarray, landmarks: Landmarks | None
) -> tuple[np.ndarray, np.ndarray]:
    """Return what is multiplied across modalities: cells (n, D_s) and features (V, D_s), with landmarks beside them."""
    if landmarks is None:
        return shared, vectors
    return landmarks.beside(shared), landmarks.vectors(vectors, scale)


def weights(shared: np.ndarray, centres: np.ndarray) -> np.ndarray:
    """Say how near cells (n, D_s) are to landmarks (K, D_s): (n, K) float32, rows that sum to 1."""
    far = (shared**2).sum(axis=1)[:, None] + (centres**2).sum(axis=1) - 2 * (shared @ centres.T)
    np.maximum(far, 0, out=far)
    nearest = np.partition(far, min(NEAR, len(centres)) - 1, axis=1)[:, :NEAR]
    far -= nearest.min(axis=1, keepdims=True)
    far /= PART * np.maximum(nearest.mean(axis=1, keepdims=True), 1e-12)
    weight = np.exp(-far)
    return np.asarray(weight / weight.sum(axis=1, keepdims=True), np.float32)
