from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from monae_app.engine.training import batches
from monae_app.engine.training.batches import EdgeSource
from tests.engine.training.drawing import N_CELLS, N_FEATURES, anchored, assert_same, rows_of, sampler, source


def edges() -> EdgeSource:
    # vertices 0-9 are of one modality, 10-39 of the other
    rng = np.random.default_rng(0)
    blocks = np.where(np.arange(40)[:, None] < 10, (0, 10), (10, 40))
    sign = np.where(np.arange(25) % 4, 1, -1).astype(np.int8)
    weight = rng.uniform(0.1, 1, 25).astype(np.float32)
    return EdgeSource(rng.integers(0, 10, 25), 10 + np.arange(25), weight, sign, blocks)


@given(st.integers(0, 2**31 - 1), st.integers(0, 10**7))
@settings(max_examples=25, deadline=None)
def test_one_step_has_one_batch_whatever_came_before(seed, step):
    anchors = [anchored(np.column_stack([np.arange(50), np.arange(50)[::-1]]))]
    fresh = sampler(of_edges=edges(), anchors=anchors, seed=seed, features_per_step=10).draw(step, 0.3)
    used = sampler(of_edges=edges(), anchors=anchors, seed=seed, features_per_step=10)
    used.draw(step + 1, 0.1)
    again = used.draw(step, 0.3)
    assert_same(fresh, again)


def test_other_steps_and_other_seeds_draw_other_cells_edges_and_anchors():
    anchors = [anchored(np.column_stack([np.arange(80), np.arange(80)]))]
    base = sampler(of_edges=edges(), anchors=anchors).draw(5, 0)
    for other in (
        sampler(of_edges=edges(), anchors=anchors).draw(6, 0),
        sampler(of_edges=edges(), anchors=anchors, seed=1).draw(5, 0),
    ):
        assert set(rows_of(other.cells["rna"].representation)) != set(rows_of(base.cells["rna"].representation))
        assert not torch.equal(other.edges.heads, base.edges.heads)
        (drawn,), (of_base,) = other.anchors, base.anchors
        assert not torch.equal(drawn.representations[0], of_base.representations[0])
        partners = [each.cells["rna"].partners.representation for each in (other, base)]
        assert not torch.equal(*partners)


def test_modalities_of_one_size_do_not_draw_the_same_rows():
    shared = []
    for step in range(200):
        cells = sampler().draw(step, 0).cells
        shared.append(len(set(rows_of(cells["rna"].representation)) & set(rows_of(cells["atac"].representation))))
    # 32 of 90 cells each: by chance 32 * 32 / 90 of them stand in one row
    assert abs(np.mean(shared) - 32 * 32 / 90) < 0.8


def test_every_cell_is_drawn_as_often_as_any_other_and_once_a_step():
    counts = np.zeros(N_CELLS)
    for step in range(600):
        rows = rows_of(sampler().draw(step, 0).cells["rna"].representation)
        assert len(set(rows)) == len(rows) == 32
        counts[rows] += 1
    expected = 600 * 32 / N_CELLS
    assert ((counts - expected) ** 2).sum() / (expected * (1 - 32 / N_CELLS)) < 150  # chi squared of 89


@pytest.mark.parametrize("features_per_step", [7, 39, 40, 1000])
def test_measured_values_stand_at_their_local_places(features_per_step):
    cells = {"rna": source(), "atac": source(seed=1)}
    drawn = sampler(cells, features_per_step=features_per_step).draw(2, 0).cells
    for name, batch in drawn.items():
        rows, features = rows_of(batch.representation), batch.features.numpy()
        assert len(features) == min(features_per_step, N_FEATURES)
        assert (np.diff(features) > 0).all()
        expected = cells[name].values[rows][:, features].toarray()
        np.testing.assert_array_equal(batch.measured.dense(expected.shape).numpy(), expected)
        assert len(batch.measured.values) == (expected != 0).sum()
        np.testing.assert_array_equal(batch.library.numpy(), rows[:, None] + 1)
        np.testing.assert_array_equal(batch.batch.numpy(), rows % 3)
        np.testing.assert_array_equal(batch.balance.numpy(), cells[name].balance[rows])


def test_every_feature_is_drawn_in_time():
    seen = set()
    for step in range(60):
        seen |= set(sampler(features_per_step=8).draw(step, 0).cells["rna"].features.tolist())
    assert seen == set(range(N_FEATURES))


def test_a_small_modality_gives_all_its_cells():
    cells = {"rna": source(12), "atac": source()}
    drawn = sampler(cells).draw(0, 0).cells
    assert sorted(rows_of(drawn["rna"].representation)) == list(range(12))
    assert len(rows_of(drawn["atac"].representation)) == 32


def test_edges_exist_and_keep_their_sign():
    truth = edges()
    known = {(a, b): s for a, b, s in zip(truth.source, truth.target, truth.sign, strict=True)}
    drawn = sampler(of_edges=truth).draw(0, 0).edges
    directions = set()
    for head, tail, sign in zip(drawn.heads.tolist(), drawn.tails.tolist(), drawn.sign.tolist(), strict=True):
        assert known[min(head, tail), max(head, tail)] == sign
        directions.add(head < tail)
    assert directions == {True, False}


def test_corrupted_tails_stay_in_the_modality_of_the_tail():
    seen: dict[bool, set[int]] = {True: set(), False: set()}
    for step in range(30):
        drawn = sampler(of_edges=edges()).draw(step, 0).edges
        assert drawn.corrupted.shape == (25, batches.NEGATIVES_PER_EDGE)
        in_first = drawn.tails < 10
        assert torch.equal((drawn.corrupted < 10), in_first[:, None].expand_as(drawn.corrupted))
        for side in (True, False):
            seen[side] |= set(drawn.corrupted[in_first == side].ravel().tolist())
    assert seen == {True: set(range(10)), False: set(range(10, 40))}


def test_a_step_draws_a_bounded_number_of_edges(monkeypatch):
    monkeypatch.setattr(batches, "EDGES_PER_STEP", 10)
    drawn = sampler(of_edges=edges()).draw(0, 0).edges
    assert len(drawn.heads) == len(drawn.tails) == len(drawn.sign) == len(drawn.corrupted) == 10
    assert sampler().draw(0, 0).edges is None


def test_edges_are_drawn_by_weight():
    truth = replace(edges(), weight=np.array([1.0, 0.1] + [1e-6] * 23, np.float32), source=np.zeros(25, np.int64))
    counts = np.zeros(25)
    for step in range(100):
        drawn = sampler(of_edges=truth).draw(step, 0).edges
        np.add.at(counts, torch.maximum(drawn.heads, drawn.tails).numpy() - 10, 1)
    assert counts[2:].sum() <= 2
    assert 6 < counts[0] / counts[1] < 16
