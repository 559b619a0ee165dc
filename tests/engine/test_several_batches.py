"""A run of two batch covariates, from files to new cells: trained once, asked often."""

from __future__ import annotations

from typing import TYPE_CHECKING

import anndata as ad
import numpy as np
import pandas as pd
import pytest

from monae_app.engine.analysis.imputation import impute
from monae_app.engine.config import RunConfig, make_config
from monae_app.engine.data.planted import make_planted
from monae_app.engine.errors import InputError
from monae_app.engine.pipeline import Monae, run

if TYPE_CHECKING:
    from pathlib import Path

    from monae_app.engine.result import Result

N_CELLS = 100
NAMES = ["d0|l0", "d0|l1", "d1|l1"]

pytestmark = pytest.mark.usefixtures("brief_umaps")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Planted cells of two donors and two lanes; donor d1 was never in lane l0."""
    folder = tmp_path_factory.mktemp("two")
    make_planted(n_cells=N_CELLS, n_genes=80, n_peaks=200, n_types=3, seed=4).write(folder)
    for name in ("rna", "atac"):
        table = ad.read_h5ad(folder / f"{name}.h5ad")
        rng = np.random.default_rng(len(name))
        donor, lane = rng.integers(0, 2, N_CELLS), rng.integers(0, 2, N_CELLS)
        lane[donor == 1] = 1
        table.obs["donor"] = pd.Categorical([f"d{each}" for each in donor])
        table.obs["lane"] = pd.Categorical([f"l{each}" for each in lane])
        table.obs_names = [f"{name} {at}" for at in range(N_CELLS)]
        table.write_h5ad(folder / f"{name}.h5ad")
    return folder


def config_of(folder: Path, **changes: object) -> RunConfig:
    values: dict[str, object] = {
        "inputs": {name: folder / f"{name}.h5ad" for name in ("rna", "atac")},
        "bed": folder / "genes.bed.gz",
        "steps": 15,
        "batch_size": 64,
        "n_components": 12,
        "latent_shared": 6,
        "latent_private": 4,
        "n_top_genes": 60,
        "batch_key": ("donor", "lane"),
        "reference_batch": "d1|l1",
    }
    return make_config(**(values | changes))


@pytest.fixture(scope="module")
def result(folder: Path) -> Result:
    return run(config_of(folder), folder / "run")


def test_the_batches_that_occur_are_columns_and_the_named_one_is_the_reference(result):
    uns = result.features.uns
    assert list(uns["batches"]) == NAMES
    assert uns["reference_batch"] == "d1|l1"
    assert result.report["batches"] == {"columns": ["donor", "lane"], "number": 3, "reference": "d1|l1"}
    for key in ("scale", "bias", "dispersion"):
        assert result.features.obsm[key].shape == (result.features.n_obs, 3)
        assert np.isfinite(result.features.obsm[key]).all()


def test_values_are_imputed_at_the_reference_batch(result):
    found = impute(result, "rna", "rna")
    np.testing.assert_array_equal(found, impute(result, "rna", "rna", batch="d1|l1"))
    other = impute(result, "rna", "rna", batch="d0|l0")
    assert np.abs(found - other).max() > 1
    # the saved normaliser is that of the reference batch
    np.testing.assert_allclose(found.sum(axis=1), 1e4, rtol=1e-3)


def test_every_covariate_is_scored(result):
    scores = result.report["metrics"]
    assert {"ilisi", "kbet", "ilisi_donor", "ilisi_lane", "kbet_donor", "kbet_lane"} <= set(scores)


def test_a_combination_that_training_never_saw_is_embedded_by_its_parts(result, folder):
    model = Monae.load(result.folder)
    cells = ad.read_h5ad(folder / "rna.h5ad")[:40].copy()
    placed = {}
    for donor, lane in (("d0", "l0"), ("d1", "l0"), ("d1", "l1"), ("d9", "l0")):
        cells.obs["donor"], cells.obs["lane"] = donor, lane
        placed[donor, lane] = model.embed({"rna": cells})
    new = placed["d1", "l0"]
    assert "('d1|l0')" in new.uns["notes"][0]
    assert set(new.obs["monae_batch"]) == {"d1|l1"}
    for other in (("d0", "l0"), ("d1", "l1")):
        assert np.abs(new.obsm["X_private"] - placed[other].obsm["X_private"]).max() > 1e-4
    # a donor that nobody knows counts as of the reference batch
    np.testing.assert_array_equal(placed["d9", "l0"].obsm["X_monae"], placed["d1", "l1"].obsm["X_monae"])
    assert not placed["d1", "l1"].uns["notes"]


def test_a_reference_that_is_no_batch_is_refused_before_anything_is_trained(folder, tmp_path):
    with pytest.raises(InputError, match=r"close to it: 'd1\|l1'"):
        run(config_of(folder, reference_batch="D1|L1"), tmp_path / "run")


def test_the_dataset_says_that_no_cell_is_shared(result):
    shared = result.report["dataset"]["shared_cells"]
    assert shared["pairs"] == {"rna+atac": {"both": 0, "only_rna": N_CELLS, "only_atac": N_CELLS, "used": False}}
