from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp

from monae_app.engine.data.edge_weights import EdgeWeights, fit_edge_weights
from monae_app.engine.data.graph_projection import GraphProjection, fit_graph_projection
from monae_app.engine.data.guidance import GuidanceGraph
from monae_app.engine.data.motif_edges import motif_edges
from monae_app.engine.data.motifs.hits import MotifHits
from monae_app.engine.data.whole_graph import ANCHORS, FACTORS, PAIRS, WholeGraph, build_whole_graph

N_GENES, N_PEAKS = 4, 12


@pytest.fixture
def guidance() -> GuidanceGraph:
    names = [*(f"G{i}" for i in range(N_GENES)), *(f"chr1:{i}00-{i}50" for i in range(N_PEAKS))]
    kinds = ["rna"] * N_GENES + ["atac"] * N_PEAKS
    ends = np.array([0, 1, 2]), np.array([4, 5, 6])
    weight, sign = np.array([1, 0.5, 0.2], np.float32), np.array([1, -1, 1], np.int8)
    return GuidanceGraph(pd.DataFrame({"modality": kinds, "name": names}), *ends, weight, sign)


@pytest.fixture
def edges() -> dict[str, sp.csr_matrix]:
    rng = np.random.default_rng(0)
    counts = {"rna": rng.poisson(1.0, (5, N_GENES)), "atac": rng.poisson(0.7, (6, N_PEAKS))}
    kinds = {"rna": "counts", "atac": "peaks"}
    found = {}
    for name, values in counts.items():
        table = sp.csr_matrix(values.astype(np.float32))
        found[name] = fit_edge_weights(table, kinds[name]).of(table)
    return found


@pytest.fixture
def hits(guidance) -> MotifHits:
    peaks = guidance.vertices["name"].to_numpy(object)[N_GENES:]
    there = np.zeros((N_PEAKS, 3), int)
    there[:6, 0] = 1
    there[3:, 1] = 2
    there[:2, 2] = 1  # in too few peaks
    counts = sp.csr_matrix(there)
    return MotifHits(
        peaks, ["M1", "M2", "M3"], ["F", "F", "H"], [("g2",), ("NO",), ()], [()] * 3, counts, counts.astype(np.float32)
    )


def relation(graph: WholeGraph, kind: str, *, head: slice | None = None):
    found = [each for each in graph.relations if each.kind == kind and head in (None, each.heads)]
    return found[0] if found else None


def test_every_relation_has_its_edges_and_its_blocks(guidance, edges, hits):
    motifs = motif_edges(hits, guidance.vertices["name"].tolist()[N_GENES:], [f"G{i}" for i in range(N_GENES)])
    anchors = [("rna", "atac", np.array([[0, 1], [0, 1], [3, 2]]))]
    graph = build_whole_graph(guidance, edges, {}, anchors, motifs)
    assert graph.cells == {"rna": slice(16, 21), "atac": slice(21, 27)}
    assert graph.motifs == slice(27, 29)
    assert graph.n_vertices == 29
    assert graph.edges_by_relation() == {
        "rna cell - feature": edges["rna"].nnz,
        "atac cell - feature": edges["atac"].nnz,
        "rna feature - atac feature": 3,
        "rna cell - atac cell, anchored": 2,
        "motif - peak": 15,
        "gene - motif": 1,
    }
    links = relation(graph, "links")
    assert links.edges[1, 1] == pytest.approx(-0.5)
    factor = relation(graph, FACTORS).edges.tocoo()
    assert (factor.row.tolist(), factor.col.tolist()) == ([2], [0])


def test_names_of_motifs_are_told_apart_and_a_rare_motif_weighs_more(guidance, hits):
    found = motif_edges(hits, guidance.vertices["name"].tolist()[N_GENES:], None)
    assert found.names == ("F (M1)", "F (M2)")
    assert found.of_genes is None
    totals = np.asarray(found.in_peaks.sum(axis=1)).ravel()
    assert totals[0] > totals[1]
    assert motif_edges(hits, ["elsewhere"], None) is None


def test_a_cell_measured_twice_is_two_vertices_unless_it_is_declared_to_be_one(guidance, edges):
    rows = np.array([[0, 1], [2, 2]])
    alone = build_whole_graph(guidance, edges, {}, [])
    assert not any(each.kind in (PAIRS, ANCHORS) for each in alone.relations)
    told = build_whole_graph(guidance, edges, {("rna", "atac"): rows}, [("rna", "atac", np.vstack([rows, [[4, 5]]]))])
    assert alone.n_vertices == told.n_vertices
    assert relation(told, PAIRS).n_edges == 2
    # what is declared is no anchor as well
    assert relation(told, ANCHORS).edges.nonzero()[0].tolist() == [4]


def test_edges_are_drawn_by_weight_and_ends_by_degree(guidance, edges):
    graph = build_whole_graph(guidance, edges, {}, [])
    each = relation(graph, "links")
    heads, tails, sign = each.draw(8000, np.random.default_rng(1))
    share = np.bincount(heads, minlength=3)[:3] / len(heads)
    assert np.allclose(share, np.array([1, 0.5, 0.2]) / 1.7, atol=0.03)
    assert (tails == heads + N_GENES).all()
    assert (sign == np.where(heads == 1, -1, 1)).all()
    others = each.draw_ends(8000, np.random.default_rng(1))
    assert set(others[0]) == {0, 1, 2}
    assert set(others[1]) == {4, 5, 6}


def test_renamed_features_give_the_same_graph(guidance, edges):
    renamed = replace(guidance, vertices=guidance.vertices.assign(name=[f"x{i}" for i in range(16)]))
    one, two = (build_whole_graph(each, edges, {}, []) for each in (guidance, renamed))
    for first, second in zip(one.relations, two.relations, strict=True):
        assert (first.edges != second.edges).nnz == 0


def test_depth_does_not_show_in_weights():
    values = sp.csr_matrix(np.random.default_rng(0).poisson(2.0, (40, 30)).astype(np.float32))
    for kind, times in (("counts", 3.0), ("peaks", 1.0)):
        weights = fit_edge_weights(values, kind)
        found = weights.of(sp.vstack([values, values * times]).tocsr())
        assert np.allclose(abs(found).sum(axis=1), 1, atol=1e-5)
        assert abs(found[:40] - found[40:]).max() < 1e-6


def test_there_are_few_levels_and_orders_do_not_matter():
    rng = np.random.default_rng(3)
    values = sp.csr_matrix(rng.poisson(1.5, (50, 20)).astype(np.float32))
    order = rng.permutation(50)
    one, two = fit_edge_weights(values, "counts"), fit_edge_weights(values[order], "counts")
    assert len(one.levels) <= 5
    assert (np.diff(one.levels) >= 0).all()
    assert abs(one.of(values)[order] - two.of(values[order])).max() < 1e-6


def test_log_ratios_of_antibodies_give_signs():
    values = sp.csr_matrix(np.random.default_rng(0).poisson(20.0, (60, 10)).astype(np.float32))
    weights = fit_edge_weights(values, "tags")
    found = weights.of(values)
    assert (found.data < 0).any()
    assert (found.data > 0).any()
    again = EdgeWeights.from_arrays("tags", weights.arrays())
    assert abs(again.of(values) - found).max() == 0


def test_a_new_cell_lies_where_it_lay_in_training_and_what_was_not_measured_is_no_zero():
    rng = np.random.default_rng(5)
    place, vectors = rng.normal(size=(300, 2)), rng.normal(size=(200, 2))
    mean = np.exp(0.7 * place @ vectors.T) * rng.gamma(2, 1, 200)
    values = sp.csr_matrix(rng.poisson(mean).astype(np.float32))
    weights = fit_edge_weights(values, "counts")
    edges = weights.of(values)
    projection, read = fit_graph_projection(weights, edges, vectors, place)
    assert np.allclose(projection.transform(values), read, atol=1e-4)
    assert np.allclose(read.std(axis=0), 1, atol=1e-3)
    assert min(np.corrcoef(read[:, axis], place[:, axis])[0, 1] for axis in (0, 1)) > 0.9
    kept = rng.random(200) < 0.6
    masked = projection.transform(sp.csr_matrix(values.multiply(kept)), kept)
    naive = projection.transform(sp.csr_matrix(values.multiply(kept)))
    off = [np.abs(each - read).mean() for each in (masked, naive)]
    assert off[0] < 0.35
    assert off[0] < 0.7 * off[1]
    again = GraphProjection.from_arrays(projection.kind, projection.arrays())
    assert np.array_equal(again.transform(values), projection.transform(values))
    empty = projection.transform(sp.csr_matrix((1, 200), dtype=np.float32))
    assert np.allclose(empty, 0)
