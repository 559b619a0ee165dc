"""Types that are easily swallowed."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monae_app.engine.analysis.metrics import (
    leiden_clusters,
    neighbor_graph,
    open_set_auroc,
    other_neighbors,
    own_cluster,
    score,
)


def with_a_lone_type(distance: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    label = np.repeat(["a", "b", "lone", "a", "b"], [100, 100, 40, 100, 100])
    modality = np.where(np.arange(440) < 240, "rna", "atac")
    cells = rng.normal(size=(440, 3))
    cells[:, 0] += 30 * (label == "b")
    # beside type a, so that its cells could be taken for that
    cells[:, 1] += distance * (label == "lone")
    return cells, modality, label


def test_a_type_that_stays_apart_is_told_and_one_that_is_mixed_is_not():
    apart = open_set_auroc(*with_a_lone_type(20))
    assert set(apart) == {"lone"}
    assert apart["lone"] > 0.98
    assert open_set_auroc(*with_a_lone_type(0))["lone"] < 0.75
    cells, modality, label = with_a_lone_type(20)
    assert score(cells, modality, label)["open_set_auroc"] == apart["lone"]


def test_a_type_pulled_into_the_other_modality_scores_below_chance():
    cells, modality, label = with_a_lone_type(0)
    # where the other modality is, and none of its own
    cells[modality == "atac", 2] += 30
    cells[label == "lone", 2] += 30
    assert open_set_auroc(cells, modality, label)["lone"] < 0.05


def test_only_types_of_one_modality_and_of_ten_cells_count():
    cells, modality, label = with_a_lone_type(20)
    shared = np.where(label == "lone", "a", label)
    assert open_set_auroc(cells, modality, shared) == {}
    assert "open_set_auroc" not in score(cells, modality, shared)
    few = label.copy()
    few[np.flatnonzero(label == "lone")[9:]] = "a"
    assert open_set_auroc(cells, modality, few) == {}


def test_a_third_modality_that_has_the_type_does_not_hide_it():
    cells, modality, label = with_a_lone_type(20)
    more = np.r_[cells, cells[modality == "rna"] + 0.1]
    three = np.r_[modality, np.full(240, "protein")]
    found = open_set_auroc(more, three, np.r_[label, label[:240]])
    assert set(found) == {"lone"}
    assert found["lone"] > 0.98


def test_a_rare_type_keeps_its_cluster_or_loses_it():
    rng = np.random.default_rng(1)
    label = np.repeat(["common", "other", "rare"], [300, 200, 20])
    near, far = (
        rng.normal(size=(520, 4)) + np.eye(3, 4)[np.repeat([0, 1, 2], [300, 200, 20])] * 30 * spread
        for spread in ([[1], [1], [1]][0][0], 1)
    )
    near[label == "rare"] = near[:20] + rng.normal(0, 0.3, (20, 4))
    kept, lost = (own_cluster(clustered(cells), label, "rare") for cells in (far, near))
    assert kept.kept
    assert kept.f1 == pytest.approx(1)
    assert kept.jaccard == pytest.approx(1)
    assert not lost.kept
    assert lost.f1 < 0.6


def clustered(cells: np.ndarray) -> np.ndarray:
    return leiden_clusters(neighbor_graph(other_neighbors(cells, 15)), seed=0)


@given(st.integers(0, 10_000))
@settings(max_examples=40, deadline=None)
def test_own_cluster_equals_a_literal_search(seed):
    rng = np.random.default_rng(seed)
    clusters, label = rng.integers(0, 4, 30), rng.choice(["a", "b"], 30, p=[0.7, 0.3])
    label[0] = "b"
    kind = set(np.flatnonzero(label == "b"))
    each = [set(np.flatnonzero(clusters == number)) for number in np.unique(clusters)]
    found = own_cluster(clusters, label, "b")
    assert found.f1 == pytest.approx(max(2 * len(one & kind) / (len(one) + len(kind)) for one in each))
    assert found.jaccard == pytest.approx(max(len(one & kind) / len(one | kind) for one in each))
    majority = [2 * len(one & kind) > len(one) and 2 * len(one & kind) > len(kind) for one in each]
    assert found.kept == any(majority)
