"""Dropout by bytes: the share that is asked for, another one each time, and the same with the same seed."""

import numpy as np
import pytest
import torch

from monae_app.engine.model.silencing import STEPS, Silencing, silenced


@pytest.mark.parametrize("share", [0.05, 0.2, 0.5, 0.9])
def test_as_many_are_silenced_as_asked_for_and_the_mean_stays(share: float):
    torch.manual_seed(0)
    found = silenced(torch.ones(400, 501), share)
    lost = round(share * STEPS) / STEPS
    assert float((found == 0).float().mean()) == pytest.approx(lost, abs=0.005)
    assert float(found.mean()) == pytest.approx(1, abs=0.02)
    assert set(np.unique(found.numpy())) == {0.0, np.float32(1 / (1 - lost))}
    # neither rows, columns nor places of a byte differ
    for kept in ((found > 0).float().mean(dim=0), (found > 0).float().mean(dim=1)):
        assert float((kept - kept.mean()).abs().max()) < 6 * (lost * (1 - lost) / 400) ** 0.5
    of_byte = (found.view(-1)[: 8 * (found.numel() // 8)].view(-1, 8) > 0).float()
    assert float((of_byte.mean(dim=0) - (1 - lost)).abs().max()) < 0.02
    assert float(torch.corrcoef(of_byte.t()).fill_diagonal_(0).abs().max()) < 0.04


@pytest.mark.parametrize("shape", [(1,), (7,), (3, 5), (0, 4)])
def test_any_shape_keeps_its_shape_and_its_gradient(shape: tuple[int, ...]):
    values = torch.randn(shape, requires_grad=True)
    found = silenced(values, 0.5)
    assert found.shape == shape
    found.sum().backward()
    assert values.grad is not None
    assert bool(((values.grad == 0) == (found == 0)).all())


def test_the_seed_alone_decides_and_evaluation_silences_nothing():
    values = torch.ones(64, 64)
    torch.manual_seed(3)
    first, second = silenced(values, 0.3), silenced(values, 0.3)
    torch.manual_seed(3)
    assert bool((silenced(values, 0.3) == first).all())
    assert not bool((first == second).all())
    layer = Silencing(0.3)
    assert not bool((layer(values) == values).all())
    assert layer.eval()(values) is values


def test_no_share_leaves_everything_and_a_whole_share_nothing():
    values = torch.randn(50, 50)
    assert silenced(values, 0.0) is values
    assert not bool(silenced(values, 1.0).any())
    assert 0 < int((silenced(values, 0.999) != 0).sum()) < 50
