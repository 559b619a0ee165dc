"""Counts are dealt out whole, evenly and independently; parts of datasets keep pairs together."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from hypothesis import given
from hypothesis import strategies as st

from monae_app.engine.data.dataset import Dataset, Modality
from monae_app.engine.data.some_cells import some_cells, unshared_rows
from monae_app.engine.data.thinning import deal
from monae_app.engine.errors import InputError


@given(st.integers(2, 6), st.integers(0, 2**16))
def test_parts_add_up_to_the_counts(parts, seed):
    counts = sp.csr_matrix(np.random.default_rng(seed).poisson(1.5, (20, 7)).astype(np.float32))
    dealt = deal(counts, parts, [seed, 1])
    assert len(dealt) == parts
    assert (sum(dealt) != counts).nnz == 0
    assert all((part.data > 0).all() and np.array_equal(part.data, np.rint(part.data)) for part in dealt)
    again = deal(counts, parts, [seed, 1])
    assert all((one != other).nnz == 0 for one, other in zip(dealt, again, strict=True))


def test_parts_of_poisson_counts_are_independent_and_alike():
    counts = sp.csr_matrix(np.random.default_rng(0).poisson(20, (40_000, 1)).astype(np.float32))
    dealt = np.hstack([part.toarray() for part in deal(counts, 5, [0])])
    np.testing.assert_allclose(dealt.mean(axis=0), 4.0, atol=0.05)
    # Poisson: the variance is the mean, and nothing is shared
    np.testing.assert_allclose(dealt.var(axis=0), 4.0, atol=0.15)
    apart = np.corrcoef(dealt.T)[~np.eye(5, dtype=bool)]
    assert np.abs(apart).max() < 0.025


def test_what_is_no_count_is_refused():
    with pytest.raises(InputError, match="whole numbers"):
        deal(sp.csr_matrix([[0.5, 1.0]]), 2, [0])
    with pytest.raises(InputError, match="whole numbers"):
        deal(sp.csr_matrix([[-1.0, 1.0]]), 2, [0])


def _dataset(*, paired: bool, own: int = 0) -> Dataset:
    def modality(name: str, names: list[str]) -> Modality:
        values = sp.csr_matrix(np.ones((len(names), 5), np.float32))
        obs, var = pd.DataFrame({"pair_id": names}, index=names), pd.DataFrame(index=[f"{name}{i}" for i in range(5)])
        return Modality(name, values, obs, var, "nb")

    shared = [f"c{i}" for i in range(300)]
    return Dataset(
        {"rna": modality("rna", [*shared, *(f"r{i}" for i in range(own))]),
         "atac": modality("atac", [*shared[::-1], *(f"a{i}" for i in range(own))])},
        use_pairs=paired,
    )  # fmt: skip


def test_of_known_pairs_both_or_neither_are_drawn():
    some = some_cells(_dataset(paired=True), 80, seed=0)
    rna, atac = (set(some.modalities[name].obs.index) for name in ("rna", "atac"))
    assert len(rna) == 80
    assert rna == atac
    apart = some_cells(_dataset(paired=False), 80, seed=0)
    assert set(apart.modalities["rna"].obs.index) != set(apart.modalities["atac"].obs.index)
    whole = _dataset(paired=True)
    assert some_cells(whole, 300, seed=0) is whole


def test_mosaic_data_are_judged_in_cells_that_are_not_shared():
    rows, notes = unshared_rows(_dataset(paired=True, own=150), "rna")
    np.testing.assert_array_equal(rows, np.arange(300, 450))
    assert "no other modality" in notes[0]
    rows, notes = unshared_rows(_dataset(paired=True, own=20), "rna")
    assert len(rows) == 320
    assert "hardly any" in notes[0]
    rows, notes = unshared_rows(_dataset(paired=False, own=150), "rna")
    assert (len(rows), notes) == (450, [])
