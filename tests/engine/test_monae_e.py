"""Monae-E from files to a run folder: what it leaves, how it goes on, and what it refuses."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import anndata as ad
import numpy as np
import pandas as pd
import pytest

from monae_app.cli import main
from monae_app.engine.analysis.feature_search import FeatureSearch
from monae_app.engine.analysis.kept_arrays import KeptArrays
from monae_app.engine.analysis.run_slices import RunSlices
from monae_app.engine.data.motifs.hits import MOTIF_HITS, MotifHits
from monae_app.engine.data.planted import make_planted
from monae_app.engine.errors import InputError, Stopped
from monae_app.engine.pipeline import Monae, run
from monae_app.engine.result import FEATURES, Result, read_config
from monae_app.jobs.archive_check import check_run
from tests.engine.small_runs import small_config

if TYPE_CHECKING:
    from pathlib import Path

    from monae_app.engine.config import RunConfig

pytestmark = pytest.mark.usefixtures("hasty")
N_MOTIFS = 3


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("whole")
    planted = make_planted(n_cells=90, n_genes=120, n_peaks=400, n_types=3, seed=4)
    planted.write(folder)
    peaks = planted.atac.var_names.to_numpy()
    rng = np.random.default_rng(0)
    genes = planted.rna.var_names[:N_MOTIFS]
    rows = [(peak, gene) for gene in genes for peak in peaks[rng.random(len(peaks)) < 0.3]]
    pd.DataFrame(rows, columns=["peak", "motif"]).to_csv(folder / "motifs.tsv", sep="\t", index=False)
    return folder


def config_of(folder: Path, **changes: object) -> RunConfig:
    values = {
        "steps": 8,
        "latent_private": 5,
        "held_out": 0.1,
        "graph_stage_steps": 6,
        "model": "monae-e",
        "motif_peaks": folder / "motifs.tsv",
    }
    return small_config(folder, **(values | changes))


@pytest.fixture(scope="module")
def whole(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Result:
    return run(config_of(folder), tmp_path_factory.mktemp("run") / "run")


def test_motifs_are_rows_of_the_features_on_the_shared_axes(whole):
    features = ad.read_h5ad(whole.folder / FEATURES)
    mine = features[(features.obs["modality"] == "motif").to_numpy()]
    assert mine.n_obs == N_MOTIFS
    assert mine.obs_names[0] == f"motif:{mine.obs['name'].iloc[0]}"
    assert np.isfinite(features.obsm["X_monae"]).all()
    assert (np.linalg.norm(mine.obsm["X_monae"], axis=1) > 0).all()
    assert not mine.obsm["X_private"].any()
    assert features.obsp["guidance"].shape == features.obsp["refined"].shape == (features.n_obs, features.n_obs)
    assert not features.obsp["guidance"][-N_MOTIFS:].nnz


def test_the_report_names_model_seconds_and_edges(whole):
    said = json.loads((whole.folder / "report.json").read_text())
    stage = said["graph_stage"]
    assert said["model"] == "monae-e"
    assert stage["seconds"] > 0
    assert stage["motifs"] == N_MOTIFS
    assert set(stage["edges"]) >= {"rna cell - feature", "atac cell - feature", "motif - peak", "gene - motif"}
    assert said["timings"]["graph"] > 0


def test_what_loops_over_features_takes_motifs(whole):
    assert whole.modalities == ["rna", "atac"]
    slices = RunSlices(whole.folder, KeptArrays(1 << 26))
    assert slices.n_features == whole.features.n_obs
    search = FeatureSearch(slices)
    assert len(search.all_names("rna")) + len(search.all_names("atac")) + N_MOTIFS == slices.n_features
    assert Monae.load(whole.folder).impute("rna", "atac").shape == (90, len(search.all_names("atac")))
    assert check_run(whole.folder)["finished"]


def test_a_loaded_model_puts_cells_where_they_lay(whole, folder):
    again = Monae.load(whole.folder).embed(folder / "rna.h5ad")
    mine = whole.cells[(whole.cells.obs["modality"] == "rna").to_numpy()]
    assert np.allclose(again.obsm["X_monae"], mine.obsm["X_monae"], atol=1e-4)
    assert np.allclose(again.obsm["X_private"], mine.obsm["X_private"], atol=1e-3)


def test_stopped_in_the_graph_stage_or_in_training_it_goes_on_to_the_same_result(whole, folder, tmp_path):
    for stage in ("graph", "train"):
        seen: list[str] = []

        def stop(stage: str = stage, seen: list[str] = seen) -> bool:
            return bool(seen) and seen[-1] == stage

        out = tmp_path / stage
        with pytest.raises(Stopped):
            run(config_of(folder), out, on_event=lambda event, seen=seen: seen.append(event["stage"]), should_stop=stop)
        again = run(config_of(folder), out, resume=True)
        assert np.array_equal(again.cells.obsm["X_monae"], whole.cells.obsm["X_monae"])
        assert np.array_equal(again.features.obsm["X_monae"], whole.features.obsm["X_monae"])


def test_hits_are_kept_for_both_models_and_monae_has_no_motif_rows(whole, folder, tmp_path):
    plain = run(config_of(folder, model="monae", steps=2), tmp_path / "plain")
    for each in (plain, whole):
        hits = MotifHits.load(each.folder / MOTIF_HITS)
        assert len(hits.ids) == N_MOTIFS
    assert "motif" not in set(plain.features.obs["modality"].astype(str))
    assert "graph_stage" not in plain.report


def test_one_modality_alone_is_a_run(folder, tmp_path):
    config = config_of(folder, inputs={"rna": folder / "rna.h5ad"}, motif_peaks=None, latent_private=0, steps=2)
    result = run(config, tmp_path / "one")
    assert result.report["graph_stage"]["edges"].keys() == {"rna cell - feature"}
    assert np.isfinite(result.cells.obsm["X_monae"]).all()


def test_settings_that_name_files_survive_a_move_and_bundled_motifs_are_no_file(whole, folder, tmp_path):
    assert read_config(whole.folder).motif_peaks == (folder / "motifs.tsv").resolve()
    config = config_of(folder, motif_peaks=None, motifs="jaspar", fasta=folder / "genome.fa")
    assert config.files().keys() == {"bed", "fasta"}
    (tmp_path / "run").mkdir()
    from monae_app.engine.result import write_config

    write_config(tmp_path / "run", config)
    assert str(read_config(tmp_path / "run").motifs) == "jaspar"


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"motifs": "jaspar", "motif_peaks": None}, "motifs is given; give motif_peaks alone"),
        ({"fasta": "genome.fa", "motif_peaks": None}, "fasta is given"),
        ({"fasta": "genome.fa", "motifs": "jaspar"}, "motif_peaks and motifs and fasta are given"),
        ({"inputs": {"rna": "rna.h5ad"}}, "there is no atac among the inputs"),
        ({"model": "monae-x"}, "model = 'monae-x'"),
        ({"graph_stage_rate": 0}, "graph_stage_rate = 0"),
    ],
)
def test_wrong_combinations_are_one_sentence(changes, said, folder):
    with pytest.raises(InputError) as caught:
        config_of(folder, **changes)
    assert said in caught.value.found


def test_the_command_takes_the_flags_and_refuses_what_does_not_go_together(folder, tmp_path, capsys):
    files = [f"rna={folder / 'rna.h5ad'}", f"atac={folder / 'atac.h5ad'}", "--bed", str(folder / "genes.bed.gz")]
    command = ["run", *files, "--out", str(tmp_path / "x"), "--model", "monae-e"]
    assert main([*command, "--motifs", "jaspar"]) == 2
    assert "give motif_peaks alone" in capsys.readouterr().err
    assert main([*command, "--motif-peaks", str(tmp_path / "no.tsv")]) == 2
    assert "There is no file no.tsv" in capsys.readouterr().err
    assert main([*command, "--set", "motif_peaks=a"]) == 2
    assert "use --motif-peaks" in capsys.readouterr().err
