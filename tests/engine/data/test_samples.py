from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import anndata as ad
import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st

from monae_app.engine.config import make_config
from monae_app.engine.data.contents import Contents, Matrix, Part
from monae_app.engine.data.genome import parse_peaks
from monae_app.engine.data.peak_union import sum_repeated, unite_peaks
from monae_app.engine.data.reading import read_dataset, read_feature, read_modality
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


@pytest.fixture
def write(tmp_path):
    def to_file(name, values, features, prefix="c", **parts):
        table = ad.AnnData(
            np.asarray(values, np.float32),
            obs=pd.DataFrame(index=[f"{prefix}{i}" for i in range(len(values))]),
            var=pd.DataFrame(index=features),
            **parts,
        )
        table.write_h5ad(tmp_path / name)
        return tmp_path / name

    return to_file


GENES = [f"gene{i}" for i in range(8)]
PEAKS = [f"chr1:{100 * i}-{100 * i + 50}" for i in range(8)]
COUNTS = np.random.default_rng(0).poisson(2, (9, 8)) + 1


def test_samples_are_batches_unless_told_otherwise(write):
    rna = [write(f"{name}.h5ad", COUNTS, GENES, name) for name in ("one", "two")]
    atac = write("peaks.h5ad", COUNTS, PEAKS)
    found = read_dataset(make_config(inputs={"rna": rna, "atac": atac}))
    assert found.batch_names == ("one", "peaks", "two")
    assert found.modalities["atac"].obs["sample"].tolist() == ["peaks"] * 9
    assert [each["name"] for each in found.findings["rna"]["samples"]] == ["one", "two"]
    assert any("batch of its own" in note for note in found.notes)
    for settings_of in ({"sample_as_batch": False}, {"batch_key": ("lane",)}):
        if "batch_key" in settings_of:
            with pytest.raises(InputError, match="no obs column 'lane'"):
                read_dataset(make_config(inputs={"rna": rna, "atac": atac}, **settings_of))
            continue
        found = read_dataset(make_config(inputs={"rna": rna, "atac": atac}, **settings_of))
        assert found.batch_names == ("all",)
        assert "sample" in found.modalities["rna"].obs
        assert "sample" not in found.modalities["atac"].obs


def test_one_file_a_modality_has_neither_samples_nor_batches(write):
    found = read_dataset(make_config(inputs={"rna": write("one.h5ad", COUNTS, GENES)}))
    assert found.batch_names == ("all",)
    assert "sample" not in found.modalities["rna"].obs
    assert found.notes == ()


def test_a_feature_is_read_from_all_samples(write):
    rna = [write("one.h5ad", COUNTS, GENES, "a"), write("two.h5ad", COUNTS * 2, GENES[::-1], "b")]
    found = read_feature(make_config(inputs={"rna": rna}), "rna", "gene0")
    np.testing.assert_array_equal(found, [*COUNTS[:, 0], *COUNTS[:, 7] * 2])


@pytest.fixture
def opens(monkeypatch):
    """Let files be what the test says they hold."""

    def as_contents(**files):
        def open_file(path, _options=None):
            return Contents(path, "test format", files[path.name], ("a note on the file.",))

        monkeypatch.setattr("monae_app.engine.data.reading.open_file", open_file)

    return as_contents


def table_part(values, features, prefix="c", **about):
    obs = pd.DataFrame(index=[f"{prefix}{i}" for i in range(len(values))])
    return Part(obs, pd.DataFrame(index=features), {"X": Matrix.of(np.asarray(values))}, **about)


def test_a_file_with_two_modalities_stands_for_both(opens):
    opens(both=(table_part(COUNTS, GENES, name="gex", modality="rna"), table_part(COUNTS * 2, PEAKS, name="peaks")))
    found = read_dataset(make_config(inputs={"rna": "both", "atac": "both"}))
    np.testing.assert_array_equal(found.modalities["rna"].values.toarray(), COUNTS)
    np.testing.assert_array_equal(found.modalities["atac"].values.toarray(), COUNTS * 2)
    assert found.findings["rna"]["format"] == "test format"
    assert "rna: a note on the file." in found.notes
    assert found.n_cells_in_several() == 9


def test_parts_of_one_modality_are_samples_named_by_the_part(opens):
    parts = [table_part(COUNTS, GENES, name=name, modality="rna") for name in ("d1", "d2")]
    opens(cohort=tuple(parts), more=(table_part(COUNTS, GENES, modality="rna"),))
    found = read_dataset(make_config(inputs={"rna": "cohort"}))
    assert found.batch_names == ("d1", "d2")
    assert found.modalities["rna"].obs.index[0] == "d1_c0"
    found = read_dataset(make_config(inputs={"rna": ["cohort", "more"]}))
    assert found.batch_names == ("cohort_d1", "cohort_d2", "more")


def test_repeated_peaks_of_one_file_are_summed_and_said(opens):
    opens(peaks=(table_part(COUNTS, [*PEAKS[:7], PEAKS[0]]),))
    notes: list[str] = []
    found = read_modality("atac", make_config(inputs={"atac": "peaks"}), notes)
    np.testing.assert_array_equal(found.values.toarray()[:, 0], COUNTS[:, 0] + COUNTS[:, 7])
    assert "1 peaks stand more than once" in " ".join(notes)


def test_a_genome_that_contradicts_the_features_is_said(opens):
    from monae_app.engine.data.understanding.known_genes import symbols

    opens(rna=(table_part(COUNTS.repeat(5, axis=1), symbols("hg38")[:40].tolist()),))
    found = read_dataset(make_config(inputs={"rna": "rna"}, genome="mm10"))
    assert "look like human" in " ".join(found.notes)
    assert read_dataset(make_config(inputs={"rna": "rna"}, genome="hg19")).notes == ("rna: a note on the file.",)


def test_symbols_come_from_the_annotation_that_is_given(opens, tmp_path):
    ids = [f"ENSG{i:011d}" for i in range(8)]
    lines = [
        f'chr1\tx\tgene\t{10 * i + 1}\t{10 * i + 5}\t.\t+\t.\tgene_id "{name}.9"; gene_name "Sym{i}";'
        for i, name in enumerate(ids)
    ]
    (tmp_path / "genes.gtf").write_text("\n".join(lines) + "\n")
    opens(rna=(table_part(COUNTS, [f"{name}.2" for name in ids]),))
    found = read_dataset(make_config(inputs={"rna": "rna"}, gtf=tmp_path / "genes.gtf"))
    assert found.modalities["rna"].var.index.tolist() == [f"Sym{i}" for i in range(8)]


LOGS = np.log1p(COUNTS) * 1.1


def test_each_sample_takes_its_own_counts(opens):
    layered = table_part(LOGS, GENES, "b")
    layered = replace(layered, matrices={**layered.matrices, "counts": Matrix.of(COUNTS)})
    opens(one=(table_part(COUNTS, GENES),), two=(layered,), logs=(table_part(LOGS, GENES, "d"),))
    notes: list[str] = []
    found = read_modality("rna", make_config(inputs={"rna": ["one", "two"]}), notes)
    assert found.likelihood == "nb"
    np.testing.assert_array_equal(found.values.toarray(), np.r_[COUNTS, COUNTS])
    assert "rna: two: counts were taken from the layer 'counts', X holds continuous values." in notes
    with pytest.raises(InputError, match="one holds counts, logs does not"):
        read_modality("rna", make_config(inputs={"rna": ["one", "logs"]}), [])


def test_the_matrix_can_be_named(opens):
    both = table_part(COUNTS, GENES)
    opens(one=(replace(both, matrices={**both.matrices, "logs": Matrix.of(LOGS)}),))
    found = read_modality("rna", make_config(inputs={"rna": "one"}, rna_matrix="logs"), [])
    assert found.likelihood == "normal"
    np.testing.assert_allclose(found.values.toarray(), LOGS, rtol=1e-6)
    with pytest.raises(InputError, match="no matrix 'raw'"):
        read_modality("rna", make_config(inputs={"rna": "one"}, rna_matrix="raw"), [])


def test_without_x_raw_is_taken_with_its_own_features(opens):
    raw = Matrix.of(np.c_[COUNTS, COUNTS], pd.DataFrame(index=[f"raw{i}" for i in range(16)]))
    opens(one=(replace(table_part(COUNTS, GENES), matrices={"raw": raw}),))
    notes: list[str] = []
    found = read_modality("rna", make_config(inputs={"rna": "one"}), notes)
    assert found.var.index.tolist() == raw.var.index.tolist()
    np.testing.assert_array_equal(found.values.toarray(), np.c_[COUNTS, COUNTS])
    assert "rna: counts were taken from raw, there is no X." in notes
