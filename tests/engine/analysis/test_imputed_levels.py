"""Levels over groups, their agreement and its ceiling, the order of rows, and chances of zeros."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from scipy.stats import nbinom, pearsonr, poisson

from monae_app.engine.analysis.expected_zeros import EDGES, by_chance, chance_of_zero
from monae_app.engine.analysis.heat_rows import LARGEST_Z, clustered, z_scores
from monae_app.engine.analysis.imputed_agreement import ceiling_over_groups, over_groups
from monae_app.engine.analysis.imputed_levels import balanced, group_levels


@given(arrays.arrays(np.int64, st.integers(1, 80), elements=st.integers(-1, 3)), st.integers(1, 30))
def test_rare_groups_have_all_of_their_cells_and_frequent_ones_no_more(codes, most):
    rows = balanced(codes, 4, most, seed=0)
    assert len(set(rows.tolist())) == len(rows)
    for group in range(4):
        assert (codes[rows] == group).sum() == min(most, (codes == group).sum())
    assert (np.diff(codes[rows]) >= 0).all()
    # the first ones of a larger draw are those of a smaller one
    assert set(balanced(codes, 4, max(1, most // 2), seed=0)) <= set(rows)


def test_levels_of_counts_are_ratios_of_sums():
    counts = np.array([[1.0, 0.0], [9.0, 10.0], [4.0, 4.0]])
    library = np.array([10.0, 90.0, 50.0])
    levels = group_levels(counts, np.array([0, 0, 2]), 3, library)
    np.testing.assert_allclose(levels, [[1000, np.nan, 800], [1000, np.nan, 800]])
    gaps = group_levels(np.array([[np.nan, 1.0], [3.0, 3.0], [np.nan, np.nan]]), np.array([0, 0, 1]), 2)
    np.testing.assert_allclose(gaps, [[3.0, np.nan], [2.0, np.nan]])


def test_agreement_is_the_correlation_over_groups_that_have_both():
    rng = np.random.default_rng(0)
    measured, imputed = rng.normal(size=(2, 3, 8))
    measured[1, 2] = imputed[1, 5] = np.nan
    measured[2, 2:] = np.nan
    found = over_groups(measured, imputed)
    assert found[0] == pytest.approx(pearsonr(measured[0], imputed[0])[0])
    known = np.isfinite(measured[1]) & np.isfinite(imputed[1])
    assert found[1] == pytest.approx(pearsonr(measured[1][known], imputed[1][known])[0])
    assert np.isnan(found[2])
    # nothing that varies was measured, or nothing was imputed that varies
    flat, level = np.ones((1, 8)), measured[:1]
    assert np.isnan(over_groups(flat, level)[0])
    assert over_groups(level, flat)[0] == 0


def test_the_ceiling_is_what_true_levels_reach():
    rng = np.random.default_rng(0)
    truth = rng.normal(size=(400, 40))
    halves = [truth + rng.normal(size=truth.shape) for _ in range(2)]
    reached = over_groups((halves[0] + halves[1]) / 2, truth)
    assert np.median(ceiling_over_groups(*halves)) == pytest.approx(np.median(reached), abs=0.02)
    assert np.median(ceiling_over_groups(*rng.normal(size=(2, 400, 40)))) < 0.3


def test_one_colour_means_one_level_in_all_panels():
    rng = np.random.default_rng(0)
    panels = [rng.normal(size=(4, 5)), rng.normal(size=(4, 30))]
    panels[1][0, 3] = np.nan
    panels[1][2, 0] = panels[0][2, 0]
    first, second = z_scores(panels)
    assert first[2, 0] == second[2, 0]
    assert np.isnan(second[0, 3])
    assert np.abs(np.concatenate([first.ravel(), second[np.isfinite(second)]])).max() <= LARGEST_Z
    # each panel weighs the same, however wide
    np.testing.assert_allclose(np.nanmean(first, axis=1) + np.nanmean(second, axis=1), 0, atol=1e-6)
    assert (z_scores([np.ones((2, 3))])[0] == 0).all()


def test_like_rows_lie_together():
    rng = np.random.default_rng(0)
    shapes = rng.normal(size=(3, 12))
    kind = np.tile(np.arange(3), 5)
    rows = clustered(np.exp(rng.normal(size=(15, 1))) * (shapes[kind] + 0.05 * rng.normal(size=(15, 12))) + 7)
    assert sorted(rows) == list(range(15))
    assert (np.diff(kind[rows]) != 0).sum() == 2
    assert clustered(np.full((4, 3), np.nan)).tolist().__len__() == 4


def test_chances_of_zeros_are_those_of_the_distributions():
    mean, dispersion = np.array([[0.01, 1.0, 30.0]]), np.array([0.5, 2.0, 9.0])
    expected = nbinom.pmf(0, dispersion, dispersion / (dispersion + mean[0]))
    np.testing.assert_allclose(chance_of_zero(mean, dispersion)[0], expected)
    np.testing.assert_allclose(chance_of_zero(mean, None)[0], poisson.pmf(0, mean[0]))


def test_every_cell_is_counted_once():
    rng = np.random.default_rng(0)
    counts, chance = rng.poisson(0.4, 500), np.r_[0.0, 0.05, 0.5, 0.95, 1.0, rng.uniform(size=495)]
    found = by_chance(counts, chance)
    assert found["cells"] == 500
    assert found["counted"] + sum(found[name] for name in EDGES) == 500
    assert by_chance(np.array([0, 0, 3]), np.array([0.99, 0.01, 0.01])) == {
        "cells": 3, "counted": 1, "certain": 1, "likely": 0, "open": 0, "surprising": 1,
    }  # fmt: skip
