"""ATAC fragments: counted as one would by hand."""

from __future__ import annotations

import gzip

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from monae_app.engine.data import on_disk
from monae_app.engine.data.contents import ReadingOptions
from monae_app.engine.data.readers import fragment_counts, fragments, open_file
from monae_app.engine.data.store.kept import telling
from monae_app.engine.data.store.mapped_matrix import MappedMatrix
from monae_app.engine.errors import InputError
from tests.engine.data.readers.planted_tables import barcodes, dense

EASY = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
CELLS = barcodes(5)
Fragment = tuple[str, int, int, int]
fragment = st.tuples(
    st.sampled_from(["chr1", "chr2", "chrX"]), st.integers(0, 3000), st.integers(1, 900), st.integers(0, 4)
)
peak = st.tuples(st.sampled_from(["1", "2", "X"]), st.integers(0, 3000), st.integers(1, 900))


def write(path, found: list[Fragment], head: str = "", reads: bool = True):
    text = head + "".join(
        f"{chrom}\t{start}\t{start + length}\t{CELLS[cell]}" + ("\t1\n" if reads else "\n")
        for chrom, start, length, cell in found
    )
    path.write_bytes(gzip.compress(text.encode()) if path.suffix == ".gz" else text.encode())
    return path


def by_hand(found: list[Fragment], places: list[tuple[str, int, int]]) -> pd.DataFrame:
    table = pd.DataFrame(0, index=CELLS, columns=[f"{c}:{s}-{e}" for c, s, e in places])
    for chrom, start, length, cell in found:
        for i, (place, first, last) in enumerate(places):
            if chrom.removeprefix("chr") == place.removeprefix("chr") and start < last and start + length > first:
                table.iloc[cell, i] += 1
    return table


def check(part, expected: pd.DataFrame) -> None:
    got = pd.DataFrame(dense(part.matrices["X"].read()), index=part.obs.index, columns=part.var.index)
    expected = expected.loc[got.index, expected.sum() > 0]
    assert set(got.columns) == set(expected.columns)
    pd.testing.assert_frame_equal(got[expected.columns], expected, check_dtype=False, check_names=False)


@EASY
@given(found=st.lists(fragment, min_size=1, max_size=40), packed=st.booleans(), reads=st.booleans())
def test_bins_count_every_fragment_that_overlaps_them(found, packed, reads, tmp_path):
    path = write(tmp_path / ("f.tsv.gz" if packed else "f.tsv"), found, "# a comment\n", reads)
    (part,) = open_file(path, ReadingOptions(bin_size=500)).parts
    bins = [(chrom, s, s + 500) for chrom in ("chr1", "chr2", "chrX") for s in range(0, 4000, 500)]
    check(part, by_hand(found, bins))
    assert part.modality == "atac"


@EASY
@given(found=st.lists(fragment, min_size=1, max_size=40), peaks=st.lists(peak, min_size=1, max_size=15, unique=True))
def test_peaks_count_every_fragment_that_overlaps_them_even_if_they_overlap(found, peaks, tmp_path):
    places = [(chrom, start, start + length) for chrom, start, length in peaks]
    bed = tmp_path / "peaks.bed"
    bed.write_text("#chrom\tstart\tend\n" + "".join(f"{c}\t{s}\t{e}\tname\n" for c, s, e in places))
    path = write(tmp_path / "f.tsv", found)
    expected = by_hand(found, places)
    if not expected.to_numpy().any():
        with pytest.raises(InputError, match="no fragment lies in any of the peaks"):
            open_file(path, ReadingOptions(peaks=bed))
        return
    (part,) = open_file(path, ReadingOptions(peaks=bed)).parts
    # cells none of whose fragments lie in a peak stay, empty
    assert set(part.obs.index) == {CELLS[cell] for *_, cell in found}
    check(part, expected)


@pytest.mark.parametrize("large", [2, 10**9])
def test_barcodes_with_few_fragments_are_left_out_and_chunks_add_up(tmp_path, monkeypatch, large):
    monkeypatch.setattr(on_disk, "LARGE", large)
    monkeypatch.setattr(fragments, "CHUNK", 7)
    monkeypatch.setattr(fragment_counts, "MERGED_AT", 10)
    found = [("chr1", 10 * i % 2000, 50, i % 4) for i in range(400)] + [("chr1", 5, 50, 4)] * 9
    (part,) = open_file(write(tmp_path / "f.tsv", found), ReadingOptions(bin_size=500)).parts
    assert part.obs.index.tolist() == CELLS[:4]
    assert part.obs["n_fragments"].tolist() == [100] * 4
    assert "4 barcodes have at least 10 fragments and were taken for cells; 1 with fewer were left out" in part.notes[0]
    bins = [("chr1", s, s + 500) for s in range(0, 2500, 500)]
    check(part, by_hand(found[:400], bins))


@EASY
@given(found=st.lists(fragment, min_size=30, max_size=120), fewest=st.integers(1, 30))
def test_counts_on_disk_are_those_in_memory(found, fewest, tmp_path):
    path, told = write(tmp_path / "f.tsv", found), []
    (expected,) = open_file(path, ReadingOptions(bin_size=100)).parts
    with pytest.MonkeyPatch.context() as patched, telling(lambda *each: told.append(each)):
        patched.setattr(on_disk, "LARGE", 2)
        patched.setattr(fragments, "CHUNK", fewest)
        patched.setattr(fragment_counts, "MERGED_AT", 5)
        (part,) = open_file(path, ReadingOptions(bin_size=100)).parts
    values = part.matrices["X"].read()
    assert isinstance(values, MappedMatrix) == (values.nnz > 2)
    pd.testing.assert_frame_equal(part.obs, expected.obs)
    pd.testing.assert_index_equal(part.var.index, expected.var.index)
    assert not (values[:] != expected.matrices["X"].read()).nnz
    assert told[-1] == (path.stat().st_size,) * 2


def test_the_genome_is_taken_from_the_comments_and_long_fragments_are_left_out(tmp_path):
    head = "# id=s1\n# reference_path=/refs/refdata-cellranger-arc-GRCh38-2020-A-2.0.0\n#\n"
    found = [("chr1", 10, 100, 0), ("chr1", 10, 50_000, 1), ("chr1", 700, 100, 1)]
    (part,) = open_file(write(tmp_path / "f.tsv.gz", found, head)).parts
    assert part.genome == "hg38"
    assert "1 fragments are longer than 10,000 bp and were left out." in part.notes
    assert dense(part.matrices["X"].read()).tolist() == [[1], [1]]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("chr1\t100\t200\n" * 5, "a BED file of intervals, without cells"),
        ("chr1\t100\t200\tpeak1\n" * 5, "a BED file of intervals, without cells"),
        ("chr1\t100\t200\tpeak1\t0\t+\n" * 5, "a BED file of intervals, without cells"),
        ("chr1\thavana\tgene\t1\t9\t.\t+\t.\tgene_id\n" * 5, "a gene annotation"),
        ("chr1\t100\t200\tACGTACGTACGT-1\t1\n" * 5 + "chr1\t100\n", "fragments"),
        ("chr1\t100\t200\tACGTACGTACGT-1\t1\n" * 5 + "chr1\t100\t200\n" * 2, "fewer than four fields"),
        ("chr1\t100\t200\tACGTACGTACGT-1\t1\n" * 5 + "chr1\tx\t200\tACGT\t1\n", "fragments"),
        ("chr1\t100\t200\tACGTACGTACGT-1\t1\n" * 5 + "chr1\t300\t200\tACGT\t1\n", "a fragment runs from 300 to 200"),
    ],
)
def test_what_holds_no_fragments_is_refused(tmp_path, content, words):
    path = tmp_path / "f.bed"
    path.write_text(content * 1)
    with pytest.raises(InputError, match=words):
        open_file(path)


def test_peaks_that_are_none_are_refused(tmp_path):
    path = write(tmp_path / "f.tsv", [("chr1", 10, 100, 0)])
    with pytest.raises(InputError, match=r"There is no file .*absent"):
        open_file(path, ReadingOptions(peaks=tmp_path / "absent.bed"))
    for content in ("", "chr1\t1\n", "chr1\t5\t2\n", "chr1\tx\ty\nchr1\tz\tz\n"):
        (tmp_path / "p.bed").write_text(content)
        with pytest.raises(InputError, match=r"p\.bed could not be read as peaks"):
            open_file(path, ReadingOptions(peaks=tmp_path / "p.bed"))


def test_the_smallest_cell_is_told_by_the_typical_one():
    totals = np.array([1000] * 50 + [99] * 10 + [2] * 5000)
    kept, note = fragments._cells(totals)
    assert len(kept) == 50
    assert "at least 100 fragments" in note


def spelled(path, names, *, header="", comment="", last=("1",), start="", n=60):
    lines = ["\t".join(["chr1", str(500 * i), str(500 * i + 90), names[i % len(names)], *last]) for i in range(n)]
    path.write_text(start + header + "\n".join([*lines[:9], *([comment] if comment else []), *lines[9:]]) + "\n")
    return path


NAMED = {
    "of a sample": ([f"lung#{name}" for name in CELLS], {}),
    "of a sample, without reads": ([f"lung#{name}" for name in CELLS], {"last": ()}),
    "under a header": (CELLS, {"header": "chrom\tstart\tend\tbarcode\tcount\n"}),
    "under comments and a header": (CELLS, {"start": "# id=x\n#\n", "header": "chr\tstart\tend\tname\tscore\n"}),
    "with a comment in between": (CELLS, {"comment": "# second file"}),
    "with a strand": (CELLS, {"last": ("1", "+")}),
    "numbered cells": ([f"cell{i}" for i in range(5)], {}),
}


@pytest.mark.parametrize("kind", NAMED)
def test_each_cell_is_kept_apart_whatever_it_is_called(kind, tmp_path):
    names, how = NAMED[kind]
    (part,) = open_file(spelled(tmp_path / "sample.tsv", names, **how)).parts
    assert sorted(part.obs.index) == sorted(names)
    assert part.obs["n_fragments"].eq(12).all()


def test_names_of_cells_that_look_like_nothing_are_taken_where_the_file_is_called_fragments(tmp_path):
    names = [f"n{i}" for i in range(60)]
    content = open_file(spelled(tmp_path / "lung_fragments.tsv", names, last=()))
    assert len(content.parts[0].obs) == 60
    with pytest.raises(InputError, match="BED file of intervals"):
        open_file(spelled(tmp_path / "lung.bed", names, last=()))


def test_peaks_and_tables_under_a_header_are_no_fragments(tmp_path):
    peaks = [f"peak{i}" for i in range(60)]
    with pytest.raises(InputError, match="BED file of intervals"):
        open_file(spelled(tmp_path / "peaks.bed", peaks))
    table = spelled(
        tmp_path / "t.tsv", ["3", "0"], header="chr\tstart\tend\tAACCGGTTAACC\tCACCGGTTAACC\tGACCGGTTAACC\n"
    )
    table.write_text(table.read_text().replace("\t1\n", "\t1\t2\n"))
    assert "text table" in open_file(table).format


def test_a_file_that_is_cut_within_a_line_says_so(tmp_path):
    path = spelled(tmp_path / "f.tsv", CELLS)
    path.write_text(path.read_text()[:-30] + "chr1\t5")
    with pytest.raises(InputError, match="cut off"):
        open_file(path)
