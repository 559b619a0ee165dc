from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from monae_app.engine.config import RunConfig, make_config
from monae_app.jobs import processes
from monae_app.jobs.local import LocalLauncher
from monae_app.jobs.queue import Queue
from monae_app.jobs.registry import Registry, RunRecord
from monae_app.jobs.run_limits import RunLimits
from tests.jobs import fake_worker, storm

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from monae_app.jobs.progress import RunFolder


@pytest.fixture
def config(tmp_path: Path) -> RunConfig:
    return make_config(inputs={"rna": tmp_path / "rna.h5ad", "atac": tmp_path / "atac.h5ad"}, genome="mm10", steps=20)


@pytest.fixture
def registry(tmp_path: Path) -> Registry:
    return Registry(tmp_path / "store")


@pytest.fixture
def from_here(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let processes find the package and these tests."""
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[2]))


@pytest.fixture
def launcher(registry: Registry, from_here: None) -> Iterator[LocalLauncher]:
    store = registry.runs.parents[2]
    launcher = LocalLauncher(store, RunLimits(100, 100), worker=fake_worker.COMMAND)
    launcher.watch()
    yield launcher
    launcher.close()
    for claim in Queue(store).look().claims.values():
        processes.kill(claim.pid)
    for child in launcher._children:
        child.kill()
        child.wait()


@pytest.fixture(scope="session")
def reference(data: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[RunFolder, float]:
    """An undisturbed run of a real training, and the seconds that it took."""
    run = storm.make_run(tmp_path_factory.mktemp("reference") / "run", data)
    began = time.monotonic()
    storm.finish(run, resume=False)
    return run, time.monotonic() - began


@pytest.fixture
def wait_for() -> Callable[[RunRecord, str], None]:
    def wait(record: RunRecord, state: str, seconds: float = 30.0) -> None:
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            if record.status.state == state:
                return
            time.sleep(0.05)
        pytest.fail(f"{record.status!r} is not {state} after {seconds} s\n{record.files.log_tail()}")

    return wait
