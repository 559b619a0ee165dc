from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from monae_app.engine.config import make_config
from monae_app.engine.data.coordinates import locate_features
from monae_app.engine.data.dataset import Dataset
from monae_app.engine.data.former_symbols import _on_one_chromosome, names_in, other_names
from monae_app.engine.data.genome import read_genome
from monae_app.engine.data.linking import link
from monae_app.engine.data.summary import describe

# Approved changes of names, as the HGNC records them.
RENAMED = {
    "FAM46A": "TENT5A",
    "GNB2L1": "RACK1",
    "SEPT7": "SEPTIN7",
    "MLL": "KMT2A",
    "ATP5A1": "ATP5F1A",
    "FAM60A": "SINHCAF",
    "PVRL1": "NECTIN1",
    "MARCH1": "MARCHF1",
    "EMR1": "ADGRE1",
    "HIST1H2AA": "H2AC1",
    "LEPRE1": "P3H1",
    "METTL21B": "EEF1AKMT3",
}


def test_changes_that_are_on_record_are_found():
    found = other_names("hg38")
    assert {old: found.get(old) for old in RENAMED} == RENAMED
    assert len(found) > 1500
    back = other_names("hg19")
    assert {back.get(new): new for new in RENAMED.values()} == RENAMED


def test_each_name_stands_once_and_is_of_one_release_alone():
    found = other_names("hg38")
    old, new = (set(read_genome(name)["symbol"]) for name in ("hg19", "hg38"))
    assert len(set(found.values())) == len(found)
    assert set(found) <= old - new
    assert set(found.values()) <= new - old


@pytest.mark.parametrize("genome", ["mm10", None])
def test_where_one_release_is_bundled_nothing_is_known(genome):
    assert other_names(genome) == {}


def test_a_planted_change_is_found_and_a_shuffled_one_is_not():
    rng = np.random.default_rng(0)
    start = np.sort(rng.integers(0, 10_000_000, 60))
    kept = pd.DataFrame({"start": start, "end": start + 3000, "start_after": start + 777, "end_after": start + 3777})
    old = pd.DataFrame({"symbol": ["A", "B"], "start": [2_000_000, 5_000_000], "end": [2_009_000, 5_020_000]})
    old["strand"] = ["+", "-"]
    new = old.assign(symbol=["A2", "B2"], start=old["start"] + 777, end=old["end"] + 777)
    assert _on_one_chromosome(old, kept, new) == [("A", "A2"), ("B", "B2")]
    assert _on_one_chromosome(old, kept, new.assign(strand=["-", "+"])) == []
    assert _on_one_chromosome(old, kept, new.assign(start=new["start"] + 50_000, end=new["end"] + 50_000)) == []
    scattered = kept.assign(start_after=rng.permutation(start), end_after=rng.permutation(start) + 3000)
    assert _on_one_chromosome(old, scattered, new) == []


def test_a_gene_is_located_under_its_other_name(modality):
    data = Dataset({"rna": modality(features=["FAM46A", "GAPDH", "MLL", "Unknown", "CD4"])})
    found = locate_features(data, make_config(inputs={"rna": "x"}, genome="hg38"))["rna"]
    genes = read_genome("hg38").set_index("symbol")
    assert found.index.tolist() == ["FAM46A", "GAPDH", "MLL", "Unknown", "CD4"]
    assert found.loc["FAM46A", "start"] == genes.loc["TENT5A", "start"]
    assert found.loc["MLL", "chrom"] == "chr11"
    assert found.loc["Unknown"].isna().all()


def test_a_name_that_the_data_use_for_the_gene_itself_is_not_given_twice(modality):
    data = Dataset({"rna": modality(features=["FAM46A", "TENT5A", "MLL", "Unknown", "CD4"])})
    found = locate_features(data, make_config(inputs={"rna": "x"}, genome="hg38"))["rna"]
    assert found.loc["FAM46A"].isna().all()
    assert found.loc["TENT5A"].notna().all()


def test_it_is_said_which_genes_were_found_under_another_name(modality):
    data = Dataset({"rna": modality(features=["FAM46A", "GAPDH", "MLL", "Unknown", "CD4"])})
    settings = make_config(inputs={"rna": "x"}, genome="hg38")
    located = locate_features(data, settings)
    warnings = describe(data, located, settings, link(data, located, settings))["warnings"]
    assert "rna: 2 genes were found in hg38 under another name (FAM46A as TENT5A, MLL as KMT2A)." in warnings
    settings = make_config(inputs={"rna": "x"}, genome="mm10")
    data = Dataset({"rna": modality(features=["Gata1", "Gapdh", "Klf1", "Unknown", "Cd4"])})
    located = locate_features(data, settings)
    warnings = describe(data, located, settings, link(data, located, settings))["warnings"]
    assert not any("another name" in each for each in warnings)


NAMES = st.lists(st.sampled_from([*RENAMED, *RENAMED.values(), "GAPDH", "odd", "odder"]), unique=True)


@given(NAMES, st.sampled_from(["hg38", "hg19", "mm10", None]))
def test_no_two_genes_ever_get_one_name(names, genome):
    found = names_in(pd.Index(names, dtype=object), genome)
    assert len(found) == len(names)
    assert found.is_unique
