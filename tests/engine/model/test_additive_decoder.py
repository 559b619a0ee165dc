"""Several batch covariates: a batch is the sum of its levels, and departs from it as far as its cells bear it out."""

from __future__ import annotations

import numpy as np
import torch

from monae_app.engine.model.additive_decoder import AdditiveDecoder
from monae_app.engine.model.cell_autoencoder import CellEncoder, FeatureDecoder

LEVELS = torch.tensor([[0, 0], [0, 1], [1, 0], [1, 1], [2, 1]])
N_FEATURES = 40


def planted(*, cells: list[int], seed: int = 0) -> tuple[AdditiveDecoder, torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    donor, lane = torch.randn(3, N_FEATURES, generator=generator), torch.randn(2, N_FEATURES, generator=generator)
    table = donor[LEVELS[:, 0]] + lane[LEVELS[:, 1]] - 6
    start = FeatureDecoder(table, torch.full_like(table, 0.7), torch.zeros_like(table))
    return AdditiveDecoder(start, LEVELS, torch.tensor(cells)), table


def test_it_starts_at_sums_that_are_the_tables():
    decoder, table = planted(cells=[50, 30, 20, 60, 40])
    scale, bias, spread = decoder.at()
    torch.testing.assert_close(bias, table, atol=0.02, rtol=0)
    torch.testing.assert_close(scale, torch.full_like(table, 0.7))
    torch.testing.assert_close(spread, torch.zeros_like(table), atol=1e-6, rtol=0)


def test_a_batch_without_cells_is_the_sum_of_its_levels():
    decoder, table = planted(cells=[50, 30, 20, 0, 40])
    torch.testing.assert_close(decoder.at()[1][3], table[3], atol=0.05, rtol=0)


def test_nested_covariates_are_not_counted_twice():
    """Every lane is of one donor: donor and lane share what the two bring together."""
    levels = torch.tensor([[0, 0], [1, 1]])
    table = torch.tensor([[0.0, 2.0], [1.0, -1.0]])
    start = FeatureDecoder(table, torch.ones_like(table), torch.zeros_like(table))
    decoder = AdditiveDecoder(start, levels, torch.tensor([10, 10]))
    torch.testing.assert_close(decoder.at()[1], table, atol=0.01, rtol=0)


def test_chosen_features_are_those_of_the_whole_and_it_decodes_by_the_formula():
    decoder, _ = planted(cells=[5, 5, 5, 5, 5])
    with torch.no_grad():
        decoder.of_batch.normal_()
    features, batch = torch.tensor([7, 1, 30]), torch.tensor([4, 0, 2])
    for chosen, whole in zip(decoder.at(features), decoder.at(), strict=True):
        torch.testing.assert_close(chosen, whole[:, features])
    latent, vectors = torch.randn(3, 6), torch.randn(3, 6)
    level, spread = decoder(latent, vectors, batch, features)
    scale, bias, log_dispersion = decoder.at(features)
    torch.testing.assert_close(level, scale[batch] * (latent @ vectors.T) + bias[batch])
    torch.testing.assert_close(spread, log_dispersion)


def test_departing_from_the_sum_costs_and_the_cost_has_a_gradient():
    decoder, _ = planted(cells=[5, 5, 5, 5, 5])
    at_sum = decoder.prior()
    with torch.no_grad():
        decoder.of_batch += 0.3
    decoder.prior().backward()
    assert decoder.prior() > at_sum
    assert (decoder.of_batch.grad > 0).all()
    assert FeatureDecoder(torch.zeros(1, 3), torch.ones(1, 3), torch.zeros(1, 3)).prior() == 0


def encoder(batches: int | torch.Tensor) -> CellEncoder:
    torch.manual_seed(0)
    return CellEncoder(4, batches, shared=3, private=2, hidden=8, dropout=0.0).eval()


def test_an_encoder_reads_a_block_a_covariate():
    found = encoder(LEVELS)
    assert found.body[0][0].in_features == 4 + 3 + 2
    read, batch = torch.randn(5, 4), torch.arange(5)
    torch.testing.assert_close(found(read, batch).mean, found(read, LEVELS).mean)
    # both covariates are heard
    for column in range(2):
        other = LEVELS.clone()
        other[:, column] = 1 - other[:, column].clamp(max=1)
        assert (found(read, other).mean - found(read, LEVELS).mean).abs().max() > 1e-4


def test_a_combination_that_never_occurred_is_embedded_by_its_levels():
    found = encoder(LEVELS)
    assert torch.isfinite(found(torch.randn(1, 4), torch.tensor([[2, 0]])).mean).all()


def test_one_covariate_is_one_block_of_all_batches_as_before():
    one, same = encoder(3), encoder(torch.arange(3)[:, None])
    read, batch = torch.randn(6, 4), torch.tensor([0, 1, 2, 0, 1, 2])
    np.testing.assert_array_equal(one(read, batch).mean.detach(), same(read, batch).mean.detach())
    assert one.body[0][0].in_features == 4 + 3
    assert set(one.state_dict()) == set(same.state_dict())
    assert "of_batch" not in one.state_dict()
