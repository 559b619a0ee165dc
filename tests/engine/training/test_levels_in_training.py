"""Levels on their way into training: batches carry coverage, the decoder starts at what was covered."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse as sp
import torch
from scipy.special import expit

from monae_app.engine.data.covered import CoveredMatrix
from monae_app.engine.model.likelihoods import SparseValues, normal_nll
from monae_app.engine.training.assembly import start_decoder
from monae_app.engine.training.batches import CellSource, StepSampler
from monae_app.engine.training.feature_regression import FrozenCells, regress_features

N, F = 200, 9
BATCH = np.arange(N) % 2


@pytest.fixture(scope="module")
def reads():
    rng = np.random.default_rng(0)
    level = expit(np.linspace(-2, 2, F) + np.where(BATCH[:, None] == 1, 0.8, 0.0))
    total = (1 + rng.poisson(5, (N, F))) * (rng.random((N, F)) < 0.3)
    return CoveredMatrix.of_reads(rng.binomial(total, level), total)


def test_a_batch_holds_the_covered_places_of_its_cells_and_features(reads):
    source = CellSource(reads, np.zeros((N, 2), np.float32), BATCH, np.ones(N, np.float32), np.ones(N, np.float32))
    drawer = StepSampler(
        {"methylation": source}, None, [], seed=0, batch_size=20, features_per_step=5, device=torch.device("cpu")
    )
    batch = drawer.draw(3, 0.0).cells["methylation"]
    found = np.full((20, 5), np.nan)
    measured = batch.measured
    assert measured.totals is not None
    found[measured.rows, measured.columns] = (measured.values / measured.totals).numpy()
    # the rows that were drawn, told by what they hold
    known = reads.dense_levels()[:, batch.features.numpy()]
    for row in found:
        assert any(np.allclose(row, each, equal_nan=True) for each in known)


@pytest.mark.parametrize("likelihood", ["beta_binomial", "binomial", "normal"])
def test_the_decoder_starts_at_the_level_of_each_batch(reads, likelihood):
    values = CoveredMatrix.of_levels(reads.with_data(reads.level)) if likelihood == "normal" else reads
    decoder = start_decoder(values, np.ones(N), BATCH, 2, likelihood)
    bias = decoder.bias.detach().numpy()
    level = bias if likelihood == "normal" else expit(bias)
    for code in (0, 1):
        m, n = values[code == BATCH].sums(0)
        np.testing.assert_allclose(level[code], m / n, atol=0.06)
    assert np.isfinite(decoder.log_dispersion.detach().numpy()).all()


def test_normal_levels_cost_where_they_are_covered_alone():
    rng = np.random.default_rng(1)
    x, mean = rng.random((4, 3)), torch.from_numpy(rng.random((4, 3)))
    covered = rng.random((4, 3)) < 0.5
    rows, columns = np.nonzero(covered)
    places = torch.from_numpy(rows), torch.from_numpy(columns)
    log_sd = torch.full((1, 3), -0.5, dtype=torch.float64)
    values = torch.from_numpy(x[covered])
    found = normal_nll(SparseValues(*places, values, torch.ones_like(values)), mean, log_sd)
    of_place = 0.5 * ((x - mean.numpy()) / np.exp(-0.5)) ** 2 - 0.5 + 0.5 * np.log(2 * np.pi)
    assert float(found) == pytest.approx(of_place[covered].sum() / 12)


def test_regions_that_were_not_modelled_jointly_are_fitted_to_covered_places(reads):
    rng = np.random.default_rng(2)
    latent = rng.normal(size=(N, 3)).astype(np.float32)
    slope = np.linspace(-1.5, 1.5, F)
    total = (1 + rng.poisson(8, (N, F))) * (rng.random((N, F)) < 0.4)
    values = CoveredMatrix.of_reads(rng.binomial(total, expit(0.5 + np.outer(latent[:, 0], slope))), total)
    cells = FrozenCells(
        latent, np.zeros(N, np.int64), np.ones(N, np.float32), "beta_binomial", np.zeros((1, 1), np.int64), 3, 0.0
    )
    found = regress_features(values, cells, seed=0)
    along = (found.vectors * found.scale)[:, 0]
    assert np.corrcoef(along, slope)[0, 1] > 0.95
    # a missing place taken for a zero would draw all levels far down
    np.testing.assert_allclose(expit(found.bias).mean(), expit(0.5), atol=0.1)


def test_a_sparse_matrix_without_coverage_has_no_totals():
    counts = sp.csr_matrix(np.eye(6, dtype=np.float32))
    source = CellSource(counts, np.zeros((6, 2), np.float32), np.zeros(6, np.int64), np.ones(6), np.ones(6))
    drawer = StepSampler(
        {"rna": source}, None, [], seed=0, batch_size=4, features_per_step=16, device=torch.device("cpu")
    )
    assert drawer.draw(0, 0.0).cells["rna"].measured.totals is None
