"""Features found by name, id and place."""

from __future__ import annotations

import anndata as ad
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from monae_app.engine.analysis.feature_search import FeatureSearch
from monae_app.engine.analysis.kept_arrays import KeptArrays
from monae_app.engine.analysis.run_slices import RunSlices
from monae_app.engine.analysis.sorted_names import SortedNames
from monae_app.engine.errors import InputError
from tests.benchmarks_ui.synthetic_run import write_run

NAMES = st.lists(st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=6), max_size=30)


@given(NAMES, st.text(max_size=3))
def test_names_are_found_by_how_they_begin(names, text):
    found = SortedNames.of(names, np.arange(len(names)))
    folded = [name.casefold() for name in names]
    wanted = text.replace("\0", "").casefold()
    starting = [row for row, name in enumerate(folded) if name.startswith(wanted)]
    assert sorted(found.starting(wanted).tolist()) == starting
    assert found.starting(wanted, 3).tolist() == found.starting(wanted).tolist()[:3]
    assert sorted(found.equal(wanted).tolist()) == [row for row, name in enumerate(folded) if name == wanted]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = write_run(tmp_path_factory.mktemp("run") / "run", 20, genes=2100, peaks=200)
    table = ad.read_h5ad(folder / "features.h5ad")
    names = table.obs["name"].astype(str).to_numpy(object)
    names[:3] = ["Gad1", "GAD1", "gad1os"]
    table.obs["name"] = names
    table.obs["gene_id"] = [f"{gene}.3" if gene else "" for gene in table.obs["gene_id"].astype(str)]
    table.obs_names = [f"{kind}:{name}" for kind, name in zip(table.obs["modality"], names, strict=True)]
    table.write_h5ad(folder / "features.h5ad")
    return folder


@pytest.fixture
def search(folder) -> FeatureSearch:
    return FeatureSearch(RunSlices(folder, KeptArrays(2**22)))


def test_symbols_are_found_in_any_case(search):
    assert [found.name for found in search.starting("rna", "gAd1", 50)] == ["Gad1", "GAD1", "gad1os"]
    assert search.starting("atac", "gad1", 50) == []
    assert len(search.starting("rna", "GENE", 50)) == 50


@pytest.mark.parametrize("text", ["ENSG00000000007", "ensg00000000007", "ENSG00000000007.1"])
def test_ensembl_ids_are_found_with_and_without_version(search, text):
    (found,) = search.starting("rna", text, 50)
    assert (found.name, found.id, found.row) == ("GENE7", "ENSG00000000007.3", 7)


def test_a_feature_that_was_not_modelled_is_found_and_says_so(search):
    assert [search.starting("rna", name, 1)[0].modelled for name in ("GENE1999", "GENE2000")] == [True, False]


@pytest.mark.parametrize("text", ["chr3:24400-46001", "3:24,400-46,001", "chr3_24400_46001"])
def test_peaks_are_found_by_overlap(search, folder, text):
    table = ad.read_h5ad(folder / "features.h5ad").obs
    peaks = table[(table["modality"] == "atac") & (table["chrom"] == "chr3")]
    wanted = peaks[(peaks["chromStart"] < 46_001) & (peaks["chromEnd"] > 24_400)]["name"].tolist()
    assert len(wanted) == 2
    assert [found.name for found in search.starting("atac", text, 50)] == wanted
    assert search.starting("rna", text, 50) == []


@pytest.mark.parametrize(
    "text", ["chr3:9-1", "chr99:1-1000000", "chr3:,-,", "chr3:1-2-3", "\0", "chr3:" + "9" * 40 + "-1"]
)
def test_a_region_that_is_none_finds_nothing(search, text):
    assert search.starting("atac", text, 50) == []


def test_a_set_is_looked_up_by_name_case_and_id(search):
    found = search.alike("rna", ["gad1OS", "GAD1", "gad1", "ENSG00000000005.9", "Nope", "ENSG0"])
    assert [each and each.name for each in found] == ["gad1os", "GAD1", "Gad1", "GENE5", None, None]


def test_names_that_are_not_there_are_said_with_what_comes_close(search):
    search.check("rna", ["GENE5", "Gad1"])
    with pytest.raises(InputError, match="1 of 2 features are not in rna, first 'gene5'") as error:
        search.check("rna", ["gene5", "Gad1"])
    assert "'GENE5'" in error.value.todo


def test_a_run_without_ids_or_places_is_searched_by_name(folder, tmp_path):
    import shutil

    shutil.copytree(folder, tmp_path / "run")
    table = ad.read_h5ad(folder / "features.h5ad")
    table.obs = pd.DataFrame({"modality": table.obs["modality"], "name": table.obs["name"]})
    table.write_h5ad(tmp_path / "run" / "features.h5ad")
    search = FeatureSearch(RunSlices(tmp_path / "run", KeptArrays(2**22)))
    assert search.starting("rna", "ENSG00000000007", 50) == []
    assert search.starting("atac", "chr3:24400-46001", 50) == []
    (found,) = search.starting("rna", "GENE2000", 50)
    assert (found.id, found.modelled) == ("", True)
