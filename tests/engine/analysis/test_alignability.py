"""Is there anything to align?"""

from __future__ import annotations

import numpy as np
import pytest

from monae_app.engine.analysis.alignability import alignment_verdict, closed_form_alignment, held_out_consistency
from monae_app.engine.analysis.consistency import integration_consistency
from monae_app.engine.analysis.linked_features import Links
from monae_app.engine.analysis.metrics import foscttm
from tests.engine.analysis.test_consistency import CELLS, PEAKS, planted, shuffled


def test_modalities_that_describe_the_same_kinds_of_cells_are_told():
    _, cells, links = planted()
    found = held_out_consistency(cells, links, seed=0)
    assert found.z > 5
    assert found.p == found.p_cells == pytest.approx(1 / 101)
    assert "agree on the other half" in alignment_verdict(found)
    assert found == held_out_consistency(cells, links, seed=0)


def test_on_nonsense_links_the_result_keeps_to_its_null():
    _, cells, links = planted()
    z = [held_out_consistency(cells, shuffled(links, seed), seed=seed).z for seed in range(5)]
    assert np.abs(z).max() < 3.5
    assert np.abs(np.mean(z)) < 1.2


def test_an_alignment_that_saw_the_links_is_pulled_by_nonsense_and_the_held_out_ones_are_not():
    _, cells, links = planted()
    nonsense = shuffled(links, 3)
    pulled = integration_consistency(closed_form_alignment(cells, nonsense, seed=0), cells, nonsense, seed=0)
    assert pulled.z > 5
    held_out = held_out_consistency(cells, nonsense, seed=0)
    assert abs(held_out.z) < 3.5
    if held_out.is_warning:
        assert "do not agree" in alignment_verdict(held_out)


def test_links_that_share_a_peak_with_the_other_half_are_not_held_out():
    _, cells, links = planted()
    # every peak belongs to two genes: one of each half has to go in about half of the cases
    twice = Links(
        np.r_[links.first, (links.first + 7) % 120], np.r_[links.second, links.second],
        np.r_[links.weight, links.weight], np.r_[links.sign, links.sign],
    )  # fmt: skip
    assert held_out_consistency(cells, links, seed=0).links == PEAKS
    assert 0 < held_out_consistency(cells, twice, seed=0).links < 2 * PEAKS - 100


def test_closed_form_alignment_brings_like_cells_together():
    embeddings, cells, links = planted(4)
    first, second = closed_form_alignment(cells, links, axes=5, seed=0)
    np.testing.assert_allclose(np.linalg.norm(first, axis=1), 1, atol=1e-5)
    assert first.shape == second.shape == (CELLS, 5)
    # partners by the hidden axes: the nearest cell of the other modality
    distance = ((embeddings[0][:, None] - embeddings[1][None]) ** 2).sum(axis=2)
    partner = distance.argmin(axis=1)
    assert foscttm(first, second[partner]) < 0.2
    assert foscttm(first, second) > 0.4


def test_too_few_links_are_said():
    _, cells, links = planted()
    found = held_out_consistency(cells, links.at(np.arange(1)), seed=0)
    assert found.p == 1
    assert "too few links" in alignment_verdict(found)
    none = held_out_consistency(cells, links.at(np.zeros(0, int)), seed=0)
    assert none.curve == {}


def test_many_cells_and_features_are_sampled(monkeypatch):
    monkeypatch.setattr("monae_app.engine.analysis.alignability.MOST_CELLS", 200)
    monkeypatch.setattr("monae_app.engine.analysis.alignability.MOST_FEATURES", 100)
    _, cells, links = planted()
    found = held_out_consistency(cells, links, seed=0)
    assert found.links == 200
    assert found.z > 2
    assert list(found.curve) == [10, 20, 50, 100, 200]
