from __future__ import annotations

from functools import partial

import numpy as np
import pytest
import scanpy as sc
from sklearn.metrics import adjusted_rand_score
from sklearn.neighbors import KNeighborsTransformer, NearestNeighbors

from monae_app.engine.analysis import integration
from monae_app.engine.analysis.compiled import import_umap
from monae_app.engine.analysis.integration import map_cells


def clouds(n_cells: int, n_clouds: int = 4, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    which = rng.integers(0, n_clouds, n_cells)
    return rng.normal(0, 5, (n_clouds, 8))[which] + rng.normal(0, 0.5, (n_cells, 8)), which


def mapped(cells: np.ndarray, seed: int = 0, n_neighbors: int = 15):
    return map_cells(cells, n_neighbors=n_neighbors, min_dist=0.3, resolution=0.5, seed=seed)


def test_separate_clouds_are_clusters_and_stay_apart_on_the_map():
    cells, which = clouds(400)
    found = mapped(cells)
    assert found.umap.shape == (400, 2)
    assert found.umap.dtype == np.float32
    assert np.isfinite(found.umap).all()
    assert adjusted_rand_score(which, found.leiden) > 0.95
    near = NearestNeighbors(n_neighbors=6).fit(found.umap).kneighbors(return_distance=False)
    assert (which[near] == which[:, None]).mean() > 0.98


def test_the_map_is_drawn_from_the_embedding_alone():
    cells, _ = clouds(300)
    other, _ = clouds(300, seed=1)
    assert not np.allclose(mapped(cells).umap, mapped(other).umap)


def test_one_seed_draws_one_map_and_another_draws_another():
    cells, _ = clouds(300)
    one, same, other = (mapped(cells, seed) for seed in (0, 0, 1))
    np.testing.assert_array_equal(one.umap, same.umap)
    np.testing.assert_array_equal(one.leiden, same.leiden)
    assert (one.umap != other.umap).any()


@pytest.mark.parametrize("n_cells", [10, 15, 16, 60, 100, 101])
def test_few_cells_are_mapped_too(n_cells):
    found = mapped(clouds(n_cells)[0])
    assert found.umap.shape == (n_cells, 2)
    assert np.isfinite(found.umap).all()
    assert len(found.leiden) == n_cells


def test_cells_in_one_spot_are_mapped_too():
    found = mapped(np.ones((150, 5)))
    assert np.isfinite(found.umap).all()


# approximate search is compiled anew in each process, which takes minutes on a busy machine
@pytest.mark.parametrize(
    "exact_up_to",
    [integration.EXACT_UP_TO, pytest.param(0, marks=pytest.mark.long)],
    ids=["exact", "approximate"],
)
def test_9000_cells_are_mapped(monkeypatch, exact_up_to):
    monkeypatch.setattr(integration, "EXACT_UP_TO", exact_up_to)
    # the layout is not the point here and takes most of the time
    monkeypatch.setattr(sc.tl, "umap", partial(sc.tl.umap, maxiter=3))
    # scanpy 1.11 with pynndescent 0.6 or newer fails above about 8,000 cells: csr_array has no getnnz
    cells, which = clouds(9000)
    found = mapped(cells)
    assert found.umap.shape == (9000, 2)
    assert np.isfinite(found.umap).all()
    assert adjusted_rand_score(which, found.leiden) > 0.9


@pytest.mark.parametrize(("exact_up_to", "asked"), [(9000, []), (8999, [15])], ids=["exact", "approximate"])
def test_approximate_search_is_asked_above_a_bound_alone(monkeypatch, exact_up_to, asked):
    heard = []

    def exact_search(*, n_neighbors, metric, n_trees, n_iters, **_others):
        """Stand for pynndescent, which is asked by these names, and compile nothing."""
        heard.append(n_neighbors)
        return KNeighborsTransformer(n_neighbors=n_neighbors, metric=metric)

    monkeypatch.setattr(integration, "EXACT_UP_TO", exact_up_to)
    monkeypatch.setattr(sc.tl, "umap", partial(sc.tl.umap, maxiter=3))
    import_umap()
    monkeypatch.setattr("pynndescent.PyNNDescentTransformer", exact_search)
    cells, which = clouds(9000)
    found = mapped(cells)
    assert heard == asked
    assert np.isfinite(found.umap).all()
    assert adjusted_rand_score(which, found.leiden) > 0.9
