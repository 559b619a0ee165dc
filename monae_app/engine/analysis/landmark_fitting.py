"""Find the landmarks of a panel: from what was trained on to the ratios that stand beside its features.

n cells, V features of the target, D_s shared axes, K landmarks, b batches.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import scipy.sparse as sp
from sklearn.cluster import KMeans

from monae_app.engine.analysis.landmarks import NAME, Landmarks, weights
from monae_app.engine.analysis.linear_decoding import linear_predictor, shards
from monae_app.engine.kept_stages import kept

if TYPE_CHECKING:
    from collections.abc import Mapping

    import anndata as ad

    from monae_app.engine.data.dataset import Dataset, Modality
    from monae_app.engine.training.decoded import DecodedFeatures

LANDMARKS = 32
# of cells that a landmark stands for, on average
FEWEST_CELLS = 10
# with more features, each has too few counts
MOST_FEATURES = 1000
# counts by which a ratio is held at 1
PRIOR = 20.0
MOST_CELLS = 20_000


def find_landmarks(
    training: Dataset,
    latent: Mapping[str, np.ndarray],
    decoded: Mapping[str, DecodedFeatures],
    *,
    n_shared: int,
    seed: int,
) -> dict[str, Landmarks]:
    """Measure what is left over, by modality; only panels of counts in runs of several modalities have landmarks.

    Parameters
    ----------
    training
        What was trained on: cells that are held out have no say.
    latent
        Of its cells, shared axes first.
    decoded
        All features.
    n_shared
        D_s.
    seed
        Of the landmarks.
    """
    if len(training.modalities) < 2:
        return {}
    found = {}
    for name, each in training.modalities.items():
        if each.is_count and each.n_features <= MOST_FEATURES and each.n_cells >= 2 * FEWEST_CELLS:
            shared = latent[name][:, :n_shared]
            measure = partial(_measured, each, shared, decoded[name], training.batch_codes[name], seed)
            found[name] = kept(f"landmarks of {name}", measure, made_of=(Landmarks,))
    return found


def _measured(
    modality: Modality, shared: np.ndarray, decoded: DecodedFeatures, batch: np.ndarray, seed: int
) -> Landmarks:
    rows = np.random.default_rng(seed).permutation(len(shared))[:MOST_CELLS]
    # where nothing varies, cells lie in one place
    number = min(LANDMARKS, len(shared) // FEWEST_CELLS, len(np.unique(shared[rows], axis=0)))
    centres = KMeans(number, n_init=1, random_state=seed).fit(shared[rows]).cluster_centers_.astype(np.float32)
    seen, expected = (np.zeros((number, modality.n_features)) for _ in range(2))
    size = modality.library_size
    for block in shards(len(shared), modality.n_features):
        near = weights(shared[block], centres)
        seen += (sp.csr_matrix(modality.values[block]).T @ near).T
        expected += near.T @ (size[block, None] * _shares(shared[block], decoded, batch[block]))
    return Landmarks(centres, np.log((seen + PRIOR) / (expected + PRIOR)).T.astype(np.float32))


def _shares(shared: np.ndarray, decoded: DecodedFeatures, batch: np.ndarray) -> np.ndarray:
    """Share of a cell's counts that each feature has by the shared axes alone, (n, V)."""
    found = np.empty((len(shared), len(decoded.vectors)), np.float32)
    vectors = decoded.vectors[:, : shared.shape[1]]
    for code in np.unique(batch):
        mine = batch == code
        found[mine] = np.exp(linear_predictor(shared[mine], vectors, decoded.scale[:, code], decoded.bias[:, code]))
    return np.asarray(found / found.sum(axis=1, keepdims=True))


def keep(features: ad.AnnData, landmarks: Mapping[str, Landmarks]) -> None:
    """Write them into the table of features; modalities without have zeros."""
    if not landmarks:
        return
    ratios = np.zeros((features.n_obs, max(len(each.centres) for each in landmarks.values())), np.float32)
    modality = features.obs["modality"].astype(str).to_numpy()
    for name, each in landmarks.items():
        ratios[modality == name, : len(each.centres)] = each.log_ratios
    features.obsm[NAME] = ratios
    features.uns[NAME] = {name: each.centres for name, each in landmarks.items()}
