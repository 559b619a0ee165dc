from __future__ import annotations

import io
import sys
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monae_app.jobs import console
from monae_app.jobs.console import Console, clock

STEP = {
    "stage": "train", "step": 10, "steps": 400, "loss": 1.25, "cells_per_s": 3210.4, "eta_s": 83.0, "device": "cpu",
}  # fmt: skip


class Terminal(io.StringIO):
    """An error stream that is a terminal."""

    def isatty(self) -> bool:
        return True


@pytest.fixture
def lines(capsys):
    return lambda: capsys.readouterr().err.splitlines()


def test_plain_lines_come_seldom_but_every_stage_begins_with_one(lines):
    with Console() as shown:
        for stage in ("read", "preprocess"):
            for number in range(50):
                shown.show({"stage": stage, "message": "Opening a file", "done": number, "total": 50})
    assert lines() == ["read: Opening a file (0 of 50)", "preprocess: Opening a file (0 of 50)"]


def test_plain_lines_come_again_after_a_while(lines, monkeypatch):
    monkeypatch.setattr(console, "SECONDS_BETWEEN_LINES", 0.05)
    with Console() as shown:
        for number in range(4):
            shown.show({"stage": "read", "message": f"File {number}"})
            time.sleep(0.06)
    assert len(lines()) == 4


def test_the_last_step_is_said_in_any_case_and_with_all_that_is_known(lines):
    with Console() as shown:
        for step in range(10, 401, 10):
            shown.show(STEP | {"step": step})
    first, last = lines()
    assert first.startswith("train: step 10 of 400, loss 1.2500, 3,210 cells/s, 1:23 left, ")
    assert first.endswith(("MB", "GB"))
    assert last.startswith("train: step 400 of 400")


def test_a_warning_is_never_held_back_and_a_beat_is_no_news(lines):
    with Console() as shown:
        shown.show({"stage": "train", "message": "400 steps"})
        shown.show({"stage": "train", "message": "The disk is full.", "warning": "The disk is full."})
        shown.show({"stage": "train", "beat": 3})
    assert lines() == ["train: 400 steps", "train: The disk is full."]


def test_a_long_step_is_said_again_after_a_while(lines, monkeypatch):
    monkeypatch.setattr(console, "SECONDS_OF_SILENCE", 0.05)
    with Console() as shown:
        shown.show({"stage": "analyse", "message": "Drawing the map"})
        shown.show({"stage": "analyse", "beat": 0.01})
        time.sleep(0.06)
        shown.show({"stage": "analyse", "beat": 0.07})
    assert lines() == ["analyse: Drawing the map", "analyse: Drawing the map, for 0:00 now"]


def test_on_a_terminal_the_time_ticks_while_nothing_is_said(monkeypatch):
    stream = Terminal()
    monkeypatch.setattr(sys, "stderr", stream)
    for name, value in {"TERM": "xterm", "COLUMNS": "120"}.items():
        monkeypatch.setenv(name, value)
    with Console() as shown:
        shown.show({"stage": "anchors", "message": "Looking for mutual [neighbours]"})
        time.sleep(1.3)
        silent = stream.getvalue()
        shown.show(STEP)
        time.sleep(0.2)
    assert "Looking for mutual [neighbours]" in silent
    assert "0:00:00" in silent
    assert "0:00:01" in silent
    after = stream.getvalue()[len(silent) :]
    assert "anchors" in after
    assert "3,210 cells/s" in after


@given(st.floats(0, 1e6))
def test_a_clock_says_the_seconds_to_the_nearest(seconds):
    parts = [int(part) for part in clock(seconds).split(":")]
    assert abs(sum(part * 60**power for power, part in enumerate(reversed(parts))) - seconds) <= 0.5
    assert all(part < 60 for part in parts[1:])
