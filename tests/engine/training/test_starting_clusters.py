from __future__ import annotations

import random

import numpy as np
import pytest

from monae_app.engine.model.anchors import unit_rows
from monae_app.engine.training import starting_clusters
from monae_app.engine.training.starting_clusters import starting_centres


def planted(
    n_types: int, sizes: tuple[int, ...] = (150, 200), seed: int = 0
) -> tuple[dict[str, np.ndarray], np.ndarray]:
    """Cells of every modality around the same directions."""
    rng = np.random.default_rng(seed)
    directions = np.linalg.qr(rng.normal(size=(10, 10)))[0][:n_types]
    start = {}
    for name, size in zip(("rna", "atac"), sizes, strict=False):
        start[name] = unit_rows(directions[rng.integers(0, n_types, size)] + rng.normal(0, 0.12, (size, 10)))
    return start, directions


@pytest.mark.parametrize("n_types", [3, 5, 8])
def test_there_is_a_centre_for_every_planted_type_and_hardly_more(n_types):
    start, directions = planted(n_types)
    found = starting_centres(start, 0.5, seed=0)
    assert n_types <= len(found) <= n_types + 1
    np.testing.assert_allclose(np.linalg.norm(found, axis=1), 1, atol=1e-5)
    cosine = found @ directions.T
    assert (cosine.max(axis=0) > 0.9).all()
    assert (cosine.max(axis=1) > 0.9).all()


def test_a_higher_resolution_gives_more():
    start, _ = planted(4)
    assert len(starting_centres(start, 3.0, seed=0)) > len(starting_centres(start, 0.5, seed=0))


def test_a_handful_of_cells_is_no_cluster():
    start, directions = planted(4)
    stray = np.tile(-directions[0], (starting_clusters.FEWEST_CELLS - 1, 1)).astype(np.float32)
    crowd = np.repeat(stray, 20, axis=0)
    few, many = (starting_centres(start | {"atac": cells}, 0.5, seed=0) for cells in (stray, crowd))
    assert (few @ -directions[0]).max() < 0.5
    assert (many @ -directions[0]).max() > 0.9


def test_cells_all_in_clusters_too_small_make_one():
    """However high the resolution, there is a place to start from."""
    start, _ = planted(4, (12, 12))
    found = starting_centres(start, 100.0, seed=0)
    assert len(found) >= 1
    assert np.isfinite(found).all()


def test_one_seed_gives_one_answer_and_the_callers_generator_is_left_alone():
    # without types there is more than one way to cut
    start = {"rna": unit_rows(np.random.default_rng(0).normal(size=(300, 10)))}
    random.seed(7)
    expected = random.random()
    random.seed(7)
    first = starting_centres(start, 2.0, seed=3)
    assert random.random() == expected
    random.seed(99)
    np.testing.assert_array_equal(starting_centres(start, 2.0, seed=3), first)
    assert not np.array_equal(starting_centres(start, 2.0, seed=4), first)


def test_of_many_cells_a_sample_is_looked_at(monkeypatch):
    monkeypatch.setattr(starting_clusters, "CELLS_AT_MOST", 80)
    start, directions = planted(3, (400, 60))
    looked_at = []
    nearest = starting_clusters.nearest

    def counting(queries: np.ndarray, references: np.ndarray, n_neighbors: int) -> np.ndarray:
        looked_at.append(len(references))
        return nearest(queries, references, n_neighbors)

    monkeypatch.setattr(starting_clusters, "nearest", counting)
    found = starting_centres(start, 0.5, seed=0)
    assert looked_at == [140]
    assert ((found @ directions.T).max(axis=0) > 0.9).all()
