from __future__ import annotations

from dataclasses import replace

import anndata as ad
import numpy as np
import pandas as pd
import pytest

from monae_app.engine.config import make_config
from monae_app.engine.data.contents import Contents, Matrix, Part
from monae_app.engine.data.feature_reading import read_feature
from monae_app.engine.data.reading import read_dataset, read_modality
from monae_app.engine.errors import InputError


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

        monkeypatch.setattr("monae_app.engine.data.modality_reading.open_file", open_file)

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
