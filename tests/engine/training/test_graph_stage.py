from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp

from monae_app.engine.data.motifs.hits import MotifHits
from monae_app.engine.errors import Stopped
from monae_app.engine.telling import SILENT, Telling
from monae_app.engine.training.graph_stage import STAGE, embed_whole_graph
from monae_app.engine.training.graph_start import start_vectors
from monae_app.engine.training.groundwork import Groundwork, lay_groundwork
from monae_app.engine.training.motif_vectors import on_axes_of_training


@pytest.fixture(scope="module")
def ground(dataset, prepared, graph, planted_config) -> Groundwork:
    return lay_groundwork(dataset, prepared, graph, planted_config)


@pytest.fixture(scope="module")
def config(planted_config):
    return planted_config.model_copy(update={"model": "monae-e", "graph_stage_steps": 20})


@pytest.fixture(scope="module")
def hits(graph) -> MotifHits:
    """Two motifs: one in the peaks linked to the genes of one end of the list, one anywhere."""
    block = graph.block("atac")
    peaks = graph.vertices["name"].to_numpy(object)[block]
    rng = np.random.default_rng(0)
    counts = sp.csr_matrix(np.column_stack([np.arange(len(peaks)) < 40, rng.random(len(peaks)) < 0.3]).astype(int))
    genes = [(str(graph.vertices["name"].iloc[0]),), ()]
    return MotifHits(peaks, ["M1", "M2"], ["A", "B"], genes, [(), ()], counts, counts.astype(np.float32))


@pytest.fixture(scope="module")
def done(dataset, ground, config, hits) -> Groundwork:
    return embed_whole_graph(dataset, ground, config, hits, SILENT)


def near_their_markers(dataset, ground: Groundwork) -> float:
    """By how much the logit of markers exceeds that of others in the cells of their type, in sd, over modalities."""
    found = []
    for name, each in ground.prepared.items():
        cells = ground.embedded.maps[name](each.representation)
        features = ground.embedded.features[ground.graph.block(name)]
        kind = pd.factorize(dataset.modalities[name].obs["cell_type"])[0]
        values = each.values.toarray()
        share = values / np.maximum(values.sum(axis=1, keepdims=True), 1)
        means = np.stack([share[kind == code].mean(axis=0) for code in np.unique(kind)])
        marks = np.argsort(-means / (share.mean(axis=0) + 1e-3), axis=1)[:, :10]
        met = cells @ features.T
        met = (met - met.mean(axis=0)) / (met.std(axis=0) + 1e-9)
        found += [met[kind == code][:, marks[code]].mean() for code in np.unique(kind)]
    return float(np.mean(found))


def test_types_are_separated_and_markers_lie_by_their_cells(dataset, ground, done, config):
    assert near_their_markers(dataset, done) > 0.6
    for name, each in done.prepared.items():
        kind = pd.factorize(dataset.modalities[name].obs["cell_type"])[0]
        cells = each.representation[:, : config.latent_shared]
        centres = np.stack([cells[kind == code].mean(axis=0) for code in np.unique(kind)])
        nearest = np.argmin(((cells[:, None] - centres) ** 2).sum(axis=2), axis=1)
        assert (nearest == kind).mean() > 0.85


def test_a_shuffled_graph_has_neither(dataset, ground, config):
    rng = np.random.default_rng(0)
    mixed = {}
    for name, each in ground.prepared.items():
        values = each.modality.values.tocsc()[rng.permutation(each.modality.n_cells)].tocsr()
        columns = [values[:, [g]].toarray().ravel()[rng.permutation(values.shape[0])] for g in range(values.shape[1])]
        modality = replace(each.modality, values=sp.csr_matrix(np.stack(columns, axis=1)))
        mixed[name] = replace(each, modality=modality)
    shuffled = embed_whole_graph(dataset, replace(ground, prepared=mixed), config, None, SILENT)
    assert near_their_markers(dataset, shuffled) < 0.3


def test_every_encoder_reads_vectors_and_starts_at_them(done, config, graph):
    width = config.latent_shared + config.latent_private
    assert done.embedded.features.shape == (graph.n_vertices, width)
    for name, each in done.prepared.items():
        assert each.representation.shape == (each.modality.n_cells, width)
        assert each.projection.kind.startswith("graph:")
        assert np.allclose(each.projection.transform(each.values), each.representation, atol=1e-4)
        assert done.embedded.maps[name].weights.shape == (width, width)
    record = done.record()["graph_stage"]
    assert record["motifs"] == 2
    assert set(record["edges"]) >= {"rna cell - feature", "motif - peak", "gene - motif"}
    assert record["steps"] == 20


def test_one_seed_gives_one_result_and_another_seed_another(dataset, ground, config, hits, done):
    again = embed_whole_graph(dataset, ground, config, hits, SILENT)
    other = embed_whole_graph(dataset, ground, config.model_copy(update={"seed": 5}), hits, SILENT)
    assert np.array_equal(done.embedded.features, again.embedded.features)
    assert not np.array_equal(done.embedded.features, other.embedded.features)


def test_the_closed_form_does_not_depend_on_the_order_of_cells(ground):
    rna = ground.prepared["rna"]
    values = rna.values.toarray()
    edges = sp.csr_matrix(values / np.maximum(values.sum(axis=1, keepdims=True), 1), dtype=np.float32)
    aligned = ground.correspondence.start["rna"]
    order = np.random.default_rng(0).permutation(len(aligned))
    batch = np.arange(len(aligned)) % 2
    one = start_vectors(edges, aligned, batch, 2, (6, 4), seed=0)
    two = start_vectors(edges[order], aligned[order], batch[order], 2, (6, 4), seed=0)
    assert np.allclose(one.features, two.features, atol=1e-3)
    assert np.allclose(one.cells[order], two.cells, atol=1e-3)
    assert np.allclose(one.bias, two.bias, atol=1e-3)


def test_a_batch_effect_goes_to_the_bias(ground):
    rna = ground.prepared["rna"]
    batch = np.arange(rna.modality.n_cells) % 2
    added = np.where(np.arange(rna.values.shape[1]) < 20, 3.0, 1.0)
    values = rna.values.toarray() * np.where(batch[:, None] == 1, added, 1)
    edges = sp.csr_matrix(values / np.maximum(values.sum(axis=1, keepdims=True), 1), dtype=np.float32)
    start = start_vectors(edges, ground.correspondence.start["rna"], batch, 2, (6, 4), seed=0)
    seen = edges.toarray().sum(axis=0) > 0
    effect = start.bias[:, 1] - start.bias[:, 0]
    assert effect[:20][seen[:20]].mean() - effect[20:][seen[20:]].mean() > 0.25
    private = start.cells[:, 6:]
    off = abs(private[batch == 1].mean(axis=0) - private[batch == 0].mean(axis=0))
    assert off.max() < 0.05


def test_progress_is_told_and_a_wish_to_stop_is_heard(dataset, ground, config):
    events: list[dict] = []
    embed_whole_graph(dataset, ground, config, None, Telling("", events.append))
    assert {each["stage"] for each in events} == {STAGE}
    assert events[-1]["graph_step"] == 20
    assert np.isfinite(events[-1]["loss"])
    asked = iter([False] * 6 + [True] * 100)
    with pytest.raises(Stopped):
        embed_whole_graph(dataset, ground, config, None, Telling("", should_stop=lambda: next(asked)))


def test_motifs_go_where_features_go():
    rng = np.random.default_rng(0)
    before, turn = rng.normal(size=(100, 4)), np.linalg.qr(rng.normal(size=(4, 4)))[0]
    carried = on_axes_of_training(before[:3], before, before @ turn)
    assert np.allclose(carried, before[:3] @ turn, atol=0.05)
