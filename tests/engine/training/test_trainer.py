from __future__ import annotations

import math

import pytest
import torch
from torch import nn

from monae_app.engine.errors import InputError, Stopped, TrainingError
from monae_app.engine.training.checkpoint import Checkpoint, save_weights
from monae_app.engine.training.trainer import WARM_UP_STEPS, Trainer, TrainerSettings

SETTINGS = TrainerSettings.__dataclass_fields__
FASTER = {"faster": ("0.weight", "3.bias"), "times_faster": 4.0}


def line() -> nn.Module:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(3)
        return nn.Sequential(nn.Linear(4, 8), nn.BatchNorm1d(8), nn.Dropout(0.3), nn.Linear(8, 1))


def objective(network):
    def terms(step, progress):
        x = torch.randn(64, 4)
        return {"fit": ((network(x) - x.sum(dim=1, keepdim=True)) ** 2).mean(), "decay": network[0].weight.abs().mean()}

    return terms


def trainer(network, *, steps=60, **others) -> Trainer:
    settings = {key: others.pop(key) for key in tuple(others) if key in SETTINGS}
    return Trainer(network, objective(network), TrainerSettings(steps, 0.01, seed=5, **settings), **others)


def weights(network):
    return torch.cat([value.flatten().float() for value in network.state_dict().values()])


def test_the_loss_falls():
    seen = []
    trainer(network := line(), steps=400, on_step=seen.append).run()
    assert seen[-1]["step"] == 400
    losses = [event["loss_fit"] for event in seen]
    assert sum(losses[-5:]) < sum(losses[:5]) / 2
    assert not network.training


def test_the_report_adds_up():
    seen = []
    trainer(line(), on_step=seen.append).run()
    for event in seen:
        assert math.isclose(event["loss"], event["loss_fit"] + event["loss_decay"], rel_tol=1e-6)
        assert event["eta_s"] >= 0


def test_one_seed_gives_one_result():
    first, second = line(), line()
    trainer(first).run()
    torch.randn(7)
    trainer(second).run()
    assert torch.equal(weights(first), weights(second))


def test_the_callers_generator_is_left_alone():
    torch.manual_seed(11)
    expected = torch.randn(3)
    torch.manual_seed(11)
    trainer(line(), steps=5).run()
    assert torch.equal(torch.randn(3), expected)


def test_chosen_parameters_take_larger_steps():
    """Of Adam the first step is as long as its rate, whatever the gradient."""
    start, moved = dict(line().named_parameters()), line()
    trainer(moved, steps=1, **FASTER).run()
    rate = 0.01 / WARM_UP_STEPS
    for name, value in moved.named_parameters():
        step = (value - start[name]).detach().abs()
        # before the batch norm a bias has no gradient to speak of
        if name != "0.bias":
            torch.testing.assert_close(
                step, torch.full_like(step, rate * (4 if name in FASTER["faster"] else 1)), rtol=0.01, atol=1e-7
            )


def test_the_pace_lasts_and_all_at_one_pace_is_no_choice():
    nothing, all_alike, faster = line(), line(), line()
    trainer(nothing).run()
    trainer(all_alike, faster=FASTER["faster"], times_faster=1.0).run()
    trainer(faster, **FASTER).run()
    torch.testing.assert_close(weights(all_alike), weights(nothing))
    assert not torch.allclose(weights(faster), weights(nothing), atol=1e-2)


def test_what_is_frozen_stays_though_it_be_chosen():
    network = line()
    network[0].weight.requires_grad_(requires_grad=False)
    before = network[0].weight.clone()
    trainer(network, steps=5, **FASTER).run()
    assert torch.equal(network[0].weight, before)
    assert not torch.equal(network[3].bias, line()[3].bias)


@pytest.mark.parametrize("pace", [{}, FASTER, {"faster": ("no such name",), "times_faster": 4.0}])
@pytest.mark.parametrize("stop_at", [1, 17, 59])
def test_stopped_and_resumed_equals_uninterrupted(tmp_path, stop_at, pace):
    whole = line()
    trainer(whole, **pace).run()
    stopped = line()
    first = trainer(stopped, checkpoint=tmp_path / "c.safetensors", **pace)
    first.should_stop = lambda: first.step >= stop_at
    with pytest.raises(Stopped, match=f"after {stop_at} training steps"):
        first.run()
    resumed = line()
    assert trainer(resumed, checkpoint=tmp_path / "c.safetensors", **pace).run() == 60
    assert torch.equal(weights(resumed), weights(whole))


def test_a_checkpoint_is_written_now_and_then(tmp_path):
    path = tmp_path / "c.safetensors"
    kept = []
    seen = trainer(line(), checkpoint=path, checkpoint_every=25, share_of_saving=1.0)
    seen.on_step = lambda _: kept.append(Checkpoint.read_head(path).step if path.exists() else 0)
    seen.run()
    assert {0, 25, 50} <= set(kept)
    assert Checkpoint.read(path).step == 60
    assert [each.name for each in tmp_path.iterdir()] == ["c.safetensors"]


def test_checkpoints_that_cannot_be_written_are_said_once_until_one_can(tmp_path):
    path, told, steps = tmp_path / "there" / "c.safetensors", [], []
    slow = trainer(line(), checkpoint=path, checkpoint_every=10, share_of_saving=1.0, on_warning=told.append)

    def watch(event):
        steps.append(event["step"])
        if event["step"] == 40:
            path.parent.mkdir()

    slow.on_step = watch
    assert slow.run() == 60
    assert len(told) == 1
    assert "step 10 could not be written" in told[0]
    assert "there is none before it" in told[0]
    assert Checkpoint.read_head(path).step == 60


def test_divergence_names_step_and_term_and_keeps_the_checkpoint(tmp_path):
    network = line()
    sound = objective(network)

    def breaks(step, progress):
        terms = sound(step, progress)
        return terms | {"fit": terms["fit"] * float("nan")} if step == 30 else terms

    path = tmp_path / "c.safetensors"
    broken = Trainer(network, breaks, TrainerSettings(60, 0.01, seed=5, checkpoint_every=20, share_of_saving=1.0), path)
    with pytest.raises(TrainingError, match=r"step 31: the term fit .*last checkpoint is kept"):
        broken.run()
    kept = Checkpoint.read(path)
    assert kept.step == 20
    assert all(torch.isfinite(each.float()).all() for each in kept.tensors.values())
    again = trainer(line(), checkpoint=path)
    assert again.run() == 60
    whole = line()
    trainer(whole).run()
    assert torch.equal(weights(again.network), weights(whole))


@pytest.mark.parametrize("last", [19, 20, 25, 59])
def test_a_broken_gradient_never_reaches_the_checkpoint(tmp_path, last):
    """The root of 0 is a number, its derivative is not: the parameters break one step before the loss does."""
    network = line()
    sound = objective(network)

    def breaks(step, progress):
        return sound(step, progress) | {"root": torch.sqrt(network[0].weight.sum() * float(step != last))}

    path = tmp_path / "c.safetensors"
    with torch.no_grad():
        network[0].weight.abs_()
    broken = Trainer(network, breaks, TrainerSettings(60, 1e-4, seed=5, checkpoint_every=10, share_of_saving=1.0), path)
    with pytest.raises(TrainingError, match=rf"step {last + 1}: the gradient.*last checkpoint is kept"):
        broken.run()
    kept = Checkpoint.read(path)
    assert kept.step == last // 10 * 10
    assert all(torch.isfinite(each.float()).all() for each in kept.tensors.values())
    kept.restore(network, broken.optimiser)
    assert torch.isfinite(weights(network)).all()


def test_divergence_before_the_first_checkpoint_says_that_there_is_none(tmp_path):
    network = line()
    path = tmp_path / "c.safetensors"
    broken = Trainer(network, lambda *_: {"fit": network[0].weight.sum() / 0}, TrainerSettings(9, 0.01, seed=0), path)
    with pytest.raises(TrainingError, match=r"step 1: the term fit .*no checkpoint yet"):
        broken.run()
    assert not path.exists()


def test_patience_ends_a_training_that_does_not_improve():
    network = line()
    flat = Trainer(
        network, lambda *_: {"flat": network[0].weight.sum() * 0 + 1.0}, TrainerSettings(1000, 0.01, 0, patience=30)
    )
    assert flat.run() < 100


def test_a_checkpoint_of_another_network_is_refused(tmp_path):
    path = tmp_path / "c.safetensors"
    trainer(line(), checkpoint=path, checkpoint_every=20).run()
    other = nn.Sequential(nn.Linear(5, 8), nn.BatchNorm1d(8), nn.Dropout(0.3), nn.Linear(8, 1))
    with pytest.raises(InputError, match="does not fit"):
        trainer(other, checkpoint=path).run()


@pytest.mark.parametrize("content", [b"", b"no checkpoint", bytes(100)])
def test_a_damaged_checkpoint_is_refused_in_words(tmp_path, content):
    path = tmp_path / "c.safetensors"
    path.write_bytes(content)
    with pytest.raises(InputError, match="is no checkpoint"):
        Checkpoint.read(path)


def test_weights_without_metadata_are_no_checkpoint(tmp_path):
    save_weights(line(), tmp_path / "weights.safetensors")
    with pytest.raises(InputError, match="is no checkpoint"):
        Checkpoint.read(tmp_path / "weights.safetensors")
