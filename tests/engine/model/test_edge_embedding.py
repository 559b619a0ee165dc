from __future__ import annotations

import numpy as np
import pytest
import torch

from monae_app.engine.model.edge_embedding import DrawnEdges, EdgeEmbedding

N_TYPES, N_CELLS, N_FEATURES = 3, 90, 60


def drawn(heads, tails, rng: np.random.Generator, **more) -> DrawnEdges:
    others = rng.integers(0, N_FEATURES, 32), rng.integers(0, N_CELLS, 32) + N_FEATURES
    values = {
        "heads": torch.as_tensor(heads),
        "tails": torch.as_tensor(tails),
        "sign": torch.ones(len(heads)),
        "other_heads": torch.from_numpy(others[1]),
        "other_tails": torch.from_numpy(others[0]),
        "axes": 8,
        "weight": 1.0,
    }
    return DrawnEdges(**(values | more))


def test_the_gradient_is_that_of_the_loss():
    rng, generator = np.random.default_rng(0), torch.Generator().manual_seed(0)
    start = torch.randn(N_FEATURES + N_CELLS, 8, generator=generator, dtype=torch.float64)
    bias = torch.randn(N_FEATURES, 2, generator=generator, dtype=torch.float64)
    heads, tails = rng.integers(0, N_CELLS, 20) + N_FEATURES, rng.integers(0, N_FEATURES, 20)
    sign = torch.from_numpy(rng.choice([-1.0, 1.0], 20))
    batches = torch.from_numpy(rng.integers(0, 2, 20)), torch.from_numpy(rng.integers(0, 2, 32))
    edges = drawn(heads, tails, rng, sign=sign, batches=batches, axes=5)

    def loss(vectors, added):
        x, y = vectors[edges.heads, :5], vectors[edges.tails, :5]
        of_others = vectors[edges.other_heads, :5], vectors[edges.other_tails, :5]
        meet = sign * ((x * y).sum(1) + added[edges.tails, batches[0]])
        wrong_tails = sign[:, None] * (x @ of_others[1].T + added[edges.other_tails][:, batches[0]].T)
        wrong_heads = sign[:, None] * (y @ of_others[0].T + added[edges.tails][:, batches[1]])
        plus = torch.nn.functional.softplus
        return plus(-meet).sum() + 0.5 * (plus(wrong_tails).mean(1).sum() + plus(wrong_heads).mean(1).sum())

    variables = start.clone().requires_grad_(), bias.clone().requires_grad_()
    loss(*variables).backward()
    embedding = EdgeEmbedding(start, bias, decay=0.0)
    told = embedding.step([edges], rate=1e-3)
    # the first step of Adagrad is the gradient over its own root mean square, row by row
    for moved, before, variable, rows in (
        (embedding.vectors, start, variables[0], variables[0].grad.square().mean(1, keepdim=True).sqrt()),
        (embedding.bias, bias, variables[1], variables[1].grad.abs()),
    ):
        expected = -1e-3 * variable.grad / (rows + 1e-8)
        assert torch.allclose(moved - before, expected, atol=1e-9)
    assert told[0] == pytest.approx(float(loss(start, bias)) / 20, rel=1e-6)


def test_a_step_touches_what_it_draws_and_nothing_else():
    rng = np.random.default_rng(0)
    start = torch.randn(N_FEATURES + N_CELLS, 8, generator=torch.Generator().manual_seed(1))
    embedding = EdgeEmbedding(start, torch.zeros(N_FEATURES, 1), decay=0.1)
    edges = drawn(np.array([N_FEATURES]), np.array([3]), rng)
    embedding.step([edges], rate=0.1)
    touched = set(torch.cat([edges.heads, edges.tails, edges.other_heads, edges.other_tails]).tolist())
    moved = set(torch.nonzero((embedding.vectors != start).any(dim=1)).flatten().tolist())
    assert moved == touched


@pytest.mark.parametrize("shuffled", [False, True])
def test_cells_come_to_lie_by_their_markers_from_a_random_start(shuffled):
    rng = np.random.default_rng(0)
    kind, marks = np.arange(N_CELLS) % N_TYPES, np.arange(N_FEATURES) % N_TYPES
    start = 0.1 * torch.randn(N_FEATURES + N_CELLS, 8, generator=torch.Generator().manual_seed(1))
    embedding = EdgeEmbedding(start, torch.zeros(N_FEATURES, 1), decay=0.01)
    losses = []
    for _ in range(150):
        cells = rng.integers(0, N_CELLS, 256)
        of_kind = N_TYPES * rng.integers(0, N_FEATURES // N_TYPES, 256) + kind[cells]
        features = np.where(rng.random(256) < 0.7, of_kind, rng.integers(0, N_FEATURES, 256))
        if shuffled:
            features = rng.permutation(features)
        losses += embedding.step([drawn(cells + N_FEATURES, features, rng)], rate=0.1)
    vectors = embedding.vectors.numpy()
    met = vectors[N_FEATURES:] @ vectors[:N_FEATURES].T
    nearest = marks[np.argsort(-met, axis=1)[:, :5]]
    right = float((nearest == kind[:, None]).mean())
    assert right < 0.6 if shuffled else right > 0.95
    assert shuffled or np.mean(losses[-20:]) < np.mean(losses[:20])
