from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from monae_app.engine.data.contents import Contents, Matrix
from monae_app.engine.data.understanding.known_genes import symbols
from monae_app.engine.data.understanding.modality import guess_modality
from monae_app.engine.data.understanding.parts import modalities_of, parts_of, separate
from monae_app.engine.errors import InputError

HUMAN = symbols("hg38")[1000:1100].tolist()
PEAKS = [f"chr{1 + i % 5}:{1000 * i}-{1000 * i + 500}" for i in range(40)]
ANTIBODIES = ["CD3", "CD4", "CD8a", "CD14", "CD19", "CD45RA", "CD56", "IgG2a", "HLA-DR", "TIGIT"]


@pytest.mark.parametrize(
    ("names", "value", "certainty"),
    [
        (HUMAN, "rna", "sure"),
        ([f"ENSG{i:011d}.3" for i in range(50)], "rna", "sure"),
        ([f"GRCh38_{name}" for name in HUMAN], "rna", "sure"),
        ([f"HUMAN_{name}" for name in HUMAN[:60]] + [f"MOUSE_{name.title()}" for name in HUMAN[60:]], "rna", "sure"),
        ([*HUMAN[:20], *(f"odd{i}" for i in range(80))], "rna", "likely"),
        (PEAKS, "atac", "sure"),
        ([name.replace(":", "-") for name in PEAKS], "atac", "sure"),
        ([f"GL000194.1_{i}_{i + 5}" for i in range(30)], "atac", "sure"),
        (ANTIBODIES, "protein", "sure"),
        ([f"{name}_TotalSeqB" for name in ("KIT", "ITGA4", "GYPA", "THY1")], "protein", "sure"),
        (["CD3", "CD4", "KIT", "THY1", "NCAM1"], "protein", "likely"),
        ([f"gene{i}" for i in range(30)], None, "unsure"),
        ([], None, "unsure"),
    ],
)
def test_features_tell_what_was_measured(part, names, value, certainty):
    found = guess_modality(part(names))
    assert (found.value, found.certainty) == (value, certainty), found.because
    assert found.because


def test_what_the_file_says_goes_before_names(part):
    assert guess_modality(part(PEAKS, modality="rna")).value == "rna"
    found = guess_modality(part(HUMAN, var={"feature_types": ["Antibody Capture"] * len(HUMAN)}))
    assert (found.value, found.certainty) == ("protein", "sure")


def test_positions_in_var_tell_peaks_but_not_against_gene_names(part):
    places = {"chrom": ["chr1"] * 40, "chromStart": range(40), "chromEnd": range(1, 41)}
    assert guess_modality(part([f"peak{i}" for i in range(40)], var=places)).value == "atac"
    assert guess_modality(part(HUMAN[:40], var=places)).value == "rna"


def mixed(part, **about):
    names = [*HUMAN[:30], *PEAKS[:20], "CRISPR1", "CRISPR2", *ANTIBODIES]
    types = ["Gene Expression"] * 30 + ["Peaks"] * 20 + ["CRISPR Guide Capture"] * 2 + ["Antibody Capture"] * 10
    return part(names, var={"feature_types": types}, **about)


def test_a_table_of_several_modalities_is_split_by_what_var_says(part):
    whole = mixed(part)
    found = separate(whole)
    assert [(each.modality, len(each.var)) for each in found] == [("rna", 30), ("atac", 20), ("protein", 10)]
    values = whole.matrices["X"].read()
    at = 0
    for each, skipped in zip(found, (0, 0, 2), strict=True):
        at += skipped
        width = len(each.var)
        matrix = each.matrices["X"]
        assert matrix.shape == (6, width)
        np.testing.assert_array_equal(np.asarray(matrix.read()), values[:, at : at + width])
        at += width
        assert "2 features of another kind (CRISPR Guide Capture) were left out." in each.notes
    assert separate(found[0]) == (found[0],)


def test_raw_is_split_by_its_own_features(part):
    whole = mixed(part)
    raw_var = whole.var.iloc[::-1]
    raw = Matrix.of(np.arange(6 * len(raw_var)).reshape(6, -1), raw_var)
    found = separate(type(whole)(whole.obs, whole.var, {**whole.matrices, "raw": raw}))
    protein = next(each for each in found if each.modality == "protein")
    np.testing.assert_array_equal(protein.matrices["raw"].read(), raw.read()[:, :10])
    assert protein.matrices["raw"].var.index.tolist() == raw_var.index[:10].tolist()


def contents(tmp_path, *parts):
    return Contents(tmp_path / "file.h5mu", "test", parts)


def test_the_parts_of_a_modality_are_found(part, tmp_path):
    genes, peaks = part(HUMAN, name="gex"), part(PEAKS, name="peaks")
    both = contents(tmp_path, genes, peaks)
    assert parts_of(both, "rna") == ([genes], [])
    assert parts_of(both, "atac") == ([peaks], [])
    assert modalities_of(both) == ["rna", "atac"]
    with pytest.raises(InputError, match="holds no protein: gex: rna"):
        parts_of(both, "protein")
    twice = contents(tmp_path, genes, part(HUMAN[:50], name="second"))
    assert len(parts_of(twice, "rna")[0]) == 2
    assert modalities_of(twice) == ["rna"]


def test_a_part_of_unknown_kind_is_taken_as_told(part, tmp_path):
    unknown = part([f"feature{i}" for i in range(9)], name="odd")
    assert parts_of(contents(tmp_path, unknown), "protein") == ([unknown], [])
    found, notes = parts_of(contents(tmp_path, part(PEAKS), unknown), "rna")
    assert found == [unknown]
    assert "only one of unknown kind" in notes[0]
    with pytest.raises(InputError, match="cannot be told") as caught:
        modalities_of(contents(tmp_path, unknown))
    assert "rna=file.h5mu" in caught.value.todo


def test_what_is_told_against_the_looks_is_said_and_peaks_are_nothing_else(part, tmp_path):
    found, notes = parts_of(contents(tmp_path, part(HUMAN)), "protein")
    assert len(found) == 1
    assert "looks like rna" in notes[0]
    for modality in ("rna", "protein"):
        with pytest.raises(InputError, match=f"holds no {modality}: atac"):
            parts_of(contents(tmp_path, part(PEAKS)), modality)


def test_a_dataframe_is_not_touched(part):
    whole = mixed(part)
    before = whole.var.copy()
    separate(whole)
    guess_modality(whole)
    pd.testing.assert_frame_equal(whole.var, before)


def test_symbols_beside_names_that_say_nothing_are_genes(part):
    numbers = [str(i) for i in range(30)]
    found = guess_modality(part(numbers, var={"gene_symbols": symbols("hg38")[4000:4030].to_numpy()}))
    assert (found.value, found.certainty) == ("rna", "likely")
    assert guess_modality(part(numbers, var={"gene_symbols": [f"x{i}" for i in range(30)]})).value is None
