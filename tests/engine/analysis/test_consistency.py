"""Do linked features vary together over the integrated cells?"""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp

from monae_app.engine.analysis.consistency import Consistency, assign_metacells, integration_consistency
from monae_app.engine.analysis.linked_features import Links, Measured, links_between
from monae_app.engine.data.guidance import GuidanceGraph

CELLS, GENES, PEAKS, AXES = 300, 120, 240, 6
Embeddings = tuple[np.ndarray, np.ndarray]


def planted(seed: int = 0, strength: float = 0.5) -> tuple[Embeddings, tuple[Measured, Measured], Links]:
    """Different cells of both modalities along the same hidden axes; linked genes and peaks read them out alike."""
    rng = np.random.default_rng(seed)
    latent = rng.normal(size=(2, CELLS, AXES)) + 2 * np.eye(4, AXES)[rng.integers(0, 4, (2, CELLS))]
    loading = strength * rng.normal(size=(GENES, AXES))
    gene, peak = np.repeat(np.arange(GENES), 2), np.arange(PEAKS)
    sign = rng.choice([1.0, -1.0], PEAKS, p=[0.8, 0.2])
    of_peak = sign[:, None] * loading[gene] + 0.5 * strength * rng.normal(size=(PEAKS, AXES))
    level = rng.normal(0, 1, GENES), rng.normal(-1, 0.7, PEAKS)
    depth = rng.gamma(4, 0.25, (2, CELLS, 1))
    counts = [
        sp.csr_array(rng.poisson(depth[side] * np.exp(latent[side] @ weights.T + level[side])).astype(np.float32))
        for side, weights in ((0, loading), (1, of_peak))
    ]
    links = Links(gene, peak, rng.uniform(0.3, 1, PEAKS), sign)
    return (latent[0], latent[1]), (Measured(counts[0]), Measured(counts[1])), links


@pytest.fixture(scope="module")
def truth():
    return planted()


def shuffled(links: Links, seed: int) -> Links:
    return replace(links, first=np.random.default_rng(seed).permutation(GENES)[links.first])


def test_the_true_alignment_is_far_outside_the_null(truth):
    found = integration_consistency(*truth, seed=0)
    assert found.z > 10
    assert found.p == found.p_cells == pytest.approx(1 / 101)
    assert found.score > 0.15 > abs(found.null_mean)
    assert list(found.curve) == [10, 20, 50, 100, 200]
    assert not found.is_warning
    assert "vary together over" in found.verdict


def test_cells_in_the_wrong_place_are_inside_the_second_null(truth):
    (first, second), cells, links = truth
    wrong = [np.random.default_rng(seed).permutation(CELLS) for seed in range(8)]
    found = [integration_consistency((first, second[rows]), cells, links, seed=0) for rows in wrong]
    assert all(each.is_warning for each in found)
    assert all(each.p_cells > 0.05 for each in found)
    # with few axes, chance puts some far outside the first null alone
    by_links_alone = next(each for each in found if each.p <= 0.05)
    assert "cells matched at random" in by_links_alone.verdict


def test_nonsense_links_are_inside_the_null(truth):
    embeddings, cells, links = truth
    z = [integration_consistency(embeddings, cells, shuffled(links, seed), seed=seed).z for seed in range(6)]
    assert np.abs(z).max() < 3.2
    assert np.abs(np.mean(z)) < 1.5


def test_an_alignment_the_wrong_way_round_is_worse_than_the_null():
    embeddings, cells, links = planted(1)
    opposite = embeddings[0], -embeddings[1]
    found = integration_consistency(opposite, cells, links, seed=0)
    assert found.z < -3
    assert found.p > 0.9
    assert "no more than" in found.verdict


def test_signs_and_weights_matter(truth):
    embeddings, cells, links = truth
    right = integration_consistency(embeddings, cells, links, seed=0, permutations=5).score
    turned = integration_consistency(embeddings, cells, replace(links, sign=-links.sign), seed=0, permutations=5).score
    assert turned == pytest.approx(-right)
    unsigned = replace(links, sign=np.ones(PEAKS))
    assert integration_consistency(embeddings, cells, unsigned, seed=0, permutations=5).score < right - 0.05
    # nonsense links of no weight cost nothing
    both = [np.r_[one, other] for one, other in ((links.first, links.first[::-1]), (links.second, links.second))]
    weight = np.r_[links.weight, np.full(PEAKS, 1e-9)]
    padded = Links(both[0], both[1], weight, np.r_[links.sign, links.sign])
    assert integration_consistency(embeddings, cells, padded, seed=0, permutations=5).score == pytest.approx(right)


def test_the_score_depends_on_neither_the_depth_of_cells_nor_the_order_of_cells_and_links(truth):
    embeddings, cells, links = truth
    straight = integration_consistency(embeddings, cells, links, seed=0)
    assert integration_consistency(embeddings, cells, links, seed=0) == straight
    assert integration_consistency(embeddings, cells, links, seed=1).score != straight.score
    order = np.random.default_rng(0).permutation(PEAKS)
    assert integration_consistency(embeddings, cells, links.at(order), seed=0).score == pytest.approx(straight.score)
    dense = Measured(cells[0].values.toarray()), Measured(cells[1].values.toarray())
    assert integration_consistency(embeddings, dense, links, seed=0).score == pytest.approx(straight.score)
    turn = np.linalg.qr(np.random.default_rng(1).normal(size=(AXES, AXES)))[0]
    turned = integration_consistency((embeddings[0] @ turn, embeddings[1] @ turn), cells, links, seed=0)
    assert turned.score == pytest.approx(straight.score, abs=0.05)


def test_a_given_library_size_is_used():
    embeddings, cells, links = planted(2)
    whole = [np.asarray(each.values.sum(axis=1)).ravel() for each in cells]
    same = tuple(replace(each, library_size=library) for each, library in zip(cells, whole, strict=True))
    expected = integration_consistency(embeddings, cells, links, seed=0, permutations=5)
    assert integration_consistency(embeddings, same, links, seed=0, permutations=5) == expected
    other = replace(cells[0], library_size=whole[0] * np.random.default_rng(0).uniform(0.1, 9, CELLS)), cells[1]
    assert integration_consistency(embeddings, other, links, seed=0, permutations=5).score < expected.score


def test_continuous_values_are_averaged():
    embeddings, cells, links = planted(3)
    first = cells[0].values.toarray()
    clr = np.log1p(first) - np.log1p(first).mean(axis=1, keepdims=True)
    found = integration_consistency(embeddings, (Measured(clr, is_counts=False), cells[1]), links, seed=0)
    assert found.z > 8
    group = sp.csr_array(np.kron(np.eye(3), np.ones(100)))
    means = Measured(clr, is_counts=False).normalised(np.array([4, 2]), group).toarray()
    np.testing.assert_allclose(means, clr.reshape(3, 100, GENES).mean(axis=1)[:, [4, 2]], rtol=1e-5)


def test_modalities_that_share_no_region_or_no_link_cannot_be_compared(truth):
    (first, second), cells, links = truth
    apart = integration_consistency((first, second + 1000), cells, links, seed=0)
    assert apart == Consistency(0.0, 0.0, 0.0, 0.0, 1.0, 1.0, {}, PEAKS)
    none = integration_consistency((first, second), cells, links.at(np.zeros(0, int)), seed=0)
    for found in (apart, none):
        assert found.is_warning
        assert "nothing can be compared" in found.verdict


def test_few_cells_take_fewer_metacells(truth):
    embeddings, cells, links = truth
    few = (cells[0].at(np.arange(60)), cells[1])
    found = integration_consistency((embeddings[0][:60], embeddings[1]), few, links, seed=0)
    assert set(found.curve) == {10, 20, 50}
    tiny = integration_consistency(
        (embeddings[0][:4], embeddings[1]), (cells[0].at(np.arange(4)), cells[1]), links, seed=0
    )
    assert tiny.curve == {}


def test_many_links_are_sampled(truth, monkeypatch):
    monkeypatch.setattr("monae_app.engine.analysis.consistency.MOST_LINKS", 100)
    found = integration_consistency(*truth, seed=0)
    assert found.links == 100
    assert found == integration_consistency(*truth, seed=0)
    assert found.z > 4


def test_features_that_do_not_vary_add_nothing(truth):
    embeddings, cells, links = truth
    values = cells[0].values.tolil()
    values[:, :10] = 0
    flat = replace(cells[0], values=values.tocsr(), library_size=np.asarray(cells[0].values.sum(axis=1)).ravel())
    found = integration_consistency(embeddings, (flat, cells[1]), links, seed=0)
    assert np.isfinite(list(found.curve.values())).all()
    assert 0.1 < found.score < integration_consistency(*truth, seed=0).score


def test_a_score_barely_above_the_null_is_a_warning():
    found = Consistency.from_null({10: 0.071}, np.random.default_rng(0).normal(0.06, 0.002, (100, 2)), 500)
    assert found.p < 0.05
    assert found.is_warning
    assert "hardly" in found.verdict
    assert "0.071" in found.verdict


def test_the_record_is_plain(truth):
    record = integration_consistency(*truth, seed=0).record()
    assert json.loads(json.dumps(record, allow_nan=False)) == record
    assert {"score", "null_mean", "null_sd", "z", "p", "p_cells", "curve", "links", "warning", "verdict"} == set(record)


def test_metacells_are_compact():
    place = np.repeat(np.arange(8), 50)
    cells = np.random.default_rng(0).normal(size=(400, 8)) + 100 * np.eye(8)[place]
    found = assign_metacells(cells, 8, 0)
    assert len({*zip(place, found, strict=True)}) == 8


def test_links_of_a_graph_are_columns_of_its_blocks():
    names = [("rna", "a"), ("rna", "b"), ("atac", "p"), ("atac", "q"), ("protein", "x")]
    graph = GuidanceGraph(
        pd.DataFrame(names, columns=["modality", "name"]),
        source=np.array([0, 3, 1, 4]),
        target=np.array([2, 1, 4, 2]),
        weight=np.array([1, 0.5, 0.25, 1], np.float32),
        sign=np.array([1, -1, 1, 1], np.int8),
    )
    found = links_between(graph, "rna", "atac")
    rows = sorted(zip(found.first, found.second, found.weight, found.sign, strict=True))
    assert rows == [(0, 0, 1.0, 1.0), (1, 1, 0.5, -1.0)]
    back = links_between(graph, "atac", "rna")
    assert sorted(zip(back.first, back.second, strict=True)) == [(0, 0), (1, 1)]
    assert len(links_between(graph, "protein", "protein")) == 0
