"""Sparse products against torch-geometric and against dense matrices: values and gradients."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch_geometric.nn import GATConv, GATv2Conv, GCNConv

from monae_app.engine.model.message_passing import Attention, Convolution, DynamicAttention, Incidence

N, WIDTH = 9, 5
seeds = st.integers(0, 10_000)


def random_edges(seed: int, n: int = N) -> tuple[torch.Tensor, torch.Tensor]:
    """Both directions of some edges and no self-loops, in random order; the last vertex stays alone."""
    rng = torch.Generator().manual_seed(seed)
    there = torch.triu(torch.rand(n, n, generator=rng) < 0.5, diagonal=1)
    there[:, -1] = False
    there[0, 1] = True
    first, second = there.nonzero().T
    weight = torch.rand(len(first), generator=rng) + 0.05
    order = torch.randperm(2 * len(first), generator=rng)
    edges = torch.stack([torch.cat([first, second]), torch.cat([second, first])])[:, order]
    return edges, torch.cat([weight, weight])[order]


def with_loops(edges: torch.Tensor, weight: torch.Tensor, n: int = N) -> tuple[torch.Tensor, torch.Tensor]:
    loops = torch.arange(n)
    return torch.cat([torch.stack([loops, loops]), edges], dim=1), torch.cat([torch.ones(n), weight])


def dense(edges: torch.Tensor, values: torch.Tensor, n: int = N) -> torch.Tensor:
    """Rows are targets."""
    matrix = torch.zeros(n, n, dtype=values.dtype)
    return matrix.index_put((edges[1], edges[0]), values)


def assert_alike(one, other, edges, parameters: list[tuple[torch.Tensor, torch.Tensor]]) -> None:
    """Same values from the same vertices, and same gradients of what follows from them."""
    generator = torch.Generator().manual_seed(1)
    vertices, factor = torch.randn(N, WIDTH, generator=generator), torch.randn(N, WIDTH, generator=generator)
    mine, theirs = vertices.clone().requires_grad_(), vertices.clone().requires_grad_()
    edges, weight = edges
    found, expected = one(mine, Incidence(edges, weight, N)), other(theirs, edges, weight)
    torch.testing.assert_close(found, expected, rtol=1e-5, atol=1e-5)
    (found * factor).sum().backward()
    (expected * factor).sum().backward()
    assert (mine.grad != 0).any()
    torch.testing.assert_close(mine.grad, theirs.grad, rtol=1e-5, atol=1e-5)
    for ours, reference in parameters:
        assert (ours.grad != 0).any()
        torch.testing.assert_close(ours.grad, reference.grad.reshape(ours.shape), rtol=1e-4, atol=2e-5)


@pytest.mark.parametrize("loops", [True, False])
@pytest.mark.parametrize("heads", [1, 3])
@pytest.mark.parametrize("seed", [0, 1])
def test_attention_equals_torch_geometric(heads, loops, seed):
    torch.manual_seed(seed)
    mine = Attention(WIDTH, heads)
    theirs = GATConv(WIDTH, WIDTH, heads=heads, concat=False, add_self_loops=False, edge_dim=1, bias=False)
    with torch.no_grad():
        mine.of_weight.normal_()
        theirs.lin.weight.copy_(mine.project.weight)
        theirs.att_src.copy_(mine.of_source[None])
        theirs.att_dst.copy_(mine.of_target[None])
        # the weight of an edge enters their logits through a vector, of which only its product with another matters
        theirs.lin_edge.weight.zero_()
        theirs.lin_edge.weight[::WIDTH, 0] = 1
        theirs.att_edge.zero_()
        theirs.att_edge[0, :, 0] = mine.of_weight
    edges = random_edges(seed)
    assert_alike(
        mine,
        theirs,
        with_loops(*edges) if loops else edges,
        [(mine.project.weight, theirs.lin.weight), (mine.of_source, theirs.att_src), (mine.of_target, theirs.att_dst)],
    )
    torch.testing.assert_close(mine.of_weight.grad, theirs.att_edge.grad[0, :, 0], rtol=1e-4, atol=2e-5)


@pytest.mark.parametrize("heads", [1, 2])
def test_dynamic_attention_equals_torch_geometric(heads):
    torch.manual_seed(0)
    mine = DynamicAttention(WIDTH, heads)
    theirs = GATv2Conv(WIDTH, WIDTH, heads=heads, concat=False, add_self_loops=False, edge_dim=1)
    theirs.load_state_dict(mine.attention.state_dict())
    pairs = zip(mine.attention.parameters(), theirs.parameters(), strict=True)
    assert_alike(mine, lambda x, e, w: theirs(x, e, w[:, None]), with_loops(*random_edges(0)), list(pairs))


@pytest.mark.parametrize("loops", [True, False])
def test_convolution_equals_torch_geometric(loops):
    torch.manual_seed(0)
    mine, theirs = Convolution(WIDTH), GCNConv(WIDTH, WIDTH, add_self_loops=False, bias=False)
    with torch.no_grad():
        theirs.lin.weight.copy_(mine.project.weight)
    edges = random_edges(0)
    assert_alike(mine, theirs, with_loops(*edges) if loops else edges, [(mine.project.weight, theirs.lin.weight)])


@given(seeds)
@settings(max_examples=20, deadline=None)
def test_convolution_equals_its_formula_on_dense_matrices(seed):
    torch.manual_seed(seed)
    layer, vertices = Convolution(WIDTH), torch.randn(N, WIDTH)
    edges, weight = with_loops(*random_edges(seed))
    adjacency = dense(edges, weight)
    root = torch.diag(adjacency.sum(dim=1) ** -0.5)
    expected = root @ adjacency @ root @ vertices @ layer.project.weight.T
    torch.testing.assert_close(layer(vertices, Incidence(edges, weight, N)), expected, rtol=1e-5, atol=1e-5)


@given(seeds)
@settings(max_examples=20, deadline=None)
def test_mixing_is_a_product_with_a_dense_matrix_forward_and_backward(seed):
    torch.manual_seed(seed)
    edges, weight = random_edges(seed)
    incidence = Incidence(edges, weight, N)
    ends = torch.stack([incidence.source, incidence.target])
    share, values = (torch.randn(*size, dtype=torch.float64) for size in ((len(weight),), (N, WIDTH)))
    share.requires_grad_()
    values.requires_grad_()
    factor = torch.randn(N, WIDTH, dtype=torch.float64)
    expected = dense(ends, share) @ values
    found = incidence.mix(share, values)
    torch.testing.assert_close(found, expected)
    for mine, theirs in zip(
        torch.autograd.grad((found * factor).sum(), (share, values)),
        torch.autograd.grad((expected * factor).sum(), (share, values)),
        strict=True,
    ):
        torch.testing.assert_close(mine, theirs)


@pytest.mark.parametrize("which", [0, 1])
def test_a_gradient_that_is_not_needed_is_not_computed(which):
    incidence = Incidence(*random_edges(0), N)
    inputs = [torch.randn(len(incidence.weight)), torch.randn(N, WIDTH)]
    inputs[which].requires_grad_()
    incidence.mix(*inputs).sum().backward()
    assert inputs[which].grad is not None
    assert inputs[1 - which].grad is None


@given(seeds, st.floats(0.1, 200))
@settings(max_examples=20, deadline=None)
def test_softmax_sums_to_1_over_the_edges_into_a_vertex(seed, spread):
    torch.manual_seed(seed)
    incidence = Incidence(*with_loops(*random_edges(seed)), N)
    logits = spread * torch.randn(len(incidence.weight))
    found = incidence.softmax(logits)
    for vertex in range(N):
        into = incidence.target == vertex
        torch.testing.assert_close(found[into], torch.softmax(logits[into], dim=0), rtol=1e-4, atol=1e-6)
    torch.testing.assert_close(incidence.softmax(logits + 300), found, rtol=1e-2, atol=1e-3)


@given(seeds)
@settings(max_examples=20, deadline=None)
def test_incidence_keeps_every_edge_with_its_weight_sorted_by_target(seed):
    edges, weight = random_edges(seed)
    incidence = Incidence(edges, weight, N)
    assert (incidence.target.diff() >= 0).all()
    ends = torch.stack([incidence.source, incidence.target])
    torch.testing.assert_close(dense(ends, incidence.weight), dense(edges, weight), rtol=0, atol=0)
    assert incidence.starts.diff().tolist() == torch.bincount(edges[1], minlength=N).tolist()
    assert incidence.back_starts.diff().tolist() == torch.bincount(edges[0], minlength=N).tolist()
    torch.testing.assert_close(incidence.back_target, incidence.target[incidence.back], rtol=0, atol=0)
    assert (incidence.source[incidence.back].diff() >= 0).all()


@pytest.mark.parametrize("kind", [Attention, DynamicAttention])
def test_attention_alone_hears_by_edge_weight_and_convolution_by_share(kind):
    torch.manual_seed(0)
    edges, weight = with_loops(*random_edges(0))
    layer, vertices = kind(WIDTH, 1), torch.randn(N, WIDTH)
    if kind is Attention:
        # it starts deaf to weights, and learns from there what they mean
        torch.testing.assert_close(
            layer(vertices, Incidence(edges, weight, N)), layer(vertices, Incidence(edges, 2 * weight, N))
        )
        with torch.no_grad():
            layer.of_weight.fill_(1.0)
    one, other = (layer(vertices, Incidence(edges, factor * weight, N)) for factor in (1, 2))
    assert not torch.allclose(one, other)
    convolution = Convolution(WIDTH)
    one, other = (convolution(vertices, Incidence(edges, factor * weight, N)) for factor in (1, 2))
    torch.testing.assert_close(one, other)


def test_edges_are_no_part_of_the_weights_that_are_saved():
    assert not Incidence(*random_edges(0), N).state_dict()
