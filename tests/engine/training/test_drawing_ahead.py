"""Batches that are drawn ahead are those that would be drawn in turn."""

from __future__ import annotations

import threading

import pytest

from monae_app.engine.model.step import Step
from monae_app.engine.training.drawing_ahead import DrawingAhead


class Sampler:
    """Says who drew what."""

    def __init__(self, fails_at: int = -1) -> None:
        self.drawn: list[tuple[int, str]] = []
        self.fails_at = fails_at

    def draw(self, step: int, progress: float) -> Step:
        self.drawn.append((step, threading.current_thread().name))
        if step == self.fails_at:
            raise RuntimeError(f"step {step}")
        return Step({"step": step}, None, (), progress)


def test_steps_come_in_turn_with_their_own_progress_and_none_is_drawn_twice():
    sampler = Sampler()
    with DrawingAhead(sampler, 5) as drawing:
        drawn = [drawing.draw(step, step / 5) for step in range(5)]
    assert [(each.cells["step"], each.progress) for each in drawn] == [(step, step / 5) for step in range(5)]
    assert [step for step, _ in sampler.drawn] == list(range(5))
    assert sampler.drawn[0][1] == threading.current_thread().name
    assert {name for _, name in sampler.drawn[1:]} == {"drawing_0"}


def test_a_step_out_of_turn_is_drawn_all_the_same():
    with DrawingAhead(Sampler(), 100) as drawing:
        assert [drawing.draw(step, 0).cells["step"] for step in (7, 3, 3, 4)] == [7, 3, 3, 4]


def test_what_goes_wrong_in_drawing_is_heard_by_who_asks():
    with DrawingAhead(Sampler(fails_at=2), 5) as drawing:
        drawing.draw(0, 0)
        drawing.draw(1, 0)
        with pytest.raises(RuntimeError, match="step 2"):
            drawing.draw(2, 0)
    assert not any(each.name.startswith("drawing") for each in threading.enumerate())
