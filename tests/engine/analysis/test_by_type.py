"""Scores of each cell type from counts alone."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monae_app.engine.analysis.by_type import scores_by_type
from monae_app.engine.analysis.local_mixing import local_mixing, nearest_cells

COLUMNS = ["label", "cluster", "modality", "cells", "mixing"]


def scored(*rows: tuple, modalities: tuple[str, ...] = ("rna", "atac")) -> pd.DataFrame:
    return scores_by_type(pd.DataFrame(rows, columns=COLUMNS), list(modalities)).set_index("label")


def test_types_spread_alike_overlap_and_the_worst_comes_first():
    found = scored(
        ("A", "0", "rna", 80, np.nan), ("A", "1", "rna", 20, np.nan), ("A", "0", "atac", 8, np.nan),
        ("A", "1", "atac", 2, np.nan), ("B", "1", "rna", 50, np.nan), ("B", "2", "atac", 50, np.nan),
        ("C", "3", "rna", 40, np.nan), ("C", "3", "atac", 2, np.nan),
    )  # fmt: skip
    assert found.index.tolist() == ["B", "A", "C"]
    assert found.loc["A", "overlap"] == pytest.approx(1)
    assert found.loc["B", "overlap"] == 0
    # two cells are too few to say anything
    assert math.isnan(found.loc["C", "overlap"])
    assert found.loc["C", "cells_atac"] == 2


@settings(max_examples=30)
@given(st.integers(0, 2**32 - 1), st.integers(2, 3))
def test_overlap_is_a_share_and_does_not_depend_on_depth(seed, kinds):
    rng = np.random.default_rng(seed)
    names = tuple(f"m{k}" for k in range(kinds))
    counts = rng.integers(2, 60, (kinds, 4))
    rows = [
        ("A", str(c), name, int(n), np.nan) for name, of in zip(names, counts, strict=True) for c, n in enumerate(of)
    ]
    more = [(*row[:3], 7 * row[3] if row[2] == "m0" else row[3], row[4]) for row in rows]
    one, other = (scored(*each, modalities=names).loc["A", "overlap"] for each in (rows, more))
    assert 0 <= one <= 1
    assert one == pytest.approx(other)


def test_mixing_is_measured_against_the_composition_of_the_type():
    rng = np.random.default_rng(0)
    # type A is mixed at random though it is nearly all RNA; of type B the modalities lie apart
    places = np.concatenate([rng.normal(0, 1, (500, 2)), rng.normal(40, 1, (100, 2)), rng.normal(90, 1, (100, 2))])
    modality = np.concatenate([rng.permutation(["rna"] * 450 + ["atac"] * 50), ["rna"] * 100, ["atac"] * 100])
    label = np.repeat(["A", "B"], [500, 200])
    cells = pd.DataFrame({"label": label, "modality": modality, "cluster": "0"})
    cells["mixing"] = local_mixing(nearest_cells(places, 15), modality)
    grouped = cells.groupby(["label", "cluster", "modality"])["mixing"].agg(cells="size", mixing="mean").reset_index()
    found = scores_by_type(grouped[COLUMNS], ["rna", "atac"]).set_index("label")
    assert found.loc["A", "mixing"] == pytest.approx(1, abs=0.1)
    assert found.loc["B", "mixing"] == 0
