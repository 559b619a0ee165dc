"""What levels say about cells, on levels whose truth is known."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from scipy.special import expit, logit

from monae_app.engine.data.covered import CoveredMatrix
from monae_app.engine.data.level_projection import fit_level_projection
from monae_app.engine.data.levels import LevelModel, check_levels, concentration_of, context_codes
from monae_app.engine.errors import InputError

N, G = 300, 80
CONTEXT = np.repeat([0, 1], G // 2)


def drawn(seed=0, *, concentration=None, of_cell=0.0, share=0.3, axis=0.0, depth=6.0):
    """Reads of regions in two contexts; the cells differ in their global level and along one axis."""
    rng = np.random.default_rng(seed)
    region = rng.normal(np.where(CONTEXT == 0, 1.0, -2.0), 0.5)
    shift = of_cell * rng.normal(size=(N, 2))
    score, loading = rng.normal(size=N), rng.normal(size=G)
    level = expit(region + shift[:, CONTEXT] + axis * np.outer(score, loading))
    total = (1 + rng.poisson(depth, (N, G))) * (rng.random((N, G)) < share)
    chance = level if concentration is None else rng.beta(concentration * level, concentration * (1 - level))
    return CoveredMatrix.of_reads(rng.binomial(total, chance), total), level, shift, score


def test_the_mean_level_of_a_region_is_that_of_its_covered_reads():
    values, level, *_ = drawn()
    mean = LevelModel.fit(values, CONTEXT).mean
    np.testing.assert_allclose(mean, level.mean(axis=0), atol=0.08)
    # cells that cover nothing tell nothing
    empty = CoveredMatrix.of_reads(np.zeros((50, G)), np.zeros((50, G)))
    more = CoveredMatrix.of_reads(
        np.vstack([values.values.toarray(), empty.values.toarray()]),
        np.vstack([values.totals.toarray(), empty.totals.toarray()]),
    )
    np.testing.assert_array_equal(LevelModel.fit(more, CONTEXT).mean, mean)


def test_the_global_level_of_a_cell_is_taken_off_in_each_context_by_itself():
    values, _, shift, _ = drawn(of_cell=0.8, share=0.6)
    found = LevelModel.fit(values, CONTEXT).deviations(values).toarray()
    raw = values.dense_levels() - np.nanmean(values.dense_levels(), axis=0)
    for code in (0, 1):
        mine = code == CONTEXT
        before = np.nanmean(raw[:, mine], axis=1)
        after = found[:, mine].sum(axis=1) / np.maximum((found[:, mine] != 0).sum(axis=1), 1)
        assert np.corrcoef(before, shift[:, code])[0, 1] > 0.9
        assert np.polyfit(shift[:, code], after, 1)[0] < 0.1 * np.polyfit(shift[:, code], before, 1)[0]


def test_uncovered_places_are_zero_and_few_reads_say_little():
    values, *_ = drawn(concentration=8.0)
    model = LevelModel.fit(values, CONTEXT)
    found = model.deviations(values)
    np.testing.assert_array_equal(found.indices, values.indices)
    assert (found.toarray()[np.isnan(values.dense_levels())] == 0).all()
    raw = np.abs(values.level - model.expected(values))
    drawn_in = np.abs(found.data) / np.maximum(raw, 1e-9)
    few, many = values.totals.data <= 2, values.totals.data >= 9
    assert drawn_in[few].max() < drawn_in[many].min()


@pytest.mark.parametrize("concentration", [3.0, 12.0, 60.0])
def test_the_concentration_is_found(concentration):
    values, level, *_ = drawn(3, concentration=concentration, share=0.8, depth=12)
    expected = level[values.rows, values.indices]
    found = concentration_of(values, expected, np.ones(values.nnz, bool))
    assert found == pytest.approx(concentration, rel=0.25)


def test_reads_that_vary_by_chance_alone_are_sure():
    values, level, *_ = drawn(4, share=0.8)
    assert concentration_of(values, level[values.rows, values.indices], np.ones(values.nnz, bool)) > 200


def test_the_projection_follows_what_cells_differ_by_and_not_their_coverage():
    values, _, shift, score = drawn(5, of_cell=0.6, axis=0.9, share=0.4, concentration=10)
    projection = fit_level_projection(values, CONTEXT, 5, 0)
    first = projection.transform(values)[:, 0]
    assert abs(np.corrcoef(first, score)[0, 1]) > 0.8
    for other in (*shift.T, np.diff(values.indptr)):
        assert abs(np.corrcoef(first, other)[0, 1]) < 0.3


def test_the_projection_is_the_same_after_saving_and_for_each_cell_by_itself():
    values, *_ = drawn(6, axis=0.5)
    projection = fit_level_projection(values, CONTEXT, 4, 0)
    read = type(projection).from_arrays(projection.arrays())
    whole = projection.transform(values)
    np.testing.assert_array_equal(read.transform(values), whole)
    rows = np.array([5, 200, 17])
    np.testing.assert_allclose(projection.transform(values[rows]), whole[rows], rtol=1e-4, atol=1e-5)


def test_levels_and_single_reads_need_no_coverage():
    values, level, *_ = drawn(7)
    alone = CoveredMatrix.of_levels(values.with_data(values.level))
    model = LevelModel.fit(alone, CONTEXT)
    assert np.isfinite(model.deviations(alone).data).all()
    np.testing.assert_allclose(logit(model.mean), logit(level.mean(axis=0)), atol=0.6)


def test_contexts_come_from_the_table():
    assert context_codes(pd.DataFrame({"context": ["CG", "CH"]})).tolist() == [0, 1]
    assert context_codes(pd.DataFrame(index=["a", "b"])).tolist() == [0, 0]


def test_what_cannot_be_a_level_is_refused_with_the_cell_that_has_it():
    cells = pd.Index([f"cell{i}" for i in range(3)])
    beyond = CoveredMatrix.of_levels(sp.csr_matrix([[0.5, 0], [0, 1.5], [1, 0]]))
    with pytest.raises(InputError, match=r"1\.5 of 1 in cell 'cell1'"):
        check_levels(beyond, cells, "methylation", "normal")
    nothing = CoveredMatrix.of_reads(np.zeros((3, 2)), np.zeros((3, 2)))
    with pytest.raises(InputError, match="covers any region"):
        check_levels(nothing, cells, "methylation", "beta_binomial")
    halves = CoveredMatrix.of_levels(sp.csr_matrix([[0.5, 0], [0, 0.5], [1, 0]]))
    with pytest.raises(InputError, match="nothing says how many reads"):
        check_levels(halves, cells, "methylation", "binomial")
    check_levels(halves, cells, "methylation", "normal")
