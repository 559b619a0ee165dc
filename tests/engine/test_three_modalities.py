"""RNA, ATAC and proteins together, each measured in cells of its own, on planted data whose truth is known."""

from __future__ import annotations

import json
from itertools import combinations, permutations
from typing import TYPE_CHECKING

import anndata as ad
import numpy as np
import pytest

from monae_app.cli import main
from monae_app.engine.analysis.metrics import foscttm, label_transfer
from monae_app.engine.config import RunConfig, make_config
from monae_app.engine.data.coordinates import locate_features
from monae_app.engine.data.held_out import split
from monae_app.engine.data.linking import link, modelled_features
from monae_app.engine.data.planted import Planted, make_planted
from monae_app.engine.data.preprocess import Prepared, prepare
from monae_app.engine.data.reading import read_dataset
from monae_app.engine.pipeline import Monae, run
from monae_app.engine.training.correspondence import correspond
from monae_app.engine.training.linked_view import with_linked_genes

if TYPE_CHECKING:
    from pathlib import Path

    from monae_app.engine.data.dataset import Dataset
    from monae_app.engine.data.guidance import GuidanceGraph
    from monae_app.engine.result import Result

NAMES = ("rna", "atac", "protein")
SUBSETS = [each for size in (1, 2) for each in combinations(NAMES, size)]
QUICK = {"steps": 3, "batch_size": 32, "hidden_width": 16, "n_components": 20, "held_out": 0.0}

pytestmark = pytest.mark.usefixtures("brief_umaps")


def config_of(folder: Path, names: tuple[str, ...] = NAMES, **settings: object) -> RunConfig:
    inputs = {name: folder / f"{name}.h5ad" for name in names}
    values = {"inputs": inputs, "bed": folder / "genes.bed.gz", "steps": 100, "batch_size": 128, "hidden_width": 64}
    return make_config(**(values | settings))


def transfer(result: Result, source: str, target: str) -> float:
    label, modality = (result.cells.obs[name].to_numpy(str) for name in ("cell_type", "modality"))
    here, there = modality == source, modality == target
    cells = result.cells.obsm["X_monae"]
    return label_transfer(cells[here], label[here], cells[there], label[there])["label_transfer"]


def matched(result: Result, first: str, second: str) -> float:
    rows = []
    for name in (first, second):
        mine = np.flatnonzero(result.cells.obs["modality"] == name)
        rows.append(mine[np.argsort(result.cells.obs["pair_id"].to_numpy(str)[mine])])
    return foscttm(*(result.cells.obsm["X_monae"][each] for each in rows))


@pytest.fixture(scope="module")
def planted() -> Planted:
    return make_planted(n_cells=600, n_genes=240, n_peaks=700, regime="standard", protein="same", seed=1)


@pytest.fixture(scope="module")
def folder(planted: Planted, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("three")
    planted.write(folder)
    return folder


@pytest.fixture(scope="module")
def result(folder: Path) -> Result:
    return run(config_of(folder, held_out=0.1), folder / "run")


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("small")
    make_planted(n_cells=90, n_genes=100, n_peaks=200, regime="standard", protein="own").write(folder)
    return folder


def prepared_of(config: RunConfig) -> tuple[Dataset, dict[str, Prepared], GuidanceGraph]:
    dataset = read_dataset(config)
    graph = link(dataset, locate_features(dataset, config), config)
    modelled = modelled_features(dataset, graph)
    prepared = {name: prepare(each, modelled[name], config) for name, each in dataset.modalities.items()}
    return dataset, {name: with_linked_genes(each, graph, config) for name, each in prepared.items()}, graph


def test_every_modality_finds_its_types_and_partners_in_every_other(result):
    for source, target in permutations(NAMES, 2):
        assert transfer(result, source, target) > 0.7
        assert matched(result, source, target) < 0.15
    assert result.report["metrics"]["pairs"] == 3 * 600


def test_wrong_genes_of_the_proteins_bring_no_alignment(planted, folder, result, tmp_path):
    panel = planted.protein.copy()
    panel.var["gene"] = np.roll(panel.var["gene"], 7)
    panel.write_h5ad(tmp_path / "protein.h5ad")
    config = config_of(folder, ("rna", "protein"))
    inputs = {"rna": config.inputs["rna"], "protein": (tmp_path / "protein.h5ad",)}
    wrong = run(config.model_copy(update={"inputs": inputs, "steps": 60}), tmp_path / "run")
    for source, target in permutations(("rna", "protein"), 2):
        assert transfer(wrong, source, target) < transfer(result, source, target) - 0.3
    assert matched(wrong, "rna", "protein") > 0.3
    assert not wrong.report["alignment"]["aligned"]
    assert "RNA and protein share no more than chance" in wrong.report["alignment"]["verdict"]
    assert wrong.report["alignment"]["verdict"] in wrong.report["warnings"]


def test_the_report_tells_every_two_linked_modalities_apart(result):
    report = result.report
    assert report["consistency"]["links"] > report["consistency_rna_protein"]["links"] == 40
    assert not report["consistency_rna_protein"]["warning"]
    for name, modalities in (("alignment", ["rna", "atac"]), ("alignment_rna_protein", ["rna", "protein"])):
        assert report[name]["modalities"] == modalities
        assert report[name]["answer"] == "shared"
    assert not {"consistency_atac_protein", "alignment_atac_protein"} & set(report)
    assert report["dataset"]["guidance"]["proteins_linked"] == 40
    assert report["confidence"]["protein"]["features"] == 40
    assert json.loads((result.folder / "report.json").read_text())["dataset"] == report["dataset"]


def test_features_of_all_modalities_stand_side_by_side(planted, result):
    obs = result.features.obs
    assert obs["modality"].value_counts().to_dict() == {"rna": 240, "atac": 700, "protein": 40}
    proteins = (obs["modality"] == "protein").to_numpy()
    assert (obs.loc[proteins, "chrom"] == "").all()
    assert obs.loc[proteins, "modelled"].all()
    edges = result.features.obsp["guidance"][proteins].tocoo()
    assert edges.nnz == 40
    assert (edges.data == 1).all()
    assert (obs["name"].to_numpy()[edges.col] == planted.protein.var["gene"].to_numpy()[edges.row]).all()
    # the refined graph is one of genes and peaks
    assert result.features.obsp["refined"][proteins].nnz == 0
    assert result.features.obsp["refined"].nnz > 0


def test_proteins_are_imputed_in_cells_where_none_was_measured(planted, result):
    """Against the proteins of the same cells, which training saw as cells of their own."""
    model = Monae.load(result.folder)
    size = np.asarray(planted.protein.X.sum(axis=1))
    measured = np.log1p(planted.protein.X.toarray() / size * 1e4)
    order = planted.protein.obs["pair_id"].to_numpy()
    for source, table in (("rna", planted.rna), ("atac", planted.atac)):
        imputed = np.log1p(model.impute(source, "protein"))[np.argsort(table.obs["pair_id"].to_numpy())][order]
        r = [np.corrcoef(imputed[:, each], measured[:, each])[0, 1] for each in range(40)]
        assert np.median(r) > 0.35
    for target in NAMES:
        values = model.impute("protein", target)
        assert values.shape == (600, {"rna": 240, "atac": 700, "protein": 40}[target])
        np.testing.assert_allclose(values.sum(axis=1), 1e4, rtol=1e-3)


def test_new_cells_are_known_by_their_features_though_proteins_have_names_of_genes(planted, result):
    model = Monae.load(result.folder)
    for name, table in (("rna", planted.rna[:, 5:]), ("atac", planted.atac), ("protein", planted.protein)):
        found = model.embed(table[:30].copy())
        assert set(found.obs["modality"]) == {name}
        if name == "rna":
            continue
        rows = result.cells.obs_names.get_indexer([f"{name}:{cell}" for cell in table.obs_names[:30]])
        np.testing.assert_allclose(found.obsm["X_monae"], result.cells.obsm["X_monae"][rows], atol=1e-4)


@pytest.mark.parametrize("names", SUBSETS, ids=" ".join)
def test_any_modalities_train_and_open_again(names, small, tmp_path):
    done = run(config_of(small, names, **QUICK), tmp_path / "run")
    model = Monae.load(tmp_path / "run")
    assert done.modalities == list(names)
    for source in names:
        for target in names:
            assert np.isfinite(model.impute(source, target)).all()
    unlinked = [each for each in done.report["warnings"] if "Nothing links" in each]
    assert bool(unlinked) == (names == ("atac", "protein"))


def test_the_order_of_the_inputs_does_not_settle_which_modality_leads(small):
    starts = []
    for names in (NAMES, NAMES[::-1]):
        dataset, prepared, graph = prepared_of(config_of(small, names, **QUICK))
        found = correspond(dataset, prepared, graph, config_of(small, names, **QUICK))
        assert [(each.first, each.second) for each in found.anchors] == [("rna", "atac"), ("rna", "protein")]
        starts.append(found.start)
    for name in NAMES:
        np.testing.assert_allclose(starts[0][name], starts[1][name], atol=1e-3)


def test_a_panel_smaller_than_the_shared_space_is_aligned(planted, tmp_path):
    planted.rna.write_h5ad(tmp_path / "rna.h5ad")
    planted.protein[:, :8].write_h5ad(tmp_path / "protein.h5ad")
    config = config_of(tmp_path, ("rna", "protein"), bed=None, **QUICK)
    dataset, prepared, graph = prepared_of(config)
    assert prepared["protein"].representation.shape[1] < 8 < config.latent_shared
    found = correspond(dataset, prepared, graph, config)
    assert {each.shape[1] for each in found.start.values()} == {config.latent_shared}
    assert np.isfinite(run(config, tmp_path / "run").cells.obsm["X_monae"]).all()


def test_proteins_are_read_as_they_are_and_peaks_also_as_genes(small):
    config = config_of(small, **QUICK)
    _, prepared, _ = prepared_of(config)
    assert prepared["protein"].projection.kind == "tags"
    assert prepared["atac"].projection.kind == "linked:peaks"
    assert prepared["protein"].representation.shape == (90, 20)


def test_known_pairs_of_any_two_modalities_are_used(small, tmp_path):
    """Proteins on the cells of the RNA, peaks on cells of their own, which come first."""
    for name in NAMES:
        table = ad.read_h5ad(small / f"{name}.h5ad")
        if name != "atac":
            table.obs_names = [f"cell {i}" for i in range(90)]
        table.write_h5ad(tmp_path / f"{name}.h5ad")
    dataset = read_dataset(config_of(tmp_path, ("atac", "rna", "protein"), bed=small / "genes.bed.gz", paired=True))
    assert dataset.n_cells_in_several() == 90
    assert len(dataset.known_pairs()) == 0
    training = split(dataset, 0.6, seed=0).training
    assert len(training.known_pairs("rna", "protein")) >= 1
    config = config_of(tmp_path, ("atac", "rna", "protein"), bed=small / "genes.bed.gz", paired=True, **QUICK)
    dataset, prepared, graph = prepared_of(config)
    found = {each.second: each.rows for each in correspond(dataset, prepared, graph, config).anchors}
    np.testing.assert_array_equal(found["protein"], np.column_stack([np.arange(90)] * 2))
    assert "atac" in found


def test_the_command_takes_proteins(small, tmp_path, capsys):
    files = [f"{name}={small / f'{name}.h5ad'}" for name in ("rna", "protein")]
    settings = [part for name, value in QUICK.items() if name != "steps" for part in ("--set", f"{name}={value}")]
    out = tmp_path / "run"
    call = ["run", *files, "--out", str(out), "--steps", "3", *settings, "--set", "protein_likelihood=poisson"]
    assert main(call) == 0
    said = capsys.readouterr()
    assert "180 cells" in said.out
    assert "protein: 90 cells x 40 features" in said.err
    assert "40 links between features" in (out / "log.txt").read_text()
    assert json.loads((out / "report.json").read_text())["dataset"]["modalities"]["protein"]["likelihood"] == "poisson"
    assert main(["impute", str(out), "--from", "rna", "--to", "protein", "--out", str(tmp_path / "imputed.h5ad")]) == 0
    imputed = ad.read_h5ad(tmp_path / "imputed.h5ad")
    assert imputed.shape == (90, 40)
