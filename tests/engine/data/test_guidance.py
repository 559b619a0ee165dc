from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monae_app.engine.data.guidance import GuidanceGraph, build_guidance, link_genes_to_peaks
from monae_app.engine.errors import InputError

places = st.tuples(st.sampled_from(["chr1", "chr2", "chrUn_x"]), st.integers(0, 400), st.integers(1, 60))
genes_drawn = st.lists(st.tuples(places, st.sampled_from("+-.")), max_size=6)
peaks_drawn = st.lists(places, max_size=12)


def table(rows, strands=None) -> pd.DataFrame:
    frame = pd.DataFrame(
        [(chrom, start, start + length) for chrom, start, length in rows], columns=["chrom", "start", "end"]
    )
    return frame.assign(strand=list(strands)) if strands is not None else frame


def pairs_by_loop(genes: pd.DataFrame, peaks: pd.DataFrame, promoter: int, window: int) -> set[tuple[int, int, int]]:
    found = set()
    for i, gene in enumerate(genes.itertuples()):
        start = gene.start if gene.strand == "-" else max(gene.start - promoter, 0)
        end = gene.end + promoter if gene.strand == "-" else gene.end
        for j, peak in enumerate(peaks.itertuples()):
            gap = max(start - peak.end, peak.start - end)
            if peak.chrom == gene.chrom and gap < window:
                found.add((i, j, max(gap, 0)))
    return found


@given(genes_drawn, peaks_drawn, st.sampled_from([0, 1, 30, 500]), st.sampled_from([0, 1, 25, 300]))
@settings(max_examples=60, deadline=None)
def test_links_equal_a_double_loop(genes, peaks, promoter, window):
    genes, peaks = table([place for place, _ in genes], [strand for _, strand in genes]), table(peaks)
    found = link_genes_to_peaks(genes, peaks, promoter=promoter, window=window)
    assert list(found.columns) == ["gene", "peak", "distance", "weight"]
    rows = list(found[["gene", "peak", "distance"]].itertuples(index=False, name=None))
    assert set(rows) == pairs_by_loop(genes, peaks, promoter, window)
    assert rows == sorted(rows)
    assert len(set(rows)) == len(rows)
    np.testing.assert_allclose(found["weight"], ((found["distance"] + 1000) / 1000.0) ** -0.75)


def test_the_promoter_lies_upstream_on_either_strand():
    genes = table([("chr1", 10_000, 5000)] * 2, "+-")
    peaks = table([("chr1", 8500, 200), ("chr1", 16_500, 200), ("chr1", 7500, 400)])
    found = link_genes_to_peaks(genes, peaks, promoter=2000)
    assert found[["gene", "peak"]].to_numpy().tolist() == [[0, 0], [1, 1]]
    assert (found["weight"] == 1).all()


def test_weight_falls_with_distance():
    genes, peaks = table([("chr1", 100_000, 1000)], "+"), table([("chr1", 108_000, 10), ("chr1", 100_500, 10)])
    found = link_genes_to_peaks(genes, peaks, promoter=0, window=50_000)
    assert found["distance"].tolist() == [7000, 0]
    np.testing.assert_allclose(found["weight"], [8**-0.75, 1])


def test_genes_without_coordinates_have_no_links_and_keep_the_positions_of_others():
    genes = pd.DataFrame(
        {"chrom": [np.nan, "chr1"], "start": [np.nan, 10.0], "end": [np.nan, 20.0], "strand": [np.nan, "+"]},
        index=["unknown", "known"],
    )
    found = link_genes_to_peaks(genes, table([("chr1", 12, 3)]), promoter=0)
    assert found[["gene", "peak"]].to_numpy().tolist() == [[1, 0]]


def test_chromosomes_that_are_numbers_are_joined_too():
    genes = table([("7", 100, 50)], "+").astype({"chrom": "category"})
    assert len(link_genes_to_peaks(genes, table([(7, 120, 5)]), promoter=0)) == 1


def vertices(n_genes: int = 2, n_peaks: int = 3) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "modality": ["rna"] * n_genes + ["atac"] * n_peaks,
            "name": [*(f"g{i}" for i in range(n_genes)), *(f"p{i}" for i in range(n_peaks))],
        }
    )


def graph_of(source=(0, 1), target=(2, 4), weight=(1.0, 0.5), sign=(1, -1), of=None) -> GuidanceGraph:
    return GuidanceGraph(
        vertices() if of is None else of,
        np.array(source, np.int64),
        np.array(target, np.int64),
        np.array(weight, np.float32),
        np.array(sign, np.int8),
    )


@pytest.mark.parametrize(
    ("broken", "sentence"),
    [
        ({"source": (0,)}, "lengths differ"),
        ({"weight": (1.0,)}, "lengths differ"),
        ({"target": (2, 5)}, "leaves the graph"),
        ({"source": (-1, 1)}, "leaves the graph"),
        ({"source": (2, 1)}, "self-loop"),
        ({"weight": (1.0, 0.0)}, "weight"),
        ({"weight": (1.5, 0.5)}, "weight"),
        ({"weight": (np.nan, 0.5)}, "weight"),
        ({"sign": (0, 1)}, "sign"),
        ({"source": (0, 0), "target": (2, 2)}, "twice"),
        ({"source": (0, 2), "target": (2, 0)}, "twice"),
    ],
)
def test_a_graph_that_is_none_is_refused(broken, sentence):
    with pytest.raises(ValueError, match=sentence):
        graph_of(**broken)


def test_features_of_a_modality_that_do_not_stand_together_are_refused():
    with pytest.raises(ValueError, match="together"):
        graph_of(of=vertices().iloc[[0, 2, 1, 3, 4]])


def test_blocks_cover_the_vertices():
    graph = graph_of()
    assert (graph.block("rna"), graph.block("atac"), graph.n_vertices) == (slice(0, 2), slice(2, 5), 5)


def test_messages_run_both_ways_and_to_oneself():
    ends, weight, sign = graph_of().message_edges()
    rows = set(zip(*ends, weight, sign, strict=True))
    there = {(0, 2, 1.0, 1), (1, 4, 0.5, -1)}
    assert rows == there | {(b, a, w, s) for a, b, w, s in there} | {(i, i, 1.0, 1) for i in range(5)}
    assert ends.shape == (2, 2 * 2 + 5)
    assert weight.dtype == np.float32


@pytest.mark.parametrize("order", [["rna", "atac"], ["atac", "rna"]])
def test_a_graph_joins_the_right_features_in_either_order(order):
    names = {"rna": ["Far", "Near"], "atac": ["p0", "p1", "p2"]}
    genes = table([("chr2", 0, 10), ("chr1", 100, 50)], "++")
    peaks = table([("chr1", 500, 10), ("chr1", 120, 10), ("chr3", 0, 5)])
    graph = build_guidance({name: names[name] for name in order}, genes, peaks, promoter=0, window=0)
    label = graph.vertices["name"].to_numpy()
    assert list(zip(label[graph.source], label[graph.target], strict=True)) == [("Near", "p1")]
    assert graph.vertices["modality"].drop_duplicates().tolist() == order


def test_one_modality_makes_a_graph_without_edges():
    graph = build_guidance({"atac": ["p0", "p1"]}, None, table([("chr1", 0, 5)] * 2), promoter=0, window=0)
    assert (graph.n_vertices, len(graph.source)) == (2, 0)
    ends, weight, _ = graph.message_edges()
    np.testing.assert_array_equal(ends, [[0, 1], [0, 1]])
    np.testing.assert_array_equal(weight, 1)


def test_peaks_far_from_every_gene_are_refused():
    with pytest.raises(InputError, match="None of the 1 peaks") as caught:
        build_guidance(
            {"rna": ["g"], "atac": ["p"]},
            table([("chr1", 0, 5)], "+"),
            table([("chr1", 900, 5)]),
            promoter=0,
            window=0,
        )
    assert "window" in caught.value.todo
