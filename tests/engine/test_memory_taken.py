"""Memory counts that a process has for itself, and no file that it has mapped."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING

import numpy as np
import pytest

from monae_app.engine.memory_taken import memory_taken, most_memory_taken, watching_memory

if TYPE_CHECKING:
    from pathlib import Path

MANY = 2**26  # bytes


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="other systems do not tell files apart")
def test_mapped_files_do_not_count_and_arrays_do(tmp_path: Path):
    np.zeros(MANY, np.uint8).tofile(tmp_path / "values")
    before = memory_taken()
    mapped = np.memmap(tmp_path / "values", np.uint8, "r")
    assert int(mapped.sum()) == 0
    assert memory_taken() - before < MANY / 4
    array = np.ones(MANY, np.uint8)
    assert memory_taken() - before > 3 * MANY / 4
    del array, mapped


def test_the_most_is_kept_when_it_is_gone():
    assert most_memory_taken() is None
    with watching_memory():
        array = np.ones(MANY, np.uint8)
        until = time.monotonic() + 10
        while most_memory_taken() < memory_taken() and time.monotonic() < until:
            time.sleep(0.01)
        reached = most_memory_taken()
        del array
        assert memory_taken() < reached - MANY / 2
        assert most_memory_taken() == reached
    assert most_memory_taken() is None
