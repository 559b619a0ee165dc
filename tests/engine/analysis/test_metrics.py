from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monae_app.engine.analysis.metrics import (
    cluster_agreement,
    foscttm,
    label_transfer,
    neighbor_ids,
    paired_rows,
    rounded,
    same_modality,
    score,
    silhouettes,
)

seeds = st.integers(0, 10_000)


def drawn() -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(11)
    label = rng.choice(list("abcd"), 240, p=[0.4, 0.3, 0.2, 0.1])
    centres = dict(zip("abcd", rng.normal(0, 1.2, (4, 6)), strict=True))
    cells = np.stack([centres[each] for each in label]) + rng.normal(0, 1, (240, 6))
    modality = np.where(np.arange(240) < 130, "rna", "atac")
    cells[modality == "atac"] += 0.4
    pair = np.array([f"p{i}" for i in range(240)])
    pair[130:220] = pair[:90]
    pair[220:] = "-1"
    pair[100:110] = "-1"
    second = np.flatnonzero(modality == "atac")[:90]
    cells[second] = 0.5 * cells[second] + 0.5 * cells[:90]
    label[second] = label[:90]
    return cells, modality, label, pair


def test_scores_equal_an_independent_implementation():
    # computed once by bench/score.py, a script that was written apart from this package
    expected = {
        "cells": 240,
        "same_modality": 0.5167912237121102,
        "foscttm": 0.1310861423220974,
        "pairs": 90,
        "label_transfer": 0.7,
        "label_transfer_balanced": 0.6017850536440992,
        "ari_res1": 0.3322004542458466,
        "ari": 0.3322004542458466,
        "nmi": 0.3780923343932838,
        "resolution": 1.0,
        "asw_label": 0.5571942969292472,
        "asw_modality": 0.8957928229135885,
    }
    found = score(*drawn())
    for name, value in expected.items():
        assert found[name] == pytest.approx(value, abs=1e-9), name
    cells, modality, _, pair = drawn()
    assert score(cells, modality, None, pair)["same_modality"] == pytest.approx(0.5171561771561771, abs=1e-9)


def test_only_what_the_columns_allow_is_scored():
    cells, modality, label, pair = drawn()
    assert set(score(cells, modality)) == {"cells", "same_modality", "sas"}
    assert {"foscttm", "pairs"} == set(score(cells, modality, None, pair)) - {"cells", "same_modality", "sas"}
    alone = score(cells[:130], modality[:130], label[:130], pair[:130])
    assert {"same_modality", "sas", "foscttm", "label_transfer", "asw_batch", "omics_mixing"}.isdisjoint(alone)
    assert {"ari", "ami", "homogeneity_res1", "asw_label", "map", "graph_connectivity"} <= set(alone)
    assert {"nc", "ilisi", "kbet", "biology_conservation", "overall"}.isdisjoint(score(cells, modality, label, pair))


def test_a_reference_and_batches_add_their_scores():
    cells, modality, label, pair = drawn()
    rng = np.random.default_rng(0)
    batch = {"donor": rng.choice(["1", "2"], 240), "lane": rng.choice(["a", "b", "c"], 240)}
    reference = {name: cells[modality == name][:, :4] for name in ("rna", "atac")}
    found = score(cells, modality, label, pair, reference=reference, batch=batch)
    assert found["overall"] == pytest.approx(0.6 * found["biology_conservation"] + 0.4 * found["omics_mixing"])
    for name in ("ilisi", "kbet"):
        assert found[name] == pytest.approx((found[f"{name}_donor"] + found[f"{name}_lane"]) / 2)
    one = score(cells, modality, label, pair, batch={"donor": batch["donor"]})
    assert (one["ilisi"], one["kbet"]) == (found["ilisi_donor"], found["kbet_donor"])
    assert "ilisi_donor" not in one
    assert "ilisi" not in score(cells, modality, label, pair, batch={"donor": np.full(240, "1")})
    # without a label the rest is scored all the same
    assert {"nc", "ilisi", "kbet"} <= set(score(cells, modality, reference=reference, batch=batch))


def test_three_modalities_are_scored_two_by_two():
    rng = np.random.default_rng(2)
    label = np.tile(rng.choice(list("abc"), 60), 3)
    cells = np.stack([{"a": [0, 0], "b": [2, 0], "c": [0, 2]}[each] for each in label]) + rng.normal(0, 0.8, (180, 2))
    modality = np.repeat(["rna", "atac", "protein"], 60)
    pair = np.tile([f"p{row}" for row in range(60)], 3)
    found = score(cells, modality, label, pair)
    two = [modality != left_out for left_out in ("protein", "atac", "rna")]
    alone = [score(cells[rows], modality[rows], label[rows], pair[rows]) for rows in two]
    assert found["pairs"] == 180
    for name in ("foscttm", "label_transfer", "label_transfer_balanced"):
        assert found[name] == pytest.approx(np.mean([each[name] for each in alone])), name
    assert found["sas"] > 0.8
    assert found["asw_modality"] > 0.8
    apart = cells + 50 * (modality == "protein")[:, None]
    assert score(apart, modality, label, pair)["sas"] < found["sas"] - 0.2


@given(seeds)
@settings(max_examples=4, deadline=None)
def test_no_score_depends_on_turning_moving_or_stretching_the_embedding(seed):
    cells, modality, label, pair = drawn()
    rng = np.random.default_rng(seed)
    turn = np.linalg.qr(rng.normal(size=(6, 6)))[0]
    moved = rng.uniform(0.1, 10) * (cells @ turn) + rng.normal(0, 5, 6)
    batch = {"donor": np.random.default_rng(0).choice(["1", "2"], 240)}
    straight, turned = (score(each, modality, label, pair, batch=batch) for each in (cells, moved))
    assert turned == pytest.approx(straight, abs=1e-6)


@given(seeds)
@settings(max_examples=8, deadline=None)
def test_no_score_but_those_of_clusters_depends_on_the_order_of_cells(seed):
    cells, modality, label, pair = drawn()
    order = np.random.default_rng(seed).permutation(240)
    # which modality is named first is told by the first cell
    order = np.r_[0, order[order != 0]]
    straight, turned = (score(cells[rows], modality[rows], label[rows], pair[rows]) for rows in (np.arange(240), order))
    free = ("same_modality", "foscttm", "pairs", "label_transfer", "label_transfer_balanced", "asw_label", "asw_batch")
    for name in (*free, "map", "graph_connectivity"):
        assert turned[name] == pytest.approx(straight[name], abs=1e-9), name


def foscttm_by_loop(first: np.ndarray, second: np.ndarray) -> float:
    shares = []
    for one, other in ((first, second), (second, first)):
        for i, cell in enumerate(one):
            distance = [float(np.linalg.norm(cell - each)) for each in other]
            closer = sum(d < distance[i] - 1e-9 for j, d in enumerate(distance) if j != i)
            equal = sum(abs(d - distance[i]) <= 1e-9 for j, d in enumerate(distance) if j != i)
            shares.append((closer + equal / 2) / (len(one) - 1))
    return float(np.mean(shares))


@given(seeds, st.integers(2, 25), st.integers(1, 30))
@settings(max_examples=60, deadline=None)
def test_foscttm_equals_a_literal_loop(seed, size, chunk):
    rng = np.random.default_rng(seed)
    # on a grid, so that there are ties
    first, second = (rng.integers(0, 4, (size, 2)).astype(float) for _ in range(2))
    assert foscttm(first, second, chunk) == pytest.approx(foscttm_by_loop(first, second))
    assert foscttm(second, first) == pytest.approx(foscttm(first, second))


def test_foscttm_of_perfect_collapsed_shuffled_and_opposite():
    rng = np.random.default_rng(0)
    cells = rng.normal(size=(400, 5))
    assert foscttm(cells, cells) == 0
    assert foscttm(np.ones((50, 3)), np.ones((50, 3))) == pytest.approx(0.5)
    assert foscttm(cells, cells[rng.permutation(400)]) == pytest.approx(0.5, abs=0.05)
    line = np.arange(400.0)[:, None]
    assert foscttm(line, -line + 399) > 0.6
    assert foscttm(cells[:1], cells[:1]) == 0


def test_pairs_are_of_one_id_in_both_modalities():
    pair = np.array(["a", "b", "-1", "nan", "", "None", "c", "-1", "b", "nan", "", "None", "a", "x"])
    first = np.arange(14) < 7
    assert sorted(map(tuple, paired_rows(first, ~first, pair, 0))) == [(0, 12), (1, 8)]
    assert paired_rows(first, ~first, np.full(14, "-1"), 0).shape == (0, 2)


def test_many_pairs_are_sampled_by_the_seed(monkeypatch):
    monkeypatch.setattr("monae_app.engine.analysis.metrics.pairs.MOST_PAIRS", 10)
    pair = np.array([*map(str, range(100))] * 2)
    first = np.arange(200) < 100
    one, same, other = (paired_rows(first, ~first, pair, seed) for seed in (0, 0, 1))
    assert len(one) == 10
    np.testing.assert_array_equal(one[:, 1] - one[:, 0], 100)
    np.testing.assert_array_equal(one, same)
    assert set(one[:, 0]) != set(other[:, 0])


def mixing(cells, modality, label=None) -> float:
    return same_modality(neighbor_ids(cells, cells, 31)[:, 1:], modality, label)


@pytest.mark.parametrize("share", [0.5, 0.15])
def test_same_modality_is_half_where_modalities_are_mixed_at_random(share):
    rng = np.random.default_rng(0)
    modality = np.where(rng.random(3000) < share, "rna", "atac")
    assert mixing(rng.normal(size=(3000, 3)), modality) == pytest.approx(0.5, abs=0.02)


def test_same_modality_is_1_where_modalities_are_apart():
    modality = np.repeat(["rna", "atac"], 100)
    cells = np.random.default_rng(0).normal(size=(200, 3)) + 100 * (modality == "rna")[:, None]
    assert mixing(cells, modality) == pytest.approx(1)


def test_same_modality_allows_for_the_composition_of_types_and_leaves_out_lone_ones():
    rng = np.random.default_rng(0)
    label = rng.choice(["a", "b", "lone"], 3000)
    chance = np.select([label == "a", label == "b"], [0.9, 0.1], 1.0)
    modality = np.where(rng.random(3000) < chance, "rna", "atac")
    cells = rng.normal(size=(3000, 3)) + 50 * np.select([label == "a", label == "b"], [1, 2], 0)[:, None]
    assert mixing(cells, modality, label) == pytest.approx(0.5, abs=0.03)
    assert mixing(cells, modality) > 0.7
    assert mixing(cells[label == "lone"], modality[label == "lone"], label[label == "lone"]) == 1


def transfer_by_loop(reference, reference_label, query, query_label) -> tuple[float, float]:
    hits: dict[str, list[bool]] = {}
    for cell, truth in zip(query, query_label, strict=True):
        if truth not in reference_label:
            continue
        near = np.argsort(((reference - cell) ** 2).sum(axis=1))[:15]
        votes = [str(each) for each in reference_label[near]]
        hits.setdefault(truth, []).append(min(set(votes), key=lambda each: (-votes.count(each), each)) == truth)
    everything = [hit for each in hits.values() for hit in each]
    return float(np.mean(everything)), float(np.mean([np.mean(each) for each in hits.values()]))


@given(seeds)
@settings(max_examples=25, deadline=None)
def test_label_transfer_equals_a_literal_vote(seed):
    rng = np.random.default_rng(seed)
    reference, query = rng.normal(size=(40, 2)), rng.normal(size=(30, 2))
    known, truth = rng.choice(list("abc"), 40, p=[0.6, 0.3, 0.1]), rng.choice(list("abz"), 30)
    truth[0] = known[0]
    found = label_transfer(reference, known, query, truth)
    expected = transfer_by_loop(reference, known, query, truth)
    assert (found["label_transfer"], found["label_transfer_balanced"]) == pytest.approx(expected)


def test_label_transfer_needs_a_type_that_both_have():
    cells = np.random.default_rng(0).normal(size=(20, 2))
    assert label_transfer(cells, np.full(20, "a"), cells, np.full(20, "b")) == {}
    assert label_transfer(cells, np.full(20, "a"), cells, np.full(20, "a"))["label_transfer"] == 1


def test_clusters_find_separate_clouds_and_noise_finds_nothing():
    rng = np.random.default_rng(0)
    label = np.repeat(list("abcd"), 60)
    cells = rng.normal(size=(240, 3)) + 30 * np.repeat(np.eye(4, 3), 60, axis=0)
    near = neighbor_ids(cells, cells, 16)[:, 1:]
    found = cluster_agreement(near, label, 0)
    assert found["ari"] == pytest.approx(1)
    assert found["nmi"] == pytest.approx(1)
    assert found["ari_res1"] <= found["ari"]
    assert abs(cluster_agreement(near, rng.permutation(label), 0)["ari_res1"]) < 0.05
    assert cluster_agreement(near, label, 0) == found


def test_silhouettes_of_apart_and_mixed():
    rng = np.random.default_rng(0)
    label = np.repeat(["a", "b"], 100)
    cells = rng.normal(size=(200, 3)) + 50 * (label == "a")[:, None]
    modality = np.tile(["rna", "atac"], 100)
    found = silhouettes(cells, modality, label, 0)
    assert found["asw_label"] > 0.95
    assert found["asw_modality"] > 0.85
    apart = cells + 1000 * (modality == "rna")[:, None]
    assert silhouettes(apart, modality, label, 0)["asw_modality"] < 0.05
    assert silhouettes(cells, modality, np.full(200, "a"), 0).keys() == {"asw_modality", "asw_batch"}


def test_fewer_cells_than_neighbors_are_scored():
    cells, modality = np.random.default_rng(0).normal(size=(12, 2)), np.repeat(["rna", "atac"], 6)
    found = score(cells, modality, np.tile(["a", "b"], 6), np.array([*"abcdef", *"abcdef"]))
    assert found["pairs"] == 6
    assert all(np.isfinite(value) for value in found.values())


def test_rounded_keeps_whole_numbers():
    assert rounded({"foscttm": 0.123456, "pairs": 12}) == {"foscttm": 0.1235, "pairs": 12}
