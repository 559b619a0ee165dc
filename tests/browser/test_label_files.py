"""The Labels page with another file: refused in words, chosen, its labels given to cells of the bundled run."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import anndata as ad
import pytest
from playwright.sync_api import Browser, Page, expect

from monae_app.web.app import create_app
from monae_app.web.settings import Settings
from tests.browser.conftest import open_page, served

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.browser

SAMPLE = Path(__file__).parents[2] / "data_samples" / "pbmc_protein"
# A fresh process loads what it needs, torch among it.
LONG = 180_000


@pytest.fixture(scope="module")
def atlas(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("atlas")
    cells = ad.read_h5ad(SAMPLE / "rna.h5ad")[::3].copy()
    cells.write_h5ad(folder / "atlas.h5ad")
    (folder / "broken.h5ad").write_text("no table at all")
    return folder


@pytest.fixture
def page(browser: Browser, atlas: Path, tmp_path: Path) -> Iterator[Page]:
    """Open the app on the bundled samples, beside a folder of files."""
    app = create_app(Settings(store=tmp_path / "store", data_root=atlas))
    with served(app) as address:
        yield from open_page(browser, address)


def choose(page: Page, box: str, name: str) -> None:
    page.locator(f"#{box}").click()
    page.get_by_role("option", name=name, exact=True).click()


def test_a_file_gives_labels_to_the_run(page: Page):
    page.goto("/labels?run=sample-pbmc_protein&file=root:broken.h5ad")
    told = page.locator("#labels-told")
    expect(told.get_by_role("alert")).to_contain_text("broken.h5ad", timeout=LONG)
    choose(page, "labels-other", "atlas.h5ad")
    expect(told).to_contain_text("400 cells of RNA, labels in cell_type", timeout=LONG)
    expect(page.locator("#labels-hint")).to_be_visible()
    choose(page, "labels-target", "Protein")
    page.click("#labels-start")
    expect(page.locator("#labels-summary")).to_have_text(
        "cell_type of atlas.h5ad (RNA) for 1,200 cells of Protein.", timeout=LONG
    )
    assert int(re.search(r"there\s*(\d+)%", page.locator("#labels-tiles").inner_text(), re.IGNORECASE)[1]) > 85
    page.click("#labels-save")
    expect(page.locator("#labels-saved")).to_contain_text("Saved as “cell_type from atlas.h5ad”")
    assert "file=root" in page.url
    # what was found comes back with the address; the other way nothing was asked for, and nothing goes to the map
    page.goto(page.url)
    expect(page.locator("#labels-summary")).to_contain_text("1,200 cells of Protein", timeout=LONG)
    page.get_by_text("Its cells get labels of the run").click()
    expect(page.locator("#labels-result")).to_be_hidden()
    expect(page.locator("#labels-hint")).to_be_visible()
    expect(page).to_have_url(re.compile("role=gets"))
