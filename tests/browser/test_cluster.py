"""A real training on a Celery worker, followed in a browser, while everything around it is killed."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import Browser, Page, expect

from monae_app.engine.config import make_config
from monae_app.jobs.launcher import make_launcher
from monae_app.jobs.registry import Registry
from tests.browser.uploading import serving, visiting
from tests.jobs.cluster.machine import REAL, Machine
from tests.jobs.cluster.redis_server import RedisServer
from tests.web.tiny_sample import write_sample

if TYPE_CHECKING:
    from collections.abc import Iterator

    from monae_app.jobs.cluster.launcher import ClusterLauncher
    from monae_app.jobs.registry import RunRecord

pytestmark = [pytest.mark.browser, pytest.mark.long]

STEPS = 3000
SECONDS = 240.0


@pytest.fixture
def redis_server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[RedisServer]:
    folder = tmp_path / "redis"
    folder.mkdir()
    server = RedisServer(folder)
    monkeypatch.setenv("MONAE_REDIS_URL", server.url)
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[2]))
    yield server
    server.stop()


@pytest.fixture
def records(tmp_path: Path) -> list[RunRecord]:
    sample = write_sample(tmp_path / "samples")
    config = make_config(
        inputs={"rna": sample / "rna.h5ad", "atac": sample / "atac.h5ad"},
        bed=sample / "genes.bed",
        n_components=10,
        anchor_components=5,
        features_per_step=64,
        batch_size=32,
    )
    registry = Registry(tmp_path / "store")
    lengths = (STEPS, 5)
    return [registry.create(config.model_copy(update={"steps": steps}), f"Of {steps}") for steps in lengths]


def wait(record: RunRecord, *states: str, steps: int = 0) -> None:
    until = time.monotonic() + SECONDS
    while record.status.state not in states or (record.status.step or 0) < steps:
        assert time.monotonic() < until, (record.status, record.files.log_tail())
        time.sleep(0.1)


def stays_with(launcher: ClusterLauncher, pid: int) -> None:
    """Wait until a worker says that it looks after a training."""
    until = time.monotonic() + SECONDS
    while pid not in [lane.computing for lane in launcher.lanes.present()]:
        assert time.monotonic() < until
        time.sleep(0.1)


def told(page: Page, *words: str) -> None:
    for word in words:
        expect(page.locator("#training-live")).to_contain_text(word, timeout=SECONDS * 1000)


def test_a_real_training_survives_worker_server_redis_and_its_own_death(
    browser: Browser, tmp_path: Path, redis_server: RedisServer, records: list[RunRecord]
):
    store, (record, second) = tmp_path / "store", records
    with serving(store) as server, visiting(browser, server) as page:
        machine = Machine(redis_server.url, store, tmp_path / "worker 1.txt", REAL)
        launcher = make_launcher(store)
        for each in records:
            launcher.submit(each.owner, each.files)
        page.goto(f"{server.address}/training?run={record.id}")
        told(page, f"Of {STEPS}")
        wait(record, "running", steps=20)
        pid = record.status.pid
        # The Celery worker is killed: its training does not notice.
        machine.kill()
        server.stop(signal.SIGTERM)
        server.start()
        machine = Machine(redis_server.url, store, tmp_path / "worker 2.txt", REAL, ready=False)
        stays_with(launcher, pid)
        wait(record, "running", steps=record.status.step + 20)
        assert record.status.pid == pid
        # Redis is killed, and has forgotten everything when it is back.
        redis_server.stop()
        time.sleep(3)
        redis_server.start()
        wait(record, "running", steps=record.status.step + 20)
        assert second.status.state == "queued"
        # The training itself is killed.
        os.kill(pid, signal.SIGKILL)
        wait(record, "lost")
        wait(second, "done")
        launcher.submit(record.owner, record.files, resume=True)
        wait(record, "running", steps=20)
        # An update of the worker: the training goes on where it was.
        before = record.status.step
        assert machine.end() == 0
        assert record.status.state == "queued"
        machine = Machine(redis_server.url, store, tmp_path / "worker 3.txt", REAL)
        wait(record, "done")
        page.reload()
        told(page, "Done")
        launcher.close()
        machine.clear()
    steps = [event["step"] for event in record.files.read_events()[0] if "step" in event]
    assert steps[-1] == STEPS
    assert steps[next(index for index, step in enumerate(steps) if step > before) :][0] <= before + 100
    assert record.finished
    assert second.finished
