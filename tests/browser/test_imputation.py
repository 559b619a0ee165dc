"""Measured beside imputed: heatmap, agreement, one feature, zeros, a check that is kept, and files in their formats."""

from __future__ import annotations

import gzip
import json
import re
from pathlib import Path
from typing import TYPE_CHECKING

import anndata as ad
import numpy as np
import pandas as pd
import pytest
from playwright.sync_api import Browser, Page, expect

from monae_app.jobs import local, processes
from monae_app.jobs.kept_holdout import WITH_RUN
from tests.browser import quick_worker
from tests.browser.conftest import open_page
from tests.browser.quick_check import MAY_END, found_for
from tests.browser.training import Server

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.browser

LONG = 180_000
HEAT = "document.querySelector('#imputation-heat .js-plotly-plot')"


def rows_shown(page: Page) -> list[str]:
    return page.evaluate(f"{HEAT}.layout.yaxis.ticktext")


def panels(page: Page) -> list[str]:
    return page.evaluate(f"{HEAT}?.data?.map((each) => each.name) ?? []")


def made_file(page: Page, kind: str, folder: Path) -> Path:
    page.click("#imputation-file-kind")
    page.get_by_role("option", name=kind).click()
    page.click("#imputation-file-start")
    expect(page.locator("#imputation-file-progress")).to_be_visible()
    expect(page.locator("#imputation-file-progress")).to_be_hidden(timeout=LONG)
    with page.expect_download() as download:
        page.locator("#imputation-file-shown a").click()
    path = folder / download.value.suggested_filename
    download.value.save_as(path)
    return path


def test_measured_beside_imputed(page: Page, folders: dict[str, Path]):
    run = folders["samples"] / "tiny" / "run"
    (run / WITH_RUN).write_text(json.dumps(found_for(run)))
    page.goto("/imputation?run=sample-tiny")
    page.wait_for_function(f"{HEAT}?.data?.length === 3")
    # drawn without a click: three panels on the same rows and one colour scale
    assert panels(page) == ["RNA, measured", "imputed within RNA", "imputed from ATAC"]
    assert len({tuple(each) for each in page.evaluate(f"{HEAT}.data.map((each) => [each.zmin, each.zmax])")}) == 1
    names = rows_shown(page)
    assert len(names) > 8
    expect(page.locator("#imputation-table [col-id=feature].ag-cell").first).to_be_visible()
    expect(page.locator("#imputation-detail .barlayer path").first).to_be_visible()
    expect(page.locator("#imputation-zeros-told")).to_contain_text("are what the model expects at the depth")
    # what is kept of the check is there at once, in words and as a table
    expect(page.locator("#imputation-holdout-said")).to_contain_text("ahead of the best other method (MAGIC, 0.50)")
    expect(page.locator("#imputation-holdout-table")).to_contain_text("0.71")
    # a row of the table leads to its feature, and stands in the address
    name = page.locator("#imputation-table [row-index='2'] [col-id=feature]").inner_text()
    page.locator("#imputation-table [row-index='2'] [col-id=feature]").click()
    expect(page.locator("#imputation-detail-head")).to_have_text(f"{name} (RNA) over the groups")
    # pasted names, one of which is not there; cells, as many of each group
    page.click("#imputation-from")
    page.get_by_role("option", name="Pasted").click()
    page.fill("#imputation-pasted", "Gene1, gene20, Gene59, nonsense")
    expect(page.locator("#imputation-said")).to_contain_text("Not in this run: nonsense.")
    page.wait_for_function(f"{HEAT}.layout.yaxis.ticktext.length === 3")
    page.locator("#imputation-show").get_by_text("Cells").click()
    page.wait_for_function(f"{HEAT}.data[0].x.length > 20")
    expect(page).to_have_url(re.compile(f"pasted=.*feature={name}|feature={name}.*pasted="))
    page.reload()
    page.wait_for_function(f"{HEAT}?.layout?.yaxis?.ticktext?.length === 3")
    assert sorted(rows_shown(page)) == ["Gene1", "Gene20", "Gene59"]
    expect(page.locator("#imputation-detail-head")).to_contain_text("over the groups")
    # another modality
    page.click("#imputation-from")
    page.get_by_role("option", name="Markers of a group").click()
    page.click("#imputation-target")
    page.get_by_role("option", name="ATAC").click()
    page.wait_for_function(f"{HEAT}?.data?.[0]?.name === 'ATAC, measured'")
    # none of the names is there: said, and nothing is drawn
    page.click("#imputation-from")
    page.get_by_role("option", name="Pasted").click()
    expect(page.locator("#imputation-said")).to_contain_text("None of the 4 names is a feature of this modality.")
    expect(page.locator("#imputation-heat")).to_be_hidden()


def test_files_in_their_formats_and_maps_before_and_after(page: Page, tmp_path: Path):
    page.goto("/imputation?run=sample-tiny&from=pasted&pasted=Gene1,Gene20")
    page.wait_for_function(f"{HEAT}?.layout?.yaxis?.ticktext?.length === 2")
    page.click("#imputation-before-start")
    page.click("#imputation-file-cells")
    page.get_by_role("option", name="Astro · cell_type").click()
    page.keyboard.press("Escape")
    table = ad.read_h5ad(made_file(page, "AnnData", tmp_path))
    assert table.shape == (30, 2)
    assert set(table.obs["cell_type"].astype(str)) == {"Astro"}
    with gzip.open(made_file(page, "Text", tmp_path), "rt") as file:
        text = pd.read_csv(file, index_col="cell")
    assert text.columns.tolist() == table.var_names.tolist()
    assert np.allclose(text.to_numpy(), np.asarray(table.X), rtol=1e-4)
    assert text.index.tolist() == table.obs_names.tolist()
    parquet = pd.read_parquet(made_file(page, "Parquet", tmp_path)).set_index("cell")
    assert np.allclose(parquet.to_numpy(), np.asarray(table.X))
    scores = page.locator("#imputation-before-scores")
    expect(scores).to_contain_text("imputed from ATAC", timeout=LONG)
    expect(scores).to_contain_text("Homogeneity")
    assert page.evaluate("document.querySelectorAll('#imputation-before-figure .js-plotly-plot').length") <= 1


@pytest.fixture
def server(folders: dict[str, Path], tmp_path: Path) -> Iterator[Server]:
    """A server whose workers only pretend, and a sample that was not checked yet."""
    run = folders["samples"] / "tiny" / "run"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", str(Path(__file__).parents[2]))
        patch.setattr(local, "WORKER", quick_worker.COMMAND)
        for name in (WITH_RUN, MAY_END):
            (run / name).unlink(missing_ok=True)
        server = Server(folders, tmp_path / "store")
        server.start()
        yield server
        for claim in server.services.launcher.queue.look().claims.values():
            processes.kill(claim.pid)
        server.end()
        (run / MAY_END).unlink(missing_ok=True)


def test_a_check_goes_on_while_its_page_is_left_and_the_server_restarts(
    browser: Browser, server: Server, folders: dict[str, Path]
):
    for page in open_page(browser, server.address):
        page.goto("/imputation?run=sample-tiny")
        expect(page.locator("#imputation-holdout-said")).to_have_text("This run was not checked yet.")
        page.click("#imputation-holdout-start")
        text, cancel = (page.locator(f"#imputation-holdout-0-{part}") for part in ("text", "cancel"))
        expect(text).to_contain_text("Pretending to train · ")
        expect(page.locator("#imputation-holdout-start")).to_be_disabled()
        expect(page.locator("#imputation-holdout-may-leave")).to_be_visible()
        expect(page.locator("#imputation-holdout-standing")).to_have_attribute("aria-live", "polite")
        # cancelled by the keyboard, and tried again
        cancel.press("Enter")
        again = page.get_by_role("button", name="Try again")
        expect(again).to_be_visible()
        expect(page.locator("#imputation-holdout-start")).to_be_hidden()
        expect(page.locator("#imputation-holdout-0-ended")).to_contain_text("It can be started again.")
        again.click()
        expect(text).to_contain_text("so far")
        # seen from another page, and after the server was started anew
        page.goto("/training?run=sample-tiny")
        expect(page.locator("#training-works")).to_contain_text("Hold-out check of Tiny sample")
        page.goto("about:blank")
        server.stop()
        server.start()
        page.goto("/imputation?run=sample-tiny")
        expect(text).to_contain_text("Pretending to train")
        expect(page.locator("#imputation-holdout-0-share")).to_have_attribute("value", "0.4")
        (folders["samples"] / "tiny" / "run" / MAY_END).touch()
        expect(page.locator("#imputation-holdout-said")).to_contain_text("RNA: what was kept aside is well recovered.")
        expect(page.locator("#imputation-holdout-may-leave")).to_be_hidden()
        expect(page.locator("#imputation-holdout-start")).to_be_enabled()
        # the page Compare has its figures
        page.goto("/compare?run=sample-tiny")
        row = page.locator("#compare-recovery tbody tr").filter(has_text="Monae + own counts")
        expect(row).to_contain_text("0.71")
