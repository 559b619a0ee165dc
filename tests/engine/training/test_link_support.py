"""Links that the data bear out are told from others over metacells."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse as sp

from monae_app.engine.model.anchors import unit_rows
from monae_app.engine.training.link_support import edge_correlation

N_GENES, AXES = 60, 4


class Linked:
    """Other cells in each modality; peak i follows gene i, the next 60 fall with it, the last 60 follow nothing."""

    def __init__(self, n_rna: int = 400, n_atac: int = 300, seed: int = 0) -> None:
        rng = np.random.default_rng(seed)
        places = [rng.normal(size=(size, AXES)) for size in (n_rna, n_atac)]
        of_genes = rng.normal(0, 0.6, (AXES, N_GENES))
        of_peaks = np.hstack([of_genes, -of_genes, rng.normal(0, 0.6, (AXES, N_GENES))])
        self.values = [
            sp.csr_matrix(rng.poisson(np.exp(place @ loadings)).astype(np.float32))
            for place, loadings in zip(places, (of_genes, of_peaks), strict=True)
        ]
        self.scores = [unit_rows(place) for place in places]
        self.columns = [np.tile(np.arange(N_GENES), 3), np.arange(3 * N_GENES)]

    def correlation(self, *, seed: int = 0, order: np.ndarray | slice = slice(None)) -> np.ndarray:
        scores = [self.scores[0], self.scores[1][order]]
        return edge_correlation(self.values, scores, self.columns, seed=seed)


@pytest.fixture(scope="module")
def planted() -> Linked:
    return Linked()


def test_true_links_are_borne_out_and_others_are_not(planted):
    follows, falls, neither = np.split(planted.correlation(), 3)
    assert np.median(follows) > 0.6
    assert np.median(falls) < -0.6
    assert abs(np.median(neither)) < 0.2
    # a link is told from a stray one nearly always
    assert (follows[:, None] > neither).mean() > 0.9


def test_over_cells_that_are_not_aligned_no_link_is_borne_out(planted):
    shuffled = np.random.default_rng(0).permutation(len(planted.scores[1]))
    follows, falls, _ = np.split(planted.correlation(order=shuffled), 3)
    assert abs(np.median(follows)) < 0.25
    assert abs(np.median(falls)) < 0.25


def test_correlations_are_correlations_and_depend_on_the_seed_alone(planted):
    found = planted.correlation()
    assert found.shape == (3 * N_GENES,)
    assert np.abs(found).max() <= 1 + 1e-9
    np.testing.assert_array_equal(found, planted.correlation())
    assert not np.array_equal(found, planted.correlation(seed=1))


def test_depth_of_the_cells_does_not_matter(planted):
    deep = Linked()
    rng = np.random.default_rng(1)
    deep.values = [
        sp.csr_matrix(sp.diags(rng.integers(1, 8, each.shape[0]).astype(np.float32)) @ each) for each in deep.values
    ]
    follows, _, neither = np.split(deep.correlation(), 3)
    assert np.median(follows) > 0.6
    assert (follows[:, None] > neither).mean() > 0.9


def test_a_feature_that_does_not_vary_supports_nothing(planted):
    flat = Linked()
    values = flat.values[0].toarray()
    values[:, 0] = 0
    flat.values[0] = sp.csr_matrix(values)
    found = flat.correlation()
    assert np.isfinite(found).all()
    assert found[0] == 0


def test_where_no_metacell_holds_cells_of_both_every_link_counts_alike():
    few = Linked(n_rna=200, n_atac=6)
    assert np.isnan(few.correlation()).all()
    apart = Linked()
    apart.scores = [np.eye(2, dtype=np.float32)[[side] * len(each)] for side, each in enumerate(apart.scores)]
    rng = np.random.default_rng(0)
    apart.scores = [unit_rows(each + rng.normal(0, 0.05, each.shape)) for each in apart.scores]
    assert np.isnan(apart.correlation()).all()
