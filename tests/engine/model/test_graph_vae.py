from __future__ import annotations

import pytest
import torch

from monae_app.engine.model.graph_vae import START_RAW_SD, GraphEncoder, SignedLayer, edge_logits
from monae_app.engine.model.message_passing import Incidence

N, SHARED, PRIVATE = 6, 4, 3
LOOPS = torch.arange(N)
KINDS = ["gat", "gatv2", "gcn"]


def encoder(pairs, *, sign=None, weight=None, heads=1, layers=1, kind="gat", private=PRIVATE) -> GraphEncoder:
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
            shared=SHARED,
            private=private,
            heads=heads,
            layers=layers,
            kind=kind,
        )


def listening(net: GraphEncoder) -> GraphEncoder:
    """Weights of edges count in the logits of attention, where they have not yet been learned."""
    with torch.no_grad():
        for name, parameter in net.named_parameters():
            if name.endswith("of_weight"):
                parameter.fill_(1.0)
    return net


def moved(net: GraphEncoder, vertex: int, axes: slice = slice(None)) -> set[int]:
    """Vertices whose distribution changes on some axes when one vertex's vectors do."""
    with torch.no_grad():
        before = torch.cat([each[:, axes] for each in net()], dim=1)
        for own in (net.vertices, net.private_mean, net.private_raw_sd):
            own[vertex] += 3
        after = torch.cat([each[:, axes] for each in net()], dim=1)
    return {i for i in range(N) if not torch.equal(before[i], after[i])}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("heads", [1, 3])
@pytest.mark.parametrize("layers", [1, 2])
@pytest.mark.parametrize("sign", [(1, 1, 1, 1), (1, -1, 1, -1), (-1, -1, -1, -1)])
def test_every_vertex_gets_a_normal_distribution_that_can_be_learned(kind, heads, layers, sign):
    net = encoder([(0, 1), (1, 2), (0, 2), (1, 3)], sign=sign, heads=heads, layers=layers, kind=kind)
    mean, sd = net()
    assert mean.shape == sd.shape == (N, SHARED + PRIVATE)
    assert (sd > 0).all()
    (mean.square().sum() + sd.log().sum()).backward()
    for name, parameter in net.named_parameters():
        assert torch.isfinite(parameter.grad).all(), name
        # where vertices hear only themselves there is nothing to attend to
        if max(sign) > 0 or not name.startswith("layers"):
            assert (parameter.grad != 0).any(), name


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("sign", [(1, 1, 1), (1, -1, 1)])
def test_messages_go_as_far_as_there_are_layers(kind, sign):
    chain = [(0, 1), (1, 2), (2, 3)]
    for layers, start, reached in ((1, 0, {0, 1}), (2, 0, {0, 1, 2}), (3, 1, {0, 1, 2, 3})):
        net = encoder(chain, layers=layers, kind=kind, sign=sign)
        assert moved(net, start, slice(0, SHARED)) == reached


@pytest.mark.parametrize("kind", KINDS)
def test_private_axes_are_a_vertex_s_own(kind):
    net = encoder([(0, 1), (1, 2), (0, 2)], layers=2, kind=kind, sign=(1, -1, 1))
    assert moved(net, 1, slice(SHARED, None)) == {1}
    mean, sd = net()
    torch.testing.assert_close(mean[:, SHARED:], net.private_mean)
    torch.testing.assert_close(sd[:, SHARED:], torch.nn.functional.softplus(net.private_raw_sd), rtol=0, atol=2e-6)


def test_private_vectors_say_nothing_on_shared_axes():
    net = encoder([(0, 1), (1, 2)])
    mean, sd = net()
    (mean[:, :SHARED].sum() + sd[:, :SHARED].sum()).backward()
    assert (net.private_mean.grad == 0).all()
    assert (net.private_raw_sd.grad == 0).all()
    assert (net.vertices.grad != 0).any()


def test_there_may_be_no_private_axes():
    mean, sd = encoder([(0, 1)], private=0)()
    assert mean.shape == sd.shape == (N, SHARED)


def test_every_vertex_starts_near_its_own_vector_and_narrow():
    net = encoder([(0, 1), (1, 2)])
    mean, sd = net()
    apart = (mean[:, :SHARED] - net.vertices).norm(dim=1)
    assert (apart > 0).all()
    assert (apart < 0.3 * net.vertices.norm(dim=1)).all()
    assert (sd < 2 * torch.nn.functional.softplus(torch.tensor(START_RAW_SD))).all()


@pytest.mark.parametrize("kind", KINDS)
def test_a_vertex_without_edges_hears_itself_alone(kind):
    net = encoder([(0, 1), (1, 2)], sign=(1, -1), kind=kind)
    with torch.no_grad():
        layer = net.layers[0]
        lone = layer(net.vertices, net.signed_edges)[5]
        project = layer.layers[0].attention.lin_l if kind == "gatv2" else layer.layers[0].project
        torch.testing.assert_close(lone, project(net.vertices)[5])
    assert moved(net, 5) == {5}
    assert 5 not in moved(net, 1)


@pytest.mark.parametrize("kind", KINDS)
def test_negative_edges_have_weights_of_their_own_and_take_away(kind):
    torch.manual_seed(0)
    layer, vertices = SignedLayer(SHARED, 1, kind, 2), torch.randn(N, SHARED)
    positive = Incidence(torch.tensor([[0, 1], [1, 0]]), torch.ones(2), N)
    negative = Incidence(torch.tensor([[2, 1], [1, 2]]), torch.ones(2), N)
    both = layer(vertices, torch.nn.ModuleList([positive, negative]))
    up, down = layer.layers[0](vertices, positive), layer.layers[1](vertices, negative)
    torch.testing.assert_close(both, up - down)
    assert (down[1] != 0).any()
    project = layer.layers[1].attention.lin_l if kind == "gatv2" else layer.layers[1].project
    torch.testing.assert_close(both[2], up[2] - project(vertices[1]))


def test_without_negative_edges_there_is_one_set_of_weights():
    one, two = encoder([(0, 1)]), encoder([(0, 1)], sign=(-1,))
    assert (len(one.layers[0].layers), len(one.signed_edges)) == (1, 1)
    assert (len(two.layers[0].layers), len(two.signed_edges)) == (2, 2)
    # self-loops stay positive
    assert (len(two.signed_edges[0].weight), len(two.signed_edges[1].weight)) == (N, 2)


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_heard_depends_on_the_weights_of_edges(kind):
    light, heavy = (listening(encoder([(0, 1), (2, 1)], weight=(w, 1.0), kind=kind)) for w in (0.1, 1.0))
    assert not torch.allclose(light()[0][1], heavy()[0][1], rtol=1e-4, atol=1e-7)
    torch.testing.assert_close(light()[0][4], heavy()[0][4])


@pytest.mark.parametrize("kind", KINDS)
def test_the_order_of_edges_changes_nothing(kind):
    pairs, weight, sign = [(0, 1), (1, 2), (0, 3)], [0.3, 1.0, 0.5], [1, -1, 1]
    one, other = (
        listening(encoder(pairs[::turn], weight=weight[::turn], sign=sign[::turn], kind=kind, layers=2))
        for turn in (1, -1)
    )
    for mine, theirs in zip(one(), other(), strict=True):
        torch.testing.assert_close(mine, theirs)


def test_between_layers_messages_are_bent_and_within_one_they_are_not():
    for layers, straight in ((1, True), (2, False)):
        net = encoder([(0, 1), (1, 2)], layers=layers, kind="gcn")
        before = net()[0][:, :SHARED]
        with torch.no_grad():
            net.vertices.neg_()
        assert torch.allclose(net()[0][:, :SHARED], -before, atol=1e-7) is straight


def test_edge_logits_are_signed_products():
    features = torch.randn(5, 3)
    heads, tails, sign = torch.tensor([0, 4]), torch.tensor([[1, 2, 3], [0, 1, 4]]), torch.tensor([1.0, -1.0])
    found = edge_logits(features, heads[:, None], tails, sign[:, None])
    for i in range(2):
        for j in range(3):
            expected = sign[i] * torch.dot(features[heads[i]], features[tails[i, j]])
            torch.testing.assert_close(found[i, j], expected)
