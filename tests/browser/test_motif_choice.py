"""Motifs for the next training, chosen on the Guidance page from what lies on the server."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import Browser, Page, expect

from monae_app.web.app import create_app
from monae_app.web.datasets import Source
from monae_app.web.settings import Settings
from tests.browser.conftest import open_page, served
from tests.web.tiny_sample import write_sample

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.browser


@pytest.fixture
def app(tmp_path: Path) -> Any:
    (tmp_path / "data").mkdir()
    for name in ("motifs.tsv", "genome.fa"):
        (tmp_path / "data" / name).write_text("")
    write_sample(tmp_path / "samples")
    return create_app(Settings(store=tmp_path / "store", data_root=tmp_path / "data"), tmp_path / "samples")


@pytest.fixture
def page(browser: Browser, app: Any) -> Iterator[Page]:
    with served(app) as address:
        yield from open_page(browser, address)


def chosen(page: Page) -> dict[str, Any]:
    return json.loads(page.evaluate("sessionStorage.getItem('source')"))["settings"]


def choose(page: Page, start: str) -> None:
    page.locator("#motif-choice-from").click()
    page.get_by_role("option", name=start).click()


def test_a_table_or_a_genome_of_the_server_is_taken_by_the_next_training(page: Page, app: Any, tmp_path: Path):
    page.goto("/guidance")
    said = page.locator("#motif-choice-said")
    choose(page, "A table of motifs")
    expect(said).to_contain_text("Choose a file")
    path = page.locator("#motif-choice-path")
    path.fill("nobody.tsv")
    expect(said.get_by_role("alert")).to_be_visible()
    path.fill("motifs.tsv")
    expect(said).to_have_text("The next training takes motifs.tsv.")
    assert chosen(page) == {"motif_peaks": "root:motifs.tsv"}
    choose(page, "JASPAR")
    path.fill("genome.fa")
    expect(said).to_have_text("The next training takes genome.fa.")
    kept = {"motifs": "jaspar", "fasta": "root:genome.fa"}
    assert chosen(page) == kept
    # it is found again after other pages
    page.get_by_role("link", name="Training", exact=True).click()
    expect(page.locator("#training-start")).to_be_visible()
    page.get_by_role("link", name="Guidance", exact=True).click()
    expect(page.locator("#motif-choice-from")).to_contain_text("JASPAR")
    expect(path).to_have_value("genome.fa")
    assert chosen(page) == kept
    services = app.server.extensions["monae_services"]
    source = Source(sample="tiny", settings=kept)
    assert services.catalogue.settings(source)["fasta"] == str(tmp_path / "data" / "genome.fa")
    choose(page, "No motifs")
    expect(page.locator("#motif-choice-files")).to_be_hidden()
    assert chosen(page) == {}
