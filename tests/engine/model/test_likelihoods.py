from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from monae_app.engine.model.likelihoods import SparseValues, negative_binomial_nll, normal_nll

SHAPE = (4, 5)
counts = hnp.arrays(np.float32, SHAPE, elements=st.integers(0, 60).map(lambda value: float(max(value - 30, 0))))
levels = hnp.arrays(np.float32, SHAPE, elements=st.floats(-8, 6, width=32))


def sparse(values: np.ndarray) -> SparseValues:
    rows, columns = np.nonzero(values)
    return SparseValues(torch.from_numpy(rows), torch.from_numpy(columns), torch.from_numpy(values[rows, columns]))


def exact_nb(values: np.ndarray, log_mean: np.ndarray, log_t: np.ndarray) -> float:
    x, mean, t = (torch.from_numpy(each.astype(np.float64)) for each in (values, log_mean, log_t))
    law = torch.distributions.NegativeBinomial(t.exp().expand(SHAPE), logits=mean - t)
    return -float(law.log_prob(x).mean())


@given(counts, levels, st.booleans(), st.data())
@settings(max_examples=150, deadline=None)
def test_negative_binomial_equals_torch_on_the_dense_block(values, log_mean, by_cell, data):
    shape = SHAPE if by_cell else (1, SHAPE[1])
    log_t = data.draw(hnp.arrays(np.float32, shape, elements=st.floats(-4, 5, width=32)))
    found = negative_binomial_nll(sparse(values), torch.from_numpy(log_mean), torch.from_numpy(log_t))
    assert float(found) == pytest.approx(exact_nb(values, log_mean, log_t), rel=1e-4, abs=1e-4)


def test_negative_binomial_is_lowest_at_the_truth():
    rng = np.random.default_rng(0)
    mean = np.exp(rng.normal(0, 1, 6))
    values = rng.poisson(rng.gamma(2.0, mean / 2, (20_000, 6))).astype(np.float32)

    def cost(log_mean: np.ndarray, log_t: float) -> float:
        level = torch.tensor(log_mean, dtype=torch.float32).expand(len(values), 6)
        return float(negative_binomial_nll(sparse(values), level, torch.full((1, 6), log_t)))

    best = cost(np.log(mean), np.log(2))
    for shift in (-0.3, 0.3):
        assert cost(np.log(mean) + shift, np.log(2)) > best
        assert cost(np.log(mean), np.log(2) + 2 * shift) > best


def test_a_block_of_zeros_costs_what_torch_says():
    values = np.zeros(SHAPE, np.float32)
    log_mean, log_t = np.linspace(-3, 3, 20, dtype=np.float32).reshape(SHAPE), np.zeros((1, 5), np.float32)
    found = negative_binomial_nll(sparse(values), torch.from_numpy(log_mean), torch.from_numpy(log_t))
    assert float(found) == pytest.approx(exact_nb(values, log_mean, log_t), rel=1e-5)


@pytest.mark.parametrize("log_mean", [-100.0, -20.0, 0.0, 11.0, 80.0])
@pytest.mark.parametrize("log_t", [-15.0, 0.0, 10.0, 25.0, 100.0])
@pytest.mark.parametrize("count", [0.0, 1.0, 1e6])
def test_negative_binomial_stays_finite_at_extremes(log_mean, log_t, count):
    level = torch.full(SHAPE, log_mean, requires_grad=True)
    spread = torch.full((1, 5), log_t, requires_grad=True)
    cost = negative_binomial_nll(sparse(np.full(SHAPE, count, np.float32)), level, spread)
    cost.backward()
    assert torch.isfinite(cost)
    assert torch.isfinite(level.grad).all()
    assert torch.isfinite(spread.grad).all()


def test_nearly_poisson_counts_cost_what_poisson_says():
    rng = np.random.default_rng(0)
    mean = np.exp(rng.normal(1, 1, SHAPE)).astype(np.float32)
    values = rng.poisson(mean).astype(np.float32)
    expected = -float(torch.distributions.Poisson(torch.from_numpy(mean)).log_prob(torch.from_numpy(values)).mean())
    for log_t in (9.0, 14.0, 25.0):
        found = negative_binomial_nll(sparse(values), torch.from_numpy(np.log(mean)), torch.full((1, 5), log_t))
        assert float(found) == pytest.approx(expected, abs=0.02)


@given(counts, levels, st.floats(-3, 3, width=32))
@settings(max_examples=80, deadline=None)
def test_normal_equals_torch(values, mean, log_sd):
    found = normal_nll(sparse(values - 7), torch.from_numpy(mean), torch.full((1, 5), log_sd))
    law = torch.distributions.Normal(torch.from_numpy(mean).double(), float(np.exp(np.float64(log_sd))))
    assert float(found) == pytest.approx(-float(law.log_prob(torch.from_numpy(values).double() - 7).mean()), rel=1e-4)


def test_dense_fills_every_place():
    values = np.random.default_rng(0).poisson(0.5, SHAPE).astype(np.float32)
    assert (values == 0).any()
    np.testing.assert_array_equal(sparse(values).dense(SHAPE).numpy(), values)
