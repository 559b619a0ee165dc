"""Values that lie on the device give the batches that values in memory give; a CPU stands for the device."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
import scipy.sparse as sp
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from monae_app.engine.data.covered import CoveredMatrix
from monae_app.engine.data.store.mapped_matrix import MappedMatrix, width_of
from monae_app.engine.training import batches, resident
from monae_app.engine.training.resident import ResidentValues, bytes_of
from tests.engine.training.drawing import assert_same, sampler

if TYPE_CHECKING:
    from collections.abc import Callable

CPU = torch.device("cpu")


def counts(largest: int = 3) -> sp.csr_matrix:
    rng = np.random.default_rng(0)
    return sp.csr_matrix(rng.integers(1, largest + 1, (40, 30)) * (rng.random((40, 30)) < 0.3), dtype=np.float32)


def on_disk(largest: int) -> MappedMatrix:
    values = counts(largest)
    return MappedMatrix.of(values.data.astype(width_of(values.data)), values.indices, values.indptr, values.shape)


@given(st.lists(st.integers(0, 39), max_size=50), st.sets(st.integers(0, 29)))
@settings(max_examples=40, deadline=None)
@pytest.mark.parametrize("make", [counts, lambda: on_disk(3), lambda: on_disk(300), lambda: on_disk(70_000)])
def test_a_block_is_what_was_measured(make: Callable[[], sp.csr_matrix], rows: list[int], features: set[int]):
    values = make()
    order, wanted = np.array(rows, np.int64), np.array(sorted(features), np.int64)
    found = ResidentValues.of(values, CPU).block(order, wanted)
    np.testing.assert_array_equal(found.dense((len(order), len(wanted))), values[order][:, wanted].toarray())
    assert found.values.dtype == torch.float32
    assert len(found.values) == values[order][:, wanted].nnz


def test_covered_reads_come_along_and_what_is_covered_without_methylation_stays():
    rng = np.random.default_rng(1)
    total = sp.csr_matrix(rng.integers(0, 4, (40, 30)), dtype=np.float32)
    methylated = total.multiply(rng.random((40, 30)) < 0.4).tocsr()
    covered = CoveredMatrix.of_reads(methylated, total)
    rows, features = np.arange(5, 15), np.arange(0, 30, 2)
    found = ResidentValues.of(covered, CPU).block(rows, features)
    expected = covered[rows]
    assert len(found.values) == int((total[rows][:, features] > 0).sum())
    np.testing.assert_array_equal(found.dense((10, 15)), expected.values[:, features].toarray())
    assert found.totals is not None
    assert float(found.totals.sum()) == float(expected.totals[:, features].sum())


def test_a_step_is_the_same_from_memory_and_from_the_device(monkeypatch: pytest.MonkeyPatch):
    expected = sampler(features_per_step=10).draw(3, 0.1)

    def everything(values: dict[str, sp.csr_matrix], device: torch.device) -> dict[str, ResidentValues]:
        return {name: ResidentValues.of(each, device) for name, each in values.items()}

    monkeypatch.setattr(batches, "resident", everything)
    assert_same(sampler(features_per_step=10).draw(3, 0.1), expected)


def test_as_much_is_brought_over_as_fits_into_half_of_what_is_free(monkeypatch: pytest.MonkeyPatch):
    small, large = counts()[:10], counts()
    device = torch.device("cuda", 0)
    monkeypatch.setattr(resident.ResidentValues, "of", lambda values, _: values)
    for free, expected in (
        (2 * (bytes_of(small) + bytes_of(large)) + 2, ["small", "large"]),
        (2 * bytes_of(small) + 2, ["small"]),
        (0, []),
    ):
        monkeypatch.setattr(torch.cuda, "mem_get_info", lambda _, free=free: (free, 10**12))
        assert list(resident.resident({"large": large, "small": small}, device)) == expected
    assert resident.resident({"large": large}, CPU) == {}


def test_what_a_matrix_takes_is_what_is_brought_over():
    for values in (counts(), on_disk(3), on_disk(300)):
        found = ResidentValues.of(values, CPU)
        taken = sum(each.element_size() * each.numel() for each in (found.ends, found.columns, found.values))
        assert bytes_of(values) == taken
