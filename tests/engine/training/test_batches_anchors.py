"""What a step reads of anchors: anchored cells row by row, and a partner for every cell."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.engine.training.drawing import N_CELLS, anchored, assert_same, rows_of, sampler, source

PAIRS = st.lists(st.tuples(st.integers(0, N_CELLS - 1), st.integers(0, N_CELLS - 1)), min_size=2, max_size=60)
MANY = np.column_stack([np.repeat(np.arange(30), 3), np.random.default_rng(3).integers(0, 40, 90)])


def pairs_of(drawn) -> list[tuple[int, int]]:
    first, second = (rows_of(each).tolist() for each in drawn.representations)
    return list(zip(first, second, strict=True))


def test_anchors_are_read_in_the_order_of_the_modalities():
    rows = np.array([[3, 70], [8, 1], [50, 50], [9, 33]])
    cells = {"atac": source(), "rna": source(seed=1)}
    (drawn,) = sampler(cells, anchors=[anchored(rows, ("atac", "rna"))]).draw(0, 0).anchors
    assert drawn.modalities == ("atac", "rna")
    assert sorted(pairs_of(drawn)) == sorted(map(tuple, rows.tolist()))
    for rows_drawn, batch in zip(drawn.representations, drawn.batches, strict=True):
        np.testing.assert_array_equal(batch.numpy(), rows_of(rows_drawn) % 3)


@pytest.mark.parametrize("rows", [np.empty((0, 2), np.int64), np.array([[1, 1]])])
def test_fewer_than_two_anchors_are_none(rows):
    step = sampler(anchors=[anchored(rows)]).draw(0, 0.7)
    assert step.anchors == ()
    assert step.edges is None
    assert step.progress == 0.7
    assert step.cells["rna"].partners is None
    assert_same(step, sampler().draw(0, 0.7))


@given(PAIRS, st.integers(0, 1000))
@settings(max_examples=25, deadline=None)
def test_a_partner_is_an_anchored_partner_and_cells_without_one_say_so(pairs, step):
    rows = np.unique(pairs, axis=0)
    cells = sampler(anchors=[anchored(rows)]).draw(step, 0).cells
    for side, (name, other) in enumerate((("rna", "atac"), ("atac", "rna"))):
        mine, partners = rows_of(cells[name].representation), cells[name].partners
        if len(rows) < 2:
            assert partners is None
            continue
        assert partners.modality == other
        known = partners.known.numpy()
        np.testing.assert_array_equal(known, np.isin(mine, rows[:, side]))
        theirs = rows_of(partners.representation)
        np.testing.assert_array_equal(partners.batch.numpy(), theirs % 3)
        drawn = {(a, b) if side == 0 else (b, a) for a, b in zip(mine[known], theirs[known], strict=True)}
        assert drawn <= {tuple(row) for row in rows.tolist()}


def test_every_partner_of_a_cell_has_its_turn():
    rows = np.array([[0, 5], [0, 17], [0, 60], [1, 5]])
    counts: dict[int, int] = {}
    for step in range(200):
        batch = sampler(anchors=[anchored(rows)], batch_size=N_CELLS).draw(step, 0).cells["rna"]
        place = int(np.flatnonzero(rows_of(batch.representation) == 0)[0])
        partner = int(rows_of(batch.partners.representation)[place])
        counts[partner] = counts.get(partner, 0) + 1
    assert set(counts) == {5, 17, 60}
    assert min(counts.values()) > 40  # a third of 200 each


def test_with_three_modalities_the_others_take_turns_and_only_of_the_first_there_are_two():
    cells = {"rna": source(), "atac": source(seed=1), "protein": source(seed=2)}
    of_atac = anchored(np.column_stack([np.arange(90), np.arange(90)[::-1]]))
    of_protein = anchored(np.column_stack([np.arange(90), np.arange(90)]), ("rna", "protein"))
    both = sampler(cells, anchors=[of_atac, of_protein])
    told = [{name: cell.partners.modality for name, cell in both.draw(step, 0).cells.items()} for step in range(4)]
    assert [each["rna"] for each in told] == ["atac", "protein"] * 2
    assert {each["atac"] for each in told} == {each["protein"] for each in told} == {"rna"}
    first, second = both.draw(7, 0).anchors
    assert (first.modalities, second.modalities) == (("rna", "atac"), ("rna", "protein"))
    assert all(a + b == 89 for a, b in pairs_of(first))
    assert all(a == b for a, b in pairs_of(second))
    # drawn from streams of their own, though there are as many of both
    assert {a for a, _ in pairs_of(first)} != {a for a, _ in pairs_of(second)}
    assert_same(first, sampler(cells, anchors=[of_atac]).draw(7, 0).anchors[0])


@given(st.integers(0, 10**6), st.sampled_from([0.6, 0.9, 2.0]))
@settings(max_examples=25, deadline=None)
def test_no_cell_is_a_negative_of_itself_or_of_what_it_is_anchored_to(step, alike_from):
    anchors = anchored(MANY, alike_from=alike_from)
    (drawn,) = sampler(anchors=[anchors]).draw(step, 0).anchors
    rows = [rows_of(each) for each in drawn.representations]
    size, found = len(rows[0]), drawn.not_negative
    assert found.shape == (2 * size, 2 * size)
    assert found.dtype == torch.bool
    assert torch.equal(found, found.T)
    views = [("rna", row) for row in rows[0]] + [("atac", row) for row in rows[1]]
    # drawn in this step or not
    pairs = {(("rna", a), ("atac", b)) for a, b in MANY.tolist()}
    joined = pairs | {pair[::-1] for pair in pairs}
    exempt = np.array([[one == other or (one, other) in joined for other in views] for one in views])
    assert found.numpy()[exempt].all()
    assert exempt.sum() > 4 * size  # some cell is drawn in several anchors
    place = np.concatenate([cells[row] for cells, row in zip(anchors.start, rows, strict=True)])
    np.testing.assert_array_equal(found.numpy()[~exempt], (place @ place.T > alike_from)[~exempt])


def test_with_nothing_alike_all_but_a_cell_and_its_partner_are_negatives():
    rows = np.column_stack([np.arange(20), np.arange(20)])
    (drawn,) = sampler(anchors=[anchored(rows)]).draw(0, 0).anchors
    np.testing.assert_array_equal(drawn.not_negative.numpy(), np.tile(np.eye(20, dtype=bool), (2, 2)))
