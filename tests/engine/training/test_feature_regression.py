from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import scipy.sparse as sp

from monae_app.engine.telling import Telling
from monae_app.engine.training import feature_regression
from monae_app.engine.training.feature_regression import FrozenCells, regress_features

N_CELLS, N_SHARED, N_PRIVATE = 800, 4, 2
DEPTH = 2000.0


def frozen(likelihood: str = "nb", n_batches: int = 1, seed: int = 0) -> FrozenCells:
    rng = np.random.default_rng(seed)
    return FrozenCells(
        latent=rng.normal(size=(N_CELLS, N_SHARED + N_PRIVATE)).astype(np.float32),
        batch=rng.integers(0, n_batches, N_CELLS),
        library=(DEPTH * np.exp(rng.normal(0, 0.3, N_CELLS))).astype(np.float32),
        likelihood=likelihood,
        levels=np.arange(n_batches)[:, None],
        n_shared=N_SHARED,
        private_dropout=0.3,
    )


def cosine(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    return (first * second).sum(axis=1) / (np.linalg.norm(first, axis=1) * np.linalg.norm(second, axis=1))


def planted_counts(cells: FrozenCells, log_share: np.ndarray, seed: int = 1) -> tuple[sp.csr_matrix, np.ndarray]:
    """Counts whose mean is library x exp(direction . u + log_share)."""
    rng = np.random.default_rng(seed)
    directions = np.zeros((len(log_share), N_SHARED + N_PRIVATE))
    directions[:, :N_SHARED] = rng.normal(0, 0.4, (len(log_share), N_SHARED))
    mean = cells.library[:, None] * np.exp(cells.latent @ directions.T + log_share)
    return sp.csr_matrix(rng.poisson(rng.gamma(3.0, mean / 3.0)).astype(np.float32)), directions


@pytest.mark.parametrize("log_share", [-3.0, -6.0])
def test_planted_directions_and_levels_are_recovered_from_counts(log_share):
    # the features to fit hold any share of the cell's counts: the library counts the others too
    cells = frozen()
    counts, directions = planted_counts(cells, np.full(30, log_share))
    found = regress_features(counts, cells, seed=0)
    slopes = found.vectors * found.scale
    assert np.median(cosine(slopes, directions)) > 0.95
    assert (cosine(slopes, directions) > 0.85).all()
    assert np.median(np.linalg.norm(slopes, axis=1) / np.linalg.norm(directions, axis=1)) == pytest.approx(1, abs=0.2)
    np.testing.assert_allclose(found.bias[:, 0], log_share, atol=0.3)
    measured = np.asarray(counts.sum(axis=0)).ravel()
    level = cells.library[:, None] * np.exp(cells.latent @ slopes.T + found.bias.T)
    np.testing.assert_allclose(level.sum(axis=0), measured, rtol=0.15)


@pytest.mark.parametrize("likelihood", ["zinb", "poisson", "bernoulli"])
def test_every_likelihood_of_counts_recovers_directions_and_levels(likelihood):
    cells, rng = frozen(likelihood), np.random.default_rng(1)
    directions = np.zeros((20, N_SHARED + N_PRIVATE))
    directions[:, :N_SHARED] = rng.normal(0, 0.4, (20, N_SHARED))
    drawn = rng.poisson(cells.library[:, None] * np.exp(cells.latent @ directions.T - 7.5))
    if likelihood == "zinb":
        drawn *= rng.random(drawn.shape) > 0.3
    found = regress_features(sp.csr_matrix(drawn.astype(np.float32)), cells, seed=0)
    assert np.median(cosine(found.vectors * found.scale, directions)) > 0.9
    # what was silenced does not lower the level, and presence alone does not hide depth
    np.testing.assert_allclose(np.median(found.bias), -7.5, atol=0.25)


@pytest.mark.parametrize("likelihood", ["nb", "zinb", "poisson", "bernoulli"])
def test_cells_without_counts_do_no_harm(likelihood):
    cells = frozen(likelihood)
    counts, _ = planted_counts(cells, np.full(6, -5.0))
    kept = np.ones(N_CELLS)
    kept[::7] = 0
    few = sp.csr_matrix(sp.diags(kept.astype(np.float32)) @ counts)
    found = regress_features(few, replace(cells, library=(cells.library * kept).astype(np.float32)), seed=0)
    for part in (found.vectors, found.scale, found.bias, found.dispersion):
        assert np.isfinite(part).all()
    whole = regress_features(counts, cells, seed=0)
    np.testing.assert_allclose(found.bias, whole.bias, atol=0.3)


def test_planted_directions_are_recovered_from_continuous_values():
    cells, rng = frozen("normal"), np.random.default_rng(2)
    directions, offset = rng.normal(0, 3, (10, N_SHARED + N_PRIVATE)), rng.normal(50, 10, 10)
    values = cells.latent @ directions.T + offset + rng.normal(0, 1, (N_CELLS, 10))
    found = regress_features(sp.csr_matrix(values.astype(np.float32)), cells, seed=0)
    assert (cosine(found.vectors * found.scale, directions) > 0.95).all()
    np.testing.assert_allclose(found.bias[:, 0], offset, atol=1)


def test_features_without_signal_get_short_vectors():
    cells = frozen()
    counts, _ = planted_counts(cells, np.full(20, -5.0))
    noise = sp.csr_matrix(np.random.default_rng(5).poisson(8, (N_CELLS, 20)).astype(np.float32))
    fitted, empty = (regress_features(each, cells, seed=0) for each in (counts, noise))
    lengths = [np.linalg.norm(each.vectors * each.scale, axis=1) for each in (fitted, empty)]
    assert np.median(lengths[1]) < 0.25 * np.median(lengths[0])


def test_shape_and_order_of_features_hold_across_shards(monkeypatch):
    monkeypatch.setattr(feature_regression, "FEATURES_AT_ONCE", 7)
    cells = frozen(n_batches=3)
    log_share = np.linspace(-7, -3, 18)
    counts, _ = planted_counts(cells, log_share)
    told: list[dict] = []
    found = regress_features(counts, cells, seed=0, tell=Telling("analyse", told.append))
    assert found.vectors.shape == found.vectors_sd.shape == (18, N_SHARED + N_PRIVATE)
    assert found.scale.shape == found.bias.shape == found.dispersion.shape == (18, 3)
    done = [event["done"] for event in told]
    assert done == sorted(done)
    assert {0, 7, 14} <= set(done) <= set(range(19))
    assert {event["total"] for event in told} == {18}
    assert np.corrcoef(found.bias.mean(axis=1), log_share)[0, 1] > 0.99
    assert (found.dispersion > 0).all()
    assert (found.scale > 0).all()


def test_one_seed_gives_one_fit():
    cells = frozen()
    counts, _ = planted_counts(cells, np.full(5, -5.0))
    one, same, other = (regress_features(counts, cells, seed=seed).vectors for seed in (0, 0, 1))
    np.testing.assert_array_equal(one, same)
    assert (one != other).any()


def test_a_feature_that_nobody_has_stays_finite():
    cells = replace(frozen(), levels=np.arange(2)[:, None])
    found = regress_features(sp.csr_matrix((N_CELLS, 6), dtype=np.float32), cells, seed=0)
    for part in (found.vectors, found.scale, found.bias, found.dispersion):
        assert np.isfinite(part).all()
    assert (found.bias < -8).all()


LEVELS = np.array([[0, 0], [0, 1], [1, 0], [1, 1]])


def of_two_covariates(thin: int, departing: float) -> tuple[FrozenCells, sp.csr_matrix, np.ndarray]:
    """Cells of four batches, the last of ``thin`` cells; its level is the sum of its parts and ``departing``."""
    rng = np.random.default_rng(7)
    batch = np.r_[rng.integers(0, 3, N_CELLS - thin), np.full(thin, 3)]
    cells = replace(frozen(), batch=batch, levels=LEVELS)
    of_donor, of_lane = rng.normal(0, 0.8, (2, 40)), rng.normal(0, 0.8, (2, 40))
    log_share = of_donor[LEVELS[:, 0]] + of_lane[LEVELS[:, 1]] - 7.5
    log_share[3] += departing * rng.choice([-1, 1], 40)
    mean = cells.library[:, None] * np.exp(log_share[batch])
    return cells, sp.csr_matrix(rng.poisson(rng.gamma(3.0, mean / 3.0)).astype(np.float32)), log_share


def test_a_batch_of_few_cells_is_decoded_as_its_parts_say():
    cells, counts, log_share = of_two_covariates(4, departing=0.0)
    summed = regress_features(counts, cells, seed=0)
    alone = regress_features(counts, replace(cells, levels=np.arange(4)[:, None]), seed=0)
    off = [np.abs(found.bias[:, 3] - log_share[3]).mean() for found in (summed, alone)]
    assert off[0] < 0.5 * off[1]
    # the large batches lose nothing by it
    np.testing.assert_allclose(summed.bias[:, :3].T, log_share[:3], atol=0.5)


def test_a_batch_of_many_cells_may_depart_from_the_sum_of_its_parts():
    cells, counts, log_share = of_two_covariates(300, departing=1.0)
    found = regress_features(counts, cells, seed=0)
    parts = found.bias[:, 1] + found.bias[:, 2] - found.bias[:, 0]
    planted = log_share[3] - (log_share[1] + log_share[2] - log_share[0])
    measured = found.bias[:, 3] - parts
    assert np.corrcoef(measured, planted)[0, 1] > 0.95
    assert np.abs(measured).mean() > 0.7
