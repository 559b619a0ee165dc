from __future__ import annotations

from itertools import pairwise

import pytest

from monae_app.engine.training import saving
from monae_app.engine.training.saving import SavingTimes


class Clock:
    """What perf_counter says."""

    def __init__(self) -> None:
        self.now = 0.0

    def perf_counter(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(saving, "time", clock)
    return clock


def saved_steps(
    clock: Clock, *, a_step: float, a_save: float, steps: int, well: bool = True
) -> tuple[list[int], float]:
    """Steps after which a checkpoint is written, and the share of the time that it takes."""
    times, found = SavingTimes(100, 20.0, 0.05), []
    for step in range(1, steps + 1):
        clock.now += a_step
        if times.due(step):
            began = clock.now
            clock.now += a_save
            times.saved(step, began, well=well)
            found.append(step)
    return found, times.spent / clock.now


def test_fast_steps_are_saved_every_hundred(clock):
    assert saved_steps(clock, a_step=0.01, a_save=0.001, steps=350)[0] == [100, 200, 300]


def test_slow_steps_are_saved_every_twenty_seconds(clock):
    found, _ = saved_steps(clock, a_step=3.0, a_save=0.1, steps=30)
    assert found[0] == 7
    assert max(later - earlier for earlier, later in pairwise(found)) <= 7


@pytest.mark.parametrize("a_save", [0.5, 5.0, 60.0])
def test_writing_takes_a_small_share_whatever_the_disk(clock, a_save):
    found, share = saved_steps(clock, a_step=0.1, a_save=a_save, steps=40_000)
    assert len(found) > 2
    assert share <= 0.05


def test_a_failed_attempt_is_made_again_and_not_at_every_step(clock):
    assert saved_steps(clock, a_step=0.01, a_save=0.001, steps=350, well=False)[0] == [100, 200, 300]
