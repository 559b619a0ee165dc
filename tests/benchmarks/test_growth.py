"""What growth says of sizes that nobody measured follows from those that were, and is silent where they do not tell."""

from __future__ import annotations

import pytest

from tests.benchmarks.scale.growth import GB, GROUPS, Measured, exponent_of_step, missed, told


def of(cells: int, seconds: float, memory: float) -> Measured:
    each = dict.fromkeys(GROUPS, seconds / len(GROUPS))
    return Measured(cells, each, each, dict.fromkeys(GROUPS, int(memory * GB)), {"foscttm": 0.01})


def test_time_and_memory_are_carried_on_from_the_largest_step():
    measured = [of(10_000, 50, 1.0), of(100_000, 500, 2.0), of(1_000_000, 5000, 4.0)]
    assert exponent_of_step(measured) == pytest.approx(1)
    assert missed(measured) == []
    # 50,000 s, and 2 GiB for each 900,000 cells beyond the million
    assert "10 + 10 million cells: 14 CPU hours, 24 GiB" in told(measured)


def test_of_memory_that_did_not_grow_nothing_is_foretold():
    said = told([of(50_000, 300, 2.4), of(200_000, 600, 1.8)])
    assert "memory did not grow" in said
    assert "10 + 10 million cells: 8 CPU hours;" in said


def test_what_was_asked_for_and_not_reached_is_named():
    said = missed([of(50_000, 100, 3.0), of(200_000, 600, 4.5)])
    assert said == [
        "200,000 cells: 4.50 GiB, at most 4 were asked for",
        "time grows with the cells to the power of 1.29, at most 1.1 was asked for",
    ]
