"""Uploads from a real browser to the real server: through interruptions, byte by byte, and for one's own eyes only."""

from __future__ import annotations

import hashlib
import os
import re
import socket
import subprocess
import sys
import time
import urllib.request
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

import psutil
import pytest
from playwright.sync_api import Browser, Page, expect

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.browser

MEGABYTE = 10**6
# What Chromium writes when a connection is refused or cut, as these tests make it happen.
PROVOKED = re.compile(
    r"net::ERR_(CONNECTION_(REFUSED|RESET|ABORTED)|EMPTY_RESPONSE|FAILED|INTERNET_DISCONNECTED|SOCKET_NOT_CONNECTED|NETWORK_CHANGED)"
)
UPLOADING = 120_000


class Server:
    """The app as users start it, in a process of its own, on a port that it keeps over restarts."""

    def __init__(self, store: Path, *flags: str) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.address = f"http://127.0.0.1:{self.port}"
        self.store = store
        self._flags = flags
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        command = [sys.executable, "-m", "monae_app.cli", "app", "--no-browser", "--port", str(self.port)]
        self._process = subprocess.Popen([*command, "--store", str(self.store), *self._flags], env=os.environ)
        until = time.monotonic() + 60
        while time.monotonic() < until:
            with suppress(OSError), urllib.request.urlopen(f"{self.address}/api/health"):
                return
            time.sleep(0.1)
        pytest.fail("The server did not start.")

    def stop(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def memory(self) -> int:
        assert self._process is not None
        return psutil.Process(self._process.pid).memory_info().rss

    def uploaded(self) -> list[Path]:
        return [path for path in self.store.glob("users/*/uploads/*/*") if path.is_file()]


@contextmanager
def serving(store: Path, *flags: str) -> Iterator[Server]:
    server = Server(store, *flags)
    server.start()
    try:
        yield server
    finally:
        server.stop()


@contextmanager
def visiting(browser: Browser, server: Server) -> Iterator[Page]:
    """A browser profile of its own, on the Data page; errors in its console fail the test unless provoked."""
    context = browser.new_context(base_url=server.address, viewport={"width": 1280, "height": 900})
    page = context.new_page()
    page.set_default_timeout(20_000)
    expect.set_options(timeout=20_000)
    complaints: list[str] = []
    page.on("console", lambda said: complaints.append(said.text) if said.type in {"error", "warning"} else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto("/data")
    expect(page.locator("#upload-files")).to_be_visible()
    yield page
    context.close()
    assert [said for said in complaints if not PROVOKED.search(said)] == []


def make_file(path: Path, size: int) -> str:
    """Write a file that no slice of which is like another; return its sha256."""
    digest = hashlib.sha256()
    block = hashlib.sha512(path.name.encode()).digest() * 15_625
    with path.open("wb") as file:
        for index in range(-(-size // len(block))):
            part = (index.to_bytes(8, "big") + block)[: min(len(block), size - index * len(block))]
            digest.update(part)
            file.write(part)
    assert path.stat().st_size == size
    return digest.hexdigest()


def sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def choose(page: Page, *paths: Path, button: str = "#upload-files") -> None:
    with page.expect_file_chooser() as chooser:
        page.click(button)
    chooser.value.set_files([str(path) for path in paths])


def row(page: Page, name: str):
    return page.locator("li.upload", has=page.locator(".upload-name", has_text=re.compile(f"^{re.escape(name)}$")))


def percent(page: Page, name: str) -> int:
    # the bar is hidden once all is there
    return int(row(page, name).locator(".bar").get_attribute("aria-valuenow") or 0)


def wait_for_percent(page: Page, name: str, least: int) -> int:
    until = time.monotonic() + 60
    while (now := percent(page, name)) < least:
        assert time.monotonic() < until, f"{now} %"
        page.wait_for_timeout(50)
    return now


def expect_done(page: Page, name: str) -> None:
    expect(row(page, name)).to_have_attribute("data-state", "done", timeout=UPLOADING)


class Network:
    """The connection of one page, as slow as is needed to interrupt it."""

    def __init__(self, page: Page) -> None:
        self._session = page.context.new_cdp_session(page)
        self._session.send("Network.enable")

    def __call__(self, *, megabytes_per_second: float = -1, offline: bool = False) -> None:
        conditions = {"offline": offline, "latency": 0, "downloadThroughput": -1}
        upload = megabytes_per_second * MEGABYTE if megabytes_per_second > 0 else -1
        self._session.send("Network.emulateNetworkConditions", {**conditions, "uploadThroughput": upload})


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
        # the server is killed, and comes back on the same port with the same store
        server.stop()
        expect(row(page, "cells.h5ad")).to_have_attribute("data-state", "retrying")
        kept = sum(part.stat().st_size for part in server.store.glob("users/*/uploading/*/content/*"))
        assert 0.2 * size < kept < size
        server.start()
        urllib.request.urlopen(f"{server.address}/data").close()
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
    return grown


def test_a_file_arrives_whole_through_interruptions(browser: Browser, tmp_path: Path):
    assert through_interruptions(browser, tmp_path, 200 * MEGABYTE) <= 50 * MEGABYTE


@pytest.mark.long
def test_a_large_file_arrives_whole_through_interruptions(browser: Browser, tmp_path: Path):
    assert through_interruptions(browser, tmp_path, 2000 * MEGABYTE) <= 50 * MEGABYTE
