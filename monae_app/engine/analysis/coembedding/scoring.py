"""How near features lie to groups of cells, as compared with other groups and other features.

A cell's expected level of a feature rises with the product of both vectors, so that what sets a group apart is the
direction from the middle of all groups to its own. The length of a feature's vector says how variable it is, not where
it belongs: the cosine leaves it out. Two corrections follow.

*Noise.* A vector of a feature that was seen in few cells points anywhere, and by chance next to some group. Its cosine
is scaled by the fourth root of the share of its spread over cells that is not the uncertainty of the vector.

*Hubs.* Some groups lie next to every feature and some features next to every group. From twice the cosine, what the
pair has with its own nearest ones is taken away: r_g, the mean of the group's highest hundredth of features, and r_f,
the mean of the feature's three highest groups (CSLS of Conneau et al., Word translation without parallel data, ICLR
2018, formula 3, here between groups and features).

What was tried beside it, and how often each is right, is in docs/markers.md. G groups, F features, D axes.
"""

from __future__ import annotations

import numpy as np

from monae_app.engine.analysis.coembedding.groups import Moments, unit

NEAREST_GROUPS = 3
FEATURE_SHARE, FEWEST_FEATURES = 0.01, 10
ROOT = 0.25


def certainty(vectors: np.ndarray, deviation: np.ndarray | None, spread: np.ndarray) -> np.ndarray:
    """Return the share of each feature's spread over cells that is not noise of its vector, (F,), 0 to 1.

    Parameters
    ----------
    vectors
        Shared vectors of the features, (F, D).
    deviation
        Standard deviations of their entries, (F, D); None where they are not known, which counts as no noise.
    spread
        Covariance of the cells, (D, D).
    """
    signal = np.einsum("fd,de,fe->f", vectors, spread, vectors)
    noise = 0.0 if deviation is None else np.nan_to_num(np.square(deviation)) @ np.diag(spread)
    total = signal + noise
    return np.asarray(np.divide(signal, total, out=np.zeros_like(signal), where=total > 0))


def cosines(moments: Moments, vectors: np.ndarray, deviation: np.ndarray | None = None) -> np.ndarray:
    """Return the cosines of groups and features, those of uncertain features nearer to zero, (G, F) float32."""
    vectors = np.nan_to_num(np.asarray(vectors, np.float64))
    sure = certainty(vectors, deviation, moments.spread) ** ROOT
    return np.asarray((moments.directions @ unit(vectors).T) * sure, np.float32)


def scores(found: np.ndarray) -> np.ndarray:
    """Correct cosines (G, F) of the features of one modality for hubs, (G, F) float32; higher is nearer."""
    near_groups = min(NEAREST_GROUPS, len(found) - 1)
    near_features = min(max(FEWEST_FEATURES, int(FEATURE_SHARE * found.shape[1])), found.shape[1])
    of_feature = _highest(found.T, near_groups)[None, :]
    of_group = _highest(found, near_features)[:, None]
    return np.asarray(2 * found - of_group - of_feature)


def _highest(values: np.ndarray, count: int) -> np.ndarray:
    """Mean of the highest of every row."""
    if count >= values.shape[1]:
        return np.asarray(values.mean(axis=1))
    return np.asarray(np.partition(values, -count, axis=1)[:, -count:].mean(axis=1))
