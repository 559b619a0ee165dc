"""Peaks and genes of a run in order: links of the guidance, in cells that were measured for both, and nothing else."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import anndata as ad
import h5py
import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp

from monae_app.engine.analysis.trajectory.linked_times import NO_PAIRS, NONE_RISES, linked_times
from tests.engine.analysis.trajectory.test_leads import planted

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

LEAD, CELLS, LINKED = 0.2, 600, 6


@pytest.fixture
def asked(tmp_path: Path) -> Callable[..., tuple[pd.DataFrame, str]]:
    """Ask about a run of pairs, whose peaks open before the genes that they are linked to; ATAC rows are shuffled."""
    time, genes, peaks = planted(LEAD, 3, CELLS)
    order = np.random.default_rng(0).permutation(CELLS)
    # features that take up what is left of each cell's 1,000 counts: sizes say nothing of time
    sides = {
        "rna": np.column_stack([genes, 1000 - genes.sum(axis=1)]),
        "atac": np.column_stack([peaks, 1000 - peaks.sum(axis=1)])[order],
    }
    names = {kind: [f"{kind}{each}" for each in range(LINKED + 1)] for kind in sides}
    guidance = np.zeros((2 * LINKED + 2, 2 * LINKED + 2))
    for each in range(LINKED):
        guidance[each, LINKED + 1 + each] = 1
    with h5py.File(tmp_path / "features.h5ad", "w") as file:
        ad.io.write_elem(file.create_group("obsp"), "guidance", sp.csr_matrix(guidance))
    columns = {
        "modality": pd.Series(["rna"] * (LINKED + 1) + ["atac"] * (LINKED + 1)),
        "name": pd.Series([*names["rna"], *names["atac"]]),
    }
    pairs = pd.Series([str(each) for each in [*range(CELLS), *order]])
    dataset = SimpleNamespace(
        modalities={
            kind: SimpleNamespace(values=sp.csr_matrix(values), var=pd.DataFrame(index=names[kind]), is_count=True)
            for kind, values in sides.items()
        }
    )
    found = SimpleNamespace(pseudotime=np.r_[time, time[order]], ahead=np.ones((2 * CELLS, 1), bool), ends=["end"])

    def ask(*, paired: bool = True, rise: float = 1.0, kinds: tuple[str, ...] = ("rna", "atac")) -> Any:
        run = SimpleNamespace(
            columns=["pair_id"] if paired else [],
            n_cells=2 * CELLS,
            spans={"rna": range(CELLS), "atac": range(CELLS, 2 * CELLS)},
            config=SimpleNamespace(seed=0),
            column=lambda name, table=None: columns[name] if table else pairs,
            open=lambda name: h5py.File(tmp_path / name),
        )
        tables = {
            kind: pd.DataFrame({"feature": names[kind], "p": 0.001, "q": 0.01, "rise": rise, "highest": "end"})
            for kind in kinds
        }
        return linked_times(run, found, dataset, tables)  # type: ignore[arg-type]

    return ask


def test_links_of_the_guidance_are_put_in_order_by_cells_measured_for_both(asked):
    table, told = asked()
    assert [(row.gene, row.peak) for row in table.sort_values("gene").itertuples()] == [
        (f"rna{each}", f"atac{each}") for each in range(LINKED)
    ]
    assert (table["lead"] > 0).all()
    assert ((table["low"] < LEAD) & (table["high"] > LEAD)).sum() >= LINKED - 2
    assert table["lead"].is_monotonic_decreasing
    assert "on the way to end +0." in told
    assert "descriptive" in told


def test_where_nothing_can_be_said_it_is_said_why(asked):
    for given, why in (({"paired": False}, NO_PAIRS), ({"rise": -1.0}, NONE_RISES), ({"kinds": ("rna",)}, "")):
        table, told = asked(**given)
        assert told == why
        assert len(table) == 0
        assert "lead" in table
