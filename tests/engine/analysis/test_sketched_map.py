"""A map of some cells, into which the others are placed: the same picture as a map of all."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import adjusted_rand_score
from sklearn.neighbors import NearestNeighbors

from monae_app.engine.analysis import integration, sketched_map
from monae_app.engine.analysis.counterparts import find_counterparts
from monae_app.engine.analysis.integration import CellMap, map_cells
from monae_app.engine.analysis.local_mixing import local_mixing
from monae_app.engine.analysis.sketched_map import carried_over, joined, sketch_rows
from monae_app.engine.kept_stages import keeping_in
from monae_app.engine.telling import Telling

ASKED = {"n_neighbors": 15, "min_dist": 0.3, "resolution": 0.5, "seed": 0}


@dataclass(frozen=True)
class Cells:
    """Six clouds; that of number 0 is of one modality alone."""

    embedding: np.ndarray
    kind: np.ndarray
    modality: np.ndarray


def some_cells(n_cells: int) -> Cells:
    rng = np.random.default_rng(0)
    kind = rng.integers(0, 6, n_cells)
    embedding = rng.normal(0, 3, (6, 10))[kind] + rng.normal(0, 1, (n_cells, 10))
    modality = np.where((rng.random(n_cells) < 0.5) | (kind == 0), "rna", "atac")
    return Cells(embedding.astype(np.float32), kind, modality)


def test_a_sketch_is_drawn_by_the_seed_and_holds_no_cell_twice(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(sketched_map, "SKETCH", 40)
    rows = sketch_rows(100, 3)
    assert len(np.unique(rows)) == 40
    assert (rows == sketch_rows(100, 3)).all()
    assert (rows != sketch_rows(100, 4)).any()
    assert (sketch_rows(10, 0) == np.arange(10)).all()


def test_a_cell_gets_the_cluster_that_most_of_its_nearest_have(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(sketched_map, "PLACED_AT_ONCE", 2)
    clusters = pd.Categorical(["a", "a", "b", "c"])
    near = np.array([[0, 1, 2], [2, 2, 3], [3, 3, 0]])
    found = carried_over(clusters, near)
    assert list(found) == ["a", "b", "c"]
    assert list(found.categories) == ["a", "b", "c"]


def test_every_cell_is_joined_to_its_nearest_of_the_sketch():
    near = np.array([[1, 0], [0, 2], [2, 1], [0, 1], [1, 2]])
    found = joined(near, np.array([0, 3, 4]))
    assert found.shape == (5, 5)
    assert [sorted(found[row].indices) for row in range(5)] == [[0, 3], [0, 4], [3, 4], [0, 3], [3, 4]]


@pytest.fixture(scope="module")
def both() -> tuple[Cells, CellMap, CellMap]:
    cells = some_cells(6000)
    whole = map_cells(cells.embedding, **ASKED)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sketched_map, "SKETCH", 2500)
        patch.setattr(sketched_map, "PLACED_AT_ONCE", 2000)
        patch.setattr(integration, "SKETCHED_FROM", 5000)
        return cells, whole, map_cells(cells.embedding, **ASKED)


@pytest.mark.long
def test_clusters_are_those_of_a_map_of_all_cells(both):
    cells, whole, sketched = both
    assert adjusted_rand_score(sketched.leiden, cells.kind) > adjusted_rand_score(whole.leiden, cells.kind) - 0.02
    assert len(sketched.leiden) == 6000


@pytest.mark.long
def test_neighbours_stay_neighbours_on_the_map_nearly_as_well(both):
    cells, *maps = both

    def kept(layout: np.ndarray) -> float:
        true = NearestNeighbors(n_neighbors=15).fit(cells.embedding).kneighbors(return_distance=False)
        seen = NearestNeighbors(n_neighbors=100).fit(layout).kneighbors(return_distance=False)
        return float(np.mean([np.isin(a, b).mean() for a, b in zip(true, seen, strict=True)]))

    whole, sketched = (kept(each.umap) for each in maps)
    assert np.isfinite(maps[1].umap).all()
    # of 15 neighbours, 100 of 6,000 cells would hold a quarter of one by chance
    assert sketched > 0.7 * whole > 0.2


@pytest.mark.long
def test_cells_without_counterpart_are_found_as_on_a_map_of_all_cells(both):
    cells, *maps = both
    alone = cells.kind == 0
    for each in maps:
        mixing = local_mixing(each.nearest, cells.modality)
        assert mixing[alone].mean() < 0.05
        assert mixing[~alone].mean() == pytest.approx(1, abs=0.1)
        found = find_counterparts(each.neighbours, cells.modality.tolist(), list(each.leiden), seed=0)
        assert found.has_any[alone].mean() < 0.1
        assert found.has_any[~alone].mean() > 0.98


@pytest.mark.long
def test_placing_goes_on_where_it_was_killed_in_the_map_that_was_drawn(tmp_path, monkeypatch):
    cells = some_cells(2400)
    monkeypatch.setattr(sketched_map, "SKETCH", 1000)
    monkeypatch.setattr(sketched_map, "PLACED_AT_ONCE", 500)
    monkeypatch.setattr(integration, "SKETCHED_FROM", 2000)
    undisturbed = map_cells(cells.embedding, **ASKED)
    told: list[str] = []

    def stop_in_the_third_block(event: dict) -> None:
        told.append(event["message"])
        if event.get("done") == 1000:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt), keeping_in(tmp_path, "key"):
        map_cells(cells.embedding, **ASKED, tell=Telling("analyse", stop_in_the_third_block))
    monkeypatch.setattr(sketched_map.SketchedMap, "_drawn", lambda _: pytest.fail("it was drawn already"))
    with keeping_in(tmp_path, "key"):
        found = map_cells(cells.embedding, **ASKED)
    np.testing.assert_array_equal(found.umap, undisturbed.umap)
    assert list(found.leiden) == list(undisturbed.leiden)
    assert (found.nearest != undisturbed.nearest).nnz == 0
