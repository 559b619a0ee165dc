"""Nothing that happens to the page or to the server touches a training."""

from __future__ import annotations

import re
import signal
import time
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import Browser, Page, expect

from monae_app.engine.config import make_config
from monae_app.jobs import processes
from monae_app.jobs.local import LocalLauncher
from monae_app.jobs.registry import Registry, RunRecord
from tests.browser.map_page import legend
from tests.browser.uploading import Server, serving, visiting
from tests.web.tiny_sample import write_sample

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.browser

STEPS = 800
TRAINING = 240_000


@pytest.fixture
def record(tmp_path: Path) -> RunRecord:
    """A run of the user of this machine, not yet in line."""
    sample = write_sample(tmp_path / "samples")
    config = make_config(
        inputs={"rna": sample / "rna.h5ad", "atac": sample / "atac.h5ad"},
        bed=sample / "genes.bed",
        steps=STEPS,
        n_components=10,
        anchor_components=5,
        features_per_step=64,
        batch_size=32,
    )
    return Registry(tmp_path / "store").create(config, "Overnight")


def step(page: Page) -> int:
    told = page.locator("#training-live").inner_text()
    found = re.search(r"([\d,]+) of 800", told)
    return int(found.group(1).replace(",", "")) if found else 0


def wait_for_steps(page: Page, more_than: int) -> int:
    until = time.monotonic() + TRAINING / 1000
    while (now := step(page)) <= more_than:
        assert time.monotonic() < until, page.locator("#training-live").inner_text()
        page.wait_for_timeout(200)
    return now


def open_run(page: Page, server: Server, record: RunRecord) -> None:
    page.goto(f"{server.address}/training?run={record.id}")
    expect(page.locator("#training-live")).to_contain_text("Overnight")


def test_a_training_goes_on_through_reload_second_browser_and_restart(
    browser: Browser, tmp_path: Path, record: RunRecord
):
    with serving(tmp_path / "store") as server, visiting(browser, server) as page:
        starter = LocalLauncher(tmp_path / "store")
        starter.submit(record.owner, record.files)
        starter.close()
        open_run(page, server, record)
        seen = wait_for_steps(page, 0)
        worker = record.status.pid
        page.reload()
        seen = wait_for_steps(page, seen)
        with visiting(browser, server) as second:
            open_run(second, server, record)
            seen = wait_for_steps(second, seen)
        # The server is told to end, and comes back on the same port; the page is left alone.
        server.stop(signal.SIGTERM)
        assert processes.alive(worker, processes.identity(worker))
        server.start()
        wait_for_steps(page, seen)
        assert record.status.pid == worker
        expect(page.locator("#training-live")).to_contain_text("Done", timeout=TRAINING)
        page.locator("#training-ended").get_by_role("link", name="Open the map").click()
        assert legend(page)
    assert record.finished
    steps = [event["step"] for event in record.files.read_events()[0] if "step" in event]
    assert steps == sorted(set(steps))
    assert steps[-1] == STEPS
