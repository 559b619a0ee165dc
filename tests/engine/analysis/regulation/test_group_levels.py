from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp

from monae_app.engine.analysis.everywhere import impute_everywhere
from monae_app.engine.analysis.kept_arrays import KeptArrays
from monae_app.engine.analysis.regulation.group_levels import imputed_levels, measured_levels
from monae_app.engine.analysis.run_slices import RunSlices
from tests.web.tiny_sample import CELLS, PEAKS, TYPES, write_sample

if TYPE_CHECKING:
    from pathlib import Path


def test_measured_levels_are_means_of_counts_per_ten_thousand():
    random = np.random.default_rng(0)
    values = random.poisson(1.0, (40, 7)).astype(float)
    library, codes = values.sum(axis=1) + 5, random.integers(-1, 3, 40)
    found = measured_levels(sp.csr_matrix(values), library, codes, 4)
    expected = pd.DataFrame(1e4 * values / library[:, None]).groupby(codes).mean().drop(index=-1)
    np.testing.assert_allclose(found[:3], expected, rtol=1e-5)
    assert np.isnan(found[3]).all()
    plain = measured_levels(sp.csr_matrix(values), None, codes, 3)
    np.testing.assert_allclose(plain, pd.DataFrame(values).groupby(codes).mean().drop(index=-1), rtol=1e-5)


def test_imputed_levels_are_means_of_what_each_cell_is_given(tmp_path: Path):
    run = RunSlices(write_sample(tmp_path) / "run", KeptArrays(2**26))
    codes = np.arange(CELLS) % len(TYPES)
    codes[:8] = -1
    found = imputed_levels(run, "rna", "atac", codes, len(TYPES))
    assert found.shape == (len(TYPES), PEAKS)
    row = int(np.flatnonzero((run.column("modality", "features.h5ad") == "atac").to_numpy())[17])
    cells = impute_everywhere(run, "atac", np.array([row]), log=False)[run.spans["rna"].start :][:CELLS]
    expected = [cells[codes == group].mean() for group in range(len(TYPES))]
    assert found[:, 17] == pytest.approx(np.array(expected), rel=1e-4)
