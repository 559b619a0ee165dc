from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from monae_app.engine.config import RunConfig, make_config
from monae_app.jobs.launcher import Launcher
from monae_app.jobs.registry import Registry, RunRecord
from tests.jobs import fake_worker

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@pytest.fixture
def config(tmp_path: Path) -> RunConfig:
    return make_config(inputs={"rna": tmp_path / "rna.h5ad", "atac": tmp_path / "atac.h5ad"}, genome="mm10", steps=20)


@pytest.fixture
def registry(tmp_path: Path) -> Registry:
    return Registry(tmp_path / "store")


@pytest.fixture
def launcher(registry: Registry, monkeypatch: pytest.MonkeyPatch) -> Iterator[Launcher]:
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[2]))
    launcher = Launcher(registry, fake_worker.COMMAND)
    yield launcher
    for _, child in launcher._children.values():
        child.kill()
        child.wait()


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
