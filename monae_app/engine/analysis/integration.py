"""What is seen of an integration: clusters and a map of all cells."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

import anndata as ad
import numpy as np
import scanpy as sc
import scipy.sparse as sp

from monae_app.engine.analysis import rapids
from monae_app.engine.analysis.compiled import import_umap, quiet
from monae_app.engine.analysis.sketched_map import SketchedMap, carried_over, joined, sketch_rows
from monae_app.engine.kept_stages import kept
from monae_app.engine.telling import SILENT, Telling

if TYPE_CHECKING:
    import pandas as pd

# below this the spectral start of UMAP can fail to converge
SMALL = 100
EXACT_UP_TO = 50_000
# from so many cells on, a sketch of them is mapped and the others are placed into it
SKETCHED_FROM = 100_000
# what the memory of a GPU holds with the graph
RAPIDS_UP_TO = 4_000_000
GRAPHS = ("connectivities", "distances")


@dataclass(frozen=True)
class CellMap:
    """Clusters (N,) as a categorical, coordinates (N, 2) float32, and the graph of both, weights (N, N).

    What is stored in a row of ``nearest`` (N, N) are the nearest cells that this graph was made from.
    """

    leiden: pd.Categorical
    umap: np.ndarray
    neighbours: sp.csr_matrix
    nearest: sp.csr_matrix


@dataclass(frozen=True)
class _How:
    """What else a library is told for neighbours, clusters and layout."""

    neighbours: dict[str, Any] = field(default_factory=dict)
    clusters: dict[str, Any] = field(default_factory=dict)
    layout: dict[str, Any] = field(default_factory=dict)


BY_RAPIDS = _How()


def _by_scanpy(n_cells: int) -> _How:
    import_umap()
    return _How(
        # exact search needs nothing compiled; approximate search pays for half a minute of that
        {"transformer": "sklearn" if n_cells <= EXACT_UP_TO else None},
        {"flavor": "igraph", "n_iterations": 2, "directed": False},
        {"init_pos": "spectral" if n_cells > SMALL else "random"},
    )


def map_cells(
    embedding: np.ndarray,
    *,
    n_neighbors: int,
    min_dist: float,
    resolution: float,
    seed: int,
    on_gpu: bool = False,
    tell: Telling = SILENT,
) -> CellMap:
    """Cluster cells with Leiden and lay them out with UMAP, both on one neighbour graph.

    Parameters
    ----------
    embedding
        (N, D).
    n_neighbors
        Of the graph; bounded by the number of cells.
    min_dist, resolution
        Of UMAP and Leiden.
    seed
        Of both.
    on_gpu
        Whether a GPU may be used, by RAPIDS if that is there: then all cells are mapped, up to some millions.
    tell
        Told the progress.
    """
    embedding = np.ascontiguousarray(embedding, np.float32)
    library = rapids.rapids() if on_gpu and len(embedding) <= RAPIDS_UP_TO else None
    make = partial(_of_all, library) if library is not None or len(embedding) <= SKETCHED_FROM else _sketched
    return kept(
        "clusters and map",
        partial(make, embedding, n_neighbors, min_dist, resolution, seed=seed, tell=tell),
        made_of=(CellMap,),
    )


def _of_all(
    library: Any | None,
    embedding: np.ndarray,
    n_neighbors: int,
    min_dist: float,
    resolution: float,
    *,
    seed: int,
    tell: Telling,
) -> CellMap:
    """Map all cells, by RAPIDS or by scanpy."""
    tools, how = (library, BY_RAPIDS) if library is not None else (sc, _by_scanpy(len(embedding)))
    table = ad.AnnData(obsm={"X": embedding}, shape=(len(embedding), 0))

    def near() -> tuple[dict[str, Any], sp.csr_matrix, sp.csr_matrix]:
        tell(f"Finding the neighbours of {len(embedding):,} cells")
        most = min(n_neighbors, len(embedding) - 1)
        tools.pp.neighbors(table, n_neighbors=most, use_rep="X", random_state=seed, **how.neighbours)
        return (dict(table.uns["neighbors"]), *(sp.csr_matrix(table.obsp[name]) for name in GRAPHS))

    def clustered() -> pd.Categorical:
        tell(f"Clustering {len(embedding):,} cells (Leiden)")
        tools.tl.leiden(table, resolution=resolution, random_state=seed, **how.clusters)
        found: pd.Categorical = table.obs["leiden"].array
        return found

    def drawn() -> np.ndarray:
        tell(f"Drawing the map of {len(embedding):,} cells (UMAP)")
        tools.tl.umap(table, min_dist=min_dist, random_state=seed, **how.layout)
        return np.asarray(table.obsm["X_umap"].astype(np.float32))

    with quiet():
        about, *graphs = kept("neighbours", near)
        table.uns["neighbors"], table.obsp = about, dict(zip(GRAPHS, graphs, strict=True))
        return CellMap(kept("clusters", clustered), kept("map", drawn), *graphs)


def _sketched(
    embedding: np.ndarray, n_neighbors: int, min_dist: float, resolution: float, *, seed: int, tell: Telling
) -> CellMap:
    """Map a sketch, and place all cells into it."""
    rows = sketch_rows(len(embedding), seed)
    tell(f"Drawing the map of {len(rows):,} of {len(embedding):,} cells (UMAP)")
    sketched = SketchedMap(embedding, rows, n_neighbors=n_neighbors, min_dist=min_dist, seed=seed)
    tell(f"Clustering {len(rows):,} of {len(embedding):,} cells (Leiden)")
    clusters = kept("clusters of the sketch", lambda: sketched.clusters(resolution, seed))
    layout, near = sketched.place(tell.counting(f"Placing the other {len(embedding) - len(rows):,} cells"))
    graph = joined(near, rows)
    return CellMap(carried_over(clusters, near), layout, graph, graph)
