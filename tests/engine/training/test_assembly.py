from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import scipy.sparse as sp
import torch

from monae_app.engine.data.dataset import Dataset
from monae_app.engine.data.guidance import GuidanceGraph
from monae_app.engine.data.linking import link, modelled_features
from monae_app.engine.data.preprocess import prepare
from monae_app.engine.training.anchoring import aligned_scores, anchors_of, gene_activity
from monae_app.engine.training.assembly import build_network, cell_sources, edge_source, start_decoder


def counts(n_cells: int = 400, seed: int = 0) -> tuple[sp.csr_matrix, np.ndarray]:
    rng = np.random.default_rng(seed)
    share = rng.dirichlet(np.ones(12))
    depth = rng.integers(500, 1500, (n_cells, 1))
    return sp.csr_matrix(rng.poisson(depth * share).astype(np.float32)), share


def library_of(values: sp.csr_matrix) -> np.ndarray:
    return np.asarray(values.sum(axis=1), np.float32).ravel()


def test_counts_start_at_the_mean_profile():
    values, share = counts()
    decoder = start_decoder(values, library_of(values), np.zeros(400, int), 1, "nb")
    np.testing.assert_allclose(decoder.bias.detach().exp()[0], share, rtol=0.05, atol=1e-4)
    torch.testing.assert_close(decoder.log_dispersion.detach(), torch.zeros(1, 12))


def test_some_features_start_at_their_share_of_the_whole_library():
    values, share = counts()
    decoder = start_decoder(values[:, :3], library_of(values), np.zeros(400, int), 1, "nb")
    np.testing.assert_allclose(decoder.bias.detach().exp()[0], share[:3], rtol=0.05, atol=1e-4)


def test_every_batch_starts_at_a_profile_of_its_own_and_an_absent_one_at_the_mean():
    first, share = counts(seed=0)
    second, other_share = counts(seed=1)
    values, batch = sp.csr_matrix(sp.vstack([first, second])), np.repeat([0, 2], 400)
    bias = start_decoder(values, library_of(values), batch, 3, "nb").bias.detach().exp()
    np.testing.assert_allclose(bias[0], share, rtol=0.05, atol=1e-4)
    np.testing.assert_allclose(bias[2], other_share, rtol=0.05, atol=1e-4)
    np.testing.assert_allclose(bias[1], (share + other_share) / 2, rtol=0.1, atol=1e-3)


@pytest.mark.parametrize("offset", [0, 500])
def test_continuous_values_start_at_mean_and_sd(offset):
    rng = np.random.default_rng(0)
    sd = np.array([0.5, 2.0, 200.0])
    values = sp.csr_matrix((offset + rng.normal(0, sd, (3000, 3))).astype(np.float32))
    decoder = start_decoder(values, library_of(values), np.zeros(3000, int), 1, "normal")
    np.testing.assert_allclose(decoder.bias.detach()[0], values.toarray().mean(axis=0), rtol=1e-3, atol=1e-3)
    np.testing.assert_allclose(decoder.log_dispersion.detach().exp()[0], sd, rtol=0.06)
    np.testing.assert_allclose(decoder.scale.detach()[0], sd, rtol=0.06)


def test_a_constant_feature_starts_finite():
    values = sp.csr_matrix(np.full((50, 2), 3.0, np.float32))
    decoder = start_decoder(values, library_of(values), np.zeros(50, int), 1, "normal")
    for parameter in decoder.parameters():
        assert torch.isfinite(parameter).all()


def test_a_network_knows_its_blocks_and_reads_the_widths(dataset, prepared, graph, planted_config):
    network = build_network(dataset, prepared, graph, planted_config, torch.device("cpu"))
    assert network.blocks == {"rna": slice(0, 80), "atac": slice(80, graph.n_vertices)}
    mean, _ = network.graph()
    assert mean.shape == (graph.n_vertices, 10)
    for name, each in prepared.items():
        cells = torch.from_numpy(each.representation)
        latent = network.encode(name, cells, torch.zeros(len(cells), dtype=torch.int64))
        assert latent.mean.shape == (120, 10)
        assert network.decoders[name].bias.shape == (1, len(each.modelled))


def test_sources_hold_the_library_of_all_features(dataset, prepared):
    few = {name: replace(each, modelled=each.modelled[:20]) for name, each in prepared.items()}
    for name, source in cell_sources(dataset, few).items():
        assert source.values.shape == (120, 20)
        whole = dataset.modalities[name].values.sum(axis=1)
        np.testing.assert_array_equal(source.library, np.asarray(whole).ravel())


def test_edges_know_the_modality_of_every_vertex(graph):
    source = edge_source(graph)
    np.testing.assert_array_equal(source.blocks[:80], np.tile([0, 80], (80, 1)))
    np.testing.assert_array_equal(source.blocks[80:], np.tile([80, graph.n_vertices], (graph.n_vertices - 80, 1)))
    none = np.empty(0, np.int64)
    assert edge_source(GuidanceGraph(graph.vertices, none, none, none.astype(np.float32), none.astype(np.int8))) is None


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
    first, second = aligned_scores(prepared, graph, planted_config)
    assert first.shape == second.shape == (120, 8)


def test_anchors_join_cells_of_one_type_and_a_rewired_graph_does_not(planted, dataset, prepared, graph, planted_config):
    kind = {name: getattr(planted, name).obs["cell_type"].to_numpy() for name in ("rna", "atac")}

    def share_right(of: GuidanceGraph) -> float:
        anchors = anchors_of(dataset, prepared, of, planted_config)
        return float((kind["rna"][anchors[:, 0]] == kind["atac"][anchors[:, 1]]).mean())

    target = np.random.default_rng(0).permutation(graph.block("atac").stop - 80)[: len(graph.target)] + 80
    rewired = replace(
        graph,
        source=graph.source[: len(target)],
        target=target,
        weight=graph.weight[: len(target)],
        sign=graph.sign[: len(target)],
    )
    assert share_right(graph) > 0.8
    assert share_right(rewired) < share_right(graph) - 0.2


def test_known_pairs_are_anchors(modality, prepared, graph, planted_config):
    values = np.random.default_rng(0).poisson(2, (8, 6)) + 1
    rna, atac = modality(values), modality(values, "atac", cells=[f"cell{i}" for i in reversed(range(8))])
    pairs = anchors_of(Dataset({"rna": rna, "atac": atac}, use_pairs=True), prepared, graph, planted_config)
    np.testing.assert_array_equal(pairs[:, 0] + pairs[:, 1], np.full(8, 7))


def test_without_links_or_a_second_modality_there_are_no_anchors(dataset, prepared, graph, planted_config):
    alone = Dataset({"rna": dataset.modalities["rna"]})
    assert anchors_of(alone, prepared, graph, planted_config) is None
    none = np.empty(0, np.int64)
    bare = GuidanceGraph(graph.vertices, none, none, none.astype(np.float32), none.astype(np.int8))
    assert anchors_of(dataset, prepared, bare, planted_config) is None
