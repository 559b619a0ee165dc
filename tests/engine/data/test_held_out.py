from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st

from monae_app.engine.data.dataset import Dataset, Modality
from monae_app.engine.data.held_out import split


def dataset(*sizes: int, batches: list[str] | None = None, paired: bool = False) -> Dataset:
    """Modalities whose first feature is the row, so that a part tells which cells it holds."""
    made = {}
    for name, size in zip(("rna", "atac"), sizes, strict=False):
        values = np.ones((size, 5), np.float32)
        values[:, 0] = np.arange(size) + 1
        obs = pd.DataFrame(
            {"batch": (batches or ["a"] * size)[:size]}, index=[f"{name if not paired else ''}{i}" for i in range(size)]
        )
        made[name] = Modality(name, sp.csr_matrix(values), obs, pd.DataFrame(index=list("vwxyz")), "nb")
    return Dataset(made, batch_columns=("batch",), use_pairs=paired)


def rows_of(part: Dataset, name: str) -> np.ndarray:
    return part.modalities[name].values[:, 0].toarray().ravel().astype(int) - 1


@pytest.mark.parametrize(
    ("n_cells", "share", "expected"),
    [
        (3000, 0.02, 60),
        (1000, 0.02, 50),
        (999, 0.02, 0),
        (80_000, 0.02, 1000),
        (600, 0.1, 60),
        (400, 0.1, 0),
        (300, 0.2, 60),
        (5000, 0, 0),
        (40, 0.5, 0),
    ],
)
def test_how_many_are_held_out(n_cells, share, expected):
    parts = split(dataset(n_cells), share, 0)
    assert len(parts.held_out["rna"]) == expected
    assert parts.training.modalities["rna"].n_cells == n_cells - expected
    if not expected:
        assert parts.training is parts.whole


def test_training_and_held_out_are_the_whole_without_overlap():
    parts = split(dataset(1200, 700), 0.1, 3)
    for name, size in (("rna", 120), ("atac", 70)):
        rows = parts.held_out[name]
        assert len(rows) == size
        np.testing.assert_array_equal(np.sort(np.r_[rows, rows_of(parts.training, name)]), np.arange(len(rows) * 10))
        assert (np.diff(rows) > 0).all()
        values, batch = parts.unseen(name, np.array([0]))
        np.testing.assert_array_equal(values.toarray().ravel() - 1, rows)
        assert len(batch) == size


def test_one_seed_draws_alike_and_another_otherwise():
    whole = dataset(1500)
    first, again, other = (split(whole, 0.05, seed).held_out["rna"] for seed in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)


def test_modalities_of_one_size_do_not_hold_out_the_same_rows():
    overlap = [len(np.intersect1d(*split(dataset(1000, 1000), 0.1, seed).held_out.values())) for seed in range(30)]
    # 100 of 1,000 each: by chance 10 stand in one row
    assert abs(np.mean(overlap) - 10) < 2


@pytest.mark.parametrize("seed", range(8))
def test_every_batch_keeps_a_cell(seed):
    batches = ["big"] * 195 + ["alone", "pair", "pair", "third", "third"]
    whole = dataset(200, batches=batches)
    parts = split(whole, 0.5, seed)
    assert len(parts.held_out["rna"]) == 100
    assert parts.training.batch_names == whole.batch_names


@pytest.mark.parametrize("seed", range(8))
def test_a_known_pair_is_left(seed):
    """Names 0-199 and 0-59 in both, but only one pair in the end would be drawn away half of the times."""
    first, second = dataset(200, 120, paired=True).modalities.values()
    renamed = second.obs.set_axis(["0", *(f"other{i}" for i in range(119))])
    whole = Dataset(
        {"rna": first, "atac": Modality("atac", second.values, renamed, second.var, "nb")}, ("batch",), use_pairs=True
    )
    assert len(split(whole, 0.5, seed).training.known_pairs()) == 1


@given(st.integers(50, 200), st.integers(0, 1000))
@settings(max_examples=20, deadline=None)
def test_join_puts_every_row_back(size, seed):
    parts = split(dataset(size * 4), 0.5, seed)
    rows = np.arange(size * 4)[:, None] * [1, 10]
    held = parts.held_out["rna"]
    joined = parts.join("rna", np.delete(rows, held, axis=0), rows[held])
    np.testing.assert_array_equal(joined, rows)


def test_join_without_held_out_cells_is_what_was_trained():
    rows = np.arange(40)[:, None]
    assert split(dataset(40), 0.02, 0).join("rna", rows, rows[:0]) is rows
