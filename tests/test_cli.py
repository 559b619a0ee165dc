"""The command line as others script against it: files in, a run folder or one message out."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import anndata as ad
import numpy as np
import pandas as pd
import pytest

from monae_app.cli import main
from tests.conftest import run_arguments as arguments

if TYPE_CHECKING:
    from pathlib import Path

RUN_FILES = {
    "config.json",
    "status.json",
    "progress.jsonl",
    "log.txt",
    "weights.safetensors",
    "checkpoint.safetensors",
    "cells.h5ad",
    "features.h5ad",
    "report.json",
}

# long enough that a signal arrives in mid-training
LONG = ["--steps", "150", "--set", "batch_size=64"]


def test_run_then_score(data, tmp_path, capsys):
    out = tmp_path / "run"
    assert main([*arguments(data, out), "--batch-key", "batch"]) == 0
    said = capsys.readouterr()
    assert len(said.out.strip().splitlines()) == 1
    assert "160 cells" in said.out
    assert "train: step 12 of 12" in said.err
    assert {path.name for path in out.iterdir() if not path.name.startswith(".")} == RUN_FILES
    first = json.loads((out / "progress.jsonl").read_text().splitlines()[0])
    assert "stage" in first

    assert main(["score", str(out), "--json"]) == 0
    scores = json.loads(capsys.readouterr().out)
    report = json.loads((out / "report.json").read_text())
    assert scores == report["metrics"]
    assert {"foscttm", "same_modality", "label_transfer", "label_transfer_balanced", "ari", "asw_label"} <= set(scores)
    assert {"ilisi", "kbet"} <= set(scores)

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


@pytest.fixture(scope="module")
def whole(data, tmp_path_factory) -> Path:
    """Run that nobody stopped."""
    folder = tmp_path_factory.mktemp("whole") / "run"
    assert main(arguments(data, folder, length=LONG)) == 0
    return folder


@pytest.mark.parametrize("number", [pytest.param(signal.SIGINT, marks=pytest.mark.long), signal.SIGTERM])
def test_a_signal_leaves_a_checkpoint_and_resume_gives_the_same_result(number, data, whole, tmp_path):
    stopped = tmp_path / "stopped"
    command = [sys.executable, "-m", "monae_app.cli"]
    process = subprocess.Popen(
        [*command, *arguments(data, stopped, length=LONG)], stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True
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
    # Ten seconds are promised to a machine that is not busy with the other tests.
    assert time.monotonic() - sent < 30
    assert process.returncode == 128 + number
    assert "monae run --resume" in said
    assert (stopped / "checkpoint.safetensors").is_file()
    assert json.loads((stopped / "status.json").read_text())["state"] == "cancelled"

    assert main(["run", "--resume", str(stopped)]) == 0
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
