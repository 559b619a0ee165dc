from __future__ import annotations

import numpy as np
import pandas as pd

from monae_app.engine.analysis.cluster_certainty import centres_of, cluster_probabilities


def clouds(spread: float) -> tuple[np.ndarray, pd.Categorical]:
    rng = np.random.default_rng(0)
    which = np.repeat([0, 1, 2], 40)
    cells = np.eye(4)[which] + rng.normal(0, spread, (120, 4))
    return cells, pd.Categorical.from_codes(which, categories=["a", "b", "c"])


def test_cells_belong_to_their_own_cluster_and_less_surely_where_clusters_overlap():
    certainty = []
    for spread in (0.05, 0.5):
        cells, labels = clouds(spread)
        found = cluster_probabilities(cells, centres_of(cells, labels))
        assert found.shape == (120, 3)
        np.testing.assert_allclose(found.sum(axis=1), 1, rtol=1e-5)
        certainty.append(found[np.arange(120), labels.codes].mean())
    assert certainty[0] > 0.98
    assert certainty[1] < 0.9


def test_the_length_of_a_cell_tells_nothing():
    cells, labels = clouds(0.3)
    centres = centres_of(cells, labels)
    np.testing.assert_allclose(
        cluster_probabilities(cells, centres), cluster_probabilities(7 * cells, centres), rtol=1e-4
    )


def test_a_cell_without_direction_belongs_nowhere_more_than_elsewhere():
    cells, labels = clouds(0.3)
    found = cluster_probabilities(np.zeros((1, 4)), centres_of(cells, labels))
    np.testing.assert_allclose(found, 1 / 3, rtol=1e-6)
