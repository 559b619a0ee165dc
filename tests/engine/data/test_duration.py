from __future__ import annotations

import math

from hypothesis import given
from hypothesis import strategies as st

from monae_app.engine.config import make_config
from monae_app.engine.data.duration import STANDARD_STEPS, expected_seconds, step_budget

sizes = st.integers(5, 5_000_000)


def config(**settings):
    return make_config(inputs={"rna": "rna.h5ad"}, **settings)


def summary(cells=2000, features=3000, edges=10_000):
    return {"modalities": {"rna": {"cells": cells, "features": features}}, "guidance": {"edges": edges}}


@given(sizes, st.integers(1, 10_000))
def test_steps_that_are_given_are_kept(cells, steps):
    assert step_budget(config(steps=steps), cells) == steps


@given(sizes, st.integers(1, 50), st.integers(2, 4096))
def test_epochs_pass_over_every_cell(cells, epochs, batch_size):
    steps = step_budget(config(epochs=epochs, batch_size=batch_size), cells)
    in_one_step = min(batch_size, cells)
    assert steps * in_one_step >= epochs * cells
    assert (steps - epochs) * in_one_step < epochs * cells


@given(sizes, sizes)
def test_the_standard_budget_never_falls_and_grows_slower_than_the_cells(first, second):
    fewer, more = sorted((first, second))
    short, long = step_budget(config(), fewer), step_budget(config(), more)
    assert STANDARD_STEPS <= short <= long
    assert long - 1 <= short * max(1, math.sqrt(more / fewer))


def test_a_small_set_takes_the_standard_budget_and_a_million_cells_more():
    assert step_budget(config(), 1000) == step_budget(config(), 20_000) == STANDARD_STEPS == 400
    assert step_budget(config(), 2_000_000) == 10 * STANDARD_STEPS


def test_more_of_anything_takes_longer():
    base = expected_seconds(summary(), config(steps=100))
    assert base > 0
    assert expected_seconds(summary(), config(steps=200)) > base
    assert expected_seconds(summary(cells=200_000), config(steps=100)) > base
    assert expected_seconds(summary(edges=900_000), config(steps=100)) > base
    assert expected_seconds(summary(features=4000), config(steps=100)) > base
    assert expected_seconds(summary(), config(steps=100, graph_layers=3)) > base


def test_features_beyond_what_a_step_decodes_cost_little():
    few, many = (expected_seconds(summary(features=n), config(steps=100, n_top_genes=9000)) for n in (4096, 8192))
    assert many - few < 1


def test_features_that_are_fitted_afterwards_and_cells_that_are_compared_take_their_time():
    few, many = (expected_seconds(summary(features=n), config(steps=1)) for n in (4000, 40_000))
    assert many - few > 60
    alone = summary(cells=50_000)
    both = alone | {"modalities": alone["modalities"] | {"atac": alone["modalities"]["rna"]}}
    assert expected_seconds(both, config(steps=1)) > 3 * expected_seconds(alone, config(steps=1))
