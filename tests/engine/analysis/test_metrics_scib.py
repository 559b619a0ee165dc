"""iLISI and kBET beside scib-metrics, on the arrays of metric_arrays.py, for two covariates.

tests/data/scib_metrics.json was made by make_scib_values.py and says with which versions. LISI, iLISI and the test of a
neighbourhood are the same there and here. Two things differ by definition: there k of kBET is given, here it follows
from the sizes of the batches; and there kBET of a type goes by neighbours in its diffusion map, here by plain ones.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from sklearn.neighbors import NearestNeighbors

from monae_app.engine.analysis.metrics import ilisi, kbet, kbet_p, lisi
from monae_app.engine.analysis.metrics.batches import SIGNIFICANCE
from tests.engine.analysis.metric_arrays import Drawn, drawn

STORED = json.loads((Path(__file__).parents[2] / "data" / "scib_metrics.json").read_text(encoding="utf-8"))
COVARIATES = ["batch", "modality"]
K = 33


@pytest.fixture(scope="module")
def data() -> Drawn:
    return drawn()


def test_the_arrays_are_those_that_the_others_saw(data):
    assert data.cells.sum() + data.before.sum() == pytest.approx(STORED["checksum"], abs=1e-9)


@pytest.mark.parametrize("covariate", COVARIATES)
def test_lisi_and_ilisi_are_equal(data, covariate):
    theirs, batch = STORED[covariate], getattr(data, covariate)
    np.testing.assert_allclose(lisi(data.cells, batch)[:20], theirs["lisi"], atol=2e-5)
    assert ilisi(data.cells, batch) == pytest.approx(theirs["ilisi"], abs=1e-5)


@pytest.mark.parametrize("covariate", COVARIATES)
def test_kbet_of_equal_neighbourhoods_is_equal(data, covariate):
    theirs, batch = STORED[covariate], getattr(data, covariate)
    near = NearestNeighbors(n_neighbors=K).fit(data.cells).kneighbors(data.cells, return_distance=False)
    p_values = kbet_p(batch, near)
    np.testing.assert_allclose(p_values[:20], theirs["kbet_p"], atol=2e-5)
    assert (p_values >= SIGNIFICANCE).mean() == pytest.approx(theirs["kbet"])


def test_kbet_of_all_cells_is_equal_where_k_is(data):
    # 400 cells of three batches: a quarter of the mean batch is what was given there
    assert kbet(data.cells, data.batch) == pytest.approx(STORED["batch"]["kbet"])


@pytest.mark.parametrize("covariate", COVARIATES)
def test_kbet_by_types_is_near_where_neighbours_are_defined_in_another_way(data, covariate):
    found = kbet(data.cells, getattr(data, covariate), data.label)
    assert found == pytest.approx(STORED[covariate]["kbet_per_label"], abs=0.15)
