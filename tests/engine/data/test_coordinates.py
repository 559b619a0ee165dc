from __future__ import annotations

import pandas as pd
import pytest

from monae_app.engine.config import make_config
from monae_app.engine.data.coordinates import locate_features
from monae_app.engine.data.dataset import Dataset
from monae_app.engine.errors import InputError

PEAKS = ["1:100-200", "chr1:900-950", "2-5-9", "chrX_10_20", "Un_KI270713v1:3-8"]


@pytest.fixture
def bed(tmp_path):
    path = tmp_path / "genes.bed"
    path.write_text("chr1\t50\t150\tAlpha\t+\nchr2\t0\t40\tBeta\t-\nchrX\t7\t70\tGamma\t+\n")
    return path


@pytest.fixture
def both(modality):
    return Dataset(
        {
            "rna": modality(features=["Gamma", "Unknown", "Alpha", "Beta", "ERCC-1"]),
            "atac": modality(name="atac", features=PEAKS),
        }
    )


def config(bed=None, **settings):
    return make_config(inputs={"rna": "rna.h5ad", "atac": "atac.h5ad"}, bed=bed, **settings)


def test_genes_are_located_by_symbol_and_unknown_ones_stay_open(both, bed):
    found = locate_features(both, config(bed))["rna"]
    assert found.index.tolist() == both.modalities["rna"].var.index.tolist()
    assert found.loc["Gamma"].tolist() == ["chrX", 7, 70, "+"]
    assert found.loc["Beta"].tolist() == ["chr2", 0, 40, "-"]
    assert found.loc[["Unknown", "ERCC-1"]].isna().all(axis=None)


def test_chromosomes_of_peaks_take_the_names_of_the_genes(both, bed):
    found = locate_features(both, config(bed))["atac"]
    assert found["chrom"].tolist() == ["chr1", "chr1", "chr2", "chrX", "Un_KI270713v1"]
    assert found["start"].tolist() == [100, 900, 5, 10, 3]
    assert found.index.tolist() == PEAKS


@pytest.mark.parametrize("order", [["rna", "atac"], ["atac", "rna"]])
def test_modalities_come_in_the_order_of_the_dataset(both, bed, order):
    turned = Dataset({name: both.modalities[name] for name in order})
    assert list(locate_features(turned, config(bed))) == order


def test_no_gene_in_common_is_refused_with_names_of_both_sides(modality, bed):
    dataset = Dataset(
        {"rna": modality(features=["ENSG1", "ENSG2", "a", "b", "c"]), "atac": modality(name="atac", features=PEAKS)}
    )
    with pytest.raises(InputError) as caught:
        locate_features(dataset, config(bed))
    assert "None of the 5 genes" in caught.value.found
    assert "'ENSG1'" in caught.value.found
    assert "'Alpha'" in caught.value.found
    assert "--bed" in caught.value.todo


def test_human_symbols_against_mouse_are_refused(modality):
    dataset = Dataset({"rna": modality(features=["GAPDH", "GATA1", "MBP", "CD4", "CD8A"])})
    with pytest.raises(InputError, match="is known to mm10"):
        locate_features(dataset, config(genome="mm10"))
    assert locate_features(dataset, config(genome="hg38"))["rna"]["chrom"].notna().all()


def test_it_is_said_whose_genes_they_seem_to_be(modality):
    dataset = Dataset({"rna": modality(features=["GAPDH", "GATA1", "MBP", "CD4", "CD8A"])})
    with pytest.raises(InputError, match=r"look like genes of human: 100% of the genes are known to hg\d\d"):
        locate_features(dataset, config(genome="mm10"))


def test_two_modalities_need_a_genome(both):
    with pytest.raises(InputError, match="No genome was named") as caught:
        locate_features(both, config())
    assert "--genome" in caught.value.expected


def test_one_modality_needs_no_genome(both):
    rna = locate_features(Dataset({"rna": both.modalities["rna"]}), config())
    assert list(rna) == ["rna"]
    assert rna["rna"].isna().all(axis=None)
    assert len(rna["rna"]) == 5
    atac = locate_features(Dataset({"atac": both.modalities["atac"]}), config())
    assert atac["atac"]["chrom"].tolist() == ["1", "chr1", "2", "chrX", "Un_KI270713v1"]


def test_peaks_without_a_place_are_refused(modality, bed):
    dataset = Dataset({"atac": modality(name="atac", features=["peak_a", *PEAKS[:4]])})
    with pytest.raises(InputError, match="'peak_a'"):
        locate_features(dataset, config(bed))


def test_the_dataset_is_left_as_it_was(both, bed):
    before = both.modalities["atac"].var.copy()
    locate_features(both, config(bed))
    pd.testing.assert_frame_equal(both.modalities["atac"].var, before)
