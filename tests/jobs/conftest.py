from __future__ import annotations

import json
import os
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from filelock import FileLock

from monae_app.engine.config import RunConfig, make_config
from monae_app.jobs.registry import Registry, RunRecord
from monae_app.jobs.run_folder import RunFolder
from tests.jobs import storm
from tests.jobs.launching import Launching, LocalLaunching

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@pytest.fixture
def config(tmp_path: Path) -> RunConfig:
    inputs = {"rna": tmp_path / "rna.h5ad", "atac": tmp_path / "atac.h5ad"}
    for path in inputs.values():
        path.touch()
    return make_config(inputs=inputs, genome="mm10", steps=20)


@pytest.fixture
def registry(tmp_path: Path) -> Registry:
    return Registry(tmp_path / "store")


@pytest.fixture
def from_here(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let processes find the package and these tests."""
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[2]))


@pytest.fixture(params=["local", pytest.param("cluster", marks=pytest.mark.long)])
def launching(
    request: pytest.FixtureRequest,
    registry: Registry,
    tmp_path: Path,
    from_here: None,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Launching]:
    """Makes launchers of one store: on this machine, or with a Celery worker and a Redis server of their own."""
    # how often a launcher looks is no promise; a test would only wait for its next look
    monkeypatch.setattr("monae_app.jobs.dispatcher.TICK_SECONDS", 0.2)
    store = registry.runs.parents[2]
    if request.param == "local":
        launching: Launching = LocalLaunching(store)
    else:
        from tests.jobs.cluster.cluster_launching import ClusterLaunching

        launching = ClusterLaunching(store, request.getfixturevalue("redis_server").url, tmp_path / "worker.txt")
    yield launching
    launching.clear()


@pytest.fixture(scope="session")
def redis_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    from tests.jobs.cluster.redis_server import RedisServer

    server = RedisServer(tmp_path_factory.mktemp("redis"))
    yield server
    server.stop()


@pytest.fixture(scope="session")
def reference(data: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[RunFolder, float]:
    """An undisturbed run of a real training, and the seconds that it took; trained once for all workers of a suite."""
    root = tmp_path_factory.getbasetemp()
    # a worker's folder stands in the one of the whole suite
    root = root.parent if "PYTEST_XDIST_WORKER" in os.environ else root
    made = root / "reference.json"
    with FileLock(root / "reference.lock"):
        if not made.exists():
            run = storm.make_run(tmp_path_factory.mktemp("reference") / "run", data)
            began = time.monotonic()
            storm.finish(run, resume=False)
            made.write_text(json.dumps([str(run.path), time.monotonic() - began]))
    path, seconds = json.loads(made.read_text())
    return RunFolder(Path(path)), seconds


@pytest.fixture
def launcher(launching: Launching) -> Any:
    launcher = launching.make()
    launcher.watch()
    return launcher


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
