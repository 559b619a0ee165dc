"""What can be done with runs: wait, cancel, go on, try again, extend, rename, delete, share. Workers pretend."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Browser, Page, expect

from monae_app.jobs import local, processes
from tests.browser import quick_worker
from tests.browser.conftest import HARMLESS, open_page
from tests.browser.training import Server, open_training, setting, start, state

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def server(folders: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", str(Path(__file__).parents[2]))
        patch.setattr(local, "WORKER", quick_worker.COMMAND)
        server = Server(folders, tmp_path_factory.mktemp("runs"))
        server.start()
        yield server
        for claim in server.services.launcher.queue.look().claims.values():
            processes.kill(claim.pid)
        server.end()


@pytest.fixture
def page(browser: Browser, server: Server) -> Iterator[Page]:
    yield from open_page(browser, server.address)


def test_a_second_training_waits_in_line_and_both_can_be_cancelled(page: Page):
    open_training(page)
    start(page, "1,000,000", name="endless")
    expect(page.locator("#training-live")).to_contain_text("of 1,000,000")
    endless = page.url
    expect(page.locator("#training-check")).to_contain_text("in line")
    start(page, "40", name="patient")
    state(page, "Waiting")
    expect(page.locator("#training-watch")).to_contain_text("Waiting: 1st of 1 in line, its turn in")
    expect(page.locator("#training-history tbody tr.current")).to_contain_text("1st of 1 in line")
    page.get_by_role("button", name="Cancel training").click()
    state(page, "Cancelled")
    expect(page.locator("#training-ended")).to_contain_text("Cancelled before it began")
    expect(page.locator("#training-resume")).to_have_text("Start again")
    page.goto(endless)
    state(page, "Running")
    page.get_by_role("button", name="Cancel training").click()
    state(page, "Cancelled", timeout=180_000)
    expect(page.locator("#training-cancel")).to_be_hidden()
    page.wait_for_timeout(2500)
    asked: list[str] = []
    page.on("request", lambda sent: asked.append(sent.url))
    page.wait_for_timeout(3000)
    assert asked == []
    page.get_by_role("link", name="Embedding").click()
    expect(page.get_by_role("heading", name="This run has no map yet")).to_be_visible()


def test_a_cancelled_training_goes_on_and_another_one_is_tried_from_it(page: Page):
    open_training(page)
    start(page, "1200", name="in two parts")
    expect(page.locator("#training-live")).to_contain_text("of 1,200")
    page.wait_for_timeout(1500)
    page.get_by_role("button", name="Cancel training").click()
    state(page, "Cancelled", timeout=180_000)
    expect(page.locator("#training-resume")).to_contain_text("Go on from step")
    # Other settings, from those of this run.
    setting(page, "steps").fill("7")
    page.get_by_role("button", name="Change settings and try again").click()
    expect(page.locator("#training-from")).to_contain_text("Settings from in two parts")
    expect(setting(page, "steps")).to_have_value("1200")
    expect(setting(page, "features_per_step")).to_have_value("64")
    expect(page.locator("#training-name")).to_be_focused()
    page.fill("#training-name", "tried again")
    setting(page, "steps").fill("30")
    page.click("#training-start")
    expect(page.locator("#training-title")).to_have_text("tried again")
    state(page, "Done")
    expect(page.locator("#training-live")).to_contain_text("30 of 30")
    page.get_by_role("button", name="Reset").click()
    expect(page.locator("#training-from")).to_be_hidden()
    expect(setting(page, "steps")).to_have_value("")
    # The first one goes on to its end.
    page.locator("#training-history tbody tr", has_text="in two parts").get_by_role("link", name="Details").click()
    page.locator("#training-resume").click()
    state(page, "Done", timeout=120_000)
    expect(page.locator("#training-live")).to_contain_text("1,200 of 1,200")


def test_a_finished_training_is_extended_by_a_new_run(page: Page):
    open_training(page)
    page.goto("/training?run=sample-tiny")
    page.get_by_role("button", name="Train further").click()
    # The bundled one keeps no checkpoint.
    expect(page.locator("#training-message").get_by_role("alert")).to_contain_text("Train it anew first")
    start(page, "40", name="short")
    state(page, "Done")
    page.locator("#training-further").click()
    expect(page.locator("#training-more")).to_have_value("20")
    page.fill("#training-more", "25")
    page.press("#training-more", "Enter")
    expect(page.locator("#training-history tbody tr.current")).to_contain_text("extends short")
    state(page, "Done")
    expect(page.locator("#training-live")).to_contain_text("65 of 65")
    expect(page.locator("#training-history tbody tr", has_text="short")).to_have_count(2)


def test_a_run_gets_a_name_and_a_note_and_comes_back_after_it_was_deleted(page: Page):
    open_training(page)
    start(page, "5", name="old name")
    state(page, "Done")
    page.get_by_role("button", name="Rename, note").click()
    expect(page.locator("#training-edit-name")).to_be_focused()
    page.keyboard.type("never kept")
    page.keyboard.press("Escape")
    expect(page.locator("#training-edit-box")).to_be_hidden()
    expect(page.locator("#training-title")).to_have_text("old name")
    expect(page.locator("#training-edit")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#training-edit-name")).to_have_value("old name")
    page.locator("#training-edit-note").fill("with fewer genes")
    page.locator("#training-edit-name").fill("new name")
    page.keyboard.press("Enter")
    expect(page.locator("#training-title")).to_have_text("new name")
    expect(page.locator("#training-note")).to_have_text("with fewer genes")
    row = page.locator("#training-history tbody tr", has_text="new name")
    expect(row).to_contain_text("with fewer genes")
    expect(page.locator("#run-picker")).to_contain_text("new name")
    row.get_by_role("button", name="Delete new name").click()
    expect(row).to_have_count(0)
    expect(page.locator("#training-toast")).to_contain_text("new name was deleted.")
    expect(page.locator("#training-title")).not_to_have_text("new name")
    page.locator("#training-toast").get_by_role("button", name="Undo").click()
    expect(page.locator("#training-title")).to_have_text("new name")
    expect(page.locator("#training-toast")).to_be_hidden()
    page.locator("#training-delete").click()
    expect(row).to_have_count(0)
    # Later, too.
    page.get_by_text("Deleted runs").click()
    expect(page.locator("#training-trash")).to_contain_text("removed for good after")
    page.get_by_role("button", name="Restore new name").click()
    expect(row).to_have_count(1)
    expect(page.locator("#training-trash-box")).to_be_hidden()


def test_whoever_has_the_link_follows_a_training_and_can_change_nothing(page: Page, browser: Browser, server: Server):
    open_training(page)
    start(page, "1,000,000", name="shown to others")
    expect(page.locator("#training-live")).to_contain_text("of 1,000,000")
    page.get_by_label("Share this run").click()
    page.get_by_role("button", name="Make a link").click()
    expect(page.locator("#share-link")).not_to_have_value("")
    shared = parse_qs(urlsplit(page.locator("#share-link").input_value()).query)["run"][0]
    pages = open_page(browser, server.address)
    other = next(pages)
    other.goto(f"/training?run={shared}")
    expect(other.locator("#training-title")).to_have_text("shown to others")
    state(other, "Running")
    expect(other.locator("#training-watch")).to_contain_text("of 1,000,000")
    seen = other.locator("#training-watch").inner_text()
    expect(other.locator("#training-watch")).not_to_have_text(seen)
    expect(other.locator("#training-buttons button:visible")).to_have_count(0)
    expect(other.locator("#training-edit")).to_be_hidden()
    expect(other.locator("#training-log-box")).to_be_hidden()
    # The end comes to them as well.
    page.get_by_role("button", name="Cancel training").click()
    state(other, "Cancelled")
    expect(other.locator("#training-buttons button:visible")).to_have_count(0)
    next(pages, None)


def test_the_page_goes_on_by_itself_when_the_server_comes_back(browser: Browser, server: Server):
    # The browser says itself that a request failed; nobody else may.
    pages = open_page(browser, server.address, re.compile(f"{HARMLESS.pattern}|net::ERR_", re.IGNORECASE))
    page = next(pages)
    open_training(page)
    start(page, "1,000,000", name="outlives servers")
    expect(page.locator("#training-live")).to_contain_text("of 1,000,000")
    server.stop()
    banner = page.locator("#offline")
    expect(banner).to_contain_text("The app does not answer; the training goes on")
    page.wait_for_timeout(1500)
    server.start()
    expect(banner).to_be_hidden()
    seen = page.locator("#training-watch").inner_text()
    expect(page.locator("#training-watch")).not_to_have_text(seen)
    state(page, "Running")
    page.get_by_role("button", name="Cancel training").click()
    state(page, "Cancelled")
    next(pages, None)


def test_a_lost_run_is_followed_again_when_it_is_resumed_elsewhere(page: Page, browser: Browser, server: Server):
    open_training(page)
    start(page, "1,000,000", name="killed")
    expect(page.locator("#training-live")).to_contain_text("of 1,000,000")
    for claim in server.services.launcher.queue.look().claims.values():
        processes.kill(claim.pid)
    state(page, "Lost")
    expect(page.locator("#training-ended")).to_contain_text("killed")
    expect(page.locator("#training-resume")).to_be_visible()
    pages = open_page(browser, server.address)
    other = next(pages)
    other.goto(page.url)
    expect(other.locator("#training-resume")).to_be_visible(timeout=60_000)
    other.locator("#training-resume").click()
    state(other, "Running")
    state(page, "Running")
    page.get_by_role("button", name="Cancel training").click()
    state(page, "Cancelled", timeout=180_000)
    state(other, "Cancelled")
    # It comes back to what was done elsewhere, and asks for nothing until then.
    other.locator("#training-resume").click()
    state(other, "Running")
    expect(page.locator("#training-badge")).to_have_text("Cancelled")
    page.evaluate("window.dispatchEvent(new Event('focus'))")
    state(page, "Running")
    page.get_by_role("button", name="Cancel training").click()
    state(page, "Cancelled", timeout=180_000)
    next(pages, None)


def test_what_went_wrong_is_said_and_what_was_noticed_too(page: Page):
    open_training(page)
    setting(page, "seed").fill(str(quick_worker.UNLUCKY))
    start(page, "5", name="unlucky")
    state(page, "Failed")
    expect(page.locator("#training-ended").get_by_role("alert")).to_contain_text("X holds -3.")
    expect(page.locator("#training-resume")).to_have_text("Start again")
    setting(page, "seed").fill("0")
    start(page, "30", name="lucky")
    expect(page.locator("#training-watch")).to_contain_text("The values were only pretended.")
    state(page, "Done")
