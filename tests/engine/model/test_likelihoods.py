"""Every likelihood against torch.distributions on the dense block: values, gradients, extremes."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy.stats import betabinom
from torch import distributions

from monae_app.engine.model.likelihoods import (
    LIKELIHOODS,
    SparseValues,
    beta_binomial_nll,
    binomial_nll,
    negative_binomial_nll,
    negative_log_likelihood,
    normal_nll,
    poisson_nll,
    presence_nll,
    zero_inflated_nb_nll,
)

SHAPE = (4, 5)
counts = hnp.arrays(np.float64, SHAPE, elements=st.integers(0, 60).map(lambda value: float(max(value - 30, 0))))
levels = hnp.arrays(np.float64, SHAPE, elements=st.floats(-8, 6))


def sparse(values: np.ndarray) -> SparseValues:
    rows, columns = np.nonzero(values)
    return SparseValues(torch.from_numpy(rows), torch.from_numpy(columns), torch.from_numpy(values[rows, columns]))


def covered(successes: np.ndarray, trials: np.ndarray) -> SparseValues:
    rows, columns = np.nonzero(trials)
    places = torch.from_numpy(rows), torch.from_numpy(columns)
    return SparseValues(*places, *(torch.from_numpy(each[rows, columns]) for each in (successes, trials)))


def learned(*values: np.ndarray) -> list[torch.Tensor]:
    return [torch.from_numpy(each).requires_grad_() for each in values]


def same(found: torch.Tensor, expected: torch.Tensor, of: list[torch.Tensor], *, exact: float = 1e-5) -> None:
    """Value and gradients agree."""
    torch.testing.assert_close(found, expected, rtol=exact, atol=exact)
    pairs = (torch.autograd.grad(each, of) for each in (found, expected))
    for ours, theirs in zip(*pairs, strict=True):
        torch.testing.assert_close(ours, theirs, rtol=exact, atol=exact)


def dense_nb(mean: torch.Tensor, log_t: torch.Tensor) -> distributions.NegativeBinomial:
    return distributions.NegativeBinomial(log_t.exp().expand(SHAPE), logits=mean - log_t)


def spread_of(data: st.DataObject, low: float, high: float) -> np.ndarray:
    shape = data.draw(st.sampled_from([(1, SHAPE[1]), SHAPE]))
    return data.draw(hnp.arrays(np.float64, shape, elements=st.floats(low, high)))


@given(counts, levels, st.data())
@settings(max_examples=60, deadline=None)
def test_negative_binomial_equals_torch(values, log_mean, data):
    mean, log_t = learned(log_mean, spread_of(data, -4, 5))
    expected = -dense_nb(mean, log_t).log_prob(torch.from_numpy(values)).mean()
    same(negative_binomial_nll(sparse(values), mean, log_t), expected, [mean, log_t])


@given(counts, levels, st.data())
@settings(max_examples=60, deadline=None)
def test_zero_inflated_nb_equals_a_mixture_of_torch(values, log_mean, data):
    mean, log_t, z = learned(log_mean, spread_of(data, -4, 5), spread_of(data, -20, 20))
    x, law = torch.from_numpy(values), dense_nb(mean, log_t)
    silenced, kept = (torch.nn.functional.logsigmoid(each).expand(SHAPE) for each in (z, -z))
    of_zero = torch.logaddexp(silenced, kept + law.log_prob(torch.zeros_like(x)))
    expected = -torch.where(x == 0, of_zero, kept + law.log_prob(x)).mean()
    same(zero_inflated_nb_nll(sparse(values), mean, log_t, z), expected, [mean, log_t, z])


@given(counts, levels)
@settings(max_examples=60, deadline=None)
def test_poisson_equals_torch(values, log_mean):
    (mean,) = learned(log_mean)
    expected = -distributions.Poisson(mean.exp()).log_prob(torch.from_numpy(values)).mean()
    same(poisson_nll(sparse(values), mean), expected, [mean])


@given(counts, hnp.arrays(np.float64, SHAPE, elements=st.floats(-12, 3)))
@settings(max_examples=60, deadline=None)
def test_presence_equals_torch_and_sees_no_counts(values, log_mean):
    (mean,) = learned(log_mean)
    law = distributions.Bernoulli(probs=-torch.expm1(-mean.exp()))
    expected = -law.log_prob(torch.from_numpy((values > 0).astype(float))).mean()
    same(presence_nll(sparse(values), mean), expected, [mean])


@given(counts, levels, st.data())
@settings(max_examples=60, deadline=None)
def test_normal_equals_torch(values, mean, data):
    level, log_sd = learned(mean, spread_of(data, -5, 3))
    expected = -distributions.Normal(level, log_sd.exp()).log_prob(torch.from_numpy(values - 7)).mean()
    same(normal_nll(sparse(values - 7), level, log_sd), expected, [level, log_sd])


@given(counts, counts, levels)
@settings(max_examples=60, deadline=None)
def test_binomial_equals_torch_on_the_covered_places(successes, failures, logits):
    trials = successes + failures
    (level,) = learned(logits)
    law = distributions.Binomial(torch.from_numpy(trials), logits=level, validate_args=False)
    expected = -law.log_prob(torch.from_numpy(successes)).mean()  # 0 of 0 has log probability 0
    same(binomial_nll(covered(successes, trials), level), expected, [level])


@given(counts, counts, levels, st.data())
@settings(max_examples=60, deadline=None)
def test_beta_binomial_equals_scipy_and_its_gradient_the_formula(successes, failures, logits, data):
    trials = successes + failures
    level, log_c = learned(logits, spread_of(data, -4, 7))
    found = beta_binomial_nll(covered(successes, trials), level, log_c)
    p, c = torch.sigmoid(level), log_c.exp()
    a, b, x, n = c * p, c * (1 - p), torch.from_numpy(successes), torch.from_numpy(trials)
    with_scipy = betabinom.logpmf(successes, trials, a.detach().numpy(), b.detach().numpy())
    assert float(found.detach()) == pytest.approx(-with_scipy.mean(), rel=1e-5, abs=1e-7)

    def log_beta(one: torch.Tensor, other: torch.Tensor) -> torch.Tensor:
        return torch.lgamma(one) + torch.lgamma(other) - torch.lgamma(one + other)

    choose = torch.lgamma(n + 1) - torch.lgamma(x + 1) - torch.lgamma(n - x + 1)
    same(found, -(choose + log_beta(x + a, n - x + b) - log_beta(a, b)).mean(), [level, log_c])


def test_a_concentrated_beta_binomial_is_the_binomial_in_single_precision():
    rng = np.random.default_rng(0)
    trials = rng.integers(1, 200, SHAPE).astype(np.float32)
    successes = rng.binomial(trials.astype(int), 0.3).astype(np.float32)
    level = torch.full(SHAPE, -0.8)
    exact = beta_binomial_nll(covered(*(each.astype(float) for each in (successes, trials))), level.double(),
                              torch.full((1, 5), 7.0).double())  # fmt: skip
    found = beta_binomial_nll(covered(successes, trials), level, torch.full((1, 5), 7.0))
    assert float(found) == pytest.approx(float(exact), abs=2e-4)
    assert float(found) == pytest.approx(float(binomial_nll(covered(successes, trials), level)), abs=0.1)


def arguments(name: str, count: float, level: float, spread: float) -> tuple[SparseValues, list[torch.Tensor]]:
    values = np.full(SHAPE, count, np.float32)
    measured = covered(values, values + 3) if "binomial" in name else sparse(values)
    tensors = [torch.full(SHAPE, level), torch.full((1, 5), spread), torch.full((1, 5), -spread)]
    return measured, [each.requires_grad_() for each in tensors]


@pytest.mark.parametrize("name", LIKELIHOODS)
@pytest.mark.parametrize("level", [-100.0, -20.0, 0.0, 11.0, 80.0])
@pytest.mark.parametrize("spread", [-100.0, -15.0, 0.0, 10.0, 25.0, 100.0])
def test_values_and_gradients_stay_finite_at_extremes(name, level, spread):
    for count in (0.0, 1.0, 1e6):
        measured, (decoded, log_dispersion, zero_logit) = arguments(name, count, level, spread)
        cost = negative_log_likelihood(name, measured, decoded, torch.ones(4, 1), log_dispersion, zero_logit)
        cost.backward()
        assert torch.isfinite(cost)
        for each in (decoded, log_dispersion, zero_logit):
            assert each.grad is None or torch.isfinite(each.grad).all()


@pytest.mark.parametrize("name", ["nb", "zinb", "poisson", "bernoulli", "binomial", "beta_binomial"])
@given(st.data())
@settings(max_examples=25, deadline=None)
def test_no_probability_is_above_one(name, data):
    count, level = data.draw(st.integers(0, 1000)), data.draw(st.floats(-14, 11, width=32))
    measured, tensors = arguments(name, float(count), level, data.draw(st.floats(-6, 6, width=32)))
    level, spread, zeros = (each.detach() for each in tensors)
    assert float(negative_log_likelihood(name, measured, level, torch.ones(4, 1), spread, zeros)) > -1e-3


def drawn(name: str, rng: np.random.Generator) -> tuple[SparseValues, np.ndarray]:
    """Twenty thousand cells of six features, and the level they were drawn at (library size 1)."""
    level = rng.normal(0, 1, 6)
    rate, p, shape = np.exp(level), 1 / (1 + np.exp(-level)), (20_000, 6)
    if "binomial" in name:
        trials = rng.poisson(4, shape).astype(np.float32)
        chance = rng.beta(2 * p, 2 * (1 - p), shape) if name == "beta_binomial" else p
        return covered(rng.binomial(trials.astype(int), chance).astype(np.float32), trials), level
    if name == "normal":
        return sparse(rng.normal(level, 2, shape).astype(np.float32)), level
    values = rng.poisson(rate if name in ("poisson", "bernoulli") else rng.gamma(2, rate / 2, shape), shape)
    if name == "zinb":
        values *= rng.random(shape) >= 1 / (1 + np.exp(-2.0))
    return sparse(values.astype(np.float32)), level


@pytest.mark.parametrize("name", LIKELIHOODS)
def test_the_truth_costs_least(name):
    measured, level = drawn(name, np.random.default_rng(0))

    def cost(shift: float = 0.0, wider: float = 0.0, more_zeros: float = 0.0) -> float:
        decoded = torch.tensor(level + shift, dtype=torch.float32).expand(20_000, 6)
        spread, zeros = torch.full((1, 6), np.log(2) + wider), torch.full((1, 6), 2.0 + more_zeros)
        return float(negative_log_likelihood(name, measured, decoded, torch.ones(20_000, 1), spread, zeros))

    best = cost()
    for change in (-0.3, 0.3):
        assert cost(shift=change) > best
        if name in ("nb", "zinb", "normal", "beta_binomial"):
            assert cost(wider=2 * change) > best
        if name == "zinb":
            assert cost(more_zeros=change) > best


def test_nearly_poisson_counts_cost_what_poisson_says():
    rng = np.random.default_rng(0)
    mean = np.exp(rng.normal(1, 1, SHAPE)).astype(np.float32)
    values = sparse(rng.poisson(mean).astype(np.float32))
    level = torch.from_numpy(np.log(mean))
    for log_t in (9.0, 14.0, 25.0):
        found = negative_binomial_nll(values, level, torch.full((1, 5), log_t))
        assert float(found) == pytest.approx(float(poisson_nll(values, level)), abs=0.02)


def test_the_library_multiplies_the_mean_of_counts_and_of_nothing_else():
    values, level, spread = sparse(np.eye(4, 5)), torch.linspace(-3, 1, 20).reshape(SHAPE), torch.zeros(1, 5)
    library = torch.tensor([[1.0], [10.0], [200.0], [3000.0]])
    for name, model in LIKELIHOODS.items():
        measured = covered(np.eye(4, 5), np.ones(SHAPE)) if model.level == "logit" else values
        found = negative_log_likelihood(name, measured, level, library, spread, spread)
        log_mean = level + library.log() if model.level == "log_proportion" else level
        torch.testing.assert_close(found, model.nll(measured, log_mean, spread, spread, None))
        counted = name in ("nb", "zinb", "poisson", "bernoulli")
        assert (model.level == "log_proportion") == counted


def test_a_cell_without_any_count_costs_something_finite():
    empty, library = sparse(np.zeros(SHAPE)), torch.tensor([[0.0], [0.0], [1.0], [1.0]])
    for name, model in LIKELIHOODS.items():
        if model.level == "log_proportion":
            level = torch.full(SHAPE, -3.0, requires_grad=True)
            cost = negative_log_likelihood(name, empty, level, library, torch.zeros(1, 5), torch.zeros(1, 5))
            cost.backward()
            assert 0 < float(cost.detach()) < 1
            torch.testing.assert_close(level.grad[0], level.grad[2])


def test_what_is_missing_is_named():
    values, level, spread = sparse(np.eye(4, 5)), torch.zeros(SHAPE), torch.zeros(1, 5)
    for name, words in (("zinb", "zero logit"), ("binomial", "number of trials"), ("gamma", "no likelihood 'gamma'")):
        with pytest.raises(ValueError, match=words):
            negative_log_likelihood(name, values, level, torch.ones(4, 1), spread)


def test_dense_fills_every_place():
    values = np.random.default_rng(0).poisson(0.5, SHAPE).astype(np.float32)
    assert (values == 0).any()
    np.testing.assert_array_equal(sparse(values).dense(SHAPE).numpy(), values)


@pytest.mark.parametrize("name", LIKELIHOODS)
@pytest.mark.parametrize("n_batches", [1, 3, 40])
def test_a_table_of_batches_costs_what_the_row_of_each_cell_costs(name, n_batches):
    rng = torch.Generator().manual_seed(n_batches)
    batch = torch.randint(n_batches, (4,), generator=rng)
    tables = [torch.randn(n_batches, 5, generator=rng, dtype=torch.float64).requires_grad_() for _ in range(2)]
    level = torch.randn(SHAPE, generator=rng, dtype=torch.float64).requires_grad_()
    values = np.arange(20.0).reshape(SHAPE) % 4
    measured = covered(values, values + 1) if "binomial" in name else sparse(values)
    library = torch.full((4, 1), 3.0, dtype=torch.float64)
    given = negative_log_likelihood(name, measured, level, library, *tables, batch)
    gathered = negative_log_likelihood(name, measured, level, library, *(each[batch] for each in tables))
    torch.testing.assert_close(given, gathered)
    of_given, of_gathered = (
        torch.autograd.grad(cost, [level, *tables], allow_unused=True) for cost in (given, gathered)
    )
    for one, other in zip(of_given, of_gathered, strict=True):
        assert (one is None) == (other is None)
        if one is not None:
            torch.testing.assert_close(one, other)


def test_beyond_its_bounds_a_negative_binomial_pulls_at_nothing():
    measured = sparse(np.eye(4, 5))
    level = torch.tensor([[13.0] * 5, [-1.0] * 5, [20.0] * 5, [0.5] * 5], requires_grad=True)
    log_t = torch.tensor([[9.0, 0.0, -16.0, 1.0, 8.5]], requires_grad=True)
    negative_binomial_nll(measured, level, log_t).backward()
    assert ((level.grad == 0) == (level > 12)).all()
    assert (log_t.grad[0] == 0).tolist() == [True, False, True, False, True]
