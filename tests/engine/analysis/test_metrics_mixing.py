"""Mixing of modalities and batches, and what is kept: bounds, extremes and invariants."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monae_app.engine.analysis.metrics import (
    graph_connectivity,
    ilisi,
    kbet,
    lisi,
    mean_average_precision,
    neighbor_conservation,
    other_neighbors,
    overall_scores,
    scaled,
    score,
    seurat_alignment_score,
    silhouettes,
)

seeds = st.integers(0, 10_000)


def cloud(seed: int, size: int = 400) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    return rng.normal(size=(size, 3)), rng.choice(["x", "y"], size)


@given(seeds, st.integers(5, 60))
@settings(max_examples=20, deadline=None)
def test_every_score_is_within_its_bounds(seed, size):
    rng = np.random.default_rng(seed)
    # coarse, so that cells coincide
    cells = rng.integers(0, 3, (size, 2)).astype(float)
    modality, label = rng.choice(["rna", "atac"], size), rng.choice(list("abc"), size)
    reference = {name: cells[modality == name] for name in ("rna", "atac")}
    found = score(cells, modality, label, reference=reference, batch={"donor": rng.choice(["1", "2", "3"], size)})
    for name, value in found.items():
        if name not in ("cells", "resolution", "same_modality"):
            assert (-0.6 if name[:3] in ("ari", "ami") else -1e-9) <= value <= 1 + 1e-9, name
    # nothing changed before and after, but for coinciding cells, which have no order
    assert found.get("nc", 1) > 0.2


def test_alignment_is_1_when_mixed_and_0_when_apart():
    cells, modality = cloud(0, 2000)
    assert seurat_alignment_score(cells, modality) == pytest.approx(1, abs=0.03)
    assert seurat_alignment_score(cells + 100 * (modality == "x")[:, None], modality) == 0


def test_alignment_is_not_moved_by_unequal_modalities():
    cells, _ = cloud(1, 2400)
    modality = np.where(np.arange(2400) < 2100, "rna", "atac")
    assert seurat_alignment_score(cells, modality, repeats=8) == pytest.approx(1, abs=0.05)


def test_alignment_is_sampled_by_the_seed():
    cells, modality = cloud(2)
    one, same, other = (seurat_alignment_score(cells, modality, seed=seed, most=60) for seed in (0, 0, 1))
    assert one == same != other


def test_connectivity_counts_the_largest_piece_of_a_type():
    rng = np.random.default_rng(0)
    place = np.repeat([0, 1, 2], [60, 40, 100])
    cells = rng.normal(size=(200, 2)) + 1000 * place[:, None]
    label = np.array(["split", "split", "whole"])[place]
    assert graph_connectivity(other_neighbors(cells, 14), label) == pytest.approx((0.6 + 1) / 2)
    assert graph_connectivity(other_neighbors(cells, 14), np.full(200, "all")) == pytest.approx(0.5)


def test_precision_is_1_for_separate_types_and_their_share_for_mixed_ones():
    rng = np.random.default_rng(0)
    cells, label = rng.normal(size=(1000, 3)), rng.choice(["a", "b"], 1000, p=[0.8, 0.2])
    assert mean_average_precision(cells + 50 * (label == "a")[:, None], label) == 1
    assert mean_average_precision(cells, label) < 0.8
    assert mean_average_precision(cells, np.array([f"type {row}" for row in range(1000)])) == 0
    assert mean_average_precision(cells[:1], label[:1]) == 0


def test_precision_looks_at_the_order_of_neighbours():
    # one neighbour of two is right: first in one case, second in the other
    line = np.r_[0.0, 1.0, 2.5, 1000.0 + 400 * np.arange(197)][:, None]
    label = np.array([*"aab", *(f"far {row}" for row in range(197))])
    near_first = mean_average_precision(line, label)
    label[[1, 2]] = label[[2, 1]]
    assert near_first > mean_average_precision(line, label)


def test_neighbourhoods_that_do_not_change_are_conserved():
    cells, modality = cloud(3)
    turn = np.linalg.qr(np.random.default_rng(0).normal(size=(3, 3)))[0]
    before = {name: 7 * cells[modality == name] @ turn for name in ("x", "y")}
    assert neighbor_conservation(cells, modality, before) == 1
    # pulling a modality away changes none of its own neighbourhoods
    assert neighbor_conservation(cells + 9 * (modality == "x")[:, None], modality, before) == 1
    rng = np.random.default_rng(1)
    shuffled = {name: rng.permutation(places) for name, places in before.items()}
    assert neighbor_conservation(cells, modality, shuffled) < 0.05
    with pytest.raises(ValueError, match="x has"):
        neighbor_conservation(cells, modality, {"x": cells})


def test_many_cells_are_sampled(monkeypatch):
    cells, modality = cloud(4, 1000)
    label = np.where(cells[:, 0] + np.random.default_rng(0).normal(0, 0.5, 1000) > 0, "a", "b")
    whole = mean_average_precision(cells, label)
    monkeypatch.setattr("monae_app.engine.analysis.metrics.conservation.MOST_CELLS", 600)
    one, same, other = (mean_average_precision(cells, label, seed=seed) for seed in (0, 0, 1))
    assert one == same != other
    assert one == pytest.approx(whole, abs=0.03)
    before = {name: cells[modality == name] for name in ("x", "y")}
    assert neighbor_conservation(cells, modality, before) == 1


def test_batch_scores_of_mixed_and_separate_batches():
    cells, batch = cloud(5, 1200)
    # 30 neighbours never hold two batches quite evenly
    assert lisi(cells, batch).mean() == pytest.approx(1.9, abs=0.06)
    assert ilisi(cells, batch) > 0.85
    assert kbet(cells, batch) > 0.9
    apart = cells + 100 * (batch == "x")[:, None]
    np.testing.assert_allclose(lisi(apart, batch), 1)
    assert ilisi(apart, batch) == pytest.approx(0)
    assert kbet(apart, batch) == 0


def test_kbet_within_types_allows_for_their_composition():
    rng = np.random.default_rng(0)
    label = rng.choice(["a", "b"], 1000)
    batch = np.where(rng.random(1000) < np.where(label == "a", 0.8, 0.2), "x", "y")
    cells = rng.normal(size=(1000, 3)) + 100 * (label == "a")[:, None]
    assert kbet(cells, batch, label) > 0.9
    assert kbet(cells, batch) < 0.2


def test_cells_without_a_batch_are_left_out():
    cells, batch = cloud(6, 300)
    missing = batch.astype("<U4")
    missing[::3] = "nan"
    rest = missing != "nan"
    assert ilisi(cells, missing) == ilisi(cells[rest], batch[rest])
    assert kbet(cells, missing) == kbet(cells[rest], batch[rest])
    assert ilisi(cells, np.full(300, "x")) is None
    assert kbet(cells, np.full(300, "nan")) is None


def test_lisi_of_coinciding_cells_is_finite():
    found = lisi(np.zeros((100, 2)), np.tile(["x", "y"], 50))
    np.testing.assert_allclose(found, 2, atol=0.1)


def test_overall_is_the_mean_of_its_parts_where_all_are_there():
    parts = {"map": 0.9, "asw_label": 0.6, "nc": 0.3, "sas": 0.8, "asw_batch": 0.9, "graph_connectivity": 1.0}
    found = overall_scores(parts)
    assert found == pytest.approx({"biology_conservation": 0.6, "omics_mixing": 0.9, "overall": 0.72})
    del parts["nc"]
    assert overall_scores(parts) == pytest.approx({"omics_mixing": 0.9})
    other = {**parts, "sas": 0.4, "nc": 0.5}
    best, worst = scaled([parts, other])
    assert (best["omics_mixing"], worst["omics_mixing"]) == pytest.approx((1, 2 / 3))
    assert "overall" not in best


def test_silhouette_of_batches_counts_a_lone_type_as_1():
    rng = np.random.default_rng(0)
    cells, modality = rng.normal(size=(200, 3)), np.tile(["rna", "atac"], 100)
    label = np.repeat(["a", "b"], 100)
    modality[label == "b"] = "rna"
    found = silhouettes(cells, modality, label, 0)
    assert found["asw_batch"] == pytest.approx((found["asw_modality"] + 1) / 2)
