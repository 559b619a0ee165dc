"""Features that follow a type are nearest to it, features that follow none are not; on the map and in what was read."""

from __future__ import annotations

import numpy as np
import pytest

from monae_app.engine.analysis.coembedding import groups as middles
from monae_app.engine.analysis.coembedding.groups import Groups, moments_of
from monae_app.engine.analysis.coembedding.measured_levels import levels_of, log_levels
from monae_app.engine.analysis.coembedding.placing import place, some_cells
from monae_app.engine.analysis.coembedding.scoring import certainty, cosines, scores
from monae_app.engine.errors import InputError

TYPES, AXES, EACH = 5, 12, 40


@pytest.fixture(scope="module")
def planted():
    """Cells of types of very different frequency around a common middle, ten features along each type, and noise."""
    rng = np.random.default_rng(4)
    centres = rng.normal(0, 1, (TYPES, AXES)) + 3
    codes = np.repeat(np.arange(TYPES), [400, 200, 80, 30, 10]).astype(np.int32)
    cells = centres[codes] + rng.normal(0, 0.4, (len(codes), AXES))
    owner = np.repeat(np.arange(TYPES), EACH)
    along = centres[owner] - centres.mean(axis=0) + rng.normal(0, 0.4, (len(owner), AXES))
    vectors = along * rng.uniform(0.1, 3, (len(owner), 1))
    return cells.astype(np.float32), Groups.of([f"T{i}" for i in range(TYPES)], codes), owner, vectors


def moments(cells: np.ndarray, groups: Groups, step: int = 97):
    return moments_of(
        ((slice(at, min(at + step, len(cells))), cells[at : at + step]) for at in range(0, len(cells), step)), groups
    )


def test_moments_by_blocks_are_those_of_the_whole(planted):
    cells, groups, _, _ = planted
    found = moments(cells, groups)
    means = np.stack([cells[groups.codes == group].mean(axis=0) for group in range(TYPES)])
    np.testing.assert_allclose(found.means, means, atol=1e-5)
    weight = 1 / (TYPES * groups.counts[groups.codes])
    around = cells - means.mean(axis=0)
    np.testing.assert_allclose(found.spread, around.T @ (around * weight[:, None]), atol=1e-4)


def test_features_are_nearest_to_the_type_that_they_follow(planted):
    cells, groups, owner, vectors = planted
    found = scores(cosines(moments(cells, groups), vectors))
    assert (found.argmax(axis=0) == owner).mean() > 0.95
    for group in range(TYPES):
        assert (owner[np.argsort(-found[group])[:10]] == group).all()
    shuffled = np.random.default_rng(0).permutation(vectors)
    assert (scores(cosines(moments(cells, groups), shuffled)).argmax(axis=0) == owner).mean() < 0.4


def test_the_length_of_a_vector_says_nothing_and_its_noise_does(planted):
    cells, groups, _, vectors = planted
    found = moments(cells, groups)
    np.testing.assert_allclose(cosines(found, vectors), cosines(found, 7 * vectors), atol=1e-6)
    deviation = np.full_like(vectors, 0.5)
    sure = certainty(vectors, deviation, found.spread)
    long = np.linalg.norm(vectors, axis=1)
    assert ((sure > 0) & (sure < 1)).all()
    assert sure[long > 4].min() > sure[long < 0.5].max()
    np.testing.assert_allclose(certainty(vectors, None, found.spread), 1)
    np.testing.assert_allclose(cosines(found, vectors, deviation), cosines(found, vectors) * sure**0.25, atol=1e-5)
    # a feature without a vector, or with a broken one, is near to nothing
    broken = np.vstack([np.zeros(AXES), np.full(AXES, np.nan)])
    assert (cosines(found, broken, np.ones((2, AXES))) == 0).all()


def test_a_group_that_is_next_to_everything_is_held_back():
    near = np.full((3, 200), 0.1, np.float32)
    near[0] = 0.6
    near[1, :5], near[2, 5:10] = 0.55, 0.55
    assert (near.argmax(axis=0) == 0).all()
    assert (scores(near)[1, :5] - scores(near)[0, :5] > near[1, 0] - near[0, 0]).all()


def test_features_stand_among_the_cells_that_they_follow_and_never_between(planted):
    cells, groups, owner, vectors = planted
    rng = np.random.default_rng(1)
    angle = 2 * np.pi * np.arange(TYPES) / TYPES
    spots = 10 * np.column_stack([np.cos(angle), np.sin(angle)])
    xy = spots[groups.codes] + rng.normal(0, 0.5, (len(cells), 2))
    rows = some_cells(groups, seed=0, most=150)
    assert np.bincount(groups.codes[rows]).tolist() == [30, 30, 30, 30, 10]
    assert (rows == some_cells(groups, seed=0, most=150)).all()
    placed = place(cells[rows], xy[rows], moments(cells, groups).middle, vectors)
    apart = np.linalg.norm(placed[:, None] - spots[None], axis=2)
    assert (apart.argmin(axis=1) == owner).mean() > 0.9
    assert apart.min(axis=1).max() < 2
    assert place(cells[rows], xy[rows], np.zeros(AXES), vectors[:0]).shape == (0, 2)


def test_small_groups_are_left_out_and_one_alone_is_refused():
    found = Groups.of(["a", "b", "c"], np.array([0, 0, 0, 1, 2, 2, 2, -1]))
    assert found.names == ("a", "c")
    assert found.codes.tolist() == [0, 0, 0, -1, 1, 1, 1, -1]
    with pytest.raises(InputError, match="1 of the groups"):
        Groups.of(["a", "b"], np.array([0, 0, 0, 1]))
    assert (middles.unit(np.zeros((1, 3))) == 0).all()


def test_measured_levels_by_hand():
    values = np.array([[1, np.nan], [3, 2], [0, np.nan], [5, 4], [9, 9]], np.float32)
    found = levels_of(values, np.array([0, 0, 1, 1, -1]), 3, counts=False)
    np.testing.assert_allclose(found.means, [[2, 2], [2.5, 4], [np.nan, np.nan]])
    np.testing.assert_allclose(found.rest, [[2.5, 4], [2, 2], [9 / 4, 3]])
    np.testing.assert_allclose(found.shares, [[1, 1], [0.5, 1], [np.nan, np.nan]])
    np.testing.assert_allclose(found.changes[:2], [[-0.5, -2], [0.5, 2]])
    logs = log_levels(np.array([[1.0, 0.0]]), np.array([100.0]))
    np.testing.assert_allclose(logs, [[np.log1p(100), 0]], rtol=1e-6)
    folds = levels_of(np.log1p(np.array([[8.0], [2.0]])), np.array([0, 1]), 2, counts=True).changes
    np.testing.assert_allclose(folds[:, 0], [2, -2], atol=1e-6)
