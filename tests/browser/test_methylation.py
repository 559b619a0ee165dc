"""Methylation on the pages that show features: levels, what is missing, and no error where its file is gone."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import Browser, Page, expect

from monae_app.web.app import create_app
from monae_app.web.settings import Settings
from tests.browser.conftest import open_page, served
from tests.web.methylated_sample import write_methylated

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.browser

RUN = "run=sample-methylated"
HEAT = "document.querySelector('#imputation-heat .js-plotly-plot')"


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_methylated(tmp_path_factory.mktemp("methylated"))


@pytest.fixture
def page(browser: Browser, sample: Path, tmp_path: Path) -> Iterator[Page]:
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    with served(create_app(Settings(store=tmp_path / "store"), sample.parent)) as address:
        yield from open_page(browser, address)


def test_methylation_is_levels_and_what_is_missing_is_not_zero(page: Page, sample: Path):
    page.goto(f"/imputation?{RUN}&target=methylation&scale=absolute")
    page.wait_for_function(f"{HEAT}?.data?.length === 3")
    expect(page.locator("#imputation-said")).to_contain_text("Empty: not covered by any read, which is missing")
    expect(page.locator("#imputation-zeros-told")).to_contain_text("missing, not zero")
    expect(page.locator("#imputation-detail")).to_contain_text("level, 0 to 1")
    # said before anybody waits for it
    expect(page.locator("#imputation-holdout-said")).to_contain_text(
        "Methylation holds no counts: it cannot be thinned."
    )
    expect(page.locator("#imputation-holdout-said")).to_contain_text("it can be checked: RNA")
    expect(page.locator("#imputation-holdout-start")).to_be_hidden()
    # one step of Tab leaves the table, whatever its length; Space chooses the row that arrows reached
    page.locator("#imputation-table [row-index='0'] [col-id=feature]").focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Space")
    name = page.locator("#imputation-table [row-index='1'] [col-id=feature]").inner_text()
    expect(page.locator("#imputation-detail-head")).to_have_text(f"{name} (Methylation) over the groups")
    expect(page.locator("#imputation-table [row-index='1'].ag-row-selected")).to_be_visible()
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.closest('#imputation-table')") is None
    # what can be clicked in the rest of the pages answers; an error in the console fails the test
    page.goto(f"/markers?{RUN}&modality=methylation")
    expect(page.locator("#markers-table .ag-header-cell[col-id=change]")).to_have_text("Diff.")
    page.goto(f"/compare?{RUN}")
    expect(page.get_by_text("No tables of integration and imputation")).to_be_visible()
    # without its file what is imputed stays
    (sample / "methylation.h5ad").unlink()
    page.goto(f"/imputation?{RUN}&target=methylation")
    page.wait_for_function(f"{HEAT}?.data?.length === 2")
    expect(page.locator("#imputation-note")).to_contain_text("cannot be shown")
    expect(page.locator("#imputation-detail-told")).to_have_text("Nothing that was measured is here to compare with.")
