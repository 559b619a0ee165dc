"""Ready-made tables of motifs and peaks, in each form that the field writes, and laid over other peaks."""

from __future__ import annotations

import gzip

import anndata as ad
import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st

from monae_app.engine.data.motifs.hits import MotifHits
from monae_app.engine.data.motifs.peak_matching import by_overlap
from monae_app.engine.data.motifs.table_reading import read_motif_table
from monae_app.engine.errors import InputError

PEAKS = pd.DataFrame(
    [("chr1", 100, 600), ("chr1", 800, 1300), ("chr2", 50, 550), ("chrX", 0, 500)],
    columns=["chrom", "start", "end"],
    index=["chr1:100-600", "chr1:800-1300", "chr2:50-550", "chrX:0-500"],
)
# Arnt once in the first, Ahr::Arnt twice in the second and once in the third
TRUTH = np.array([[1, 0], [0, 2], [0, 1], [0, 0]])
MATRIX = pd.DataFrame(TRUTH, PEAKS.index, ["Arnt_MA0004.1", "Ahr::Arnt_MA0006.1"])
TENX = (
    "chr1\t100\t600\tArnt_MA0004.1\nchr1\t800\t1300\tAhr::Arnt_MA0006.1\n"
    "chr1\t800\t1300\tAhr::Arnt_MA0006.1\nchr2\t50\t550\tAhr::Arnt_MA0006.1\n"
)
SITES = (
    "track name=sites\n1\t110\t121\tArnt_MA0004.1\t7.5\t+\n1\t810\t820\tAhr::Arnt_MA0006.1\t3\t-\n"
    "1\t900\t910\tAhr::Arnt_MA0006.1\t4\t-\n2\t545\t553\tAhr::Arnt_MA0006.1\t5\t+\n1\t700\t710\tArnt_MA0004.1\t9\t+\n"
)
COLUMNS = (
    "peak\tmotif\tscore\tcount\nchr1:100-600\tArnt_MA0004.1\t7.5\t1\nchr1-800-1300\tAhr::Arnt_MA0006.1\t4\t2\n"
    "chr2_50_550\tAhr::Arnt_MA0006.1\t5\t1\n"
)
TWO = (
    "chr1:100-600\tArnt_MA0004.1\nchr1:800-1300\tAhr::Arnt_MA0006.1\nchr1:800-1300\tAhr::Arnt_MA0006.1\n"
    "chr2:50-550\tAhr::Arnt_MA0006.1\n"
)


def text(name: str, content: str):
    return lambda folder: (folder / name).write_text(content) and folder / name


def h5ad(folder, values: pd.DataFrame):
    obs, var = pd.DataFrame(index=values.index.astype(str)), pd.DataFrame(index=values.columns.astype(str))
    path = folder / "motifs.h5ad"
    ad.AnnData(sp.csr_matrix(values.to_numpy(np.float32)), obs=obs, var=var).write_h5ad(path)
    return path


MATRICES = ("matrix csv", "matrix tsv, turned", "h5ad", "h5ad, turned")
FORMS = {
    "10x": text("peak_motif_mapping.bed", TENX),
    "10x packed": lambda folder: (
        (folder / "m.bed.gz").write_bytes(gzip.compress(TENX.encode())) and folder / "m.bed.gz"
    ),
    "sites": text("sites.bed", SITES),
    "columns": text("table.tsv", COLUMNS),
    "csv": text("table.csv", COLUMNS.replace("\t", ",")),
    "two columns, no header": text("t.txt", TWO),
    "matrix csv": text("m.csv", MATRIX.to_csv()),
    "matrix tsv, turned": text("m.tsv", MATRIX.T.to_csv(sep="\t")),
    "h5ad": lambda folder: h5ad(folder, MATRIX),
    "h5ad, turned": lambda folder: h5ad(folder, MATRIX.T),
}


@pytest.mark.parametrize("form", FORMS)
def test_each_form_is_read(form, tmp_path):
    found = read_motif_table(FORMS[form](tmp_path), PEAKS)
    order = [list(found.ids).index(name) for name in MATRIX.columns]
    np.testing.assert_array_equal(found.counts.toarray()[:, order], TRUTH)
    assert [found.genes[at] for at in order] == [("Arnt",), ("Ahr", "Arnt")]
    assert found.named("ARNT") == sorted(order)
    assert list(found.peaks) == list(PEAKS.index)
    assert "3 of 4 peaks have a counterpart" in found.notes[-1] or form in MATRICES
    if form in ("sites", "columns", "csv"):
        np.testing.assert_allclose(found.scores.toarray()[:, order], [[7.5, 0], [0, 4], [0, 5], [0, 0]])


def test_scores_in_a_matrix_say_that_there_is_a_hit(tmp_path):
    found = read_motif_table(text("m.csv", (MATRIX * 3.7).to_csv())(tmp_path), PEAKS)
    np.testing.assert_array_equal(found.counts.toarray(), TRUTH > 0)
    np.testing.assert_allclose(found.scores.toarray(), TRUTH * 3.7, rtol=1e-5)


def test_other_peaks_are_matched_by_overlap_and_summed(tmp_path):
    other = PEAKS.assign(start=PEAKS["start"] + 200, end=PEAKS["end"] + 200).iloc[:3]
    wide = pd.DataFrame([("chr1", 0, 2000)], columns=["chrom", "start", "end"], index=["all"])
    path = FORMS["10x"](tmp_path)
    shifted = read_motif_table(path, other)
    # the first peak of the data reaches the first of the table alone, the second too: 1000-1500 and 800-1300
    assert shifted.counts.toarray().sum(axis=1).tolist() == [1, 2, 1]
    assert read_motif_table(path, wide).counts.toarray().tolist() == [[1, 2]]
    assert "1 of 1 peaks have a counterpart" in read_motif_table(path, wide).notes[-1]
    assert "2 of its 3 peaks lie on peaks" in read_motif_table(path, wide).notes[-1]


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("a.bed", "", "a.bed"),
        ("a.bed", "chr9\t1\t50\tX\n", "No peak of a.bed, such as chr9:1-50, is one of the data"),
        ("a.bed", "chr1\t1\t50\n", "is no table of motifs and peaks"),
        ("a.tsv", "peak\tmotif\nnames\tA\n", "No peak of a.tsv, such as names"),
        ("a.csv", ",A,B\nx,1,2\ny,3,4\n", "neither its rows nor its columns"),
        ("a.txt", "no table\n", "is no table of motifs and peaks"),
        ("a.png", "\x89PNG", "a.png"),
    ],
)
def test_what_is_no_table_is_said(name, content, said, tmp_path):
    path = tmp_path / name
    path.write_text(content, encoding="latin-1")
    with pytest.raises(InputError) as caught:
        read_motif_table(path, PEAKS)
    assert said in caught.value.found
    assert "peak_motif_mapping.bed" in caught.value.expected


@settings(max_examples=60)
@given(
    st.lists(st.tuples(st.sampled_from("ab"), st.integers(0, 40), st.integers(1, 12)), min_size=1, max_size=12),
    st.lists(st.tuples(st.sampled_from("ab"), st.integers(0, 40), st.integers(1, 12)), min_size=1, max_size=12),
)
def test_overlaps_are_those_of_comparing_all_with_all(ours, theirs):
    one, two = (
        pd.DataFrame([(chrom, start, start + size) for chrom, start, size in each], columns=["chrom", "start", "end"])
        for each in (ours, theirs)
    )
    found = by_overlap(one, two)
    chrom = one["chrom"].to_numpy()[:, None] == two["chrom"].to_numpy()
    starts, ends = (
        np.subtract.outer(one[a].to_numpy(), two[b].to_numpy()) for a, b in (("start", "end"), ("end", "start"))
    )
    np.testing.assert_array_equal(found.toarray(), chrom & (starts < 0) & (ends > 0))
    assert found.nnz == found.toarray().sum()


def test_hits_are_saved_and_read(tmp_path):
    found = read_motif_table(FORMS["sites"](tmp_path), PEAKS)
    found.save(tmp_path / "hits.npz")
    again = MotifHits.load(tmp_path / "hits.npz")
    assert (again.counts != found.counts).nnz == 0
    assert (again.scores != found.scores).nnz == 0
    for name in ("ids", "names", "genes", "families", "provenance", "notes"):
        assert getattr(again, name) == getattr(found, name)
    assert again.peaks.tolist() == found.peaks.tolist()


@pytest.mark.parametrize("content", [b"", b"no", b"PK\x03\x04 and so on"])
def test_damaged_hits_are_refused(content, tmp_path):
    (tmp_path / "hits.npz").write_bytes(content)
    with pytest.raises(InputError, match=r"holds no motif hits"):
        MotifHits.load(tmp_path / "hits.npz")


def test_hits_of_objects_are_refused(tmp_path):
    np.savez(tmp_path / "hits.npz", peaks=np.array([{}], dtype=object))
    with pytest.raises(InputError, match=r"holds no motif hits"):
        MotifHits.load(tmp_path / "hits.npz")


def test_hits_keep_their_invariants():
    good = sp.csr_matrix([[1, 0], [0, 2]])
    MotifHits(np.array(["p", "q"]), ["a", "b"], ["a", "b"], [(), ()], [(), ()], good, good)
    with pytest.raises(ValueError, match="where counts are"):
        MotifHits(
            np.array(["p", "q"]), ["a", "b"], ["a", "b"], [(), ()], [(), ()], good, sp.csr_matrix([[0, 1], [1, 0]])
        )
    with pytest.raises(ValueError, match="share an id"):
        MotifHits(np.array(["p", "q"]), ["a", "a"], ["a", "b"], [(), ()], [(), ()], good, good)
    with pytest.raises(ValueError, match="shapes"):
        MotifHits(np.array(["p"]), ["a", "b"], ["a", "b"], [(), ()], [(), ()], good, good)
