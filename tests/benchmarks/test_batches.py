"""The benchmark of batches tells mixed batches from separate ones, and a miss from a figure reached."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from tests.benchmarks.batches import ILISI, METHODS, OURS, PLAIN, RIVAL, START, TRANSFER, WIDTH, _missed, score_batches

N_CELLS = 200


@pytest.fixture
def truth() -> SimpleNamespace:
    label = np.tile(np.repeat(["a", "b"], N_CELLS // 2), 2)
    return SimpleNamespace(joined=lambda _: label, modality=np.repeat(["rna", "atac"], N_CELLS))


def test_scores_tell_mixed_batches_from_separate_ones(truth):
    rng = np.random.default_rng(0)
    batch = rng.choice(["x", "y"], 2 * N_CELLS)
    place = 6 * (truth.joined("") == "a")[:, None] + rng.normal(size=(2 * N_CELLS, 3))
    mixed = score_batches(place, batch, truth)
    apart = score_batches(place + 20 * (batch == "x")[:, None] * np.array([0, 1, 0]), batch, truth)
    assert mixed[ILISI] > 0.8
    assert apart[ILISI] < 0.2
    assert mixed[TRANSFER] == 1
    assert mixed[WIDTH] > apart[WIDTH]


def scores(ilisi: float, width: float, transfer: float) -> dict[str, float]:
    return {ILISI: ilisi, WIDTH: width, TRANSFER: transfer}


def test_every_figure_can_be_missed():
    reached = {OURS: scores(0.5, 0.7, 0.9), PLAIN: scores(0.3, 0.7, 0.9), START: scores(0.1, 0.6, 0.4)}
    reached[RIVAL] = scores(0.5, 0.6, 0.8)
    assert set(reached) == {method.name for method in METHODS}
    assert _missed({0: reached}) == []
    for metric, value in ((ILISI, 0.1), (ILISI, 0.3), (WIDTH, 0.5), (TRANSFER, 0.7)):
        (said, *_) = _missed({0: reached | {OURS: reached[OURS] | {metric: value}}})
        assert "median difference" in said
