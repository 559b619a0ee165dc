"""A run travels as one file: exported elsewhere, uploaded here, and its map opens."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import Browser, expect

from monae_app.jobs.archive import export_run
from tests.browser.map_page import legend
from tests.browser.uploading import choose, expect_done, serving, visiting
from tests.web.tiny_sample import write_sample

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.browser

# A fresh process loads what reads the tables.
LONG = 60_000


def test_an_archive_becomes_a_run_and_what_is_none_is_said(browser: Browser, tmp_path: Path):
    run = write_sample(tmp_path / "elsewhere") / "run"
    good, bad = tmp_path / "travelled.monae.zip", tmp_path / "damaged.monae.zip"
    export_run(run, good)
    bad.write_bytes(good.read_bytes()[:-3000])
    with serving(tmp_path / "store") as server, visiting(browser, server) as page:
        choose(page, good, bad)
        for path in (good, bad):
            expect_done(page, path.name)
        page.get_by_role("link", name="Training", exact=True).click()
        page.get_by_text("Import a run").click()
        page.get_by_role("button", name="Import the run").click()
        expect(page.locator("#import-shown").get_by_role("alert")).to_contain_text("No archive is chosen")
        page.click("#import-archive")
        page.get_by_role("option", name=bad.name).click()
        page.get_by_role("button", name="Import the run").click()
        expect(page.locator("#import-shown").get_by_role("alert")).to_contain_text(bad.name, timeout=LONG)
        page.click("#import-archive")
        page.get_by_role("option", name=good.name).click()
        page.get_by_role("button", name="Import the run").click()
        expect(page.locator("#import-shown")).to_contain_text("was imported", timeout=LONG)
        expect(page.locator("#training-badge")).to_have_text("Done")
        expect(page.locator("#training-history tbody tr.current")).to_contain_text("Done")
        page.locator("#import-shown").get_by_role("link", name="Open the map").click()
        legend(page)
        expect(page.locator("#map-scores")).to_contain_text("FOSCTTM")
