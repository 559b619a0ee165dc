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


def nt_xent_by_loop(
    first: torch.Tensor, second: torch.Tensor, tau: float, skipped: torch.Tensor | None = None
) -> float:
    views = [each.double() / each.double().norm() for each in [*first, *second]]
    size, total = len(first), 0.0
    for i, view in enumerate(views):
        partner = i + size if i < size else i - size
        seen = [r for r in range(2 * size) if r == partner or (r != i and (skipped is None or not skipped[i, r]))]
        others = sum(math.exp(float(view @ views[r]) / tau) for r in seen)
        total -= math.log(math.exp(float(view @ views[partner]) / tau) / others)
    return total / (2 * size)


@given(seeds, st.integers(1, 6), st.integers(2, 5), st.sampled_from([0.1, 0.2, 1.0]))
@settings(max_examples=60, deadline=None)
def test_nt_xent_equals_a_literal_loop(seed, size, width, tau):
    first, second = draw(seed, size, width), draw(seed + 1, size, width)
    assert float(nt_xent(first, second, tau)) == pytest.approx(nt_xent_by_loop(first, second, tau), rel=1e-4, abs=1e-5)


@given(seeds, st.integers(1, 6), st.floats(0, 1))
@settings(max_examples=60, deadline=None)
def test_nt_xent_with_cells_left_out_equals_a_literal_loop(seed, size, share):
    first, second = draw(seed, size, 3), draw(seed + 1, size, 3)
    skipped = torch.from_numpy(np.random.default_rng(seed).random((2 * size, 2 * size)) < share)
    found = float(nt_xent(first, second, 0.2, skipped))
    assert found == pytest.approx(nt_xent_by_loop(first, second, 0.2, skipped), rel=1e-4, abs=1e-5)
    # fewer to be told from
    assert found <= float(nt_xent(first, second, 0.2)) + 1e-5
    assert found >= -1e-6


def test_a_mask_never_takes_a_view_s_partner_away():
    first, second = draw(0, 5, 3).requires_grad_(), draw(1, 5, 3)
    all_of_them = torch.ones(10, 10, dtype=torch.bool)
    kept = all_of_them.clone()
    assert float(nt_xent(first, second, 0.2, all_of_them).detach()) == pytest.approx(0, abs=1e-6)
    torch.testing.assert_close(all_of_them, kept)
    partners = torch.arange(10)[:, None] % 5 == torch.arange(10)[None, :] % 5
    cost = nt_xent(first, second, 0.2, partners)
    torch.testing.assert_close(cost, nt_xent(first, second, 0.2))
    torch.testing.assert_close(nt_xent(first, second, 0.2, torch.zeros_like(partners)), cost)


def test_cells_left_out_are_not_pushed_apart():
    first, second = draw(0, 4, 3).requires_grad_(), draw(1, 4, 3)
    skipped = torch.zeros(8, 8, dtype=torch.bool)
    # nobody is told from view 0, and view 0 from nobody: only its partner pulls at it
    skipped[0, :] = skipped[:, 0] = True
    nt_xent(first, second, 0.2, skipped).backward()
    lone = first.detach()[:1].clone().requires_grad_()
    unit = torch.nn.functional.normalize(torch.cat([lone, first.detach()[1:], second]), dim=1)
    row = unit[4] @ unit.T / 0.2
    seen = torch.tensor([0, 1, 2, 3, 5, 6, 7])
    (-(row[0] - torch.logsumexp(row[seen], dim=0)) / 8).backward()
    torch.testing.assert_close(first.grad[0], lone.grad[0], rtol=1e-4, atol=1e-6)


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
    modality, even = torch.tensor([0, 1, 1, 0]), torch.ones(4)
    assert float(modality_cross_entropy(torch.zeros(4, 2), modality, even)) == pytest.approx(math.log(2))
    sure = 20.0 * torch.nn.functional.one_hot(modality).float()
    assert float(modality_cross_entropy(sure, modality, even)) < 1e-6
    assert float(modality_cross_entropy(-sure, modality, even)) > 10


@given(seeds, st.integers(1, 8), st.integers(2, 4), st.floats(0.01, 50))
@settings(max_examples=50, deadline=None)
def test_modality_cross_entropy_equals_a_literal_loop(seed, size, n_modalities, factor):
    rng = np.random.default_rng(seed)
    logits, modality = draw(seed, size, n_modalities), rng.integers(0, n_modalities, size)
    weight = (rng.random(size) + 0.01).astype(np.float32)
    total = 0.0
    for i in range(size):
        row = logits[i].double().exp()
        total -= weight[i] * math.log(float(row[modality[i]] / row.sum()))
    weights = torch.from_numpy(weight)
    found = float(modality_cross_entropy(logits, torch.from_numpy(modality), weights))
    assert found == pytest.approx(total / weight.sum(), rel=1e-4, abs=1e-6)
    scaled = modality_cross_entropy(logits, torch.from_numpy(modality), factor * weights)
    assert float(scaled) == pytest.approx(found, rel=1e-4)


def test_cells_of_weight_0_are_not_pulled_and_none_at_all_cost_nothing():
    logits, modality = draw(0, 4, 2).requires_grad_(), torch.tensor([0, 1, 1, 0])
    modality_cross_entropy(logits, modality, torch.tensor([1.0, 0.0, 2.0, 1.0])).backward()
    assert (logits.grad != 0).any(dim=1).tolist() == [True, False, True, True]
    assert float(modality_cross_entropy(logits, modality, torch.zeros(4)).detach()) == 0


@given(st.floats(0, 3), seeds)
@settings(max_examples=30, deadline=None)
def test_the_gradient_is_turned_and_the_value_is_not(strength, seed):
    values, factor = draw(seed, 4).requires_grad_(), draw(seed + 1, 4)
    turned = reverse_gradient(values, strength)
    torch.testing.assert_close(turned.detach(), values.detach())
    (turned * factor).sum().backward()
    torch.testing.assert_close(values.grad, -strength * factor)
