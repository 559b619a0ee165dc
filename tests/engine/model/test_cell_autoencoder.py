from __future__ import annotations

import pytest
import torch

from monae_app.engine.model.cell_autoencoder import CellEncoder, CellLatent, FeatureDecoder

K, SHARED, PRIVATE = 7, 5, 3
NO_BATCH = torch.zeros(16, dtype=torch.int64)


def encoder(n_batches: int = 1, *, private: int = PRIVATE) -> CellEncoder:
    torch.manual_seed(0)
    return CellEncoder(K, n_batches, shared=SHARED, private=private, hidden=8, dropout=0.5).eval()


def cells(n: int = 16, seed: int = 1) -> torch.Tensor:
    return torch.randn(n, K, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize("private", [0, PRIVATE])
@pytest.mark.parametrize("training", [False, True])
def test_cells_get_a_normal_distribution(private, training):
    latent = encoder(private=private).train(training)(cells(), NO_BATCH)
    assert latent.mean.shape == latent.sd.shape == (16, SHARED + private)
    assert (latent.sd > 0).all()


@pytest.mark.parametrize("scale", [1e-2, 1.0, 1e3])
def test_shared_means_all_have_one_length_and_private_ones_have_not(scale):
    mean = encoder()(scale * cells(), NO_BATCH).mean
    torch.testing.assert_close(mean[:, :SHARED].norm(dim=1), torch.full((16,), SHARED**0.5 / 2))
    assert mean[:, SHARED:].norm(dim=1).std() > 1e-4


def test_a_cell_without_anything_has_a_finite_latent_and_gradient():
    net = encoder()
    with torch.no_grad():
        for part in (net.linear, net.mean):
            part.bias.zero_()
            part.weight.zero_()
    latent = net(torch.zeros(3, K), NO_BATCH[:3])
    (latent.mean.sum() + latent.sd.sum()).backward()
    assert torch.isfinite(latent.mean).all()
    assert all(torch.isfinite(each.grad).all() for each in net.parameters() if each.grad is not None)


def test_the_start_is_the_linear_map_it_is_given():
    net, weights, offset = encoder(), cells(SHARED, seed=2).T, torch.tensor([0.5, -1.0, 0.0, 2.0, 0.2])
    aimed = cells() @ weights + offset
    before = torch.cosine_similarity(net(cells(), NO_BATCH).mean[:, :SHARED], aimed)
    private = net(cells(), NO_BATCH).mean[:, SHARED:]
    net.start_at(weights, offset)
    mean = net(cells(), NO_BATCH).mean
    after = torch.cosine_similarity(mean[:, :SHARED], aimed)
    assert before.mean() < 0.6
    assert after.min() > 0.99
    torch.testing.assert_close(mean[:, SHARED:], private)
    # and what bends it is small, but not nothing: it is to learn
    assert after.max() < 1
    net(cells(), NO_BATCH).mean.square().sum().backward()
    assert all(each.grad is not None for each in net.linear.parameters())


def test_without_what_bends_it_the_start_is_the_map_itself():
    net, weights, offset = encoder(), cells(SHARED, seed=2).T, torch.tensor([0.5, -1.0, 0.0, 2.0, 0.2])
    net.start_at(weights, offset)
    with torch.no_grad():
        net.mean.weight[:SHARED].zero_()
    aimed = cells() @ weights + offset
    expected = SHARED**0.5 / 2 * aimed / aimed.norm(dim=1, keepdim=True)
    torch.testing.assert_close(net(cells(), NO_BATCH).mean[:, :SHARED], expected)


def test_extra_dropout_hinders_even_where_nothing_is_trained():
    net = encoder()
    torch.testing.assert_close(net(cells(), NO_BATCH, 0.0).mean, net(cells(), NO_BATCH).mean, rtol=0, atol=0)
    plain = net(cells(), NO_BATCH).mean
    torch.manual_seed(0)
    apart = [(net(cells(), NO_BATCH, share).mean - plain).norm() for share in (0.05, 0.6)]
    assert 0 < apart[0] < apart[1]


def test_the_batch_of_a_cell_is_read_where_there_are_several():
    same = cells(1).expand(3, K)
    found = encoder(3)(same, torch.tensor([0, 1, 1])).mean
    assert not torch.allclose(found[0], found[1])
    torch.testing.assert_close(found[1], found[2])
    alone = encoder(1)(same, torch.tensor([0, 1, 2])).mean
    torch.testing.assert_close(alone, alone[:1].expand_as(alone))


def test_the_batch_bends_and_has_no_part_in_the_linear_map():
    net = encoder(3)
    assert net.linear.in_features == K
    assert net.body[0][0].in_features == K + 3


def test_samples_follow_mean_and_sd():
    torch.manual_seed(0)
    latent = CellLatent(torch.tensor([[3.0, -1.0]]).expand(20_000, 2), torch.tensor([[0.5, 2.0]]).expand(20_000, 2))
    drawn = latent.sample()
    torch.testing.assert_close(drawn.mean(dim=0), torch.tensor([3.0, -1.0]), atol=0.05, rtol=0)
    torch.testing.assert_close(drawn.std(dim=0), torch.tensor([0.5, 2.0]), atol=0.05, rtol=0)


@pytest.mark.parametrize("scale", [1e-4, 0.01, 0.7, 5.0, 80.0, 1e4, 1e20])
def test_a_decoder_starts_at_the_scale_it_is_given(scale):
    decoder = FeatureDecoder(torch.zeros(1, 3), torch.full((1, 3), scale), torch.zeros(1, 3))
    torch.testing.assert_close(decoder.scale, torch.full((1, 3), scale), rtol=1e-3, atol=0)


@pytest.mark.parametrize("n_batches", [1, 3])
def test_a_decoder_equals_its_formula(n_batches):
    bias, scale, spread = torch.randn(n_batches, 6), torch.rand(n_batches, 6) + 0.1, torch.randn(n_batches, 6)
    decoder = FeatureDecoder(bias, scale, spread)
    latent, vectors, features = torch.randn(4, 2), torch.randn(3, 2), torch.tensor([5, 0, 2])
    batch = torch.tensor([0, 2, 1, 2]) % n_batches
    level, dispersion = decoder(latent, vectors, batch, features)
    assert level.shape == (4, 3)
    for i in range(4):
        for j, feature in enumerate(features):
            expected = scale[batch[i], feature] * torch.dot(latent[i], vectors[j]) + bias[batch[i], feature]
            torch.testing.assert_close(level[i, j], expected)
            torch.testing.assert_close(dispersion[batch[i], j], spread[batch[i], feature])


def test_a_decoder_keeps_no_hold_on_what_it_started_from():
    bias = torch.zeros(1, 3)
    decoder = FeatureDecoder(bias, torch.ones(1, 3), torch.zeros(1, 3))
    bias += 5
    assert (decoder.bias == 0).all()
