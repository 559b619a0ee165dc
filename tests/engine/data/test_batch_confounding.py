"""A warning where batch and kind of cell go together, none where batches are mixed."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.stats.contingency import association

from monae_app.engine.data.batch_confounding import confounded_batches, confounded_by_label, confounding, cramers_v
from monae_app.engine.data.dataset import Dataset

N_CELLS = 300
RNG = np.random.default_rng(3)
KINDS = RNG.choice(["B cell", "T cell", "NK cell"], N_CELLS)
MIXED = RNG.choice(["d1", "d2"], N_CELLS)
GO_TOGETHER = np.where(KINDS == "B cell", "d1", "d2")


def test_cramers_v_is_the_published_one():
    counts = np.array([[30, 10, 5], [4, 40, 8]])
    plain = association(counts, method="cramer")
    # Bergsma 2013 by hand, from the uncorrected value
    n, phi = counts.sum(), plain**2
    corrected = max(0, phi - 2 / (n - 1)) / min(3 - 4 / (n - 1) - 1, 2 - 1 / (n - 1) - 1)
    assert cramers_v(counts) == pytest.approx(np.sqrt(corrected))
    assert cramers_v(np.diag([20, 30, 10])) == pytest.approx(1, abs=0.01)
    assert cramers_v(np.full((4, 2), 9)) == 0


def test_strength_and_kinds_of_one_batch_are_found():
    found = confounding(KINDS, GO_TOGETHER)
    assert found.strength > 0.95
    assert found.alone == {"B cell": "d1", "NK cell": "d2", "T cell": "d2"}
    assert found.share == 1
    assert found.cannot_be_told_apart
    mixed = confounding(KINDS, MIXED)
    assert mixed.strength < 0.2
    assert not mixed.alone
    assert not mixed.cannot_be_told_apart


def test_many_small_kinds_in_well_mixed_batches_are_no_confounding():
    rng = np.random.default_rng(0)
    kinds, batch = rng.integers(0, 14, 400).astype(str), rng.integers(0, 3, 400).astype(str)
    assert not confounding(kinds, batch).cannot_be_told_apart


def test_one_kind_that_one_donor_lacks_is_no_confounding():
    batch = np.where(KINDS == "NK cell", "d1", MIXED)
    rare = (KINDS == "NK cell") & (np.arange(N_CELLS) % 3 > 0)
    found = confounding(KINDS[~rare], batch[~rare])
    assert found.alone == {"NK cell": "d1"}
    assert not found.cannot_be_told_apart


def test_there_is_nothing_to_compare_with_one_batch_or_too_few_cells():
    assert confounding(KINDS, np.full(N_CELLS, "d1")) is None
    assert confounding(KINDS[:15], MIXED[:15]) is None


def test_columns_are_judged_by_labels():
    table = pd.DataFrame({"cell_type": KINDS, "donor": GO_TOGETHER, "lane": MIXED})
    found = confounded_by_label({"rna": table, "atac": table}, ["donor", "lane"])
    assert [(each.column, each.modality) for each in found] == [("donor", "rna"), ("donor", "atac")]
    said = found[0].sentence
    assert said.startswith("rna: ")
    assert "'cell_type'" in said
    assert "B cell in d1" in said
    assert "do not correct for it" in said
    record = found[0].record()
    strength = confounding(KINDS, GO_TOGETHER).strength
    assert record == {"modality": "rna", "column": "donor", "label": "cell_type", "strength": round(strength, 4)}
    assert f"Cramér's V is {strength:.2f} of 1" in said


def test_fractions_are_no_batches_but_numbered_ones_are():
    numbered = np.where(GO_TOGETHER == "d1", 1.0, 2.0)
    table = pd.DataFrame({"cell_type": KINDS, "donor": numbered, "weight": numbered / 4})
    assert [each.column for each in confounded_by_label({"rna": table}, ["donor", "weight"])] == ["donor"]


@pytest.fixture
def data(modality):
    """A dataset whose cells lie by their kind, and its representation."""

    def build(batch: np.ndarray, *, labels: bool) -> tuple[Dataset, dict[str, np.ndarray]]:
        obs: dict[str, object] = {"batch": batch} | ({"cell_type": KINDS} if labels else {})
        cells = np.random.default_rng(1).poisson(2, (N_CELLS, 6))
        made = modality(cells, obs=obs)
        centres = {name: 8 * np.eye(3, 5)[at] for at, name in enumerate(np.unique(KINDS))}
        read = np.stack([centres[kind] for kind in KINDS]) + np.random.default_rng(2).normal(size=(N_CELLS, 5))
        return Dataset({"rna": made}, batch_columns=("batch",)), {"rna": read}

    return build


@pytest.mark.parametrize("labels", [True, False])
def test_a_run_is_warned_by_labels_or_by_clusters(data, labels):
    (told,) = confounded_batches(*data(GO_TOGETHER, labels=labels), seed=0)
    assert told.label == ("cell_type" if labels else None)
    said = told.sentence
    assert said.startswith("rna: ")
    assert ("Cramér's V" in said) is labels
    assert ("clusters before integration" in said) is not labels
    assert "do not correct for it" in said


@pytest.mark.parametrize("labels", [True, False])
def test_well_mixed_batches_are_not_warned_of(data, labels):
    assert confounded_batches(*data(MIXED, labels=labels), seed=0) == []


def test_without_batches_nothing_is_said(data):
    dataset, read = data(GO_TOGETHER, labels=True)
    assert confounded_batches(Dataset(dataset.modalities), read, seed=0) == []
