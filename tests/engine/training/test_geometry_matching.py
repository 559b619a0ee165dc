"""Metacells are matched by their distances alone, and geometry that says nothing is told from one that does."""

from __future__ import annotations

import numpy as np
import pytest

from monae_app.engine.telling import SILENT
from monae_app.engine.training.geometry_matching import Matching, match_geometries

METACELLS, AXES = 24, 6


def turned(points: np.ndarray, seed: int, noise: float = 0.1) -> tuple[np.ndarray, np.ndarray]:
    """The same points in another order, turned round and measured anew; and the order."""
    rng = np.random.default_rng(seed)
    order = rng.permutation(len(points))
    turn = np.linalg.qr(rng.normal(0, 1, (AXES, AXES)))[0]
    return (points @ turn + rng.normal(0, noise, points.shape))[order], order


def groups(seed: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return np.repeat(rng.normal(0, 2, (6, AXES)), 4, axis=0) + rng.normal(0, 0.4, (METACELLS, AXES))


@pytest.fixture(scope="module")
def found() -> tuple[Matching, np.ndarray]:
    points = groups(0)
    second, order = turned(points, 1)
    return match_geometries(points, second, seed=0, tell=SILENT), order


def test_the_same_geometry_is_matched(found):
    matching, order = found
    best = order[matching.coupling.argmax(axis=1)]
    assert (best // 4 == np.arange(METACELLS) // 4).mean() > 0.9
    assert matching.similarity > 0.9
    assert matching.is_clear
    assert matching.p == pytest.approx(1 / 20)


def test_a_coupling_gives_every_metacell_its_share(found):
    coupling = found[0].coupling
    np.testing.assert_allclose(coupling.sum(axis=0), 1 / METACELLS, atol=1e-6)
    np.testing.assert_allclose(coupling.sum(axis=1), 1 / METACELLS, rtol=0.3)


def test_points_without_shape_say_nothing():
    rng = np.random.default_rng(5)
    first, second = (rng.normal(0, 1, (METACELLS, AXES)) for _ in range(2))
    assert not match_geometries(first, second, seed=0, tell=SILENT).is_clear


def test_one_seed_gives_one_answer():
    points = groups(3)
    one, two = (match_geometries(points, turned(points, 4)[0], seed=2, tell=SILENT) for _ in range(2))
    np.testing.assert_array_equal(one.coupling, two.coupling)
    assert (one.p, one.consensus) == (two.p, two.consensus)
