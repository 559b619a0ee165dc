from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from monae_app.engine.model.losses import (
    edge_nll,
    kl_to_standard_normal,
    modality_cross_entropy,
    nt_xent,
    reverse_gradient,
)

seeds = st.integers(0, 10_000)


def draw(seed: int, *shape: int) -> torch.Tensor:
    return torch.from_numpy(np.random.default_rng(seed).normal(size=shape).astype(np.float32))


def nt_xent_by_loop(first: torch.Tensor, second: torch.Tensor, tau: float) -> float:
    views = [each.double() / each.double().norm() for each in [*first, *second]]
    size, total = len(first), 0.0
    for i, view in enumerate(views):
        partner = i + size if i < size else i - size
        others = sum(math.exp(float(view @ views[r]) / tau) for r in range(2 * size) if r != i)
        total -= math.log(math.exp(float(view @ views[partner]) / tau) / others)
    return total / (2 * size)


@given(seeds, st.integers(1, 6), st.integers(2, 5), st.sampled_from([0.1, 0.2, 1.0]))
@settings(max_examples=60, deadline=None)
def test_nt_xent_equals_a_literal_loop(seed, size, width, tau):
    first, second = draw(seed, size, width), draw(seed + 1, size, width)
    assert float(nt_xent(first, second, tau)) == pytest.approx(nt_xent_by_loop(first, second, tau), rel=1e-4, abs=1e-5)


def test_nt_xent_knows_neither_length_nor_side_and_falls_when_views_agree():
    first, second = draw(0, 8, 4), draw(1, 8, 4)
    cost = float(nt_xent(first, second, 0.2))
    assert float(nt_xent(7 * first, second / 3, 0.2)) == pytest.approx(cost, rel=1e-5)
    assert float(nt_xent(second, first, 0.2)) == pytest.approx(cost, rel=1e-5)
    assert float(nt_xent(first, first + 0.1 * second, 0.2)) < cost


def test_nt_xent_has_finite_gradients_where_a_view_is_zero():
    first = torch.zeros(4, 3, requires_grad=True)
    nt_xent(first, draw(0, 4, 3), 0.05).backward()
    assert torch.isfinite(first.grad).all()


@given(seeds, st.floats(0.01, 5))
@settings(max_examples=50, deadline=None)
def test_kl_equals_torch(seed, spread):
    mean, sd = draw(seed, 6, 3), spread * draw(seed + 1, 6, 3).abs() + 1e-3
    law, prior = torch.distributions.Normal(mean, sd), torch.distributions.Normal(0.0, 1.0)
    expected = torch.distributions.kl_divergence(law, prior).sum(dim=1).mean()
    assert float(kl_to_standard_normal(mean, sd)) == pytest.approx(float(expected), rel=1e-4)


def test_kl_is_zero_at_the_prior_alone():
    assert float(kl_to_standard_normal(torch.zeros(3, 2), torch.ones(3, 2))) == 0
    assert float(kl_to_standard_normal(torch.full((3, 2), 0.1), torch.ones(3, 2))) > 0
    assert float(kl_to_standard_normal(torch.zeros(3, 2), torch.full((3, 2), 0.9))) > 0


@given(seeds, st.integers(1, 9), st.integers(1, 4))
@settings(max_examples=50, deadline=None)
def test_edge_nll_is_the_mean_of_two_bernoulli_costs(seed, n_edges, n_negatives):
    positive, negative = 3 * draw(seed, n_edges), 3 * draw(seed + 1, n_edges, n_negatives)
    there = -torch.log(torch.sigmoid(positive.double())).mean()
    absent = -torch.log(1 - torch.sigmoid(negative.double())).mean()
    assert float(edge_nll(positive, negative)) == pytest.approx(float((there + absent) / 2), rel=1e-4)


def test_edge_nll_weighs_both_halves_the_same_and_is_finite_far_out():
    positive, negative = torch.tensor([2.0]), torch.full((50, 5), -2.0)
    assert float(edge_nll(positive, negative)) == pytest.approx(float(edge_nll(positive, negative[:1, :1])))
    assert float(edge_nll(torch.tensor([-500.0]), torch.tensor([500.0]))) == 500
    assert float(edge_nll(torch.tensor([0.0]), torch.tensor([0.0]))) == pytest.approx(math.log(2))


def test_modality_cross_entropy_of_a_guess_is_log_2():
    modality = torch.tensor([0, 1, 1, 0])
    assert float(modality_cross_entropy(torch.zeros(4, 2), modality)) == pytest.approx(math.log(2))
    sure = 20.0 * torch.nn.functional.one_hot(modality).float()
    assert float(modality_cross_entropy(sure, modality)) < 1e-6
    assert float(modality_cross_entropy(-sure, modality)) > 10


@given(st.floats(0, 3), seeds)
@settings(max_examples=30, deadline=None)
def test_the_gradient_is_turned_and_the_value_is_not(strength, seed):
    values, factor = draw(seed, 4).requires_grad_(), draw(seed + 1, 4)
    turned = reverse_gradient(values, strength)
    torch.testing.assert_close(turned.detach(), values.detach())
    (turned * factor).sum().backward()
    torch.testing.assert_close(values.grad, -strength * factor)
