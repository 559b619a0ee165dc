"""Uploads through a cut connection, a killed server and a reloaded page: byte by byte, in little memory."""

from __future__ import annotations

import urllib.request
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.uploading import (
    MEGABYTE,
    Network,
    Server,
    choose,
    expect_done,
    make_file,
    percent,
    row,
    serving,
    sha256,
    visiting,
    wait_for_percent,
)

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.browser


def restart(page: Page, server: Server, size: int) -> None:
    """Kill the server and start it anew, on the same port and with the same store."""
    server.stop()
    expect(row(page, "cells.h5ad")).to_have_attribute("data-state", "retrying")
    kept = sum(part.stat().st_size for part in server.store.glob("users/*/uploading/*/content/*"))
    assert 0.2 * size < kept < size
    server.start()
    urllib.request.urlopen(f"{server.address}/data").close()


def through_interruptions(browser: Browser, tmp_path: Path, size: int) -> int:
    """Upload a file through a cut connection, a killed server and a reloaded page; return the growth of the server."""
    path = tmp_path / "cells.h5ad"
    wanted = make_file(path, size)
    with serving(tmp_path / "store", "--multi-user") as server, visiting(browser, server) as page:
        urllib.request.urlopen(f"{server.address}/data").close()
        before = server.memory()
        network, speed = Network(page), size / MEGABYTE / 8
        network(megabytes_per_second=speed)
        choose(page, path)
        wait_for_percent(page, "cells.h5ad", 10)
        # the connection drops
        network(offline=True)
        expect(row(page, "cells.h5ad")).to_have_attribute("data-state", "retrying")
        network(megabytes_per_second=speed)
        wait_for_percent(page, "cells.h5ad", 30)
        grown = server.memory() - before
        restart(page, server, size)
        before = server.memory()
        wait_for_percent(page, "cells.h5ad", 60)
        # the page is loaded anew, and the same file chosen again
        page.reload()
        expect(row(page, "cells.h5ad")).to_contain_text("Interrupted")
        reached = percent(page, "cells.h5ad")
        assert reached >= 50
        begun: list[int] = []
        page.on("request", lambda sent: begun.append(int(sent.headers.get("upload-offset", -1))))
        network(megabytes_per_second=-1)
        choose(page, path)
        expect_done(page, "cells.h5ad")
        first = next(offset for offset in begun if offset >= 0)
        assert first >= (reached - 1) * size // 100
        expect(page.locator("li.upload")).to_have_count(1)
        grown = max(grown, server.memory() - before)
        (there,) = server.uploaded()
        assert sha256(there) == wanted
        assert list(server.store.glob("users/*/uploading/*")) == []
        # pytest keeps the folders of several test runs
        path.unlink()
        there.unlink()
    return grown


def test_a_file_arrives_whole_through_interruptions(browser: Browser, tmp_path: Path):
    assert through_interruptions(browser, tmp_path, 200 * MEGABYTE) <= 50 * MEGABYTE


@pytest.mark.long
def test_a_large_file_arrives_whole_through_interruptions(browser: Browser, tmp_path: Path):
    assert through_interruptions(browser, tmp_path, 2000 * MEGABYTE) <= 50 * MEGABYTE
