"""Data that no one would wish for, the whole way: every run ends, and every number that it leaves is a number."""

from __future__ import annotations

import contextlib
import json
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
import torch

from monae_app.engine.analysis.imputation import impute
from monae_app.engine.config import RunConfig, make_config
from monae_app.engine.data.coordinates import locate_features
from monae_app.engine.data.dataset import Dataset
from monae_app.engine.data.linking import link, modelled_features
from monae_app.engine.data.planted import Planted, make_planted
from monae_app.engine.data.preprocess import prepare
from monae_app.engine.data.reading import read_dataset
from monae_app.engine.errors import TrainingError
from monae_app.engine.model.monae_net import MonaeNet
from monae_app.engine.pipeline import Monae, run
from monae_app.engine.result import CHECKPOINT, Result
from monae_app.engine.training import session
from monae_app.engine.training.checkpoint import Checkpoint
from monae_app.engine.training.correspondence import correspond
from monae_app.engine.training.trainer import TrainerSettings

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

pytestmark = pytest.mark.usefixtures("hasty")

CELLS, STEPS = 60, 3
EMPTY = {"rna": [2, 30, 59], "atac": [0, 7]}


@pytest.fixture(scope="module")
def planted() -> Planted:
    return make_planted(n_cells=CELLS, n_genes=60, n_peaks=200, n_types=3, seed=3)


def config_of(folder: Path, **changes: object) -> RunConfig:
    """60 cells where a batch would hold 256."""
    small: dict[str, object] = {"n_components": 10, "anchor_components": 6, "latent_shared": 4, "latent_private": 3}
    files = {"inputs": {name: folder / f"{name}.h5ad" for name in ("rna", "atac")}, "bed": folder / "genes.bed.gz"}
    return make_config(**(small | files | {"steps": STEPS, "hidden_width": 16, "window": 20_000} | changes))


def written(planted: Planted, folder: Path, edit: Callable[[dict[str, Any]], None] = lambda _: None) -> Path:
    """Write the planted tables with values changed as dense arrays."""
    tables = {"rna": planted.rna.copy(), "atac": planted.atac.copy()}
    values = {name: table.X.toarray() for name, table in tables.items()}
    edit(values)
    for name, table in tables.items():
        table.X = sp.csr_matrix(values[name])
    replace(planted, **tables).write(folder)
    return folder


def sound(result: Result) -> Result:
    """Every number of the result is finite, and so is whatever is imputed from it."""
    for table in (result.cells, result.features):
        for name, values in table.obsm.items():
            # features fitted afterwards have no posterior
            assert np.isfinite(values).all() or name == "posterior_sd", name
        for name, values in table.obsp.items():
            assert np.isfinite(values.data).all(), name
    assert result.cells.obs["leiden"].notna().all()
    json.dumps(result.report["metrics"], allow_nan=False)
    json.dumps(result.report["warnings"])
    for source in result.modalities:
        for target in result.modalities:
            found = impute(result, source, target)
            assert np.isfinite(found).all()
            if result.cells.obs[f"normaliser_{target}"].notna().all():
                np.testing.assert_allclose(found.sum(axis=1), 1e4, rtol=1e-3)
    return result


def peaks_of_one_gene(planted: Planted) -> np.ndarray:
    owner = planted.atac.var["owner"]
    return np.flatnonzero(owner == owner[owner != ""].mode()[0])


def test_constant_features(planted, tmp_path):
    """One gene, all peaks of one gene, and a feature of zeros in each modality."""

    def edit(values: dict[str, Any]) -> None:
        values["rna"][:, 5], values["rna"][:, 6] = 3, 0
        values["atac"][:, peaks_of_one_gene(planted)], values["atac"][:, 0] = 1, 0

    result = sound(run(config_of(written(planted, tmp_path, edit)), tmp_path / "run"))
    assert "rna: 1 of 60 features are zero in every cell." in " ".join(result.report["warnings"])
    imputed = impute(result, "rna", "rna", ["Gene6", "Gene5"])
    assert (imputed[:, 0] < imputed[:, 1] / 10).all()


@pytest.mark.parametrize("name", ["rna", "atac"])
def test_a_modality_in_which_nothing_varies(planted, tmp_path, name):
    def edit(values: dict[str, Any]) -> None:
        values[name][:] = 1

    sound(run(config_of(written(planted, tmp_path, edit)), tmp_path / "run"))


@pytest.mark.parametrize("fewest", [20, 60])
def test_features_never_measured(planted, tmp_path, fewest):
    """Half of the genes and peaks are zero everywhere, whether they are modelled jointly or fitted afterwards."""

    def edit(values: dict[str, Any]) -> None:
        for each in values.values():
            each[:, ::2] = 0

    config = config_of(written(planted, tmp_path, edit), n_top_genes=fewest, n_top_peaks=3 * fewest)
    result = sound(run(config, tmp_path / "run"))
    assert "rna: 30 of 60 features are zero in every cell." in result.report["warnings"]
    seen = impute(result, "atac", "rna").mean(axis=0)
    assert np.median(seen[::2]) < np.median(seen[1::2]) / 10


def without_counts(values: dict[str, Any]) -> None:
    for name, rows in EMPTY.items():
        values[name][rows] = 0


@pytest.mark.parametrize("likelihood", ["nb", "zinb", "poisson", "bernoulli"])
def test_cells_without_counts(planted, tmp_path, likelihood):
    folder = written(planted, tmp_path, without_counts)
    chosen = {"rna_likelihood": likelihood, "atac_likelihood": likelihood}
    result = sound(run(config_of(folder, **chosen), tmp_path / "run"))
    warnings = result.report["warnings"]
    assert [each.split(" cells have no counts")[0] for each in warnings if "cells have no counts" in each] == [
        "rna: 3 of 60",
        "atac: 2 of 60",
    ]
    for name, rows in EMPTY.items():
        library = result.cells.obs["library_size"][result.cells.obs["modality"] == name].to_numpy()
        np.testing.assert_array_equal(np.flatnonzero(library == 0), rows)
        counts = impute(result, name, name, scale="counts")
        assert not counts[rows].any()
        assert (np.delete(counts, rows, axis=0).sum(axis=1) > 0).all()
        # they all lie where a cell without evidence lies
        place = result.cells.obsm["X_monae"][(result.cells.obs["modality"] == name).to_numpy()][rows]
        np.testing.assert_allclose(place, place[:1].repeat(len(rows), axis=0), atol=1e-5)
    assert Result.load(tmp_path / "run").cells.n_obs == 2 * CELLS


def test_cells_without_counts_in_hand_made_data_and_in_one_modality(planted, tmp_path):
    config = config_of(written(planted, tmp_path, without_counts))
    dataset = read_dataset(config)
    again = Dataset({name: replace(each) for name, each in dataset.modalities.items()})
    assert again.notes == dataset.notes
    sound(Monae(config).fit(again, link(again, locate_features(again, config), config)))
    alone = config_of(tmp_path, inputs={"atac": tmp_path / "atac.h5ad"})
    sound(run(alone, tmp_path / "alone"))


def test_a_cell_without_counts_is_no_anchor(planted, tmp_path):
    config = config_of(written(planted, tmp_path, without_counts), anchor_neighbors=30, anchor_keep=1.0)
    dataset = read_dataset(config)
    graph = link(dataset, locate_features(dataset, config), config)
    modelled = modelled_features(dataset, graph)
    prepared = {name: prepare(each, modelled[name], config) for name, each in dataset.modalities.items()}
    for each in prepared.values():
        assert np.isfinite(each.representation).all()
    (found,) = correspond(dataset, prepared, graph, config).anchors
    anchors = found.rows
    assert len(anchors) > CELLS
    assert not np.isin(anchors[:, 0], EMPTY["rna"]).any()
    assert not np.isin(anchors[:, 1], EMPTY["atac"]).any()


@pytest.mark.parametrize(
    ("rna", "atac", "names"),
    [
        (["one"] * CELLS, ["one"] * CELLS, ["one"]),
        (["one"] * CELLS, ["two"] * CELLS, ["one", "two"]),
        (["one", "two"] * 30, ["two"] * CELLS, ["one", "two"]),
        (["one"] * 59 + ["lone"], ["one", "three"] * 30, ["lone", "one", "three"]),
    ],
    ids=["one batch", "nothing in common", "one level in RNA only", "a batch of one cell"],
)
def test_batches_of_any_shape(planted, tmp_path, rna, atac, names):
    for table, labels in ((planted.rna, rna), (planted.atac, atac)):
        table.obs["lane"] = pd.Categorical(labels)
    result = sound(run(config_of(written(planted, tmp_path), batch_key=("lane",)), tmp_path / "run"))
    assert list(result.features.uns["batches"]) == names
    for name in names:
        assert np.isfinite(impute(result, "atac", "rna", ["Gene1"], batch=name)).all()


def test_a_batch_whose_cells_are_all_empty(planted, tmp_path):
    for table in (planted.rna, planted.atac):
        table.obs["lane"] = ["kept"] * 50 + ["lost"] * 10

    def edit(values: dict[str, Any]) -> None:
        values["rna"][50:] = 0

    result = sound(run(config_of(written(planted, tmp_path, edit), batch_key=("lane",)), tmp_path / "run"))
    assert np.isfinite(impute(result, "rna", "rna", batch="lost")).all()


@pytest.mark.parametrize("constant", [False, True])
def test_continuous_values(planted, tmp_path, constant):
    def edit(values: dict[str, Any]) -> None:
        values["rna"][:] = np.log1p(values["rna"]) - 0.5
        values["rna"][:, 5] = 1e4
        if constant:
            values["rna"][:] = 0.25

    result = sound(run(config_of(written(planted, tmp_path, edit)), tmp_path / "run"))
    assert result.report["dataset"]["modalities"]["rna"]["likelihood"] == "normal"


def test_five_cells(planted, tmp_path):
    replace(planted, rna=planted.rna[:5].copy(), atac=planted.atac[:5].copy()).write(tmp_path)
    result = sound(run(config_of(tmp_path), tmp_path / "run"))
    assert result.cells.n_obs == 10


def test_one_modality_of_five_cells_beside_one_of_sixty(planted, tmp_path):
    replace(planted, rna=planted.rna[:5].copy()).write(tmp_path)
    assert sound(run(config_of(tmp_path), tmp_path / "run")).cells.n_obs == 65


def test_a_diverging_run_says_where_and_leaves_its_last_good_checkpoint(planted, tmp_path, monkeypatch):
    folder, whole = written(planted, tmp_path), MonaeNet.losses
    config = config_of(folder, steps=14)
    monkeypatch.setattr(session, "TrainerSettings", partial(TrainerSettings, checkpoint_every=10))

    def diverging(network: MonaeNet, step: Any, *company: Any) -> dict[str, torch.Tensor]:
        terms = whole(network, step, *company)
        return terms | {"nll_atac": terms["nll_atac"] * float("nan")} if step.progress >= 12 / 14 else terms

    monkeypatch.setattr(MonaeNet, "losses", diverging)
    with pytest.raises(TrainingError, match=r"step 13: the term nll_atac is .*last checkpoint is kept"):
        run(config, tmp_path / "run")
    kept = Checkpoint.read(tmp_path / "run" / CHECKPOINT)
    assert kept.step == 10
    assert all(torch.isfinite(each.float()).all() for each in kept.tensors.values())
    assert not (tmp_path / "run" / "cells.h5ad").exists()
    monkeypatch.setattr(MonaeNet, "losses", whole)
    sound(run(config, tmp_path / "run", resume=True))


def test_a_learning_rate_that_is_far_too_high_ends_in_numbers_or_in_words(planted, tmp_path):
    config = config_of(written(planted, tmp_path), steps=20, learning_rate=1.0)
    with contextlib.suppress(TrainingError):
        sound(run(config, tmp_path / "run"))
