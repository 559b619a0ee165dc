from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import average_precision_score, roc_auc_score

from monae_app.engine.analysis.degree_matched import degree_matched
from monae_app.engine.analysis.target_evaluation import METRICS, evaluate_targets
from monae_app.engine.errors import InputError

FACTORS, GENES = 12, 80


def planted(seed: int = 0) -> pd.DataFrame:
    """Known edges in which some genes are targets of most factors."""
    random = np.random.default_rng(seed)
    popular = random.pareto(1.5, GENES) + 0.1
    rows = [
        (f"tf{factor}", f"g{gene}")
        for factor in range(FACTORS)
        for gene in random.choice(GENES, 8, replace=False, p=popular / popular.sum())
    ]
    return pd.DataFrame(rows, columns=["tf", "target"])


def truth_of(known: pd.DataFrame) -> pd.DataFrame:
    genes = [f"g{gene}" for gene in range(GENES)]
    table = pd.crosstab(known["tf"], known["target"]) > 0
    return table.reindex(columns=genes, fill_value=False).astype(float)


def scored(known: pd.DataFrame, strength: float, seed: int = 1, levels: int | None = None) -> pd.DataFrame:
    truth = truth_of(known)
    noise = np.random.default_rng(seed).normal(size=truth.shape)
    scores = strength * truth + noise
    return scores if levels is None else scores.round(levels)


@pytest.mark.parametrize("levels", [None, 0, 1])
def test_areas_equal_those_of_scikit_learn_also_where_scores_are_equal(levels):
    known = planted()
    scores = scored(known, 1.0, levels=levels)
    truth = truth_of(known).loc[scores.index].to_numpy().ravel()
    found = evaluate_targets(scores, known, draws=2).table["value"]
    assert found["auroc"] == pytest.approx(roc_auc_score(truth, scores.to_numpy().ravel()))
    assert found["auprc"] == pytest.approx(average_precision_score(truth, scores.to_numpy().ravel()))
    assert found["auprc_ratio"] == pytest.approx(found["auprc"] / truth.mean())
    if levels is None:
        first = np.argsort(-scores.to_numpy().ravel())[: int(truth.sum())]
        assert found["early_precision"] == pytest.approx(truth[first].mean())
        assert found["early_precision_ratio"] == pytest.approx(truth[first].mean() / truth.mean())


def test_early_precision_of_equal_scores_is_that_of_a_random_order():
    known = planted()
    scores = scored(known, 1.0, levels=0)
    truth = truth_of(known).loc[scores.index].to_numpy().ravel()
    random, values = np.random.default_rng(0), scores.to_numpy().ravel()
    k = int(truth.sum())
    tried = [truth[np.lexsort((random.random(len(values)), -values))[:k]].mean() for _ in range(2000)]
    found = evaluate_targets(scores, known, draws=2).table.loc["early_precision", "value"]
    assert found == pytest.approx(np.mean(tried), abs=4 * np.std(tried) / np.sqrt(2000))


def test_planted_targets_stand_out_and_shuffled_ones_do_not():
    known = planted()
    good = evaluate_targets(scored(known, 2.0), known, draws=200, seed=3).table
    assert (good["p"] == 1 / 201).all()
    assert (good["value"] > good["high"]).all()
    codes = np.column_stack([pd.factorize(known[name])[0] for name in ("tf", "target")])
    names = [pd.factorize(known[name])[1] for name in ("tf", "target")]
    ps = []
    for drawn in degree_matched(codes, draws=10, seed=5):
        shuffled = pd.DataFrame({"tf": names[0][drawn[:, 0]], "target": names[1][drawn[:, 1]]})
        ps.append(evaluate_targets(scored(known, 2.0), shuffled, draws=60, seed=3).table["p"])
    assert (np.median(ps, axis=0) > 0.2).all()
    assert (np.array(ps) < 0.05).mean() <= 0.2


def test_favourites_of_all_factors_are_no_evidence_for_pairs():
    """A score that knows which genes are targets of many, and nothing of pairs, looks good and is not."""
    known = planted()
    popular = known["target"].value_counts().reindex([f"g{gene}" for gene in range(GENES)], fill_value=0)
    scores = pd.DataFrame(np.tile(popular, (FACTORS, 1)), [f"tf{each}" for each in range(FACTORS)], popular.index)
    found = evaluate_targets(scores.astype(float), known, draws=200).table
    assert found.loc["auroc", "value"] > 0.7
    assert found.loc["auroc", "p"] > 0.5
    assert found.loc["auroc", "chance"] == pytest.approx(found.loc["auroc", "value"])


def test_p_is_even_where_there_is_nothing():
    known = planted()
    ps = [evaluate_targets(scored(known, 0, seed), known, draws=40, seed=seed).table["p"] for seed in range(30)]
    auroc = np.array([each["auroc"] for each in ps])
    assert 0.35 < auroc.mean() < 0.65
    assert (auroc < 0.1).mean() < 0.25


def test_the_seed_says_all_and_order_says_nothing():
    known = planted()
    scores = scored(known, 1.0)
    one = evaluate_targets(scores, known, draws=20, seed=1)
    again = evaluate_targets(scores.sample(frac=1, random_state=0).sort_index(), known.sample(frac=1), draws=20, seed=1)
    pd.testing.assert_frame_equal(one.table["value"].to_frame(), again.table["value"].to_frame())
    pd.testing.assert_frame_equal(one.table, evaluate_targets(scores, known, draws=20, seed=1).table)
    assert not one.table["chance"].equals(evaluate_targets(scores, known, draws=20, seed=2).table["chance"])


def test_only_factors_with_known_targets_and_scored_pairs_count():
    known = pd.DataFrame([("a", "x"), ("a", "y"), ("other", "x"), ("a", "gone")], columns=["tf", "target"])
    scores = pd.DataFrame([[3, 2, 1, np.nan], [9, 9, 9, 9.0]], ["a", "b"], ["x", "y", "z", "a"])
    found = evaluate_targets(scores, known, draws=3)
    assert (found.n_factors, found.n_pairs, found.n_known) == (1, 3, 2)
    assert found.base_rate == pytest.approx(2 / 3)
    assert found.table.loc["auroc", "value"] == 1
    assert list(found.table.index) == list(METRICS)


def test_nothing_in_common_is_said():
    scores = pd.DataFrame([[1.0, 2.0]], ["a"], ["x", "y"])
    for edges in ([("a", "q")], [("b", "x")], [("a", "x"), ("a", "y")]):
        with pytest.raises(InputError, match="scored pairs are known"):
            evaluate_targets(scores, pd.DataFrame(edges, columns=["tf", "target"]), draws=2)


EDGES = st.sets(st.tuples(st.integers(0, 6), st.integers(0, 9)), min_size=1, max_size=40)


@settings(max_examples=40)
@given(EDGES, st.integers(0, 100))
def test_degrees_are_kept_and_pairs_stay_single(pairs, seed):
    edges = np.array(sorted(pairs))
    for drawn in degree_matched(edges, draws=3, seed=seed):
        assert len(np.unique(drawn, axis=0)) == len(edges)
        for side in (0, 1):
            assert (np.bincount(drawn[:, side], minlength=10) == np.bincount(edges[:, side], minlength=10)).all()


def test_all_tables_of_the_same_degrees_are_drawn_alike():
    # three factors with one target each among three genes: six tables
    edges = np.array([[0, 0], [1, 1], [2, 2]])
    seen = [tuple(drawn[:, 1]) for drawn in degree_matched(edges, draws=3000, seed=0)]
    counts = pd.Series(seen).value_counts()
    assert len(counts) == 6
    assert counts.min() > 400
    assert counts.max() < 600
