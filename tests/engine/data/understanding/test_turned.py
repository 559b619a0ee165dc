from __future__ import annotations

from dataclasses import replace

import pytest

from monae_app.engine.config import make_config
from monae_app.engine.data.part_reading import read_part
from monae_app.engine.data.understanding.known_genes import symbols
from monae_app.engine.data.understanding.turned import check_not_turned
from monae_app.engine.errors import InputError

GENES = symbols("hg38")[4000:4030].tolist()
CELLS = [f"{a}{b}{c}ACGTACGTACGTA-1" for a in "ACG" for b in "ACG" for c in "AC"]


def named(part, cells, features, **about):
    return replace(part(features, cells=len(cells), **about), obs=part(cells).var)


def test_genes_in_rows_are_refused_with_advice(part):
    with pytest.raises(InputError, match="cells are named like genes") as error:
        read_part(named(part, GENES, CELLS), "rna", make_config(inputs={"rna": "-"}))
    assert "adata.T" in error.value.todo


def test_everything_else_is_let_pass(part):
    check_not_turned(named(part, CELLS, GENES))
    check_not_turned(named(part, CELLS, CELLS))
    check_not_turned(named(part, GENES, GENES))
    check_not_turned(named(part, GENES, CELLS, rows="cells"))
