from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from monae_app.engine.data.dataset import Dataset
from monae_app.engine.data.shared_cells import count_shared, shared_cells, shared_in_words
from monae_app.engine.data.understanding.barcodes import match_cells

CODES = ["".join(np.random.default_rng(seed).choice(list("ACGT"), 16)) for seed in range(30)]
TITLES = {"rna": "RNA", "protein": "protein", "atac": "ATAC"}


@pytest.fixture
def mosaic(modality):
    """Cells 0-9 in RNA alone, 10-19 in both, 20-29 in protein alone; two batches."""

    def build(*, paired: bool = False, batch: bool = True) -> Dataset:
        made = {}
        for name, cells, ending in (("rna", range(20), "-1"), ("protein", range(10, 30), "")):
            names = [f"{CODES[cell]}{ending}" for cell in cells][:: -1 if name == "protein" else 1]
            of_batch = ["p1" if cell < 15 else "p2" for cell in cells][:: -1 if name == "protein" else 1]
            made[name] = modality(name=name, cells=names, obs={"batch": of_batch} if batch else {})
        return Dataset(made, use_pairs=paired)

    return build


def test_a_mosaic_is_counted(mosaic):
    found = shared_cells(mosaic())
    assert found["sets"] == [
        {"in": ["rna", "protein"], "cells": 10},
        {"in": ["rna"], "cells": 10},
        {"in": ["protein"], "cells": 10},
    ]
    assert found["pairs"] == {"rna+protein": {"both": 10, "only_rna": 10, "only_protein": 10, "used": False}}
    assert "(-1)" in found["rule"]
    assert {each["rna"] for each in found["examples"]} <= {f"{code}-1" for code in CODES[10:20]}
    assert all(each["rna"] == f"{each['protein']}-1" for each in found["examples"])
    assert len(found["examples"]) == 3
    assert json.loads(json.dumps(found)) == found


def test_shared_cells_are_counted_by_batch(mosaic):
    groups = shared_cells(mosaic())["groups"]
    assert groups["column"] == "batch"
    assert groups["rows"] == [{"name": "p1", "cells": [5, 10, 0]}, {"name": "p2", "cells": [5, 0, 10]}]
    assert shared_cells(mosaic(batch=False))["groups"] is None


def test_whether_training_uses_them_is_said(mosaic):
    assert shared_cells(mosaic(paired=True))["pairs"]["rna+protein"]["used"] is True


def test_three_modalities_share_cells_in_any_combination(modality):
    cells = {"rna": range(12), "atac": range(6, 18), "protein": [*range(3), *range(9, 18)]}
    made = {name: modality(name=name, cells=[f"cell {at}" for at in each]) for name, each in cells.items()}
    found = shared_cells(Dataset(made))
    assert found["rule"] == "names compared as they are"
    # counted by hand
    assert {"+".join(each["in"]): each["cells"] for each in found["sets"]} == {
        "rna+atac+protein": 3,
        "rna+atac": 3,
        "rna+protein": 3,
        "atac+protein": 6,
        "rna": 3,
    }
    assert found["pairs"]["rna+atac"] == {"both": 6, "only_rna": 6, "only_atac": 6, "used": False}


def test_one_modality_shares_with_nobody(modality):
    assert shared_cells(Dataset({"rna": modality()})) == {}


def test_it_is_said_in_words():
    rna, atac = [f"{code}_rna" for code in CODES[:8]], [f"{code}_atac" for code in CODES[2:]]
    names = {"rna": pd.Index(rna), "atac": pd.Index(atac)}
    (said,) = shared_in_words(count_shared(names, match_cells(names)), TITLES)
    assert said == (
        "6 cells are in RNA and in ATAC (names compared with the name of the modality left away), 2 in RNA alone and "
        "22 in ATAC alone"
    )
    apart = {"rna": pd.Index(CODES[:8]), "atac": pd.Index(CODES[8:])}
    (said,) = shared_in_words(count_shared(apart, match_cells(apart)), TITLES)
    assert said.startswith("no cell of RNA has the name of one of ATAC, 8 in RNA alone")
