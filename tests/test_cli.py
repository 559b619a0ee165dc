"""The command line as others script against it: files in, a run folder or one message out."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import anndata as ad
import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp

from monae_app.cli import main
from monae_app.engine.data.planted import make_planted

if TYPE_CHECKING:
    from collections.abc import Callable

SHORT = ["--steps", "12", "--set", "batch_size=32", "--set", "n_components=20"]
RUN_FILES = {
    "config.json",
    "status.json",
    "progress.jsonl",
    "log.txt",
    "weights.safetensors",
    "cells.h5ad",
    "features.h5ad",
    "report.json",
}


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("data")
    make_planted(n_cells=80, n_genes=100, n_peaks=300, n_types=3, seed=2).write(folder)
    return folder


def arguments(data: Path, out: Path, **files: Path) -> list[str]:
    rna, atac = files.get("rna", data / "rna.h5ad"), files.get("atac", data / "atac.h5ad")
    return ["run", f"rna={rna}", f"atac={atac}", "--bed", str(data / "genes.bed.gz"), "--out", str(out), *SHORT]


def test_run_then_score(data, tmp_path, capsys):
    out = tmp_path / "run"
    assert main(arguments(data, out)) == 0
    said = capsys.readouterr()
    assert len(said.out.strip().splitlines()) == 1
    assert "160 cells" in said.out
    assert "train: step 12 of 12" in said.err
    assert {path.name for path in out.iterdir()} == RUN_FILES
    first = json.loads((out / "progress.jsonl").read_text().splitlines()[0])
    assert "stage" in first

    assert main(["score", str(out), "--json"]) == 0
    scores = json.loads(capsys.readouterr().out)
    report = json.loads((out / "report.json").read_text())
    assert scores == report["metrics"]
    assert {"foscttm", "same_modality", "label_transfer", "label_transfer_balanced", "ari", "asw_label"} <= set(scores)

    assert main(["score", str(out), "--label", "nothing"]) == 2
    assert "no obs column 'nothing'" in capsys.readouterr().err


def test_an_existing_run_is_refused_and_replaced_only_when_asked(data, tmp_path, capsys):
    out = tmp_path / "run"
    assert main(arguments(data, out)) == 0
    before = (out / "cells.h5ad").read_bytes()
    assert main(arguments(data, out)) == 2
    assert "holds a run already" in capsys.readouterr().err
    assert (out / "cells.h5ad").read_bytes() == before

    broken = tmp_path / "broken.h5ad"
    broken.write_bytes(b"nothing")
    assert main([*arguments(data, out, rna=broken), "--overwrite"]) == 2
    assert (out / "cells.h5ad").read_bytes() == before

    assert main([*arguments(data, out), "--overwrite", "--seed", "3"]) == 0
    assert (out / "cells.h5ad").read_bytes() != before
    assert [path.name for path in tmp_path.iterdir() if "replaced" in path.name] == []


def test_a_folder_that_is_no_run_is_never_overwritten(data, tmp_path, capsys):
    (tmp_path / "thesis").mkdir()
    (tmp_path / "thesis" / "chapter.txt").write_text("years of work")
    assert main([*arguments(data, tmp_path / "thesis"), "--overwrite"]) == 2
    assert "is no run" in capsys.readouterr().err
    assert (tmp_path / "thesis" / "chapter.txt").read_text() == "years of work"


def edited(name: str, edit: Callable[[ad.AnnData], ad.AnnData | None]) -> Callable[[Path, Path], dict[str, Path]]:
    def make(data: Path, folder: Path) -> dict[str, Path]:
        table = ad.read_h5ad(data / f"{name}.h5ad")
        changed = edit(table)
        (table if changed is None else changed).write_h5ad(folder / f"{name}.h5ad")
        return {name: folder / f"{name}.h5ad"}

    return make


def plain_text(data: Path, folder: Path) -> dict[str, Path]:
    (folder / "rna.h5ad").write_text("gene,cell\n")
    return {"rna": folder / "rna.h5ad"}


def missing(data: Path, folder: Path) -> dict[str, Path]:
    return {"rna": folder / "nowhere.h5ad"}


def cut_off(data: Path, folder: Path) -> dict[str, Path]:
    content = (data / "rna.h5ad").read_bytes()
    (folder / "rna.h5ad").write_bytes(content[: len(content) // 2])
    return {"rna": folder / "rna.h5ad"}


def without_x(table: ad.AnnData) -> None:
    table.layers["counts"] = table.X
    table.X = None


def with_nan(table: ad.AnnData) -> None:
    table.X = table.X.toarray()
    table.X[3, 4] = np.nan


def with_negatives(table: ad.AnnData) -> None:
    table.X = sp.csr_matrix(table.X.toarray() - 1)


def with_empty_cells(table: ad.AnnData) -> None:
    keep = np.ones(table.n_obs)
    keep[[5, 9]] = 0
    table.X = sp.csr_matrix(sp.diags(keep) @ table.X)


def with_twin_cells(table: ad.AnnData) -> None:
    table.obs_names = ["twin", "twin", *table.obs_names[2:]]


def with_twin_genes(table: ad.AnnData) -> None:
    table.var_names = ["Gene0", "Gene0", *table.var_names[2:]]


def with_odd_peaks(table: ad.AnnData) -> None:
    table.var_names = [f"peak number {i}" for i in range(table.n_vars)]


def with_foreign_genes(table: ad.AnnData) -> None:
    table.var_names = [f"Foreign{i}" for i in range(table.n_vars)]


def without_cells(table: ad.AnnData) -> ad.AnnData:
    return table[:0].copy()


@pytest.mark.filterwarnings("ignore:Observation names are not unique")
@pytest.mark.filterwarnings("ignore:Variable names are not unique")
@pytest.mark.parametrize(
    ("make", "words"),
    [
        (plain_text, "is no .h5ad"),
        (missing, "There is no file"),
        (cut_off, "cut off or damaged"),
        (edited("rna", without_x), "has no matrix X (layers: 'counts'"),
        (edited("rna", with_nan), "1 values are NaN or infinite, first in cell 'r3'"),
        (edited("rna", with_negatives), "values are negative, the lowest -1"),
        (edited("atac", with_empty_cells), "2 of 80 cells have no counts at all, first 'a5'"),
        (edited("rna", with_twin_cells), "1 cell names stand more than once, such as 'twin'"),
        (edited("rna", with_twin_genes), "1 feature names stand more than once, such as 'Gene0'"),
        (edited("atac", with_odd_peaks), "peak number 0"),
        (edited("rna", with_foreign_genes), "None of the 100 genes"),
        (edited("rna", without_cells), "0 cells x 100 features"),
    ],
)
def test_bad_input_ends_in_one_message_and_leaves_nothing(make, words, data, tmp_path, capsys):
    files = make(data, tmp_path)
    out = tmp_path / "deeper" / "run"
    assert main(arguments(data, out, **files)) == 2
    said = capsys.readouterr().err
    message = [line for line in said.splitlines() if line.startswith("monae:")]
    assert len(message) == 1
    assert words in message[0]
    assert "Expected:" in message[0]
    assert "To do:" in message[0]
    assert "Traceback" not in said
    assert not out.parent.exists()


def test_empty_cells_can_be_left_out(data, tmp_path, capsys):
    files = edited("atac", with_empty_cells)(data, tmp_path)
    assert main([*arguments(data, tmp_path / "run", **files), "--set", "min_counts=1"]) == 0
    assert "158 cells" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("extra", "words"),
    [
        (["--set", "batch_size=0"], "batch_size"),
        (["--set", "bach_size=9"], "no setting called 'bach_size'"),
        (["--set", "steps=9"], "use --steps"),
        (["--batch-key", "nothing"], "no obs column 'nothing'"),
        (["--paired"], "no cell name stands in both"),
        (["--device", "cuda"], "This machine has no cuda device"),
        (["protein=x.h5ad"], "names no input"),
    ],
)
def test_wrong_settings_are_named(extra, words, data, tmp_path, capsys):
    if "cuda" in extra and Path("/dev/nvidia0").exists():
        extra = ["--device", "mps"]
        words = "This machine has no mps device"
    assert main([*arguments(data, tmp_path / "run"), *extra]) == 2
    assert words in capsys.readouterr().err
    assert not (tmp_path / "run").exists()


def test_without_a_genome_the_message_says_so(data, tmp_path, capsys):
    call = ["run", f"rna={data / 'rna.h5ad'}", f"atac={data / 'atac.h5ad'}", "--out", str(tmp_path / "run")]
    assert main(call) == 2
    assert "--genome hg38, hg19 or mm10" in capsys.readouterr().err


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_leaves_a_checkpoint_and_resume_gives_the_same_result(number, data, tmp_path):
    whole, stopped = tmp_path / "whole", tmp_path / "stopped"
    command = [sys.executable, "-m", "monae_app.cli"]
    # long enough that the signal arrives in mid-training
    length = ["--steps", "400", "--set", "batch_size=64"]
    process = subprocess.Popen(
        [*command, *arguments(data, stopped)[:-6], *length], stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    progress = stopped / "progress.jsonl"
    deadline = time.monotonic() + 120
    while not (progress.exists() and '"step": ' in progress.read_text()):
        assert process.poll() is None, process.stderr.read()
        assert time.monotonic() < deadline
        time.sleep(0.02)
    sent = time.monotonic()
    process.send_signal(number)
    _, said = process.communicate(timeout=60)
    assert time.monotonic() - sent < 10
    assert process.returncode == 128 + number
    assert "monae run --resume" in said
    assert (stopped / "checkpoint.safetensors").is_file()
    assert json.loads((stopped / "status.json").read_text())["state"] == "cancelled"

    assert main(["run", "--resume", str(stopped)]) == 0
    assert main([*arguments(data, whole)[:-6], *length]) == 0
    first, second = (ad.read_h5ad(folder / "cells.h5ad").obsm["X_monae"] for folder in (whole, stopped))
    np.testing.assert_array_equal(first, second)


def test_an_old_run_is_kept_when_its_replacement_was_stopped(data, tmp_path, capsys, monkeypatch):
    out = tmp_path / "run"
    assert main(arguments(data, out)) == 0
    before = (out / "cells.h5ad").read_bytes()
    monkeypatch.setattr("monae_app.jobs.worker.Recorder.should_stop", lambda self: self._status.step is not None)
    assert main([*arguments(data, out), "--overwrite"]) == 130
    assert "kept as" in capsys.readouterr().err
    assert (tmp_path / "run.previous" / "cells.h5ad").read_bytes() == before
    assert (out / "checkpoint.safetensors").is_file()


def test_resume_refuses_what_cannot_go_on(data, tmp_path, capsys):
    assert main(["run", "--resume", str(tmp_path)]) == 2
    assert "is no run" in capsys.readouterr().err
    assert main(arguments(data, tmp_path / "run")) == 0
    assert main(["run", "--resume", str(tmp_path / "run")]) == 2
    assert "is finished" in capsys.readouterr().err


def test_files_beside_the_run_are_named_relative_to_it(data, tmp_path, capsys):
    """A run and its data can move together."""
    for name in ("rna.h5ad", "atac.h5ad", "genes.bed.gz"):
        (tmp_path / name).write_bytes((data / name).read_bytes())
    assert main(arguments(tmp_path, tmp_path / "run")) == 0
    config = json.loads((tmp_path / "run" / "config.json").read_text())
    assert config["inputs"] == {"rna": "rna.h5ad", "atac": "atac.h5ad"}
    assert config["bed"] == "genes.bed.gz"


def test_every_obs_column_survives(data, tmp_path):
    table = ad.read_h5ad(data / "rna.h5ad")
    table.obs["leiden"] = pd.Categorical(np.where(np.arange(table.n_obs) % 2, "even", "odd"))
    table.obs["age"] = np.arange(table.n_obs) / 3
    table.write_h5ad(tmp_path / "rna.h5ad")
    assert main(arguments(data, tmp_path / "run", rna=tmp_path / "rna.h5ad")) == 0
    cells = ad.read_h5ad(tmp_path / "run" / "cells.h5ad")
    assert list(cells.obs["input_leiden"][:2]) == ["odd", "even"]
    assert cells.obs["age"][:80].notna().all()
    assert cells.obs["age"][80:].isna().all()


def test_help_lists_every_setting(capsys):
    with pytest.raises(SystemExit) as ended:
        main(["run", "--help"])
    assert ended.value.code == 0
    said = capsys.readouterr().out
    for name in ("lambda_anchor", "n_top_genes", "min_counts", "window", "--resume", "--overwrite"):
        assert name in said


def test_the_module_runs_by_name():
    said = subprocess.run(
        [sys.executable, "-m", "monae_app.cli", "--version"], capture_output=True, text=True, check=True, env=os.environ
    )
    assert said.stdout.startswith("monae 0.")
