from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from monae_app.engine.analysis import refined_graph
from monae_app.engine.analysis.refined_graph import guidance_matrix, refined_matrix
from monae_app.engine.data.guidance import GuidanceGraph

GENES = pd.DataFrame({"chrom": ["chr2", "chr1"], "start": [1000, 5000], "end": [2000, 6000], "strand": ["+", "+"]})
PEAKS = pd.DataFrame(
    {"chrom": ["chr1", "chr1", "chr2"], "start": [5500, 90_000, 500], "end": [5600, 90_100, 600], "strand": "."}
)
NEAR = {("g1", "p0"), ("g0", "p2")}


def edges(matrix, names: list[str]) -> dict[tuple[str, str], float]:
    found = matrix.tocoo()
    return {(names[i], names[j]): float(value) for i, j, value in zip(found.row, found.col, found.data, strict=True)}


@pytest.mark.parametrize("order", [("rna", "atac"), ("atac", "rna")])
@pytest.mark.parametrize("at_once", [1, 1000])
def test_every_pair_in_the_neighbourhood_gets_its_posterior_weight(monkeypatch, order, at_once):
    monkeypatch.setattr(refined_graph, "PAIRS_AT_ONCE", at_once)
    tables = {"rna": GENES, "atac": PEAKS}
    names = [name for each in order for name in {"rna": ["g0", "g1"], "atac": ["p0", "p1", "p2"]}[each]]
    vectors = np.random.default_rng(0).normal(size=(5, 4)).astype(np.float32)
    of = dict(zip(names, vectors, strict=True))
    located = {name: tables[name] for name in order}
    found = edges(refined_matrix(vectors, located, promoter=2000, window=0), names)
    assert set(found) == NEAR | {(b, a) for a, b in NEAR}
    for (one, other), weight in found.items():
        cosine = float(of[one] @ of[other]) / float(np.linalg.norm(of[one]) * np.linalg.norm(of[other]))
        assert weight == pytest.approx((1 + cosine) / 2, rel=1e-5)
    wide = edges(refined_matrix(vectors, located, promoter=2000, window=100_000), names)
    assert set(wide) - set(found) == {("g1", "p1"), ("p1", "g1")}


def test_one_modality_has_no_pairs():
    found = refined_matrix(np.ones((2, 3), np.float32), {"rna": GENES}, promoter=2000, window=1000)
    assert found.shape == (2, 2)
    assert found.nnz == 0


def test_no_pair_in_the_neighbourhood_is_no_error():
    far = PEAKS.assign(chrom="chr9")
    found = refined_matrix(np.ones((5, 3), np.float32), {"rna": GENES, "atac": far}, promoter=2000, window=1000)
    assert found.shape == (5, 5)
    assert found.nnz == 0


def test_extreme_vectors_give_weights_between_0_and_1():
    vectors = np.array([[300.0], [-300.0], [300.0], [1.0], [300.0]], np.float32)
    found = refined_matrix(vectors, {"rna": GENES, "atac": PEAKS}, promoter=2000, window=100_000)
    assert np.isfinite(found.data).all()
    assert ((found.data >= 0) & (found.data <= 1)).all()


def test_prior_edges_are_mapped_to_the_rows_of_all_features():
    vertices = pd.DataFrame({"modality": ["rna", "rna", "atac"], "name": ["g0", "g4", "p1"]})
    graph = GuidanceGraph(
        vertices, np.array([0, 1]), np.array([2, 2]), np.array([1.0, 0.5], np.float32), np.array([1, -1], np.int8)
    )
    found = guidance_matrix(graph, np.array([0, 4, 6]), 8).toarray()
    expected = np.zeros((8, 8))
    expected[0, 6] = expected[6, 0] = 1
    expected[4, 6] = expected[6, 4] = -0.5
    np.testing.assert_array_equal(found, expected)
