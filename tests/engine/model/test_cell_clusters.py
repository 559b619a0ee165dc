from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from monae_app.engine.model.cell_clusters import (
    MEMORY,
    RETIRED_BELOW,
    ClusterHead,
    clustering_loss,
    gaussian_kernel,
    separation,
)

seeds = st.integers(0, 10_000)
WIDTH, CLUSTERS = 5, 3


def planted(n: int = 60, seed: int = 0) -> tuple[torch.Tensor, torch.Tensor]:
    """Three tight clouds of cells and which one each belongs to."""
    rng = np.random.default_rng(seed)
    kind = np.arange(n) % CLUSTERS
    cells = 3 * np.eye(CLUSTERS, WIDTH)[kind] + rng.normal(0, 0.2, (n, WIDTH))
    return torch.from_numpy(cells.astype(np.float32)), torch.from_numpy(kind)


def one_hot(kind: torch.Tensor) -> torch.Tensor:
    return torch.nn.functional.one_hot(kind, CLUSTERS).float()


def soft(seed: int, n: int = 20) -> torch.Tensor:
    return torch.softmax(3 * torch.randn(n, CLUSTERS, generator=torch.Generator().manual_seed(seed)), dim=1)


@given(seeds, st.floats(0.01, 100))
@settings(max_examples=20, deadline=None)
def test_rows_are_probabilities_that_know_no_length(seed, length):
    torch.manual_seed(seed)
    head, cells = ClusterHead(torch.randn(4, WIDTH)).eval(), torch.randn(7, WIDTH)
    found = head(cells)
    assert found.shape == (7, 4)
    assert (found >= 0).all()
    torch.testing.assert_close(found.sum(dim=1), torch.ones(7))
    torch.testing.assert_close(head(length * cells), found, rtol=1e-4, atol=1e-5)


def test_cells_go_to_the_nearest_centre_and_surely_where_they_stand_on_it():
    cells, kind = planted()
    head = ClusterHead(2 * torch.eye(CLUSTERS, WIDTH)).eval()
    found = head(cells)
    assert (found.argmax(dim=1) == kind).all()
    assert found.amax(dim=1).mean() > 0.99


def test_a_dead_cluster_is_retired_and_never_comes_back():
    cells, kind = planted()
    cells = cells[kind < 2]
    head = ClusterHead(torch.cat([torch.eye(2, WIDTH), -torch.ones(1, WIDTH)]))
    assert head.alive.all()
    steps = 0
    while head.alive.all():
        head(cells)
        steps += 1
        assert steps < 500
    # the memory alone decides how long that takes
    assert steps == pytest.approx(math.log(RETIRED_BELOW) / math.log(MEMORY), abs=3)
    assert head.alive.tolist() == [True, True, False]
    found = head(-10 * torch.ones(4, WIDTH))
    assert (found[:, 2] == 0).all()
    torch.testing.assert_close(found.sum(dim=1), torch.ones(4))
    for _ in range(20):
        head(-torch.ones(4, WIDTH))
    assert head.alive.tolist() == [True, True, False]
    clustering_loss(cells, head(cells), torch.arange(len(cells)) // 2 % 2, head.alive).backward()
    assert torch.isfinite(head.centres.grad).all()
    assert (head.centres.grad[2] == 0).all()


def test_sizes_are_remembered_in_training_alone_and_saved():
    cells, kind = planted()
    cells = cells[kind == 0]
    head = ClusterHead(torch.eye(CLUSTERS, WIDTH))
    head.eval()(cells)
    torch.testing.assert_close(head.size, torch.full((CLUSTERS,), 1 / CLUSTERS))
    found = head.train()(cells)
    torch.testing.assert_close(head.size, MEMORY / CLUSTERS + (1 - MEMORY) * found.detach().mean(dim=0))
    assert not head.size.requires_grad
    assert "size" in head.state_dict()


@given(seeds)
@settings(max_examples=20, deadline=None)
def test_the_kernel_equals_its_formula(seed):
    cells = torch.from_numpy(np.random.default_rng(seed).normal(size=(11, 3)))
    distance = ((cells[:, None] - cells[None]) ** 2).sum(dim=2)
    bandwidth = 0.15 * distance.flatten().sort().values[(distance.numel() - 1) // 2]
    found = gaussian_kernel(cells)
    torch.testing.assert_close(found, torch.exp(-distance / (2 * bandwidth)), rtol=1e-6, atol=1e-9)
    torch.testing.assert_close(gaussian_kernel(100 * cells), found, rtol=1e-6, atol=1e-9)
    torch.testing.assert_close(gaussian_kernel(cells, 0.3), found.sqrt(), rtol=1e-6, atol=1e-9)


def test_the_bandwidth_is_held_fixed_and_nothing_is_infinite_where_cells_coincide():
    cells = torch.randn(6, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(0)).requires_grad_()
    gaussian_kernel(cells).sum().backward()
    fixed = cells.detach().clone().requires_grad_()
    distance = ((fixed[:, None] - fixed[None]) ** 2).sum(dim=2)
    torch.exp(-distance / (2 * 0.15 * distance.detach().median())).sum().backward()
    torch.testing.assert_close(cells.grad, fixed.grad)
    assert cells.grad.norm() > 1e-3  # free of the bandwidth it would be nearly 0: the kernel knows no scale
    same = torch.ones(5, 3, requires_grad=True)
    kernel = gaussian_kernel(same)
    kernel.sum().backward()
    torch.testing.assert_close(kernel.detach(), torch.ones(5, 5))
    assert torch.isfinite(same.grad).all()


@given(seeds)
@settings(max_examples=20, deadline=None)
def test_separation_equals_a_literal_loop(seed):
    torch.manual_seed(seed)
    assignment = soft(seed).double()
    kernel = gaussian_kernel(torch.randn(20, 3, dtype=torch.float64))
    total = 0.0
    for a in range(CLUSTERS):
        for b in range(a + 1, CLUSTERS):
            one, other = assignment[:, a], assignment[:, b]
            total += float(one @ kernel @ other / torch.sqrt((one @ kernel @ one) * (other @ kernel @ other)))
    expected = 2 * total / (CLUSTERS * (CLUSTERS - 1))
    assert float(separation(kernel, assignment)) == pytest.approx(expected, rel=1e-6)
    assert 0 <= expected <= 1
    assert float(separation(kernel, assignment[:, [2, 0, 1]])) == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_planted_clusters_lie_apart_and_shuffled_ones_do_not(seed):
    cells, kind = planted(seed=seed)
    kernel, order = gaussian_kernel(cells), torch.randperm(len(kind), generator=torch.Generator().manual_seed(seed))
    right, wrong = separation(kernel, one_hot(kind)), separation(kernel, one_hot(kind[order]))
    assert right < 0.1
    assert wrong > 0.7
    same = torch.ones(len(kind), CLUSTERS) / CLUSTERS
    assert float(separation(kernel, same)) == pytest.approx(1, rel=1e-4)


def test_one_cluster_is_apart_from_nothing():
    kernel = gaussian_kernel(planted()[0])
    assert float(separation(kernel, torch.ones(60, 1))) == 0


def loss(cells: torch.Tensor, assignment: torch.Tensor, modality: torch.Tensor | None = None) -> float:
    modality = torch.zeros(len(cells), dtype=torch.int64) if modality is None else modality
    return float(clustering_loss(cells, assignment, modality, torch.ones(CLUSTERS, dtype=torch.bool)))


def test_right_clusters_cost_least():
    cells, kind = planted()
    order = torch.randperm(len(kind), generator=torch.Generator().manual_seed(0))
    right = loss(cells, one_hot(kind))
    assert right < loss(cells, one_hot(kind[order])) - 0.3
    assert right < loss(cells, 0.5 * one_hot(kind) + 0.5 / CLUSTERS) - 0.1
    assert right < loss(cells, torch.ones(len(kind), CLUSTERS) / CLUSTERS) - 0.3


def test_a_modality_that_falls_into_one_cluster_costs_its_entropy():
    cells, kind = planted()
    modality = (torch.arange(60) // 30).long()
    spread, fallen = one_hot(kind), one_hot(torch.zeros_like(kind))
    assert loss(cells, spread, modality) == pytest.approx(loss(cells, spread), abs=1e-5)
    half = torch.where((modality == 0)[:, None], spread, fallen)
    # of two halves, one loses log 3 of entropy; neither is seen if only the whole is looked at
    assert guard_of(cells, spread, modality) == pytest.approx(-math.log(3), abs=1e-4)
    assert guard_of(cells, half, modality) == pytest.approx(-math.log(3) / 2, abs=1e-4)
    assert guard_of(cells, fallen, modality) == pytest.approx(0, abs=1e-4)
    split = one_hot((modality == 1).long())
    assert guard_of(cells, split, modality) == pytest.approx(0, abs=1e-4)
    assert guard_of(cells, split, torch.zeros_like(modality)) == pytest.approx(-math.log(2), abs=1e-4)


def guard_of(cells: torch.Tensor, assignment: torch.Tensor, modality: torch.Tensor) -> float:
    kernel = gaussian_kernel(cells)
    nearness = torch.exp(-torch.cdist(assignment, torch.eye(CLUSTERS)).square())
    apart = float(separation(kernel, assignment) + separation(kernel, nearness))
    return loss(cells, assignment, modality) - apart


def test_retired_clusters_count_for_nothing():
    cells, _ = planted()
    modality, two = torch.zeros(60, dtype=torch.int64), soft(0, 60)[:, :2]
    two = two / two.sum(dim=1, keepdim=True)
    three = torch.cat([two, torch.zeros(60, 1)], dim=1)
    expected = clustering_loss(cells, two, modality, torch.tensor([True, True]))
    torch.testing.assert_close(clustering_loss(cells, three, modality, torch.tensor([True, True, False])), expected)


@pytest.mark.parametrize("seed", [0, 1, 4])
def test_descent_finds_planted_clusters_from_a_poor_start(seed):
    cells, kind = planted()
    torch.manual_seed(seed)
    head = ClusterHead(torch.eye(CLUSTERS, WIDTH) + 2 + 0.3 * torch.randn(CLUSTERS, WIDTH))
    modality, optimiser, costs = torch.arange(60) % 2, torch.optim.Adam(head.parameters(), 0.05), []
    for _ in range(40):
        optimiser.zero_grad()
        cost = clustering_loss(cells, head(cells), modality, head.alive)
        cost.backward()
        assert torch.isfinite(head.centres.grad).all()
        assert (head.centres.grad != 0).any()
        optimiser.step()
        costs.append(float(cost.detach()))
    assert costs[0] > costs[-1] + 0.3
    assert costs[-1] == pytest.approx(loss(cells, one_hot(kind)), abs=0.01)
    assert len({(int(a), int(b)) for a, b in zip(head(cells).argmax(dim=1), kind, strict=True)}) == CLUSTERS


def test_the_gradient_reaches_cells_and_is_finite_at_corners():
    cells, kind = planted()
    cells, assignment = cells.requires_grad_(), one_hot(kind).requires_grad_()
    clustering_loss(cells, assignment, torch.arange(60) % 2, torch.ones(CLUSTERS, dtype=torch.bool)).backward()
    for each in (cells, assignment):
        assert torch.isfinite(each.grad).all()
        assert (each.grad != 0).any()
