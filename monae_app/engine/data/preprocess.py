"""From raw values to what the encoders read: selected features and a PCA or LSI of the cells.

N cells, G features, k components.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import anndata as ad
import numpy as np
import scanpy as sc
import threadpoolctl

from monae_app.engine.data.covered import CoveredMatrix
from monae_app.engine.data.decomposition import column_moments
from monae_app.engine.data.in_blocks import rows_to_fit, transform_all
from monae_app.engine.data.level_projection import LevelProjection, fit_level_projection
from monae_app.engine.data.levels import LevelModel, context_codes, deviations_of
from monae_app.engine.data.on_disk import cells_with, take
from monae_app.engine.data.representation import Projection, fit_projection, kind_of
from monae_app.engine.data.representation import log_normalised as log_normalised
from monae_app.engine.kept_stages import kept
from monae_app.engine.telling import SILENT, Telling

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    import scipy.sparse as sp

    from monae_app.engine.config import RunConfig
    from monae_app.engine.data.dataset import Modality
    from monae_app.engine.data.graph_projection import GraphProjection
    from monae_app.engine.data.linked_projection import LinkedProjection


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
    projection
        What made the representation from the values of the modelled features, for cells to come.
    """

    modality: Modality
    modelled: np.ndarray
    representation: np.ndarray
    projection: Projection | LinkedProjection | LevelProjection | GraphProjection

    @cached_property
    def values(self) -> sp.csr_matrix | CoveredMatrix:
        """Values of the modelled features, shape (N, G_modelled)."""
        if len(self.modelled) == self.modality.n_features:
            return self.modality.values
        return take(self.modality.values, columns=self.modelled)

    @property
    def is_signed(self) -> bool:
        """Whether the profile lies on both sides of 0, so that what falls as a gene rises can be counted as minus."""
        return isinstance(self.projection, LevelProjection)

    @cached_property
    def profile(self) -> sp.csr_matrix:
        """What can be summed over features and averaged over cells, (N, G_modelled).

        Counts and continuous values as they are; of methylation how far levels lie off the expected ones, 0 where a
        region is not covered.
        """
        if isinstance(self.projection, LevelProjection):
            return self.projection.levels.deviations(self.values)
        return self.values


def prepare(modality: Modality, modelled: np.ndarray, config: RunConfig, tell: Telling = SILENT) -> Prepared:
    """Compute what the encoder reads from the features that are modelled jointly.

    Parameters
    ----------
    modality
        As read.
    modelled
        Positions of the features, increasing.
    config
        Of the run.
    tell
        Told what is computed, and that it goes on.
    """
    if isinstance(modality.values, CoveredMatrix):
        return _prepare_levels(modality, modelled, config, tell)
    kind = kind_of(modality.name, modality.likelihood)
    what = "LSI" if kind == "peaks" else "PCA"

    def fit() -> Projection:
        counted = tell.counting(f"{what} of {modality.n_cells:,} cells x {len(modelled):,} features of {modality.name}")
        some = modality.values[rows_to_fit(modality.n_cells, config.seed)][:, modelled]
        return fit_projection(some, kind, config.n_components, config.seed, counted)

    projection = kept(f"{what} of {modality.name}", fit, made_of=(Projection,))
    return _projected(modality, modelled, projection)


def _prepare_levels(modality: Modality, modelled: np.ndarray, config: RunConfig, tell: Telling) -> Prepared:
    def fit() -> LevelProjection:
        counted = tell.counting(f"PCA of {modality.n_cells:,} cells x {len(modelled):,} regions of {modality.name}")
        some = modality.values[rows_to_fit(modality.n_cells, config.seed)][:, modelled]
        context = context_codes(modality.var)[modelled]
        return fit_level_projection(some, context, config.n_components, config.seed, counted)

    projection = kept(f"PCA of {modality.name}", fit, made_of=(LevelProjection, LevelModel, Projection))
    return _projected(modality, modelled, projection)


def _projected(modality: Modality, modelled: np.ndarray, projection: Projection | LevelProjection) -> Prepared:
    cells = transform_all(projection, modality.values, modelled, name=f"components of {modality.name}")
    return Prepared(modality, modelled, cells, projection)


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
    open_in = cells_with(modality.values)
    return np.sort(np.argsort(-open_in, kind="stable")[:n_top])


def select_regions(modality: Modality, n_top: int) -> np.ndarray:
    """Choose the regions whose levels vary most between the cells that cover them; increasing positions."""
    if modality.n_features <= n_top:
        return np.arange(modality.n_features)
    off = deviations_of(modality.values, modality.var)
    # a sum over cells: a region that few of them cover can say little about cells
    spread = np.bincount(off.indices, off.data.astype(np.float64) ** 2, modality.n_features)
    return np.sort(np.argsort(-spread, kind="stable")[:n_top])


def _variability(modality: Modality, n_top: int, seed: int) -> np.ndarray:
    """Score genes by how much they vary beyond what their mean predicts, over 50,000 cells at most, shape (G,)."""
    values = modality.values[rows_to_fit(modality.n_cells, seed)]
    if not modality.is_count:
        return column_moments(values)[1]
    table = ad.AnnData(values)
    try:
        with _threads_kept():
            found = sc.pp.highly_variable_genes(table, n_top_genes=n_top, flavor="seurat_v3", inplace=False)
        return np.asarray(found["variances_norm"].fillna(0))
    except ValueError:
        # the loess fit behind seurat_v3 is singular on very thin or very small data
        sample = np.random.default_rng(seed).permutation(values.shape[0])[:20_000]
        return column_moments(log_normalised(values[sample]))[1]


@contextmanager
def _threads_kept() -> Iterator[None]:
    """Keep the number of OpenMP threads: numba, behind scanpy, sets it to that of all cores, for torch as well."""
    now = [pool["num_threads"] for pool in threadpoolctl.threadpool_info() if pool["user_api"] == "openmp"]
    with threadpoolctl.threadpool_limits(max(now, default=1), user_api="openmp"):
        yield
