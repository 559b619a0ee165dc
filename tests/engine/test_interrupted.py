"""Wherever a run ends too early, it goes on to the result of a run that nobody disturbed."""

from __future__ import annotations

import errno
import json
import os
import subprocess
import sys
from functools import partial
from typing import TYPE_CHECKING

import anndata as ad
import numpy as np
import pytest

from monae_app.engine import result as result_files
from monae_app.engine.data.planted import make_planted
from monae_app.engine.errors import InputError, Stopped, StorageError
from monae_app.engine.pipeline import run
from monae_app.engine.result import CELLS, CHECKPOINT, FEATURES, REPORT, RESULTS, WEIGHTS, Result
from monae_app.engine.training.checkpoint import Checkpoint
from monae_app.engine.training.trainer import TrainerSettings
from tests.engine.small_runs import small_config

if TYPE_CHECKING:
    from pathlib import Path

    from monae_app.engine.config import RunConfig

STEPS = 12
STAGES = ["read", "preprocess", "link", "anchors", "train", "analyse", "save"]

pytestmark = pytest.mark.usefixtures("hasty")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("small")
    make_planted(n_cells=90, n_genes=120, n_peaks=400, n_types=3, seed=4).write(folder)
    return folder


@pytest.fixture(scope="module")
def config(folder: Path) -> RunConfig:
    return config_of(folder)


def config_of(folder: Path, **changes: object) -> RunConfig:
    return small_config(folder, **({"steps": STEPS} | changes))


class Killed(BaseException):
    """What no handler of errors sees, like the end of a process."""


@pytest.fixture(scope="module")
def whole(config: RunConfig, folder: Path) -> Result:
    """Nobody disturbed it."""
    return run(config, folder / "whole")


def same(first: Result, second: Result) -> None:
    for key in ("X_monae", "X_private", "X_umap"):
        np.testing.assert_array_equal(first.cells.obsm[key], second.cells.obsm[key])
    assert first.report["steps"] == second.report["steps"]


def finished(folder: Path) -> bool:
    return (folder / REPORT).exists()


@pytest.fixture
def often(monkeypatch: pytest.MonkeyPatch) -> None:
    """A checkpoint every four steps."""
    settings = partial(TrainerSettings, checkpoint_every=4, share_of_saving=1.0)
    monkeypatch.setattr("monae_app.engine.training.session.TrainerSettings", settings)


@pytest.mark.usefixtures("often")
@pytest.mark.parametrize("stage", STAGES)
def test_killed_in_any_stage_it_goes_on_to_the_same_result(stage, config, whole, tmp_path):
    def kill(event):
        if event["stage"] == stage and (stage != "train" or event.get("step") == 10):
            raise Killed

    with pytest.raises(Killed):
        run(config, tmp_path / "run", on_event=kill)
    assert not finished(tmp_path / "run")
    if stage == "train":
        assert Checkpoint.read_head(tmp_path / "run" / CHECKPOINT).step == 8
    same(run(config, tmp_path / "run", resume=True), whole)
    assert finished(tmp_path / "run")


@pytest.mark.usefixtures("often")
@pytest.mark.parametrize("name", [CHECKPOINT, *RESULTS])
def test_killed_while_a_file_is_written_it_goes_on_to_the_same_result(name, config, whole, tmp_path, monkeypatch):
    """What is half written lies beside, under the name of a process that is dead."""
    dead = subprocess.Popen([sys.executable, "-c", ""])
    dead.wait()
    write, left = result_files.write_atomically, [2 if name == CHECKPOINT else 1]

    def killed_in_the_middle(path, content, **settings):
        left[0] -= path.name == name
        if not left[0]:
            path.with_name(f".{name}.{dead.pid}.tmp").write_bytes(b"half of it")
            raise Killed
        write(path, content, **settings)

    for module in ("result", "training.checkpoint"):
        monkeypatch.setattr(f"monae_app.engine.{module}.write_atomically", killed_in_the_middle)
    with pytest.raises(Killed):
        run(config, tmp_path / "run")
    monkeypatch.undo()
    assert not finished(tmp_path / "run")
    assert list((tmp_path / "run").glob(".*.tmp"))
    assert Checkpoint.read_head(tmp_path / "run" / CHECKPOINT).step == (4 if name == CHECKPOINT else STEPS)
    same(run(config, tmp_path / "run", resume=True), whole)
    assert not list((tmp_path / "run").glob(".*.tmp"))


def test_what_training_reached_is_not_trained_again(config, whole, tmp_path):
    def kill(event):
        if event["stage"] == "analyse":
            raise Killed

    with pytest.raises(Killed):
        run(config, tmp_path / "run", on_event=kill)
    assert Checkpoint.read_head(tmp_path / "run" / CHECKPOINT).step == STEPS
    events: list[dict] = []
    same(run(config, tmp_path / "run", on_event=events.append, resume=True), whole)
    assert not [event for event in events if "step" in event]
    assert any("nothing is left to train" in event["message"] for event in events if "message" in event)


@pytest.mark.parametrize("stage", [stage for stage in STAGES if stage != "train"])
def test_a_stop_is_heeded_in_every_stage(stage, config, whole, tmp_path):
    seen: list[str] = []

    def stop():
        return bool(seen) and seen[-1] == stage

    with pytest.raises(Stopped) as stopped:
        run(config, tmp_path / "run", on_event=lambda event: seen.append(event["stage"]), should_stop=stop)
    assert stopped.value.step == (STEPS if stage in ("analyse", "save") else 0)
    assert len([each for each in seen if each == stage]) <= 2
    same(run(config, tmp_path / "run", resume=True), whole)


def test_an_old_report_never_stands_beside_a_run_that_goes_on(config, whole, tmp_path):
    run(config, tmp_path / "run")

    def look(event):
        assert not [name for name in RESULTS if (tmp_path / "run" / name).exists()] or event["stage"] == "save"
        if event["stage"] == "anchors":
            raise Killed

    with pytest.raises(Killed):
        run(config, tmp_path / "run", on_event=look, resume=True)
    assert not finished(tmp_path / "run")
    assert (tmp_path / "run" / CHECKPOINT).exists()


def test_files_of_living_processes_are_left_alone(config, tmp_path):
    (tmp_path / "run").mkdir()
    living = tmp_path / "run" / f".status.json.{os.getpid()}.tmp"
    living.write_text("{}")
    note = tmp_path / "run" / ".note.tmp"
    note.write_text("mine")
    result_files.make_ready(tmp_path / "run", resume=True)
    assert living.exists()
    assert note.exists()


def test_the_report_is_the_last_file(config, whole, folder):
    times = [(folder / "whole" / name).stat().st_mtime_ns for name in RESULTS]
    assert times == sorted(times)


def test_a_finished_run_is_extended_and_its_parent_is_left_alone(folder, config, whole, tmp_path):
    parent = {path.name: path.read_bytes() for path in (folder / "whole").iterdir()}
    longer = config_of(folder, steps=2 * STEPS)
    (tmp_path / "child").mkdir()
    (tmp_path / "child" / CHECKPOINT).write_bytes(parent[CHECKPOINT])
    steps: list[int] = []
    child = run(longer, tmp_path / "child", on_event=lambda event: steps.append(event.get("step", 0)), resume=True)
    assert child.report["steps"] == 2 * STEPS
    assert min(step for step in steps if step) > STEPS
    assert {path.name: path.read_bytes() for path in (folder / "whole").iterdir()} == parent
    assert not np.array_equal(child.cells.obsm["X_monae"], whole.cells.obsm["X_monae"])
    assert Checkpoint.read_head(tmp_path / "child" / CHECKPOINT).step == 2 * STEPS


def test_patience_that_ended_a_run_does_not_end_its_extension(folder, tmp_path):
    short = run(config_of(folder, steps=60, patience=2), tmp_path / "run")
    reached = short.report["steps"]
    assert reached < 60
    longer = run(config_of(folder, steps=80, patience=2), tmp_path / "run", resume=True)
    assert longer.report["steps"] > reached


def test_a_checkpoint_of_other_data_is_refused_in_words(folder, config, whole, tmp_path):
    """Of equal shape, so that the network alone would take it."""
    other = tmp_path / "other"
    other.mkdir()
    for name in ("rna.h5ad", "atac.h5ad", "genes.bed.gz"):
        (other / name).write_bytes((folder / name).read_bytes())
    table = ad.read_h5ad(other / "rna.h5ad")
    table.X.data[0] += 1
    table.write_h5ad(other / "rna.h5ad")
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / CHECKPOINT).write_bytes((folder / "whole" / CHECKPOINT).read_bytes())
    with pytest.raises(InputError, match="trained on other data"):
        run(config_of(other), tmp_path / "run", resume=True)
    assert (tmp_path / "run" / CHECKPOINT).exists()


def full_disk(monkeypatch: pytest.MonkeyPatch, names: tuple[str, ...], times: int = 10**9) -> None:
    """Let the disk be full whenever one of the files is to be written, so many times."""
    write, left = result_files.write_atomically, [times]

    def fails(path, content, **settings):
        def half(temporary):
            temporary.write_bytes(b"half of it")
            raise OSError(errno.ENOSPC, "No space left on device", str(temporary))

        if path.name in names and left[0] > 0:
            left[0] -= 1
            content = half
        write(path, content, **settings)

    for module in ("result", "training.checkpoint"):
        monkeypatch.setattr(f"monae_app.engine.{module}.write_atomically", fails)


def test_a_full_disk_does_not_end_the_training(config, whole, tmp_path, monkeypatch):
    full_disk(monkeypatch, (CHECKPOINT,))
    events: list[dict] = []
    same(run(config, tmp_path / "run", on_event=events.append), whole)
    (told,) = [event["warning"] for event in events if "warning" in event]
    assert "could not be written" in told
    assert "No space left" in told
    assert json.dumps(events)
    assert {path.name for path in (tmp_path / "run").iterdir()} == {"config.json", *RESULTS}


@pytest.mark.parametrize("name", [WEIGHTS, FEATURES])
def test_a_result_that_finds_no_room_is_said_in_words_and_written_later(name, config, whole, tmp_path, monkeypatch):
    full_disk(monkeypatch, (name,), times=1)
    with pytest.raises(StorageError) as refused:
        run(config, tmp_path / "run")
    assert "the disk is full" in refused.value.found
    assert "free some space" in refused.value.todo
    assert not finished(tmp_path / "run")
    assert not list((tmp_path / "run").glob(".*.tmp"))
    assert Checkpoint.read_head(tmp_path / "run" / CHECKPOINT).step == STEPS
    same(run(config, tmp_path / "run", resume=True), whole)


def test_a_folder_without_any_room_is_refused_in_words(config, tmp_path, monkeypatch):
    full_disk(monkeypatch, ("config.json",))
    with pytest.raises(StorageError, match="the disk is full"):
        run(config, tmp_path / "run")


def test_weights_cells_and_features_are_named_in_the_order_of_writing():
    assert RESULTS == (WEIGHTS, CELLS, FEATURES, REPORT)
