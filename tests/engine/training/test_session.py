"""Training on a device whose memory ends: here one that really says so above a size of the batches."""

from __future__ import annotations

import pytest
import torch

from monae_app.engine.errors import InputError, Stopped
from monae_app.engine.model.monae_net import MonaeNet
from monae_app.engine.model.step import ALONE
from monae_app.engine.telling import Telling
from monae_app.engine.training.checkpoint import Checkpoint
from monae_app.engine.training.groundwork import lay_groundwork
from monae_app.engine.training.memory import FEWEST_FEATURES, SMALLEST_BATCH, BatchSize, is_out_of_memory
from monae_app.engine.training.session import Session

STEPS = 8
OF_MPS = RuntimeError("MPS backend out of memory (MPS allocated: 5 GB, other allocations: 2 GB, max allowed: 8 GB).")


@pytest.fixture
def session(dataset, prepared, graph, planted_config, tmp_path) -> Session:
    config = planted_config.model_copy(update={"steps": STEPS, "batch_size": 64, "features_per_step": 4096})
    ground = lay_groundwork(dataset, prepared, graph, config)
    return Session(dataset, ground, config, torch.device("cpu"), 120, tmp_path / "checkpoint.safetensors")


def short_of_memory(monkeypatch, *, cells: int, features: int = 10**9, error: Exception | None = None, at: int = 0):
    """Let the device have room for so many cells and features in a step, from a step on; returns what was asked for."""
    losses, asked = MonaeNet.losses, []

    def needs_memory(self, step, company=ALONE):
        sizes = [(len(each.representation), len(each.features)) for each in step.cells.values()]
        asked.append(BatchSize(max(size[0] for size in sizes), max(size[1] for size in sizes)))
        if len(asked) > at and (asked[-1].cells > cells or asked[-1].features > features):
            raise error or torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB.")
        return losses(self, step, company)

    monkeypatch.setattr(MonaeNet, "losses", needs_memory)
    return asked


@pytest.mark.parametrize("error", [None, OF_MPS])
def test_batches_are_halved_until_they_fit_and_that_is_said(session, monkeypatch, error):
    asked = short_of_memory(monkeypatch, cells=20, error=error)
    events: list[dict] = []
    learned = session.train(Telling("train", events.append))
    assert [each.cells for each in asked] == [64, 32, *[16] * STEPS]
    assert learned.size == BatchSize(16, 300)
    assert learned.steps == STEPS
    warnings = [event["warning"] for event in events if "warning" in event]
    assert len(warnings) == 2
    assert "ran out of memory with 64 cells" in warnings[0]
    assert "batch_size = 16" in warnings[1]
    assert "differs" in warnings[1]
    assert learned.warnings == (warnings[1],)
    assert all(torch.isfinite(each).all() for each in learned.network.state_dict().values() if each.is_floating_point())


def test_where_cells_are_few_features_are_halved(session, monkeypatch):
    short_of_memory(monkeypatch, cells=20, features=100)
    assert session.train(Telling()).size == BatchSize(SMALLEST_BATCH, 75)


def test_training_goes_on_from_the_last_checkpoint_and_the_size_stays_when_it_is_resumed(session, monkeypatch):
    seen: list[int] = []
    with pytest.raises(Stopped):
        session.train(Telling("train", lambda event: seen.append(event.get("step", 0)), lambda: seen[-1:] == [1]))
    reached = Checkpoint.read_head(session.checkpoint).step
    assert 0 < reached < STEPS
    asked = short_of_memory(monkeypatch, cells=40)
    warned: list[str] = []
    learned = session.train(Telling("train", lambda event: warned.append(event.get("warning", ""))))
    assert [each.cells for each in asked] == [64, *[32] * (STEPS - reached)]
    assert f"from step {reached}" in learned.warnings[0]

    # extended later, where memory suffices: the batches stay as they were, and the report still says so
    longer = session.config.model_copy(update={"steps": STEPS + 2})
    asked.clear()
    again = Session(session.dataset, session.ground, longer, session.device, 120, session.checkpoint)
    assert again.train(Telling()).warnings == learned.warnings
    assert [each.cells for each in asked] == [32, 32]


def test_without_a_checkpoint_it_begins_anew_with_an_untouched_network(session, monkeypatch):
    """The batch that failed has left no trace: the result is that of a training with the smaller batches alone."""
    config = session.config.model_copy(update={"batch_size": 32, "features_per_step": 300})
    small = Session(session.dataset, session.ground, config, session.device, 120).train(Telling())
    short_of_memory(monkeypatch, cells=32, at=1)
    learned = Session(session.dataset, session.ground, session.config, session.device, 120).train(Telling())
    for (name, one), other in zip(
        small.network.state_dict().items(), learned.network.state_dict().values(), strict=True
    ):
        assert torch.equal(one, other), name


def test_a_device_without_any_room_is_said_in_words(session, monkeypatch):
    short_of_memory(monkeypatch, cells=0)
    with pytest.raises(InputError, match=f"even with {SMALLEST_BATCH} cells and {FEWEST_FEATURES} features") as refused:
        session.train(Telling())
    assert "--device cpu" in refused.value.todo


def test_other_errors_are_not_taken_for_a_lack_of_memory(session, monkeypatch):
    short_of_memory(monkeypatch, cells=0, error=RuntimeError("mat1 and mat2 shapes cannot be multiplied"))
    with pytest.raises(RuntimeError, match="cannot be multiplied"):
        session.train(Telling())
    assert not is_out_of_memory(MemoryError())
