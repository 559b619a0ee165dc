from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse as sp

from monae_app.engine.data import whole_numbers
from monae_app.engine.data.whole_numbers import are_whole


@pytest.mark.parametrize(
    ("values", "whole"),
    [([1, 2, 3], True), ([1, 2.5], False), ([-1, 2], True), ([np.nan, 4], True), ([np.nan, 0.5], False), ([], True)],
)
def test_gaps_say_nothing_and_fractions_do(values, whole):
    assert are_whole(sp.csr_matrix(np.array([values], np.float32))) is whole


def test_only_a_sample_is_looked_at(monkeypatch):
    monkeypatch.setattr(whole_numbers, "SAMPLED_VALUES", 10)
    values = np.ones((1, 1000), np.float32)
    values[0, 1] = 0.5
    assert are_whole(sp.csr_matrix(values))
    values[0, ::2] = 0.5
    assert not are_whole(sp.csr_matrix(values))
