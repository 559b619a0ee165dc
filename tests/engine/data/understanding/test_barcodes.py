from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from monae_app.engine.data.dataset import Dataset
from monae_app.engine.data.understanding.barcodes import cell_keys, n_in_several


def barcodes(n=40, seed=0):
    rng = np.random.default_rng(seed)
    return ["".join(rng.choice(list("ACGT"), 16)) for _ in range(n)]


CELLS = barcodes()


def pairs(first, second):
    keys = cell_keys({"rna": pd.Index(first), "atac": pd.Index(second)})
    assert [len(each) for each in keys.values()] == [len(first), len(second)]
    assert all(each.is_unique for each in keys.values())
    at = {key: row for row, key in enumerate(keys["rna"])}
    return {(at[key], row) for row, key in enumerate(keys["atac"]) if key in at}


@pytest.mark.parametrize(
    ("rna", "atac"),
    [
        ("{}", "{}"),
        ("{}_rna", "{}_atac"),
        ("{}-RNA", "{}-ATAC"),
        ("rna_{}", "atac_{}"),
        ("{}-1_rna", "{}-1_atac"),
        ("{}-1", "{}"),
        ("{}-1", "{}-2"),
        ("s1_rna_{}-1", "s1_atac_{}-1"),
        ("s1#{}-1", "s1_{}-1"),
        ("GEX_{}-1", "peaks_{}"),
        ("sampleA:{}", "{}_atac"),
    ],
)
def test_cells_are_found_again_whatever_hangs_on_their_names(rna, atac):
    order = np.random.default_rng(1).permutation(len(CELLS))
    found = pairs([rna.format(cell) for cell in CELLS], [atac.format(CELLS[row]) for row in order])
    assert found == {(int(row), at) for at, row in enumerate(order)}


def test_nothing_is_left_away_that_tells_two_cells_of_a_modality_apart():
    # the same barcodes in two lanes: lanes tell the cells apart
    first = [f"{cell}-{lane}" for lane in (1, 2) for cell in CELLS]
    assert pairs([f"{name}_rna" for name in first], [f"{name}_atac" for name in first]) == {(i, i) for i in range(80)}
    assert pairs(first, CELLS) == set()


def test_a_few_names_that_coincide_by_chance_are_no_pairs():
    other = barcodes(seed=5)
    other[:3] = CELLS[:3]
    assert pairs([f"{cell}-1" for cell in CELLS], [f"lane_{cell}" for cell in other]) == set()
    # where names coincide as they are, they are what they are
    assert len(pairs(CELLS, other)) == 3


def test_serial_numbers_are_no_names():
    for style in ("{}_{}", "{} {}", "{1}-{0}"):
        assert pairs([style.format("rna", i) for i in range(30)], [style.format("atac", i) for i in range(30)]) == set()
    assert len(pairs([f"cell{i}_rna" for i in range(30)], [f"cell{i}_atac" for i in range(30)])) == 30


def test_where_some_names_coincide_as_they_are_the_others_are_taken_as_they_are():
    mosaic = [*CELLS[:5], *(f"{cell}_rna" for cell in CELLS[5:])], [*CELLS[:5], *(f"{cell}_atac" for cell in CELLS[5:])]
    assert pairs(*mosaic) == {(i, i) for i in range(5)}


def test_exact_names_go_first():
    names = [f"{cell}_rna" for cell in CELLS]
    assert pairs(names, names) == {(i, i) for i in range(len(names))}


@given(
    st.lists(st.text("ACGT-_1rnatc", max_size=12), unique=True),
    st.lists(st.text("ACGT-_1rnatc", max_size=12), unique=True),
)
def test_exact_coincidences_are_never_lost(first, second):
    names = {"rna": pd.Index(first, dtype=object), "atac": pd.Index(second, dtype=object)}
    assert n_in_several(cell_keys(names)) >= len(set(first) & set(second))


def test_one_modality_has_no_pairs():
    assert n_in_several(cell_keys({"rna": pd.Index(CELLS)})) == 0


def test_a_dataset_pairs_by_reconciled_names_only_when_told(modality):
    values = np.ones((len(CELLS), 5))
    rna = modality(values, cells=[f"{cell}-1_rna" for cell in CELLS])
    atac = modality(values, name="atac", cells=[f"{cell}-1_atac" for cell in CELLS[::-1]])
    for paired in (False, True):
        data = Dataset({"rna": rna, "atac": atac}, use_pairs=paired)
        assert data.n_cells_in_several() == len(CELLS)
        rows = data.known_pairs()
        np.testing.assert_array_equal(rows.sum(axis=1), len(CELLS) - 1)
        # the names themselves stay as they came
        assert data.modalities["rna"].obs.index[0].endswith("-1_rna")
