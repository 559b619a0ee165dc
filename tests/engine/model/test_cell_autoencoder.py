from __future__ import annotations

import pytest
import torch

from monae_app.engine.model.cell_autoencoder import CellEncoder, CellLatent, Discriminator, FeatureDecoder


def encoder(n_batches: int, n_components: int = 7) -> CellEncoder:
    return CellEncoder(n_components, n_batches, latent=5, hidden=8, dropout=0.5).eval()


def test_cells_get_a_normal_distribution():
    latent = encoder(1)(torch.randn(4, 7), torch.zeros(4, dtype=torch.int64))
    assert latent.mean.shape == latent.sd.shape == (4, 5)
    assert (latent.sd > 0).all()


def test_the_batch_of_a_cell_is_read_where_there_are_several():
    cells = torch.randn(1, 7).expand(3, 7)
    found = encoder(3)(cells, torch.tensor([0, 1, 1])).mean
    assert not torch.allclose(found[0], found[1])
    torch.testing.assert_close(found[1], found[2])
    alone = encoder(1)(cells, torch.zeros(3, dtype=torch.int64)).mean
    torch.testing.assert_close(alone[0], alone[1])


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
            torch.testing.assert_close(dispersion.expand(4, 3)[i, j], spread[batch[i], feature])


def test_a_decoder_keeps_no_hold_on_what_it_started_from():
    bias = torch.zeros(1, 3)
    decoder = FeatureDecoder(bias, torch.ones(1, 3), torch.zeros(1, 3))
    bias += 5
    assert (decoder.bias == 0).all()


def test_a_discriminator_learns_to_tell_two_clouds_apart():
    torch.manual_seed(0)
    net, which = Discriminator(2, 16, 2, dropout=0.0), torch.arange(2).repeat(50)
    cells = torch.randn(100, 2) + 4 * which[:, None]
    optimiser = torch.optim.Adam(net.parameters(), 0.02)
    for _ in range(60):
        optimiser.zero_grad()
        torch.nn.functional.cross_entropy(net(cells), which).backward()
        optimiser.step()
    assert (net(cells).argmax(dim=1) == which).float().mean() > 0.95
