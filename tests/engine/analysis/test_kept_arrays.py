"""What is kept, and what has to go."""

from __future__ import annotations

import threading

import numpy as np
import pandas as pd
import pytest

from monae_app.engine.analysis.kept_arrays import OVERHEAD, KeptArrays, size_of


def test_the_oldest_go_when_there_is_no_room():
    kept, made = KeptArrays(10 * (1000 + OVERHEAD)), []

    def get(number):
        return kept.get("run", number, lambda: (made.append(number), np.zeros(1000, np.uint8))[1])

    for number in range(10):
        get(number)
    get(0)
    get(10)
    made.clear()
    for number in (0, 10, 2):
        get(number)
    assert made == []
    get(1)
    assert made == [1]
    assert kept.size <= 10 * (1000 + OVERHEAD)


def test_what_is_too_big_is_made_but_not_kept():
    kept = KeptArrays(1000)
    assert len(kept.get("run", "big", lambda: np.zeros(600, np.uint8))) == 600
    assert kept.size == 0


def test_a_run_is_dropped_alone():
    kept = KeptArrays(10_000)
    for run in ("a", "b"):
        kept.get(run, "x", lambda: np.zeros(100))
    kept.drop("a")
    assert kept.size == 800 + OVERHEAD
    assert kept.get("b", "x", lambda: pytest.fail("was dropped")).size == 100


def test_many_who_ask_at_once_make_it_once():
    kept, made, ready = KeptArrays(10_000), [], threading.Barrier(8)

    def make():
        made.append(1)
        return np.zeros(10)

    def ask():
        ready.wait()
        kept.get("run", "x", make)

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(made) == 1


def test_a_failure_is_not_kept():
    kept = KeptArrays(10_000)
    with pytest.raises(ZeroDivisionError):
        kept.get("run", "x", lambda: 1 / 0)
    assert kept.get("run", "x", lambda: "made") == "made"


@pytest.mark.parametrize(
    "made",
    [
        np.zeros(5000),
        pd.Series(np.zeros(5000)),
        pd.Series(["text"] * 1000),
        pd.Series(pd.Categorical(["a", "b"] * 20_000)),
    ],
)
def test_sizes_count_what_is_big(made):
    assert size_of(made) >= 40_000
