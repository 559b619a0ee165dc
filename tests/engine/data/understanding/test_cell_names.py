from __future__ import annotations

import pandas as pd
import pytest

from monae_app.engine.data.understanding.cell_names import name_cells


def test_numbers_that_begin_anew_are_numbered_through():
    obs = pd.DataFrame({"lane": list("aabb")}, index=["0", "1", "0", "1"])
    found, notes = name_cells(obs, "rna")
    assert found.index.tolist() == ["rna_0", "rna_1", "rna_2", "rna_3"]
    assert found["lane"].tolist() == list("aabb")
    assert "2 stand more than once" in notes[0]
    assert obs.index.tolist() == ["0", "1", "0", "1"]


@pytest.mark.parametrize("names", [["0", "1", "2"], ["AAAC", "AAAC"], ["0", "0", "a"], []])
def test_all_other_names_stay(names):
    obs = pd.DataFrame(index=pd.Index(names, dtype=object))
    found, notes = name_cells(obs, "rna")
    assert found is obs
    assert notes == ()
