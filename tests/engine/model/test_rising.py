"""The recursion of gamma gives what gamma gives."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from monae_app.engine.model.likelihoods.rising import LARGEST_BY_SUM, rise_of_gamma

COUNTS = st.one_of(st.integers(0, 3), st.integers(0, 2000), st.floats(0, 40))


@given(st.lists(st.tuples(COUNTS, st.floats(1e-6, 3000)), max_size=40))
@settings(max_examples=150, deadline=None)
def test_both_rises_are_those_of_gamma(pairs: list[tuple[float, float]]):
    counts = torch.tensor([each for each, _ in pairs], dtype=torch.float64)
    t = torch.tensor([each for _, each in pairs], dtype=torch.float64)
    value, slope = rise_of_gamma(counts, t)
    torch.testing.assert_close(value, torch.lgamma(counts + t) - torch.lgamma(t), rtol=1e-7, atol=1e-7)
    torch.testing.assert_close(slope, torch.digamma(counts + t) - torch.digamma(t), rtol=1e-7, atol=1e-7)


@pytest.mark.parametrize("count", [1, 5, LARGEST_BY_SUM])
def test_few_counts_keep_their_digits_where_t_is_large(count: int):
    t, large = torch.tensor([2900.0]), torch.tensor([2900.0], dtype=torch.float64)
    found = rise_of_gamma(torch.tensor([float(count)]), t)
    exact = [each(large + count) - each(large) for each in (torch.lgamma, torch.digamma)]
    for one, expected in zip(found, exact, strict=True):
        torch.testing.assert_close(one.double(), expected, rtol=1e-6, atol=0)
