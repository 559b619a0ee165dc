"""Clusters and a map of very many cells: made of a sketch, into which all others are placed.

A map of fifty thousand cells shows what one of a million does. The others are laid among their nearest cells of the
sketch: by UMAP, which moves them and leaves the sketch where it is; with the cluster that most of these have.

N cells, S of them in the sketch, D axes, k neighbours.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import anndata as ad
import numpy as np
import pandas as pd
import scanpy as sc
import scipy.sparse as sp

from monae_app.engine.analysis.compiled import import_umap, quiet
from monae_app.engine.data.in_blocks import blocks
from monae_app.engine.telling import SILENT, Telling

if TYPE_CHECKING:
    from pynndescent import NNDescent

SKETCH = 50_000
PLACED_AT_ONCE = 100_000
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
        import_umap()
        import umap
        from pynndescent import NNDescent

        self._embedding, self.rows, self._k = embedding, rows, n_neighbors
        with quiet():
            self._index: NNDescent = NNDescent(embedding[rows], n_neighbors=n_neighbors, random_state=seed)
            self._index.prepare()
            within = self._index.neighbor_graph
            self._map = umap.UMAP(
                n_neighbors=n_neighbors,
                min_dist=min_dist,
                random_state=seed,
                transform_seed=seed,
                precomputed_knn=(*within, self._index),
            ).fit(embedding[rows])
        self._within = within[0]

    def clusters(self, resolution: float, seed: int) -> pd.Categorical:
        """Cluster the sketch by Leiden, (S,)."""
        table = ad.AnnData(shape=(len(self.rows), 0))
        sc.tl.leiden(
            table,
            adjacency=sp.csr_matrix(self._map.graph_),
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
        layout[self.rows], near[self.rows] = self._map.embedding_, self._within
        others = np.setdiff1d(np.arange(n_cells), self.rows)
        for block in blocks(len(others), PLACED_AT_ONCE):
            tell.part(block.start, len(others))
            mine = others[block]
            with quiet():
                near[mine] = self._index.query(self._embedding[mine], k=self._k)[0]
                layout[mine] = self._map.transform(self._embedding[mine])
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
