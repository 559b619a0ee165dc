"""Peaks before genes: planted leads are found with their interval, none is found where there is none."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monae_app.engine.analysis.trajectory.leads import half_times, lead_intervals
from monae_app.engine.analysis.trajectory.linked_times import COLUMNS

GRID = np.linspace(0, 1, 201)


def rising(time: np.ndarray, at: float) -> np.ndarray:
    return 1 / (1 + np.exp(-(time - at) * 25))


def planted(lead: float, seed: int, cells: int = 800) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Counts of six genes that rise about .6, and of six peaks that open so much earlier."""
    rng = np.random.default_rng(seed)
    time, at = rng.uniform(0, 1, cells), np.linspace(0.55, 0.65, 6)
    genes = np.column_stack([rng.poisson(0.2 + 4 * rising(time, each)) for each in at])
    peaks = np.column_stack([rng.poisson(0.1 + 1.5 * rising(time, each - lead)) for each in at])
    return time, genes.astype(float), peaks.astype(float)


@given(st.floats(0.2, 0.8), st.floats(0.5, 20))
@settings(max_examples=30, deadline=None)
def test_half_of_a_rise_is_told_whatever_its_height(at, height):
    assert half_times((height * rising(GRID, at))[:, None], GRID)[0] == pytest.approx(at, abs=0.02)


def test_what_falls_has_no_time_and_the_last_rise_counts():
    falling = 1 - GRID
    twice = rising(GRID, 0.2) * (1 - rising(GRID, 0.4)) + 2 * rising(GRID, 0.7)
    found = half_times(np.column_stack([falling, twice]), GRID)
    assert np.isnan(found[0])
    assert found[1] == pytest.approx(0.7, abs=0.02)


def test_a_planted_lead_lies_in_its_interval_and_none_is_found_of_none():
    links = np.column_stack([np.arange(6), np.arange(6)])
    for lead in (0.2, -0.15):
        table, median = lead_intervals(*planted(lead, 1), links, 0)
        of_lead = pd.DataFrame(table, columns=COLUMNS[3:])
        at = np.linspace(0.55, 0.65, 6)
        for name, truth in (("gene", at), ("peak", at - lead)):
            inside = (of_lead[f"{name}_low"] < truth) & (truth < of_lead[f"{name}_high"])
            assert inside.sum() >= 5
            assert of_lead[f"{name}_time"].between(of_lead[f"{name}_low"], of_lead[f"{name}_high"]).all()
        assert ((of_lead["low"] < lead) & (lead < of_lead["high"])).sum() >= 5
        assert median[1] < lead < median[2]
        assert median[1] * median[2] > 0
    inside = 0
    for seed in range(4):
        _, median = lead_intervals(*planted(0.0, seed), links, 0)
        inside += median[1] < 0 < median[2]
    assert inside >= 3


def test_the_same_seed_gives_the_same_interval():
    links = np.array([[0, 1], [5, 2]])
    first, second = (lead_intervals(*planted(0.1, 2), links, 7) for _ in range(2))
    for one, other in zip(first, second, strict=True):
        np.testing.assert_array_equal(one, other)
