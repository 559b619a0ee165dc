"""Projections that are fitted on some cells and applied a block at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from monae_app.engine.data import in_blocks
from monae_app.engine.data.in_blocks import blocks, rows_to_fit, transform_all
from monae_app.engine.data.planted import make_planted
from monae_app.engine.data.representation import fit_projection

if TYPE_CHECKING:
    import pytest


def test_blocks_cover_every_row_once():
    assert [row for each in blocks(11, 4) for row in range(each.start, each.stop)] == list(range(11))
    assert list(blocks(0, 4)) == []


def test_few_cells_are_all_fitted_on_and_of_many_as_many_as_are_enough(monkeypatch: pytest.MonkeyPatch):
    assert rows_to_fit(100, 0) == slice(None)
    monkeypatch.setattr(in_blocks, "FIT_CELLS", 30)
    rows = rows_to_fit(100, 0)
    assert len(np.unique(rows)) == 30
    assert (np.diff(rows) > 0).all()
    assert (rows == rows_to_fit(100, 0)).all()
    assert (rows != rows_to_fit(100, 1)).any()


def test_what_is_transformed_in_blocks_is_what_is_transformed_at_once(monkeypatch: pytest.MonkeyPatch):
    values = make_planted(n_cells=200, n_genes=150, n_peaks=300).rna.X
    columns = np.arange(0, 150, 2)
    projection = fit_projection(values[:, columns], "counts", 10, 0)
    at_once = projection.transform(values[:, columns])
    monkeypatch.setattr(in_blocks, "BLOCK_CELLS", 7)
    np.testing.assert_allclose(transform_all(projection, values, columns, name="all"), at_once, atol=1e-5)


def test_components_of_some_cells_place_all_cells_as_those_of_all_do(monkeypatch: pytest.MonkeyPatch):
    values = make_planted(n_cells=1200, n_genes=300, n_peaks=300).rna.X
    every = transform_all(fit_projection(values, "counts", 8, 0), values, name="all")
    monkeypatch.setattr(in_blocks, "FIT_CELLS", 600)
    some = transform_all(fit_projection(values[rows_to_fit(1200, 0)], "counts", 8, 0), values, name="all")
    # the same space of the leading axes: canonical correlations near 1
    shared = np.linalg.svd(np.linalg.qr(every[:, :4] - every[:, :4].mean(0))[0].T
                           @ np.linalg.qr(some - some.mean(0))[0])[1]  # fmt: skip
    assert shared.min() > 0.97
