from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse as sp

from monae_app.engine.analysis.regulation import activity
from monae_app.engine.analysis.regulation.activity import master_regulators, regulon_activity


def by_hand(values: np.ndarray, regulon: list[int], top: int) -> float:
    """Area under the recovery curve of one cell without equal values."""
    order = [gene for gene in np.argsort(-values) if values[gene] > 0]
    found = [gene in regulon for gene in order[:top]] + [False] * max(0, top - len(order))
    best = [True] * min(len(regulon), top) + [False] * (top - min(len(regulon), top))
    return float(np.cumsum(found).sum() / np.cumsum(best).sum())


def test_it_is_the_area_under_the_recovery_curve(monkeypatch):
    monkeypatch.setattr(activity, "CELLS_AT_ONCE", 7)
    rng = np.random.default_rng(0)
    values = rng.random((30, 40)) * (rng.random((30, 40)) < 0.5)
    regulons = [[1, 5, 9], list(range(20, 40)), [3]]
    members = np.zeros((40, 3))
    for column, genes in enumerate(regulons):
        members[genes, column] = 1
    found = regulon_activity(sp.csr_matrix(values), sp.csr_matrix(members), seed=0, top_share=0.25)
    expected = [[by_hand(cell, regulon, 10) for regulon in regulons] for cell in values]
    assert found == pytest.approx(np.array(expected), abs=1e-6)


def test_a_cell_without_counts_is_active_in_nothing_and_equal_values_favour_none():
    values = np.ones((2000, 20))
    values[0] = 0
    members = sp.csr_matrix(np.repeat(np.eye(4), 5, axis=0))
    found = regulon_activity(sp.csr_matrix(values), members, seed=1, top_share=0.25)
    assert (found[0] == 0).all()
    assert np.ptp(found[1:].mean(axis=0)) < 0.05
    assert (found == regulon_activity(sp.csr_matrix(values), members, seed=1, top_share=0.25)).all()


def test_the_factor_of_a_group_leads_it():
    rng = np.random.default_rng(0)
    groups = np.repeat(["a", "b", "c"], 50).astype(object)
    found = rng.random((150, 3)) * 0.1
    for column, group in enumerate("abc"):
        found[groups == group, column] += 0.5
    groups[:2] = np.nan
    table = master_regulators(found, np.full((150, 3), np.nan), groups, ["A", "B", "C"])
    first = table[table["rank"] == 1].set_index("group")["tf"]
    assert first.to_dict() == {"a": "A", "b": "B", "c": "C"}
    assert table["expression"].isna().all()
    assert master_regulators(found[:4], found[:4], ["a", "a", "b", "b"], ["A", "B", "C"]).empty
