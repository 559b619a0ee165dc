"""Specificity against values worked out by hand, and within its bounds."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from monae_app.engine.analysis.coembedding.specificity import shares_of, specificity_of

SCORES = arrays(
    np.float64,
    st.tuples(st.integers(2, 7), st.integers(1, 5)),
    elements=st.floats(-4, 4, allow_nan=False, width=32),
)


def test_shares_of_three_groups_by_hand():
    # exp(0), exp(ln 2), exp(ln 5) at a temperature of 1: 1, 2 and 5 of 8
    shares = shares_of(np.log([[1.0], [2.0], [5.0]]), temperature=1)
    np.testing.assert_allclose(shares[:, 0], [0.125, 0.25, 0.625])
    found = specificity_of(shares)
    assert found.top[0] == pytest.approx(0.625)
    # 2 (1 * .125 + 2 * .25 + 3 * .625) / 3 - 4 / 3 = 1/3, over 2/3
    assert found.gini[0] == pytest.approx(0.5)
    # .125 ln 8 + .25 ln 4 + .625 ln 1.6 = .9003, over ln 3
    assert found.entropy[0] == pytest.approx(0.90026 / np.log(3), abs=1e-5)


def test_one_group_and_all_groups():
    found = specificity_of(np.array([[1.0, 0.25], [0.0, 0.25], [0.0, 0.25], [0.0, 0.25]]))
    np.testing.assert_allclose([found.top, found.gini, found.entropy], [[1, 0.25], [1, 0], [0, 1]], atol=1e-12)


@given(SCORES)
def test_bounds_and_order_of_groups(scores: np.ndarray):
    shares = shares_of(scores)
    found = specificity_of(shares)
    n_groups = len(scores)
    assert ((found.top >= 1 / n_groups - 1e-9) & (found.top <= 1 + 1e-9)).all()
    for each in (found.gini, found.entropy):
        assert ((each >= 0) & (each <= 1)).all()
    again = specificity_of(shares[::-1])
    np.testing.assert_allclose(found.gini, again.gini, atol=1e-9)
    np.testing.assert_allclose(found.entropy, again.entropy, atol=1e-9)
    # softer shares are never more specific
    softer = specificity_of(shares_of(scores, 1.0))
    assert (softer.top <= found.top + 1e-9).all()
    assert (softer.gini <= found.gini + 1e-9).all()
    assert (softer.entropy >= found.entropy - 1e-9).all()
