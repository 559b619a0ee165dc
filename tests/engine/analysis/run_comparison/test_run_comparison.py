"""Two runs beside each other: a run is like itself, the order of rows says nothing, what differs is found."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import anndata as ad
import numpy as np
import pytest

from monae_app.engine.analysis.kept_arrays import KeptArrays
from monae_app.engine.analysis.run_comparison.agreement import EmbeddedCells, agreement
from monae_app.engine.analysis.run_comparison.matching import match_cells
from monae_app.engine.analysis.run_comparison.score_rows import score_rows
from monae_app.engine.analysis.run_comparison.settings import differing_settings
from monae_app.engine.analysis.run_slices import RunSlices
from monae_app.engine.errors import InputError
from monae_app.jobs.short_two_runs import two_runs
from tests.web.tiny_sample import CELLS, TYPES, write_sample

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_sample(tmp_path_factory.mktemp("compared")) / "run"


def opened(folder: Path) -> RunSlices:
    return RunSlices(folder, KeptArrays(2**26))


def changed(run: Path, tmp_path: Path, rows: np.ndarray, **obs: object) -> Path:
    """Copy a run beside itself with some of its cells, in another order."""
    other = tmp_path / "run"
    shutil.copytree(run, other)
    cells = ad.read_h5ad(run / "cells.h5ad")[rows].copy()
    if "names" in obs:
        cells.obs_names = obs["names"]
    cells.write_h5ad(other / "cells.h5ad")
    return other


def test_a_run_beside_itself_differs_in_nothing(run: Path):
    itself = opened(run)
    matched = match_cells(itself, itself)
    assert matched.all_alike
    assert np.array_equal(matched.first, matched.second)
    assert differing_settings(itself.config, itself.config) == []
    rows = score_rows(itself.report["metrics"], itself.report["metrics"], 2)
    assert rows
    assert {row.better for row in rows} == {"alike"}
    found = two_runs(run, run, "cell_type")
    assert np.array_equal(found.overlap, np.ones(2 * CELLS))
    assert found.about["clusters_ari"] == 1
    for row in found.about["types"]:
        assert row["purity_first"] == row["purity_second"]
        assert row["beside_first"] == row["beside_second"]


def test_the_order_of_rows_changes_nothing(run: Path, tmp_path: Path):
    generator = np.random.default_rng(1)
    rows = np.r_[generator.permutation(CELLS), CELLS + generator.permutation(CELLS)]
    first, second = opened(run), opened(changed(run, tmp_path, rows))
    matched = match_cells(first, second)
    assert matched.all_alike
    span = slice(0, CELLS)
    names = np.array(second.names(span))[matched.second[:CELLS]]
    assert names.tolist() == first.names(span)
    assert np.array_equal(first.array("X_umap")[matched.first], second.array("X_umap")[matched.second])


def test_cells_that_one_run_lacks_are_left_out_and_none_in_common_is_refused(run: Path, tmp_path: Path):
    kept = np.r_[np.arange(0, CELLS, 2), CELLS + np.arange(CELLS)]
    some = changed(run, tmp_path / "some", kept)
    matched = match_cells(opened(run), opened(some))
    assert matched.cells == {"rna": (CELLS // 2, CELLS, CELLS // 2), "atac": (CELLS, CELLS, CELLS)}
    assert not matched.all_alike
    found = two_runs(run, some, None)
    assert np.isnan(found.overlap[1:CELLS:2]).all()
    assert np.isfinite(found.overlap[0:CELLS:2]).all()
    names = [f"{each}:other{i}" for i, each in enumerate(np.repeat(["rna", "atac"], CELLS))]
    foreign = changed(run, tmp_path / "none", np.arange(2 * CELLS), names=names)
    with pytest.raises(InputError, match="no cell in common"):
        match_cells(opened(run), opened(foreign))


def test_settings_and_scores_that_differ_are_told_with_their_direction(run: Path):
    config = opened(run).config
    other = config.model_copy(update={"seed": 7, "model": "monae-e"})
    assert {(row["name"], row["second"]) for row in differing_settings(config, other)} == {
        ("seed", "7"), ("model", "monae-e"),
    }  # fmt: skip
    rows = {row.name: row for row in score_rows(
        {"foscttm": 0.1, "map": 0.9, "same_modality": 0.8, "ari": 0.5, "cells": 3},
        {"foscttm": 0.3, "map": 0.95, "same_modality": 0.4, "nmi": 0.5}, 2,
    )}  # fmt: skip
    assert {name: row.better for name, row in rows.items()} == {
        "foscttm": "first", "map": "second", "same_modality": "second", "ari": "", "nmi": "",
    }  # fmt: skip
    assert rows["map"].gain == pytest.approx(0.05)


def test_types_that_were_mixed_up_come_first():
    generator = np.random.default_rng(0)
    label = np.repeat(list(TYPES), 60)
    centres = 10 * np.eye(4)[np.repeat(np.arange(4), 60)]
    first = centres + generator.normal(size=centres.shape)
    second = first.copy()
    swapped = np.isin(label, TYPES[:2])
    second[swapped] = 5 * generator.normal(size=(swapped.sum(), 4)) + [50, 0, 0, 0]
    modality = np.tile(["rna", "atac"], 120)
    sides = [EmbeddedCells(each, label) for each in (first, second)]
    found = agreement(*sides, modality, label)
    assert set(found.types["label"][:2]) == set(TYPES[:2])
    assert found.types["purity_second"][0] < 0.7
    assert found.types["purity_first"][0] > 0.95
    assert found.types["beside_second"][0].startswith(found.types["label"][1])
    assert np.nanmean(found.overlap[~swapped]) == 1
    random = agreement(sides[0], EmbeddedCells(generator.normal(size=first.shape), label), modality, label)
    assert np.nanmean(random.overlap) == pytest.approx(random.chance, abs=0.03)
