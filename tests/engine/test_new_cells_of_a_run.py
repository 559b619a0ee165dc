"""A run, saved and opened again: cells that training saw, cells held out, and cells that came later."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from typing import TYPE_CHECKING

import anndata as ad
import numpy as np
import pytest
import scipy.sparse as sp

from monae_app.engine.analysis.imputation import AtBatch
from monae_app.engine.analysis.metrics import foscttm
from monae_app.engine.config import make_config
from monae_app.engine.data.coordinates import locate_features
from monae_app.engine.data.dataset import Dataset
from monae_app.engine.data.held_out import split
from monae_app.engine.data.linking import link
from monae_app.engine.data.planted import Planted, make_planted
from monae_app.engine.data.reading import read_dataset
from monae_app.engine.errors import InputError
from monae_app.engine.pipeline import Monae, run

if TYPE_CHECKING:
    from pathlib import Path

    from monae_app.engine.result import Result

TRAINED, ALL = 400, 550
FEW = 250  # of which 50 can be held out

pytestmark = pytest.mark.usefixtures("brief_umaps")


def part(planted: Planted, cells: slice) -> dict[str, ad.AnnData]:
    """Both profiles of some of the cells, told by their pair ids."""
    wanted = {f"cell {i}" for i in range(ALL)[cells]}
    found = {"rna": planted.rna, "atac": planted.atac}
    return {name: table[table.obs["pair_id"].isin(wanted).to_numpy()].copy() for name, table in found.items()}


@pytest.fixture(scope="module")
def planted() -> Planted:
    return make_planted(n_cells=ALL, n_genes=240, n_peaks=600, seed=6)


@pytest.fixture(scope="module")
def folder(planted: Planted, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("planted")
    planted.write(folder)
    for name, table in part(planted, slice(TRAINED)).items():
        # a column of the name that the run gives one of its own
        table.obs["held_out"] = "no"
        table.write_h5ad(folder / f"{name}.h5ad")
    return folder


@pytest.fixture(scope="module")
def result(folder: Path) -> Result:
    config = make_config(
        inputs={"rna": folder / "rna.h5ad", "atac": folder / "atac.h5ad"},
        bed=folder / "genes.bed.gz",
        steps=80,
        batch_size=96,
        hidden_width=128,
        latent_shared=16,
        batch_key=("batch",),
        n_top_genes=160,
        held_out=0.15,
    )
    return run(config, folder / "run")


@pytest.fixture(scope="module")
def model(result: Result) -> Monae:
    return Monae.load(result.folder)


@pytest.fixture(scope="module")
def later(planted: Planted) -> dict[str, ad.AnnData]:
    return part(planted, slice(TRAINED, None))


@pytest.fixture(scope="module")
def embedded(model: Monae, later: dict[str, ad.AnnData]) -> ad.AnnData:
    return model.embed(later)


def types_told(reference: ad.AnnData, query: ad.AnnData) -> float:
    """Share of the cells whose nearest neighbour is of their type."""
    distance = ((query.obsm["X_monae"][:, None] - reference.obsm["X_monae"]) ** 2).sum(axis=2)
    nearest = reference.obs["cell_type"].to_numpy(str)[distance.argmin(axis=1)]
    return float((nearest == query.obs["cell_type"].to_numpy(str)).mean())


def pairing(cells: ad.AnnData) -> float:
    """FOSCTTM of the pairs of both modalities."""
    halves = [cells[(cells.obs["modality"] == name).to_numpy()] for name in ("rna", "atac")]
    order = [np.argsort(half.obs["pair_id"].to_numpy(str)) for half in halves]
    return float(foscttm(*(half.obsm["X_monae"][rows] for half, rows in zip(halves, order, strict=True))))


def test_cells_of_the_training_lie_where_they_lay(model, result, folder):
    found = model.embed({"rna": folder / "rna.h5ad", "atac": folder / "atac.h5ad"})
    assert list(found.obs_names) == list(result.cells.obs_names)
    for key in ("X_monae", "X_private"):
        np.testing.assert_allclose(found.obsm[key], result.cells.obsm[key], atol=1e-5)
    for column in ("library_size", "normaliser_rna", "normaliser_atac"):
        np.testing.assert_allclose(found.obs[column], result.cells.obs[column], rtol=1e-5)
    for column in ("modality", "monae_batch", "cell_type"):
        assert found.obs[column].astype(str).tolist() == result.cells.obs[column].astype(str).tolist()
    assert list(found.uns["notes"]) == []


def test_a_fresh_process_gives_equal_numbers(model, result, folder, later, embedded, tmp_path):
    later["atac"].write_h5ad(tmp_path / "later.h5ad")
    code = f"""
import numpy as np
from pathlib import Path
from monae_app.engine.pipeline import Monae
model = Monae.load(Path({str(folder / "run")!r}))
cells = model.embed(Path({str(tmp_path / "later.h5ad")!r}))
np.savez({str(tmp_path / "found.npz")!r}, shared=cells.obsm["X_monae"], private=cells.obsm["X_private"],
         new=model.impute("atac", "rna", cells=cells), own=model.impute("rna", "rna", ["Gene3", "Gene239"]))
"""
    subprocess.run([sys.executable, "-c", code], check=True)
    found = np.load(tmp_path / "found.npz")
    cells = embedded[(embedded.obs["modality"] == "atac").to_numpy()]
    np.testing.assert_array_equal(found["shared"], cells.obsm["X_monae"])
    np.testing.assert_array_equal(found["private"], cells.obsm["X_private"])
    np.testing.assert_array_equal(found["new"], model.impute("atac", "rna", cells=embedded))
    np.testing.assert_array_equal(found["own"], model.impute("rna", "rna", ["Gene3", "Gene239"]))


def test_cells_that_came_later_lie_among_their_kind(result, embedded):
    assert embedded.n_obs == 2 * (ALL - TRAINED)
    assert types_told(result.cells, embedded) > 0.9
    assert pairing(embedded) < pairing(result.cells) + 0.03
    assert pairing(result.cells) < 0.15


def test_cells_held_out_embed_as_well_as_the_others(result):
    out = result.cells.obs["held_out"].to_numpy(bool)
    assert [int(out[(result.cells.obs["modality"] == name).to_numpy()].sum()) for name in ("rna", "atac")] == [60, 60]
    assert set(result.cells.obs["input_held_out"]) == {"no"}
    assert types_told(result.cells[~out], result.cells[out]) > 0.9


def test_training_does_not_see_what_is_held_out(folder, result):
    """With other counts in the held-out cells, network, projections and features stay the same to the last bit."""
    config = result.config.model_copy(update={"steps": 3, "held_out": 0.2})
    dataset = Dataset(
        {
            name: replace(each, values=each.values[:FEW], obs=each.obs.iloc[:FEW])
            for name, each in read_dataset(config).modalities.items()
        },
        config.batch_key,
    )
    located = locate_features(dataset, config)
    graph = link(dataset, located, config)
    rows = split(dataset, config.held_out, config.seed).held_out
    changed = {}
    for name, modality in dataset.modalities.items():
        values = modality.values.tolil()
        values[rows[name]] = values[rows[name]][:, ::-1]
        changed[name] = replace(modality, values=sp.csr_matrix(values))
    models = [Monae(config), Monae(config)]
    for model, data in zip(models, (dataset, Dataset(changed, config.batch_key)), strict=True):
        model.fit(data, graph, located=located)
    first, second = ({k: v.numpy() for k, v in model.network.state_dict().items()} for model in models)
    assert all(np.array_equal(first[key], second[key]) for key in first)
    one, other = (model.result for model in models)
    np.testing.assert_array_equal(one.features.obsm["X_monae"], other.features.obsm["X_monae"])
    out = one.cells.obs["held_out"].to_numpy(bool)
    np.testing.assert_array_equal(one.cells.obsm["X_monae"][~out], other.cells.obsm["X_monae"][~out])
    assert not np.allclose(one.cells.obsm["X_monae"][out], other.cells.obsm["X_monae"][out])


def test_confidence_stands_with_every_feature_and_follows_what_varies(planted, result):
    confidence = result.features.obs["confidence"].to_numpy()
    is_gene = (result.features.obs["modality"] == "rna").to_numpy()
    said = result.report["confidence"]
    assert said["rna"]["held_out_cells"] == 60
    assert said["rna"]["median"] == pytest.approx(np.nanmedian(confidence[is_gene]), abs=1e-3)
    counts = part(planted, slice(TRAINED))["rna"]
    spread = np.asarray(counts.X.todense()).var(axis=0) / np.maximum(counts.X.mean(axis=0).A1, 1e-9)
    known = np.isfinite(confidence[is_gene])
    assert known.mean() > 0.5
    # the more a gene varies beyond its mean, the more there is to foretell
    assert np.corrcoef(np.argsort(np.argsort(spread[known])), confidence[is_gene][known])[0, 1] > 0.4


def test_missing_features_cost_little_and_are_said(model, later, embedded):
    rna = later["rna"]
    kept = np.random.default_rng(0).random(rna.n_vars) < 0.8
    found = model.embed(rna[:, kept].copy())
    whole = embedded[(embedded.obs["modality"] == "rna").to_numpy()].obsm["X_monae"]
    off = np.linalg.norm(found.obsm["X_monae"] - whole, axis=1)
    apart = np.linalg.norm(whole - whole[np.random.default_rng(1).permutation(len(whole))], axis=1)
    assert np.median(off) < 0.4 * np.median(apart)
    assert "are missing and count as not measured" in found.uns["notes"][0]
    with pytest.raises(InputError, match="features that the run models jointly"):
        model.embed(rna[:, :80].copy())


def test_order_of_features_and_features_unknown_to_the_run_change_nothing(model, later, embedded):
    rna = later["rna"]
    extra = ad.AnnData(sp.csr_matrix(np.full((rna.n_obs, 2), 9, np.float32)), obs=rna.obs)
    extra.var_names = ["new one", "new two"]
    found = model.embed(ad.concat([rna[:, ::-1].copy(), extra], axis="var", merge="same"))
    whole = embedded[(embedded.obs["modality"] == "rna").to_numpy()]
    np.testing.assert_allclose(found.obsm["X_monae"], whole.obsm["X_monae"], atol=1e-5)


def test_a_batch_unknown_to_the_run_counts_as_the_reference(model, later):
    rna = later["rna"].copy()
    reference = str(model.result.features.uns["reference_batch"])
    found = []
    for batch in ("a third", reference):
        rna.obs["batch"] = batch
        found.append(model.embed(rna))
    np.testing.assert_array_equal(found[0].obsm["X_monae"], found[1].obsm["X_monae"])
    assert "'a third'" in found[0].uns["notes"][0]
    assert set(found[0].obs["monae_batch"]) == {reference}
    assert list(found[0].obs["batch"].unique()) == ["a third"]


def test_one_cell_alone_lies_where_it_lies_among_others(model, later, embedded):
    alone = model.embed(later["rna"][3].copy())
    np.testing.assert_allclose(alone.obsm["X_monae"][0], embedded.obsm["X_monae"][3], atol=1e-5)
    np.testing.assert_allclose(alone.obs["normaliser_atac"], embedded.obs["normaliser_atac"].iloc[[3]], rtol=1e-5)


@pytest.mark.parametrize("batch", [AtBatch.REFERENCE, AtBatch.OWN])
def test_genes_of_new_cells_are_imputed_from_their_peaks(planted, model, embedded, batch):
    """Linked genes follow what the partner cell expressed; of shuffled partners they say nothing."""
    totals = np.asarray(planted.rna.X.sum(axis=0)).ravel()
    genes = list(planted.rna.var_names[totals > np.sort(totals)[-60]])
    imputed = np.log1p(model.impute("atac", "rna", genes, batch=batch, cells=embedded))
    of_atac = embedded.obs[(embedded.obs["modality"] == "atac").to_numpy()]
    partner = planted.rna.obs.reset_index().set_index("pair_id").loc[of_atac["pair_id"].astype(str), "index"]
    measured = planted.rna[partner.to_numpy(), genes].X.toarray()
    truth = np.log1p(1e4 * measured / planted.rna[partner.to_numpy()].X.sum(axis=1).A)

    def median_r(rows):
        return np.median([np.corrcoef(imputed[:, i], truth[rows, i])[0, 1] for i in range(len(genes))])

    assert median_r(slice(None)) > 0.3
    assert abs(median_r(np.random.default_rng(0).permutation(len(truth)))) < 0.06


def test_shards_of_new_cells_equal_the_whole(model, embedded, monkeypatch):
    whole = model.impute("rna", "atac", cells=embedded)
    monkeypatch.setattr("monae_app.engine.analysis.linear_decoding.VALUES_AT_ONCE", 33 * whole.shape[1])
    parts = [values for _, values in model.impute_shards("rna", "atac", cells=embedded)]
    assert len(parts) == 5
    np.testing.assert_allclose(np.concatenate(parts), whole, rtol=1e-5)


def test_what_was_loaded_can_be_saved_again(model, later, embedded, tmp_path):
    model.save(tmp_path / "again")
    found = Monae.load(tmp_path / "again").embed(later)
    np.testing.assert_array_equal(found.obsm["X_monae"], embedded.obsm["X_monae"])


def test_a_model_that_is_not_fitted_says_so(result, later):
    for ask in (lambda model: model.embed(later), lambda model: model.impute("rna", "rna")):
        with pytest.raises(InputError, match="not fitted"):
            ask(Monae(result.config))
