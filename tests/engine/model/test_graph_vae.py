from __future__ import annotations

import pytest
import torch

from monae_app.engine.model.graph_vae import GraphEncoder, SignedAttention, edge_logits

N, WIDTH = 6, 4
LOOPS = torch.arange(N)


def encoder(pairs, *, sign=None, weight=None, heads=1, layers=1) -> GraphEncoder:
    first, second = torch.tensor(pairs).T
    edges = torch.stack([torch.cat([first, second, LOOPS]), torch.cat([second, first, LOOPS])])
    signs = torch.ones(len(pairs)) if sign is None else torch.tensor(sign, dtype=torch.float32)
    weights = torch.ones(len(pairs)) if weight is None else torch.tensor(weight)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return GraphEncoder(
            edges,
            torch.cat([weights, weights, torch.ones(N)]),
            torch.cat([signs, signs, torch.ones(N)]),
            n_vertices=N,
            width=WIDTH,
            heads=heads,
            layers=layers,
        )


def moved(net: GraphEncoder, vertex: int) -> set[int]:
    """Vertices whose distribution changes when one vertex's vector does."""
    with torch.no_grad():
        before = torch.cat(net(), dim=1)
        net.vertices[vertex] += 3
        after = torch.cat(net(), dim=1)
    return {i for i in range(N) if not torch.equal(before[i], after[i])}


@pytest.mark.parametrize("heads", [1, 3])
@pytest.mark.parametrize("layers", [1, 2])
@pytest.mark.parametrize("sign", [(1, 1), (1, -1), (-1, -1)])
def test_every_vertex_gets_a_normal_distribution(heads, layers, sign):
    mean, sd = encoder([(0, 1), (1, 2)], sign=sign, heads=heads, layers=layers)()
    assert mean.shape == sd.shape == (N, WIDTH)
    assert (sd > 0).all()
    assert torch.isfinite(mean).all()


def test_messages_go_as_far_as_there_are_layers():
    chain = [(0, 1), (1, 2), (2, 3)]
    assert moved(encoder(chain), 0) == {0, 1}
    assert moved(encoder(chain, layers=2), 0) == {0, 1, 2}
    assert moved(encoder(chain, layers=3), 1) == {0, 1, 2, 3}


def test_a_vertex_without_edges_hears_itself_alone():
    net = encoder([(0, 1), (1, 2)], sign=(1, -1))
    with torch.no_grad():
        lone = net.layers[0](net.vertices, net.edges, net.weight, net.positive)[5]
        expected = net.layers[0].attention[0].lin(net.vertices[5])
    torch.testing.assert_close(lone, expected)
    assert moved(net, 5) == {5}
    assert 5 not in moved(net, 1)


def test_negative_edges_have_an_attention_of_their_own_that_takes_away():
    layer = SignedAttention(WIDTH, 1, has_negative=True)
    vertices, edges = torch.randn(N, WIDTH), torch.tensor([[0, 1, 2], [1, 1, 1]])
    positive = torch.tensor([True, True, False])
    weight = torch.ones(3)
    up = layer.attention[0](vertices, edges[:, :2], weight[:2, None])
    down = layer.attention[1](vertices, edges[:, 2:], weight[2:, None])
    torch.testing.assert_close(layer(vertices, edges, weight, positive), up - down)
    torch.testing.assert_close(down[1], layer.attention[1].lin(vertices[2]))


def test_without_negative_edges_there_is_one_attention():
    assert len(encoder([(0, 1)]).layers[0].attention) == 1
    assert len(encoder([(0, 1)], sign=(-1,)).layers[0].attention) == 2


def test_attention_depends_on_the_weights_of_edges():
    light, heavy = (encoder([(0, 1), (2, 1)], weight=(w, 1.0)) for w in (0.1, 1.0))
    assert not torch.allclose(light()[0][1], heavy()[0][1])
    torch.testing.assert_close(light()[0][4], heavy()[0][4])


def test_the_order_of_edges_changes_nothing():
    pairs, weight, sign = [(0, 1), (1, 2), (0, 3)], [0.3, 1.0, 0.5], [1, -1, 1]
    one, other = encoder(pairs, weight=weight, sign=sign), encoder(pairs[::-1], weight=weight[::-1], sign=sign[::-1])
    torch.testing.assert_close(one()[0], other()[0])


def test_edge_logits_are_signed_products():
    features = torch.randn(5, 3)
    heads, tails, sign = torch.tensor([0, 4]), torch.tensor([[1, 2, 3], [0, 1, 4]]), torch.tensor([1.0, -1.0])
    found = edge_logits(features, heads[:, None], tails, sign[:, None])
    for i in range(2):
        for j in range(3):
            expected = sign[i] * torch.dot(features[heads[i]], features[tails[i, j]])
            torch.testing.assert_close(found[i, j], expected)
