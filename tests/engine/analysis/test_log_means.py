"""The mean of logarithms, taken of products."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from monae_app.engine.analysis.log_means import mean_log1p

SHAPES = st.tuples(st.integers(1, 13), st.integers(1, 5))
VALUES = st.floats(0, 1e9, width=32)


@given(arrays.arrays(np.float32, SHAPES, elements=VALUES))
def test_it_is_the_mean_of_each_feature_on_its_own(values):
    wanted = np.log1p(values.astype(np.float64)).mean(axis=0)
    np.testing.assert_allclose(mean_log1p(values.copy()), wanted, atol=1e-6, rtol=1e-6)
