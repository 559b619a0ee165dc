"""Files and folders go up from a real browser, are for one's own eyes only, and what is on the server is found."""

from __future__ import annotations

import json
import re
import shutil
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from tests.browser.map_page import legend
from tests.browser.uploading import (
    MEGABYTE,
    Network,
    Server,
    choose,
    expect_done,
    make_file,
    row,
    serving,
    sha256,
    visiting,
    wait_for_percent,
)
from tests.web.tiny_sample import write_sample

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("root")
    (root / "lab" / "filtered").mkdir(parents=True)
    for index in range(250):
        (root / "lab" / f"cells{index:03}.h5ad").write_bytes(b"x" * index)
    (root / "lab" / ".secret").write_bytes(b"")
    return root


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, root: Path) -> Iterator[Server]:
    with serving(tmp_path_factory.mktemp("store"), "--multi-user", "--data-root", str(root)) as server:
        yield server


def ask(page: Page, method: str, path: str) -> tuple[int, str]:
    script = """async ([method, path]) => {
      const body = method === "PATCH" ? "x" : null;
      const answer = await fetch(path, { method, body, headers: { "X-Monae": "1", "Upload-Offset": "0" } });
      return [answer.status, await answer.text()];
    }"""
    status, text = page.evaluate(script, [method, path])
    return status, text


def test_another_browser_cannot_see_or_guess_it(browser: Browser, server: Server, tmp_path: Path):
    path = tmp_path / "mine.h5ad"
    make_file(path, MEGABYTE)
    with visiting(browser, server) as page, visiting(browser, server, allowed="404") as other:
        choose(page, path)
        expect_done(page, "mine.h5ad")
        upload = row(page, "mine.h5ad").get_attribute("data-upload")
        assert ask(page, "GET", f"/api/uploads/{upload}")[0] == 200
        other.reload()
        expect(other.locator("#upload-files")).to_be_visible()
        expect(other.locator("li.upload")).to_have_count(0)
        assert json.loads(ask(other, "GET", "/api/uploads")[1]) == {"uploads": []}
        for method, where in (("GET", ""), ("DELETE", ""), ("HEAD", "/0"), ("PATCH", "/0")):
            assert ask(other, method, f"/api/uploads/{upload}{where}")[0] == 404
        # it is where it was, and goes when its owner says so
        page.reload()
        expect_done(page, "mine.h5ad")
        row(page, "mine.h5ad").get_by_role("button", name="Delete").click()
        expect(page.locator("li.upload")).to_have_count(0)


def test_an_upload_is_paused_continued_and_cancelled(browser: Browser, server: Server, tmp_path: Path):
    for name in ("one.h5ad", "two.h5ad", "three.h5ad"):
        make_file(tmp_path / name, 40 * MEGABYTE)
    # The slice that was broken off may still be written when it is sent again: it is sent once more then.
    with visiting(browser, server, allowed="409") as page:
        network = Network(page)
        # So slow that no file is up before it is paused or cancelled, however busy the machine is.
        network(megabytes_per_second=1)
        choose(page, *sorted(tmp_path.glob("*.h5ad")))
        expect(page.locator('li.upload[data-state="sending"]')).to_have_count(2)
        expect(page.locator('li.upload[data-state="waiting"]')).to_have_count(1)
        wait_for_percent(page, "one.h5ad", 1)
        row(page, "one.h5ad").get_by_role("button", name="Pause").click()
        expect(row(page, "one.h5ad")).to_contain_text("Paused at")
        expect(page.locator('li.upload[data-state="waiting"]')).to_have_count(0)
        # the page may be left meanwhile
        page.get_by_role("link", name="Training", exact=True).click()
        expect(page.locator("#training-start")).to_be_visible()
        page.get_by_role("link", name="Data", exact=True).click()
        expect(row(page, "one.h5ad")).to_contain_text("Paused at")
        row(page, "two.h5ad").get_by_role("button", name="Cancel").click()
        expect(row(page, "two.h5ad")).to_have_count(0)
        network()
        row(page, "one.h5ad").get_by_role("button", name="Resume").click()
        for name in ("one.h5ad", "three.h5ad"):
            expect_done(page, name)
            expect(page.locator("#upload-spoken")).to_contain_text("uploaded")
        # other tests upload to this server too
        there = {path.name: sha256(path) for path in server.uploaded() if (tmp_path / path.name).exists()}
        assert there == {name: sha256(tmp_path / name) for name in ("one.h5ad", "three.h5ad")}
        assert list(server.store.glob("users/*/uploading/*")) == []


def test_damaged_slices_are_sent_again_and_a_refusal_is_said(browser: Browser, server: Server, tmp_path: Path):
    path = tmp_path / "rough.h5ad"
    wanted = make_file(path, 40 * MEGABYTE)
    spoilt: list[str] = []

    def spoil(route: Route) -> None:
        headers = dict(route.request.headers)
        if route.request.method == "PATCH" and len(spoilt) < 2:
            spoilt.append(headers["upload-offset"])
            headers["upload-checksum"] = "sha256 " + "0" * 64
        route.continue_(headers=headers)

    with visiting(browser, server, allowed="460|507") as page:
        page.route("**/api/uploads/**", spoil)
        choose(page, path)
        expect_done(page, "rough.h5ad")
        assert spoilt == ["0", "0"]
        assert wanted in {sha256(each) for each in server.uploaded()}
        refusal = {"found": "Your files take 50 GB already.", "expected": "less.", "todo": "delete some."}
        page.unroute("**/api/uploads/**")
        page.route("**/api/uploads", lambda route: route.fulfill(status=507, json=refusal))
        make_file(tmp_path / "more.h5ad", MEGABYTE)
        choose(page, tmp_path / "more.h5ad")
        expect(row(page, "more.h5ad")).to_contain_text(
            "Your files take 50 GB already. Expected: less. To do: delete some."
        )
        page.unroute("**/api/uploads")
        row(page, "more.h5ad").get_by_role("button", name="Try again").click()
        expect_done(page, "more.h5ad")


def test_a_proxy_that_lets_only_little_through_is_met(browser: Browser, server: Server, tmp_path: Path):
    path = tmp_path / "proxied.h5ad"
    wanted = make_file(path, 9 * MEGABYTE)
    offsets: list[int] = []

    def let_little_through(route: Route) -> None:
        if route.request.method == "PATCH":
            offsets.append(int(route.request.headers["upload-offset"]))
        if len(offsets) in {1, 2}:
            route.fulfill(status=413, body="<html>Too large</html>")
        else:
            route.continue_()

    with visiting(browser, server, allowed="413") as page:
        page.route("**/api/uploads/**", let_little_through)
        choose(page, path)
        expect_done(page, "proxied.h5ad")
        assert wanted in {sha256(each) for each in server.uploaded()}
        # 16, 4 and then 1 MiB
        assert offsets[:5] == [0, 0, 0, 2**20, 2 * 2**20]


def test_a_folder_goes_up_as_one(browser: Browser, server: Server, tmp_path: Path):
    folder = tmp_path / "filtered_feature_bc_matrix"
    (folder / "deep").mkdir(parents=True)
    for name in ("barcodes.tsv.gz", "features.tsv.gz", "matrix.mtx.gz", "deep/more.txt", ".DS_Store"):
        make_file(folder / name, 1000)
    with visiting(browser, server) as page:
        # as on a connection that is neither encrypted nor to this machine
        page.evaluate("Object.defineProperty(window.crypto, 'subtle', { value: undefined })")
        sums: list[str] = []
        page.on("request", lambda sent: sums.append(sent.headers.get("upload-checksum", "")))
        choose(page, folder, button="#upload-folder")
        expect_done(page, folder.name)
        assert {each.partition(" ")[0] for each in sums} == {"", "crc32"}
        upload = row(page, folder.name).get_attribute("data-upload")
        (there,) = server.store.glob(f"users/*/uploads/{upload}/{folder.name}")
        names = {str(path.relative_to(there)) for path in there.rglob("*") if path.is_file()}
        assert names == {"barcodes.tsv.gz", "features.tsv.gz", "matrix.mtx.gz", "deep/more.txt"}
        assert sha256(there / "deep/more.txt") == sha256(folder / "deep/more.txt")


def test_what_is_dropped_is_uploaded(browser: Browser, server: Server):
    script = """() => {
      const carried = new DataTransfer();
      carried.items.add(new File(["chr1\\t1\\t9"], "peaks.bed"));
      carried.setData("text/plain", "no file");
      return carried;
    }"""
    with visiting(browser, server) as page:
        carried = page.evaluate_handle(script)
        page.dispatch_event(".upload-drop", "dragover", {"dataTransfer": carried})
        expect(page.locator("#upload-box")).to_have_class(re.compile("upload-over"))
        page.dispatch_event(".upload-drop", "drop", {"dataTransfer": carried})
        expect_done(page, "peaks.bed")
        assert b"chr1\t1\t9" in {path.read_bytes() for path in server.uploaded() if path.name == "peaks.bed"}


def test_files_on_the_server_are_found_by_folders_and_by_typing(browser: Browser, server: Server):
    with visiting(browser, server) as page:
        listed = page.locator("#browser-listed")
        expect(page.locator(".file-browser")).to_contain_text("All users of this server can read what lies there")
        page.get_by_role("button", name="lab/", exact=True).click()
        expect(listed.get_by_role("row")).to_have_count(201)
        expect(listed).to_contain_text("51 more")
        expect(listed.get_by_role("row").nth(1)).to_contain_text("filtered/")
        page.fill("#browser-filter", "CELLS24")
        expect(listed.get_by_role("row")).to_have_count(11)
        expect(listed).not_to_contain_text(".secret")
        page.get_by_role("button", name="Choose cells249.h5ad").click()
        expect(page.locator("#browser-picked")).to_have_text("lab/cells249.h5ad×")
        page.get_by_role("button", name="Top").click()
        expect(listed.get_by_role("row")).to_have_count(2)
        page.get_by_role("button", name="Choose lab", exact=True).click()
        page.get_by_role("button", name="Leave out lab/cells249.h5ad").click()
        expect(page.locator("#browser-picked")).to_have_text("lab×")


def test_the_private_link_and_a_shared_run(browser: Browser, server: Server, tmp_path: Path):
    with visiting(browser, server) as page, visiting(browser, server) as other, visiting(browser, server) as stranger:
        make_file(tmp_path / "own.h5ad", MEGABYTE)
        choose(page, tmp_path / "own.h5ad")
        expect_done(page, "own.h5ad")
        upload = row(page, "own.h5ad").get_attribute("data-upload")
        (place,) = server.store.glob(f"users/*/uploads/{upload}")
        shutil.copytree(write_sample(tmp_path) / "run", place.parents[1] / "runs" / "20260101-000000-abcdef")
        # the keyboard reaches the settings
        page.locator("#settings > summary").focus()
        page.keyboard.press("Enter")
        page.get_by_role("button", name="Show my private link").click()
        link = page.locator("#settings-link")
        expect(link).to_have_value(re.compile(rf"^{server.address}/recover/u\w+-\S+$"))
        other.goto(link.input_value())
        other.get_by_role("button", name="Yes, open them here").click()
        expect_done(other, "own.h5ad")
        page.keyboard.press("Escape")
        expect(link).to_be_hidden()

        page.goto("/?run=20260101-000000-abcdef")
        assert legend(page)
        page.locator("#share > summary").click()
        page.get_by_role("button", name="Make a link").click()
        shared = page.locator("#share-link")
        expect(shared).to_have_value(
            re.compile(rf"^{server.address}/\?run=shared-[0-9a-f]{{32}}&.*view=[0-9a-f]{{32}}$")
        )
        page.context.grant_permissions(["clipboard-read", "clipboard-write"])
        page.locator("#share").get_by_role("button", name="Copy").click()
        expect(page.locator("#share").get_by_role("button", name="Copied")).to_be_visible()
        assert page.evaluate("navigator.clipboard.readText()") == shared.input_value()
        stranger.goto(shared.input_value())
        assert legend(stranger)
        expect(stranger.locator("#run-picker")).to_contain_text("shared with you")
        # who was shown it can hand on what they see, and end nothing
        stranger.locator("#share > summary").click()
        expect(stranger.get_by_role("button", name="Make a link")).to_be_visible()
        expect(stranger.locator("#share-end")).to_be_hidden()
        with stranger.expect_download() as saved:
            stranger.click("#map-csv")
        assert saved.value.path().stat().st_size > 1000
        page.get_by_role("button", name="End sharing").click()
        expect(shared).to_be_hidden()
        stranger.goto(stranger.url)
        expect(stranger.get_by_role("alert")).to_contain_text("There is no run")
