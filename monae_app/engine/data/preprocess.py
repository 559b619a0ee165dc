"""From raw values to what the encoders read: selected features and a PCA or LSI of the cells.

N cells, G features, k components.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import anndata as ad
import numpy as np
import scanpy as sc
import scipy.sparse as sp
import threadpoolctl

from monae_app.engine.data.decomposition import column_moments, leading_components, standardised

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from monae_app.engine.config import RunConfig
    from monae_app.engine.data.dataset import Modality

TARGET_SUM = 1e4


@dataclass(frozen=True)
class Prepared:
    """A modality ready to be trained on.

    Parameters
    ----------
    modality
        As it was read, all features.
    modelled
        Positions of the features that are modelled jointly, increasing, shape (G_modelled,).
    representation
        What the encoder reads, columns of mean 0 and variance 1, shape (N, k), float32.
    """

    modality: Modality
    modelled: np.ndarray
    representation: np.ndarray

    @property
    def values(self) -> sp.csr_matrix:
        """Values of the modelled features, shape (N, G_modelled)."""
        if len(self.modelled) == self.modality.n_features:
            return self.modality.values
        return self.modality.values[:, self.modelled]


def prepare(modality: Modality, modelled: np.ndarray, config: RunConfig) -> Prepared:
    """Compute what the encoder reads from the features that are modelled jointly.

    Parameters
    ----------
    modality
        As read.
    modelled
        Positions of the features, increasing.
    config
        Of the run.
    """
    values = modality.values[:, modelled]
    if modality.likelihood == "normal":
        scores = principal_components(values, config.n_components, config.seed)
    elif modality.name == "atac":
        scores = latent_semantic_index(values, config.n_components, config.seed)
    else:
        scores = principal_components(log_normalised(values), config.n_components, config.seed)
    return Prepared(modality, modelled, unit_columns(scores))


def select_genes(modality: Modality, n_top: int, keep: Collection[str], *, seed: int) -> np.ndarray:
    """Choose the most variable genes and those to be kept in any case; increasing positions."""
    if modality.n_features <= n_top:
        return np.arange(modality.n_features)
    wanted = modality.var.index.isin(list(keep))
    ranked = _variability(modality, n_top, seed)
    chosen = np.zeros(modality.n_features, dtype=bool)
    chosen[np.argsort(-ranked, kind="stable")[:n_top]] = True
    return np.flatnonzero(chosen | wanted)


def select_peaks(modality: Modality, n_top: int) -> np.ndarray:
    """Choose the peaks that are open in most cells; increasing positions."""
    if modality.n_features <= n_top:
        return np.arange(modality.n_features)
    open_in = np.bincount(modality.values.indices, minlength=modality.n_features)
    return np.sort(np.argsort(-open_in, kind="stable")[:n_top])


def _variability(modality: Modality, n_top: int, seed: int) -> np.ndarray:
    """Score genes by how much they vary beyond what their mean predicts, shape (G,)."""
    if modality.likelihood == "normal":
        return column_moments(modality.values)[1]
    table = ad.AnnData(modality.values)
    try:
        with _threads_kept():
            found = sc.pp.highly_variable_genes(table, n_top_genes=n_top, flavor="seurat_v3", inplace=False)
        return np.asarray(found["variances_norm"].fillna(0))
    except ValueError:
        # the loess fit behind seurat_v3 is singular on very thin or very small data
        sample = np.random.default_rng(seed).permutation(modality.n_cells)[:20_000]
        return column_moments(log_normalised(modality.values[sample]))[1]


@contextmanager
def _threads_kept() -> Iterator[None]:
    """Keep the number of OpenMP threads: numba, behind scanpy, sets it to that of all cores, for torch as well."""
    now = [pool["num_threads"] for pool in threadpoolctl.threadpool_info() if pool["user_api"] == "openmp"]
    with threadpoolctl.threadpool_limits(max(now, default=1), user_api="openmp"):
        yield


def log_normalised(values: sp.csr_matrix) -> sp.csr_matrix:
    """Scale every cell to the same total and take log(1 + x), shape (N, G)."""
    total = np.asarray(values.sum(axis=1), dtype=np.float64).ravel()
    scaled = sp.csr_matrix(sp.diags(TARGET_SUM / np.maximum(total, 1)) @ values)
    scaled.data = np.log1p(scaled.data)
    return scaled


def principal_components(values: sp.csr_matrix, n_components: int, seed: int) -> np.ndarray:
    """PCA scores of the standardised columns, shape (N, k)."""
    left, scale, _ = leading_components(standardised(values), n_components, seed)
    return np.asarray(left * scale)


def latent_semantic_index(counts: sp.csr_matrix, n_components: int, seed: int) -> np.ndarray:
    """TF-IDF followed by SVD, without the component that follows depth, rows standardised, shape (N, k).

    Source: Cusanovich et al. 2015; the logarithm of tf x idf as in Stuart et al. 2019.
    """
    depth = np.asarray(counts.sum(axis=1), dtype=np.float64).ravel()
    in_cells = np.asarray((counts > 0).sum(axis=0)).ravel()
    inverse_frequency = counts.shape[0] / np.maximum(in_cells, 1)
    weighted = sp.csr_matrix(sp.diags(1 / np.maximum(depth, 1)) @ counts @ sp.diags(inverse_frequency))
    weighted.data = np.log1p(weighted.data * TARGET_SUM)
    left, _, _ = leading_components(weighted, n_components + 1, seed)
    centred = left - left.mean(axis=0)
    logs = np.log1p(depth) - np.log1p(depth).mean()
    norm = np.linalg.norm(centred, axis=0) * np.linalg.norm(logs)
    follows_depth = np.abs(logs @ centred) / np.maximum(norm, 1e-12)
    scores = np.delete(left, np.argmax(follows_depth), axis=1)
    scores = scores - scores.mean(axis=1, keepdims=True)
    return np.asarray(scores / np.maximum(scores.std(axis=1, keepdims=True), 1e-12))


def unit_columns(scores: np.ndarray) -> np.ndarray:
    """Bring every column to mean 0 and variance 1; constant columns become 0; float32."""
    spread = scores.std(axis=0)
    return np.asarray((scores - scores.mean(axis=0)) / np.where(spread > 1e-12, spread, 1), dtype=np.float32)
