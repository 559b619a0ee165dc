from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st

from monae_app.engine.data.genome import parse_peaks
from monae_app.engine.data.peak_union import sum_repeated, unite_peaks
from monae_app.engine.data.samples import Sample, mark_sample, sample_names, sample_stem, stack
from monae_app.engine.errors import InputError


def sample(name, values, features, cells=None, obs=None, **about):
    values = np.asarray(values, np.float32)
    index = pd.Index(cells or [f"{name}{i}" for i in range(len(values))])
    table = pd.DataFrame(obs or {}, index=index)
    return Sample(name, sp.csr_matrix(values), table, pd.DataFrame(index=pd.Index(features)), **about)


def stacked(samples, modality="rna", join="intersection"):
    notes: list[str] = []
    values, obs, var = stack(list(samples), modality, join, notes)
    assert values.shape == (len(obs), len(var))
    assert values.dtype == np.float32
    return pd.DataFrame(values.toarray(), obs.index, var.index), obs, notes


@pytest.mark.parametrize(
    ("path", "stem"),
    [
        ("x/donor1.h5ad", "donor1"),
        ("donor.1.csv.gz", "donor.1"),
        ("GSM1_a.tar.gz", "GSM1_a"),
        ("filtered_feature_bc_matrix", "filtered_feature_bc_matrix"),
        ("cells.zarr.zip", "cells"),
        (".h5ad", ".h5ad"),
    ],
)
def test_a_sample_is_called_like_its_file(path, stem):
    assert sample_stem(Path(path)) == stem


def test_files_of_equal_stem_are_told_apart():
    folders = [Path("a/matrix.h5"), Path("b/matrix.h5"), Path("b/other.h5")]
    assert sample_names(folders) == ["a_matrix", "b_matrix", "other"]
    assert sample_names([Path("a/x.h5"), Path("a/x.h5ad"), Path("a/x.loom")]) == ["a_x", "a_x_2", "a_x_3"]


def test_one_sample_is_left_as_it_is():
    only = sample("s", np.eye(3), list("abc"))
    table, obs, notes = stacked([only])
    assert notes == []
    assert "sample" not in obs
    np.testing.assert_array_equal(table, np.eye(3))


@pytest.fixture
def first():
    return sample("one", [[1, 2, 3], [4, 5, 6]], ["a", "b", "c"], obs={"age": [1, 2], "donor": ["x", "y"]})


@pytest.fixture
def second():
    return sample("two", [[7, 8, 9]], ["c", "d", "a"], obs={"donor": ["z"], "sex": ["f"]})


def test_genes_are_intersected_and_what_is_lost_is_said(first, second):
    table, obs, notes = stacked([first, second])
    assert table.columns.tolist() == ["a", "c"]
    np.testing.assert_array_equal(table, [[1, 3], [4, 6], [9, 7]])
    assert obs["sample"].tolist() == ["one", "one", "two"]
    assert "rna: 2 of 4 genes are in all samples; the other 2 were left out" in notes[-1]


def test_genes_are_united_by_choice_and_zero_where_a_sample_lacks_them(first, second):
    table, _, notes = stacked([first, second], join="union")
    assert table.columns.tolist() == ["a", "b", "c", "d"]
    np.testing.assert_array_equal(table, [[1, 2, 3, 0], [4, 5, 6, 0], [9, 0, 7, 8]])
    assert "4 genes are in any" in notes[-1]


def test_obs_columns_are_merged(first, second):
    _, obs, _ = stacked([first, second])
    assert obs["donor"].tolist() == ["x", "y", "z"]
    assert obs["age"].tolist()[:2] == [1, 2]
    assert obs.isna().sum().to_dict() == {"age": 1, "donor": 0, "sample": 0, "sex": 2}


def test_categories_of_different_samples_are_united_and_a_column_called_sample_is_kept():
    obs = [{"sample": pd.Categorical(["p", "q"]), "n": [1, 2]}, {"sample": pd.Categorical(["r"]), "n": [2.5]}]
    first, second = sample("one", np.eye(2), list("ab"), obs=obs[0]), sample("two", [[1, 2]], list("ab"), obs=obs[1])
    _, found, _ = stacked([first, second])
    assert found["input_sample"].tolist() == ["p", "q", "r"]
    assert found["sample"].tolist() == ["one", "one", "two"]
    assert found["n"].tolist() == [1, 2, 2.5]
    assert mark_sample(found, "again")["sample"].tolist() == ["again"] * 3


def test_cell_names_that_clash_begin_with_their_sample():
    cells = ["AAAC", "AAAG"]
    table, _, notes = stacked([sample(name, np.eye(2), list("ab"), cells) for name in ("one", "two")])
    assert table.index.tolist() == ["one_AAAC", "one_AAAG", "two_AAAC", "two_AAAG"]
    assert "2 cell names stand in several samples" in notes[-1]
    table, _, _ = stacked(
        [sample("one", np.eye(2), list("ab"), cells), sample("two", np.eye(2), list("ab"), ["x", "y"])]
    )
    assert table.index.tolist() == [*cells, "x", "y"]


def test_samples_without_a_common_gene_or_of_two_kinds_are_refused(first):
    with pytest.raises(InputError, match="no genes in common") as caught:
        stacked([first, sample("odd", np.eye(2), ["ENSG1", "ENSG2"])])
    assert "'ENSG1'" in caught.value.found
    with pytest.raises(InputError, match="one holds counts, logs does not"):
        stacked([first, sample("logs", [[0.5, 1, 2]], ["a", "b", "c"], counted=False)])


def test_overlapping_peaks_become_one_and_their_counts_are_summed():
    one = sample("one", [[1, 2, 4]], ["chr1:100-200", "chr1:300-400", "chr2:5-10"])
    two = sample("two", [[8, 16, 32]], ["1-150-320", "chr1:400-500", "chrX_1_9"])
    table, _, notes = stacked([one, two], "atac")
    assert table.columns.tolist() == ["chr1:100-400", "chr1:400-500", "chr2:5-10", "chrX_1_9"]
    np.testing.assert_array_equal(table, [[3, 0, 4, 0], [8, 16, 0, 32]])
    assert "the 3 and 3 peaks of the samples became 4" in notes[-1]


def test_equal_peak_sets_are_not_touched():
    # overlapping within one file, as it came
    names = ["chr1:100-200", "chr1:150-250", "scaffold_1_5_9"]
    table, _, notes = stacked([sample(name, np.eye(3), names) for name in "ab"], "atac")
    assert table.columns.tolist() == names
    assert len(notes) == 1


def test_names_that_are_no_places_give_way_to_places():
    def var(starts):
        names = [f"peak_{i}" for i in range(len(starts))]
        return pd.DataFrame({"chrom": "chr1", "start": starts, "end": [each + 10 for each in starts]}, index=names)

    united, _ = unite_peaks([var([0, 100]), var([50, 100])])
    assert united.index.tolist() == ["chr1:0-10", "chr1:50-60", "chr1:100-110"]
    assert united["chromStart"].tolist() == [0, 50, 100]


INTERVAL = st.tuples(st.sampled_from(["chr1", "chr2", "s_1"]), st.integers(0, 60), st.integers(1, 12))


@given(st.lists(st.lists(INTERVAL, min_size=1, max_size=12, unique=True), min_size=2, max_size=3), st.integers(0, 9))
@settings(deadline=None, max_examples=25)
def test_every_peak_lies_in_one_of_the_union_and_no_count_is_lost(intervals, seed):
    tables = [
        pd.DataFrame(index=[f"{chrom}:{start}-{start + width}" for chrom, start, width in each]) for each in intervals
    ]
    union, sums = unite_peaks(tables)
    place = parse_peaks(union)
    assert union.index.is_unique
    pd.testing.assert_frame_equal(parse_peaks(pd.DataFrame(index=union.index)), place)
    for _, of_chrom in place.groupby("chrom"):
        ordered = of_chrom.sort_values("start")
        assert (ordered["start"].to_numpy()[1:] >= ordered["end"].to_numpy()[:-1]).all()
    covered = {(row.chrom, at) for row in place.itertuples() for at in range(row.start, row.end)}
    given_places = {
        (chrom, at) for each in intervals for chrom, start, width in each for at in range(start, start + width)
    }
    assert covered == given_places
    rng = np.random.default_rng(seed)
    for table, matrix in zip(tables, sums, strict=True):
        assert matrix.shape == (len(table), len(union))
        own, merged = parse_peaks(table), place.iloc[matrix.indices]
        assert (own["chrom"].to_numpy() == merged["chrom"].to_numpy()).all()
        assert (merged["start"].to_numpy() <= own["start"].to_numpy()).all()
        assert (own["end"].to_numpy() <= merged["end"].to_numpy()).all()
        counts = rng.poisson(2, (4, len(table)))
        np.testing.assert_array_equal((sp.csr_matrix(counts) @ matrix).sum(axis=1).A1, counts.sum(axis=1))


def test_repeated_peaks_are_summed():
    values, var = sum_repeated(sp.csr_matrix([[1, 2, 4, 8]]), pd.DataFrame(index=["p", "q", "p", "p"]))
    assert var.index.tolist() == ["p", "q"]
    assert values.toarray().tolist() == [[13, 2]]
