"""A demo begins in a clean store of its own, and leaves nobody writing into what was cleared away."""

from __future__ import annotations

import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest

from monae_app.engine.config import make_config
from monae_app.engine.errors import InputError
from monae_app.jobs import demo_store, processes
from monae_app.jobs.demo_store import empty_user, end_trainings, open_demo
from monae_app.jobs.local import LocalLauncher
from monae_app.jobs.progress import Status
from monae_app.jobs.registry import Registry

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from monae_app.jobs.registry import RunRecord

# A worker that ends when it is asked to, and one that does not listen.
ASLEEP = "import time; time.sleep(600)"
DEAF = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('deaf', flush=True); time.sleep(600)"


@pytest.fixture
def worker() -> Iterator[list[subprocess.Popen[bytes]]]:
    started: list[subprocess.Popen[bytes]] = []
    yield started
    for each in started:
        each.kill()
        each.communicate()


def computing(store: Path, started: list[subprocess.Popen[bytes]], code: str = ASLEEP) -> RunRecord:
    """Make a run that a process computes."""
    process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, start_new_session=True)
    started.append(process)
    if code == DEAF:
        assert process.stdout is not None
        process.stdout.readline()
    record = Registry(store).create(make_config(inputs={"rna": store / "rna.h5ad"}, genome="hg38"), "a run")
    said = {"pid": process.pid, "process": processes.identity(process.pid), "host": processes.host()}
    record.files.write_status(Status(state="running", name="a run", created=time.time(), **said))
    return record


def files(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def test_each_demo_begins_clean_unless_it_goes_on(tmp_path: Path):
    (tmp_path / "users").mkdir()
    (tmp_path / "users" / "kept.txt").write_text("of the app that people work in")
    with open_demo(tmp_path) as first:
        assert first.folder == tmp_path / "demo" / "1"
        assert "clean" in first.told
        (first.folder / "users" / "local").mkdir(parents=True)
        (first.folder / "users" / "local" / "done.txt").write_text("x")
    with open_demo(tmp_path, keep=True) as second:
        assert (second.folder, second.id) == (first.folder, first.id)
        assert (second.folder / "users" / "local" / "done.txt").is_file()
        assert "Going on" in second.told
    with open_demo(tmp_path) as third:
        assert third.folder == first.folder
        assert third.id != first.id
        assert files(third.folder) == {"demo.id"}
        assert "--keep" in third.told
    assert (tmp_path / "users" / "kept.txt").is_file()


def test_a_demo_that_still_runs_is_left_alone(tmp_path: Path):
    with open_demo(tmp_path) as first:
        (first.folder / "done.txt").write_text("x")
        with open_demo(tmp_path) as second:
            assert second.folder != first.folder
            assert (first.folder / "done.txt").is_file()
        with open_demo(tmp_path, keep=True) as third:
            # the one that runs was used last but one, and is not free
            assert (third.folder, third.id) == (second.folder, second.id)


def test_keep_without_a_demo_before_begins_clean(tmp_path: Path):
    with open_demo(tmp_path, keep=True) as first:
        assert "clean" in first.told
        assert first.id


@pytest.mark.parametrize("code", [ASLEEP, DEAF])
def test_trainings_of_the_last_demo_are_ended_before_its_store_goes(tmp_path: Path, worker, monkeypatch, code: str):
    monkeypatch.setattr(demo_store, "GRACE_SECONDS", 0.3)
    with open_demo(tmp_path) as first:
        record = computing(first.folder, worker, code)
    with open_demo(tmp_path) as second:
        assert not record.folder.exists()
        assert "1 run of the last one removed, 1 training ended" in second.told
        assert files(second.folder) == {"demo.id"}
    assert worker[0].wait(5) is not None


def test_a_user_is_emptied_alone(tmp_path: Path, worker):
    record = computing(tmp_path, worker)
    other = Registry(tmp_path, "other").create(record.files.read_config(), "of somebody else")
    launcher = LocalLauncher(tmp_path)
    assert empty_user(tmp_path, launcher, "local") == 1
    assert not record.folder.exists()
    assert other.folder.is_dir()
    assert worker[0].wait(5) is not None
    # where there is nothing, nothing is done
    assert empty_user(tmp_path, launcher, "nobody") == 0
    launcher.close()


def test_a_training_elsewhere_that_does_not_end_is_said_and_nothing_is_removed(tmp_path: Path, monkeypatch):
    monkeypatch.setattr(demo_store, "PATIENCE_SECONDS", 0.2)
    record = Registry(tmp_path).create(make_config(inputs={"rna": tmp_path / "rna.h5ad"}, genome="hg38"), "far away")
    far = Status(state="running", name="far away", pid=1, process="boot/pid:[1]/7", host="elsewhere")
    record.files.write_status(far)
    launcher = LocalLauncher(tmp_path)
    with pytest.raises(InputError, match="does not end"):
        end_trainings(tmp_path, launcher)
    assert record.folder.is_dir()
    launcher.close()
