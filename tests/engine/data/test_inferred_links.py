"""Pairs that go together are found among very many that do not, and next to none where nothing does."""

from __future__ import annotations

import numpy as np
import pytest

from monae_app.engine.data.inferred_links import InferredLinks, infer_links

METACELLS, GENES, FEATURES = 60, 150, 400


def profiles(*, following: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Profiles where so many features follow the gene of their number, and the others nobody."""
    rng = np.random.default_rng(seed)
    genes = rng.normal(0, 1, (METACELLS, GENES))
    features = rng.normal(0, 1, (METACELLS, FEATURES))
    features[:, :following] = genes[:, :following] + rng.normal(0, 0.6, (METACELLS, following))
    return genes, features


def inferred(genes: np.ndarray, features: np.ndarray, **changes: object) -> InferredLinks:
    settings = {"weight": np.ones(len(genes)), "most": 3, "fdr": 0.05, "seed": 0}
    return infer_links(genes, features, **(settings | changes))


def test_followers_are_found_and_few_others():
    found = inferred(*profiles(following=100))
    true = found.gene == found.feature
    assert true.sum() > 80
    assert true.mean() > 0.9
    assert (np.diff(found.correlation) <= 0).all()
    assert (np.diff(found.q) >= 0).all()
    assert ((found.q > 0) & (found.q <= 0.05)).all()


def test_what_follows_nobody_gets_hardly_any_link():
    sizes = [len(inferred(*profiles(following=0, seed=seed), seed=seed)) for seed in range(6)]
    assert np.median(sizes) <= 2
    assert max(sizes) < 40


@pytest.mark.parametrize("most", [1, 4])
def test_a_feature_has_no_more_genes_than_asked_for(most):
    genes, features = profiles(following=50)
    features[:, 100:] = genes[:, [0]] + 0.3 * features[:, 100:]
    found = inferred(genes, features, most=most, fdr=0.5)
    assert np.bincount(found.feature).max() <= most
    # a gene that everything follows does not take everything
    assert np.bincount(found.gene).max() <= round(most * FEATURES / GENES)


def test_small_metacells_count_less():
    genes, features = profiles(following=100)
    spoiled = features.copy()
    spoiled[:20] = np.random.default_rng(9).normal(0, 6, (20, FEATURES))
    weight = np.r_[np.full(20, 1e-3), np.ones(40)]
    plain = inferred(genes, spoiled)
    weighed = inferred(genes, spoiled, weight=weight)
    assert (weighed.gene == weighed.feature).sum() > 2 * (plain.gene == plain.feature).sum()


def test_constant_columns_are_linked_to_nothing_and_one_seed_gives_one_answer():
    genes, features = profiles(following=100)
    genes[:, 0] = features[:, 1] = 3
    one, two = inferred(genes, features), inferred(genes, features)
    assert 0 not in one.gene
    assert 1 not in one.feature
    for name in ("gene", "feature", "correlation", "q"):
        np.testing.assert_array_equal(getattr(one, name), getattr(two, name))
