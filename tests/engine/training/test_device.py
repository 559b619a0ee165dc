from __future__ import annotations

import pytest
import torch

from monae_app.engine.errors import InputError
from monae_app.engine.training.device import choose_device, takes_half_precision


@pytest.mark.parametrize(("cuda", "chosen"), [(True, "cuda"), (False, "cpu")])
def test_auto_takes_an_nvidia_gpu_and_else_the_cpu(monkeypatch, cuda, chosen):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: cuda)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: True)
    assert choose_device("auto").type == chosen
    assert choose_device("mps").type == "mps"


def test_a_device_that_is_not_there_is_refused_with_those_that_are(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)
    with pytest.raises(InputError, match=r"no cuda device.*one of: auto, cpu"):
        choose_device("cuda")


def test_each_process_of_a_training_takes_a_gpu_of_its_own(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    for name, value in {"RANK": "3", "WORLD_SIZE": "4", "LOCAL_RANK": "1", "LOCAL_WORLD_SIZE": "2"}.items():
        monkeypatch.setenv(name, value)
    assert choose_device("cuda") == choose_device("auto") == torch.device("cuda", 1)
    assert choose_device("cpu") == torch.device("cpu")
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
    with pytest.raises(InputError, match="1 GPU for 2 processes"):
        choose_device("cuda")


@pytest.mark.parametrize(("capability", "halved"), [((7, 5), False), ((8, 0), True), ((9, 0), True)])
def test_auto_multiplies_in_half_precision_on_gpus_that_are_made_for_it(monkeypatch, capability, halved):
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda _: capability)
    assert takes_half_precision("auto", torch.device("cuda", 0)) is halved
    for device in ("cuda", "cpu"):
        assert takes_half_precision("bfloat16", torch.device(device))
        assert not takes_half_precision("float32", torch.device(device))
    assert not takes_half_precision("auto", torch.device("cpu"))
