"""Tests along pseudotime: uniform where nothing changes, small where something does; counts split; curves."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse as sp
from scipy.stats import kstest

from monae_app.engine.analysis.trajectory.composition import steady_sizes
from monae_app.engine.analysis.trajectory.features import changing_tests, steady_features
from monae_app.engine.analysis.trajectory.splines import Refitting, smooth_curves
from monae_app.engine.analysis.trajectory.splitting import split_counts
from monae_app.engine.analysis.trajectory.tables import curves_on_ways, feature_table

CELLS, FEATURES, THETA = 800, 400, 2.0


@pytest.fixture(scope="module")
def planted() -> dict[str, np.ndarray]:
    """Half of the features change along time, twenty of the others between branches alone; depth differs by cell."""
    rng = np.random.default_rng(0)
    time, tip = rng.uniform(0, 1, CELLS), rng.choice([0, 1], CELLS)
    tip[time < 0.4] = -1
    slope = np.zeros(FEATURES)
    slope[::2] = rng.choice([-1.5, 2.5], FEATURES // 2)
    apart = np.zeros(FEATURES)
    apart[1:41:2] = 2.0
    level = time[:, None] * slope + np.maximum(time - 0.4, 0)[:, None] * apart * np.where(tip == 1, 2, -2)[:, None]
    share = np.exp(level + rng.normal(0, 1, FEATURES))
    mean = rng.lognormal(8, 0.3, CELLS)[:, None] * share / share.sum(axis=1, keepdims=True)
    counts = rng.poisson(rng.gamma(THETA, mean / THETA)).astype(np.float32)
    return {"counts": counts, "time": time, "tip": tip, "slope": slope, "apart": apart}


def found_by(planted: dict[str, np.ndarray], order: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    given = (
        sp.csr_matrix(planted["counts"]), planted["time"][order], planted["tip"][order], np.zeros((CELLS, 0)),
        np.full(FEATURES, THETA),
    )  # fmt: skip
    return changing_tests(*given, steady_features(*given))


def test_what_changes_is_found_and_what_does_not_is_not(planted):
    along, between = found_by(planted, np.arange(CELLS))
    changing, constant = planted["slope"] != 0, (planted["slope"] == 0) & (planted["apart"] == 0)
    assert (along[changing] < 0.001).mean() > 0.95
    # shares of all others fall where some rise: what is tested is against most features
    assert (along[constant] < 0.05).mean() < 0.12
    assert (between[planted["apart"] != 0] < 0.001).mean() > 0.9
    assert (between[constant] < 0.05).mean() < 0.12


def test_with_shuffled_pseudotime_p_is_uniform(planted):
    # features that follow the same time are no independent draws
    alone = (planted["slope"] == 0) & (planted["apart"] == 0)
    found = [found_by(planted, np.random.default_rng(seed).permutation(CELLS))[0][alone] for seed in range(3)]
    assert kstest(np.concatenate(found), "uniform").pvalue > 0.01


def test_halves_of_counts_know_nothing_of_each_other():
    rng = np.random.default_rng(0)
    counts = rng.poisson(rng.gamma(THETA, 6 / THETA, (4000, 20))).astype(np.float32)
    first, second = split_counts(sp.csr_matrix(counts), np.full(20, THETA), 0)
    assert np.array_equal((first + second).toarray(), counts)
    one, other = first.toarray(), second.toarray()
    apart = [np.corrcoef(one[:, each], other[:, each])[0, 1] for each in range(20)]
    assert abs(np.mean(apart)) < 0.02
    # split as if they were Poisson, they do: the test can fail
    one, other = (each.toarray() for each in split_counts(sp.csr_matrix(counts), np.full(20, np.inf), 0))
    assert np.mean([np.corrcoef(one[:, each], other[:, each])[0, 1] for each in range(20)]) > 0.3


def test_sizes_follow_the_features_that_stay():
    rng = np.random.default_rng(1)
    time = rng.uniform(0, 1, CELLS)
    share = np.ones((CELLS, FEATURES))
    share[:, :40] += 20 * time[:, None]
    counts = rng.poisson(8000 * share / share.sum(axis=1, keepdims=True)).astype(np.float32)
    sizes = steady_sizes(sp.csr_matrix(counts), time, np.full(CELLS, -1))
    steady = counts[:, 40:].sum(axis=1)
    assert np.corrcoef(sizes, steady)[0, 1] > 0.95
    assert abs(np.corrcoef(sizes / steady, time)[0, 1]) < 0.3


def test_curves_and_their_bands_cover_the_truth():
    rng = np.random.default_rng(2)
    time, grid = rng.uniform(0, 1, 600), np.linspace(0.02, 0.98, 40)
    truth = np.stack([np.sin(6 * grid), 0 * grid], axis=1)
    values = np.stack([np.sin(6 * time), 0 * time], axis=1) + rng.normal(0, 0.5, (600, 2))
    found = smooth_curves(time, values, grid)
    low, high = found.band
    assert np.abs(found.level - truth).max() < 0.3
    assert ((low <= truth) & (truth <= high)).mean() > 0.8


def test_curves_of_a_sample_are_those_of_its_cells():
    rng = np.random.default_rng(4)
    time, grid = rng.uniform(0, 1, 300), np.linspace(0, 1, 40)
    values = np.stack([np.sin(6 * time), time], axis=1) + rng.normal(0, 0.5, (300, 2))
    # the ends of the sample are those of all cells
    rows = np.concatenate([[time.argmin(), time.argmax()], rng.integers(300, size=298)])
    once = smooth_curves(time[rows], values[rows], grid).level
    weighted = Refitting(time, values, grid).levels(np.bincount(rows, minlength=300).astype(float))
    assert np.allclose(once, weighted, atol=1e-8)


def test_a_table_says_where_a_feature_is_highest():
    rng = np.random.default_rng(3)
    time, side = rng.uniform(0, 1, 500), rng.choice([0, 1], 500)
    ahead = np.stack([(side == 0) | (time < 0.5), (side == 1) | (time < 0.5)], axis=1)
    values = np.stack([np.where(side == 1, np.maximum(time - 0.5, 0), 0), -time], axis=1)
    ways = curves_on_ways(time, ahead, values + rng.normal(0, 0.01, (500, 2)))
    table = feature_table(["up", "down"], "rna", (np.array([0.01, 0.2]),) * 2, ways, ["one", "other"])
    assert table["highest"][0] == "other"
    assert table["peak"].tolist()[0] > 0.9
    assert table["peak"].tolist()[1] < 0.1
    assert table["rise"][0] == pytest.approx(0.5, abs=0.1)
