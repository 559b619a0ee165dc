from __future__ import annotations

import pytest
import torch

from monae_app.engine.model.discriminator import Discriminator


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


@pytest.mark.parametrize("n_modalities", [2, 3])
def test_every_cell_is_judged_by_itself(n_modalities):
    net = Discriminator(4, 8, n_modalities, dropout=0.5).eval()
    cells = torch.randn(6, 4)
    found = net(cells)
    assert found.shape == (6, n_modalities)
    torch.testing.assert_close(net(cells[2:3]), found[2:3])
    assert not torch.allclose(net.train()(cells), found)
