from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from monae_app.engine.data.dataset import Dataset
from monae_app.engine.data.linking import link, modelled_features
from monae_app.engine.data.preprocess import prepare
from monae_app.engine.training import anchoring
from monae_app.engine.training.anchoring import aligned_scores, gene_activity, gene_assignment, links_to_genes


def nearest_is_of_one_type(scores, dataset) -> float:
    """Share of the RNA cells whose nearest ATAC cell is of their type."""
    kinds = [dataset.modalities[name].obs["cell_type"].to_numpy(str) for name in ("rna", "atac")]
    return float((kinds[0] == kinds[1][(scores[0] @ scores[1].T).argmax(axis=1)]).mean())


@pytest.mark.parametrize("order", [("rna", "atac"), ("atac", "rna")])
def test_gene_activity_sums_the_linked_peaks(dataset, located, planted_config, order):
    turned = Dataset({name: dataset.modalities[name] for name in order})
    graph = link(turned, located, planted_config)
    modelled = modelled_features(turned, graph)
    prepared = {name: prepare(each, modelled[name], planted_config) for name, each in turned.modalities.items()}
    expected = np.zeros((120, 80))
    peaks = dataset.modalities["atac"].values.toarray()
    genes, first_peak = graph.block("rna").start, graph.block("atac").start
    for gene, peak, weight in zip(graph.source, graph.target, graph.weight, strict=True):
        expected[:, gene - genes] += weight * peaks[:, peak - first_peak]
    np.testing.assert_allclose(gene_activity(prepared, graph).toarray(), expected, rtol=1e-5)
    first, second = aligned_scores(prepared, graph, "atac", planted_config)
    assert first.shape == second.shape == (120, 8)
    for scores in (first, second):
        np.testing.assert_allclose(np.linalg.norm(scores, axis=1), 1, atol=1e-5)


def test_links_are_the_same_whichever_end_stands_first(graph):
    some = np.arange(len(graph.source)) % 3 == 0
    turned = replace(
        graph,
        source=np.where(some, graph.target, graph.source),
        target=np.where(some, graph.source, graph.target),
    )
    edges, genes, peaks = links_to_genes(turned, "atac")
    assert sorted(edges) == list(range(len(graph.source)))
    np.testing.assert_array_equal(genes, graph.source[edges])
    np.testing.assert_array_equal(peaks, graph.target[edges] - 80)
    assert (gene_assignment(turned, "atac") != gene_assignment(graph, "atac")).nnz == 0


def test_links_among_the_features_of_one_modality_are_not_links_to_genes(graph):
    """A transcription factor and its target are two genes."""
    factors = replace(
        graph,
        source=np.r_[0, graph.source],
        target=np.r_[1, graph.target],
        weight=np.r_[np.float32(0.5), graph.weight],
        sign=np.r_[np.int8(1), graph.sign],
    )
    edges, genes, peaks = links_to_genes(factors, "atac")
    np.testing.assert_array_equal(np.sort(edges), 1 + np.arange(len(graph.source)))
    assert (genes >= 0).all()
    assert (peaks >= 0).all()


def test_a_peak_that_falls_with_its_gene_takes_no_part(graph):
    sign = np.where(np.arange(len(graph.sign)) % 2, 1, -1).astype(np.int8)
    found = gene_assignment(replace(graph, sign=sign), "atac").toarray()
    expected = gene_assignment(graph, "atac").toarray()
    expected[graph.target[sign < 0] - 80, graph.source[sign < 0]] = 0
    np.testing.assert_array_equal(found, expected)
    assert 0 < (found > 0).sum() < len(graph.sign)


def test_given_weights_take_the_place_of_those_of_the_guidance(graph):
    weight = np.random.default_rng(0).random(len(graph.source))
    edges, genes, peaks = links_to_genes(graph, "atac")
    found = gene_assignment(graph, "atac", weight).toarray()
    np.testing.assert_allclose(found[peaks, genes], weight)
    assert (found > 0).sum() == len(edges)


def test_cells_of_one_type_have_like_scores_and_through_a_rewired_graph_they_have_not(
    dataset, prepared, graph, planted_config, rewired
):
    right = nearest_is_of_one_type(aligned_scores(prepared, graph, "atac", planted_config), dataset)
    wrong = nearest_is_of_one_type(aligned_scores(prepared, rewired, "atac", planted_config), dataset)
    assert right > 0.9
    assert wrong < right - 0.25


def test_the_second_pass_leans_on_the_links_that_the_data_bear_out(
    planted, prepared, graph, planted_config, monkeypatch
):
    """Peaks that were planted to follow their gene weigh more in the second pass than in the first."""
    given = []
    assign = anchoring.gene_assignment

    def listening(graph, modality, weight=None, **how):
        given.append(weight)
        return assign(graph, modality, weight, **how)

    monkeypatch.setattr(anchoring, "gene_assignment", listening)
    aligned_scores(prepared, graph, "atac", planted_config)
    first, second = given
    assert first is None
    edges, genes, peaks = links_to_genes(graph, "atac")
    truth = planted.atac.var.iloc[prepared["atac"].modelled[peaks]]
    names = planted.rna.var_names.to_numpy()[prepared["rna"].modelled[genes]]
    follows = truth["follows"].to_numpy() & (truth["owner"].to_numpy(str) == names)
    assert 20 < follows.sum() < len(follows) - 20
    before, after = (
        weight[follows].sum() / weight.sum() for weight in (graph.weight[edges].astype(float), np.asarray(second))
    )
    assert after > before + 0.1
    assert (second > 0).all()


def test_continuous_values_have_scores_too(dataset, prepared, graph, planted_config):
    """Values below zero have no logarithm."""
    rna = dataset.modalities["rna"]
    logs = rna.values.copy()
    logs.data = np.log1p(logs.data)
    values = type(logs)(logs.toarray() - 0.5)
    continuous = prepare(replace(rna, values=values, likelihood="normal"), prepared["rna"].modelled, planted_config)
    scores = aligned_scores(prepared | {"rna": continuous}, graph, "atac", planted_config)
    assert all(np.isfinite(each).all() for each in scores)
    assert nearest_is_of_one_type(scores, dataset) > 0.8
