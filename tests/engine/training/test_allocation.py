"""Memory of a step is kept for the next, and given back at the end."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

from monae_app.engine.training import allocation
from monae_app.engine.training.allocation import memory_kept

BLOCKS, BLOCK = 64, 2**20


def faults() -> int:
    """Pages that this process was given so far."""
    return int(Path("/proc/self/stat").read_bytes().rpartition(b")")[2].split()[7])


def pages_of_a_step() -> int:
    before = faults()
    blocks = [np.ones(BLOCK // 8) for _ in range(BLOCKS)]
    del blocks
    return faults() - before


@pytest.mark.skipif(allocation._glibc() is None, reason="the C library is another")
def test_a_second_step_takes_no_new_pages():
    with memory_kept():
        pages_of_a_step()
        kept = pages_of_a_step()
    pages_of_a_step()
    taken_anew = pages_of_a_step()
    pages = BLOCKS * BLOCK // 4096
    assert kept < 0.1 * pages
    assert taken_anew > 0.5 * pages


def test_elsewhere_nothing_happens(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(sys, "platform", "darwin")
    with memory_kept():
        assert allocation._glibc() is None
