"""Clusters and a map of very many cells: made of a sketch, into which all others are placed.

A map of fifty thousand cells shows what one of a million does. The others are laid among their nearest cells of the
sketch: by UMAP, which moves them and leaves the sketch where it is; with the cluster that most of these have.

N cells, S of them in the sketch, D axes, k neighbours.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

import anndata as ad
import numpy as np
import pandas as pd
import scanpy as sc
import scipy.sparse as sp

from monae_app.engine.analysis.compiled import import_umap, quiet
from monae_app.engine.data.in_blocks import blocks
from monae_app.engine.kept_stages import in_shards, kept
from monae_app.engine.telling import SILENT, Telling

if TYPE_CHECKING:
    from pynndescent import NNDescent
    from umap import UMAP

SKETCH = 50_000
PLACED_AT_ONCE = 25_000
STREAM = 0x4D4150


def sketch_rows(n_cells: int, seed: int) -> np.ndarray:
    """Draw the cells of the sketch, all alike, so that modalities keep their shares: rows (S,), increasing."""
    rows = np.random.default_rng([seed, STREAM]).choice(n_cells, min(SKETCH, n_cells), replace=False)
    return np.sort(rows)


class SketchedMap:
    """The map of a sketch, which takes other cells.

    Parameters
    ----------
    embedding
        Of all cells, (N, D) float32.
    rows
        Of the sketch, (S,), increasing.
    n_neighbors
        k.
    min_dist
        Of UMAP.
    seed
        Of everything.
    """

    def __init__(
        self, embedding: np.ndarray, rows: np.ndarray, *, n_neighbors: int, min_dist: float, seed: int
    ) -> None:
        self._embedding, self.rows, self._k = embedding, rows, n_neighbors
        self._min_dist, self._seed = min_dist, seed
        self._layout, self._within, self._graph = kept("map of the sketch", self._drawn)

    def _drawn(self) -> tuple[np.ndarray, np.ndarray, sp.csr_matrix]:
        """Lay out the sketch: coordinates (S, 2), nearest cells (S, k) and their graph (S, S)."""
        index = self._index
        with quiet():
            fitted = self._umap().fit(self._embedding[self.rows])
        self._mapper = fitted
        return fitted.embedding_, index.neighbor_graph[0], sp.csr_matrix(fitted.graph_)

    @cached_property
    def _index(self) -> NNDescent:
        """Finds nearest cells of the sketch."""
        import_umap()
        from pynndescent import NNDescent

        with quiet():
            index = NNDescent(self._embedding[self.rows], n_neighbors=self._k, random_state=self._seed)
            index.prepare()
        return index

    @cached_property
    def _mapper(self) -> UMAP:
        """Places cells: made anew around a layout that was kept, which takes as long as its neighbours do."""
        with quiet():
            made = self._umap(n_epochs=0, init=self._layout).fit(self._embedding[self.rows])
        # how long it is moved says also how long a cell that is placed is
        made.n_epochs, made.embedding_ = None, self._layout
        return made

    def _umap(self, **settings: Any) -> UMAP:
        import_umap()
        import umap

        return umap.UMAP(
            n_neighbors=self._k,
            min_dist=self._min_dist,
            random_state=self._seed,
            transform_seed=self._seed,
            precomputed_knn=(*self._index.neighbor_graph, self._index),
            **settings,
        )

    def clusters(self, resolution: float, seed: int) -> pd.Categorical:
        """Cluster the sketch by Leiden, (S,)."""
        table = ad.AnnData(shape=(len(self.rows), 0))
        sc.tl.leiden(
            table,
            adjacency=self._graph,
            resolution=resolution,
            random_state=seed,
            flavor="igraph",
            n_iterations=2,
            directed=False,
        )
        found: pd.Categorical = table.obs["leiden"].array
        return found

    def place(self, tell: Telling = SILENT) -> tuple[np.ndarray, np.ndarray]:
        """Place all cells.

        Returns
        -------
        tuple
            Coordinates (N, 2) float32, and the nearest cells of the sketch by their place in it, (N, k): of a cell of
            the sketch, itself and others.
        """
        n_cells = len(self._embedding)
        layout = np.empty((n_cells, 2), np.float32)
        near = np.empty((n_cells, self._k), np.int32)
        layout[self.rows], near[self.rows] = self._layout, self._within
        others = np.setdiff1d(np.arange(n_cells), self.rows)

        def some(block: slice) -> tuple[np.ndarray, ...]:
            cells = self._embedding[others[block]]
            with quiet():
                return self._mapper.transform(cells), self._index.query(cells, k=self._k)[0]

        if len(others):
            layout[others], near[others] = in_shards("placed cells", len(others), PLACED_AT_ONCE, some, tell)
        return layout, near


def joined(near: np.ndarray, rows: np.ndarray) -> sp.csr_matrix:
    """Join every cell to its nearest of the sketch, weights 1, (N, N).

    Parameters
    ----------
    near
        Their places in the sketch, (N, k).
    rows
        Of the sketch, (S,).
    """
    n_cells, k = near.shape
    columns = rows.astype(np.int32)[near.ravel()]
    ends = np.arange(0, near.size + 1, k)
    found = sp.csr_matrix((np.ones(near.size, np.float32), columns, ends), shape=(n_cells, n_cells))
    found.sort_indices()
    return found


def carried_over(clusters: pd.Categorical, near: np.ndarray) -> pd.Categorical:
    """Give every cell the cluster that most of its nearest cells of the sketch have, (N,)."""
    codes = np.asarray(clusters.codes)
    number = len(clusters.categories)
    found = np.empty(len(near), np.int64)
    for block in blocks(len(near), PLACED_AT_ONCE):
        mine = codes[near[block]]
        place = np.arange(len(mine))[:, None] * number + mine
        votes = np.bincount(place.ravel(), minlength=len(mine) * number).reshape(len(mine), number)
        found[block] = votes.argmax(axis=1)
    return pd.Categorical.from_codes(found, dtype=clusters.dtype)
