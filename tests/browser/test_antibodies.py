"""The antibody grid: one is mapped by hand, it is seen at once, and the next training goes with it."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import TYPE_CHECKING

import anndata as ad
import numpy as np
import pytest
from playwright.sync_api import Browser, Page, expect

from monae_app.jobs import local
from tests.browser import quick_worker
from tests.browser.conftest import open_page
from tests.browser.training import TRAINING, Server

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.browser

GENES = ["MS4A1", "CD3D", "CD3E", "PTPRC", "CD19", "CD4", "CD14", "NCAM1", "IL7R", "CD8A", "GZMB", "LYZ"]
PANEL = ["CD20", "CD3_TotalSeqB", "CD45RA", "CD57", "Mystery", "IgG1", "cd4.1", "CD56"]
CELLS = 60


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The app on RNA and a panel of antibodies."""
    root = tmp_path_factory.mktemp("panel")
    rng = np.random.default_rng(0)
    for name, features in (("rna", GENES), ("protein", PANEL)):
        table = ad.AnnData(rng.poisson(4, (CELLS, len(features))).astype(np.float32))
        table.var_names = features
        table.write_h5ad(root / f"{name}.h5ad")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", str(Path(__file__).parents[2]))
        patch.setattr(local, "WORKER", quick_worker.COMMAND)
        server = Server({"samples": root / "none"}, tmp_path_factory.mktemp("runs"), data_root=root)
        server.start()
        yield server
        server.end()


@pytest.fixture
def page(browser: Browser, server: Server) -> Iterator[Page]:
    for page in open_page(browser, server.address):
        chosen = {"inputs": {name: [f"root:{name}.h5ad"] for name in ("rna", "protein")}}
        kept = json.dumps(json.dumps(chosen))
        page.add_init_script(f"if (!sessionStorage.getItem('source')) sessionStorage.setItem('source', {kept})")
        page.goto("/guidance")
        expect(page.locator("table.antibodies")).to_be_visible(timeout=60_000)
        yield page


def kept(page: Page) -> dict:
    return json.loads(page.evaluate("sessionStorage.getItem('source')")).get("settings", {})


def row(page: Page, name: str):
    return page.get_by_role("row").filter(has=page.get_by_role("rowheader", name=name, exact=True))


def type_gene(page: Page, name: str, genes: str) -> None:
    field = page.get_by_label(f"Genes of {name}")
    field.fill(genes)
    field.press("Enter")


def test_one_mapped_by_hand_is_counted_and_the_training_goes_with_it(page: Page, server: Server):
    told = page.locator("#antibodies-told")
    expect(told).to_contain_text("5 of 8 antibodies are linked to a gene")
    expect(row(page, "IgG1")).to_contain_text("leaves the panel")
    expect(page.get_by_label("Genes of CD3_TotalSeqB")).to_have_value("CD3D+CD3E")
    # a gene that is not there is explained beside it, and changes nothing
    type_gene(page, "Mystery", "GZMX")
    expect(page.locator("#antibodies-message").get_by_role("alert")).to_contain_text("GZMB")
    expect(told).to_contain_text("5 of 8")
    type_gene(page, "Mystery", "gzmb")
    expect(told).to_contain_text("6 of 8 antibodies are linked to a gene")
    expect(page.get_by_label("Genes of Mystery")).to_have_value("GZMB")
    # whoever goes on by the keyboard is still there
    expect(page.get_by_label("Genes of Mystery")).to_be_focused()
    expect(row(page, "Mystery")).to_contain_text("Mapped by hand")
    expect(page.locator("#antibodies-message").get_by_role("alert")).to_have_count(0)
    assert kept(page) == {"antibody_genes": ["Mystery=GZMB"]}
    page.get_by_role("link", name="Training").click()
    expect(page.locator("#training-data")).to_contain_text("Mystery=GZMB")
    # the files are looked into before anything is said of the time
    expect(page.locator("#training-check")).to_contain_text("Expected: ", timeout=TRAINING)
    before = page.url
    page.click("#training-start")
    expect(page).not_to_have_url(before)
    (config,) = server.store.rglob("config.json")
    assert json.loads(config.read_text())["antibody_genes"] == ["Mystery=GZMB"]
    # it is found again after other pages
    page.get_by_role("link", name="Guidance").click()
    expect(page.get_by_label("Genes of Mystery")).to_have_value("GZMB")


def test_steps_are_taken_back_one_by_one_and_rows_are_reset(page: Page):
    type_gene(page, "CD20", "CD19")
    expect(row(page, "CD20")).to_contain_text("otherwise MS4A1")
    type_gene(page, "CD56", "")
    expect(page.locator("#antibodies-told")).to_contain_text("4 of 8")
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_label("Genes of CD56")).to_have_value("NCAM1")
    expect(page.get_by_label("Genes of CD20")).to_have_value("CD19")
    reset = page.get_by_role("button", name="Reset CD20")
    reset.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_label("Genes of CD20")).to_have_value("MS4A1")
    expect(reset).to_be_hidden()
    assert "antibody_genes" not in kept(page)
    expect(page.get_by_role("button", name="Reset all")).to_be_disabled()


def test_the_grid_is_filtered_and_goes_out_and_in_as_a_table(page: Page, tmp_path: Path):
    page.get_by_label("Only those without a gene").check()
    expect(page.get_by_role("rowheader")).to_have_text(["Mystery", "CD57", "IgG1"])
    page.get_by_label("Only those without a gene").uncheck()
    page.get_by_label("Find an antibody").fill("ptprc")
    expect(page.get_by_role("rowheader")).to_have_text(["CD45RA"])
    page.get_by_label("Find an antibody").fill("")
    with page.expect_download() as download:
        page.get_by_role("button", name="Download (CSV)").click()
    rows = list(csv.DictReader(Path(download.value.path()).read_text().splitlines()))
    assert [each["antibody"] for each in rows] == PANEL
    changed = tmp_path / "mapping.csv"
    changed.write_text("antibody,gene\nMystery,LYZ\nCD57,CD8A+GZMB\n")
    with page.expect_file_chooser() as chooser:
        page.get_by_role("button", name="Take a table (CSV)").click()
    chooser.value.set_files(changed)
    expect(page.get_by_label("Genes of Mystery")).to_have_value("LYZ")
    expect(page.locator("#antibodies-told")).to_contain_text("7 of 8")
    assert kept(page) == {"antibody_genes": ["Mystery=LYZ", "CD57=CD8A+GZMB"]}
    changed.write_text("name,symbol\nMystery,LYZ\n")
    with page.expect_file_chooser() as chooser:
        page.get_by_role("button", name="Take a table (CSV)").click()
    chooser.value.set_files(changed)
    expect(page.locator("#antibodies-message").get_by_role("alert")).to_contain_text("Its columns are name, symbol")
    page.get_by_role("button", name="Reset all").click()
    expect(page.locator("#antibodies-told")).to_contain_text("5 of 8")
    expect(page.get_by_label("Genes of Mystery")).to_have_value("")
