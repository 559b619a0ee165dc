"""The app in a process of its own, and a browser that uploads to it."""

from __future__ import annotations

import hashlib
import os
import re
import signal
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

from tests.browser.conftest import HARMLESS, PATIENCE

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

MEGABYTE = 10**6
# What Chromium and Dash write when a connection is refused or cut, as these tests make it happen; scripts that are on
# their way then fail by the bare event, or by a chunk that is missing.
PROVOKED = re.compile(
    r"the server did not respond|^Failed to fetch$|^Event$|^ChunkLoadError: Loading chunk|"
    r"net::ERR_(CONNECTION_(REFUSED|RESET|ABORTED)|EMPTY_RESPONSE|CONTENT_LENGTH_MISMATCH|FAILED|INTERNET_DISCONNECTED|SOCKET_NOT_CONNECTED|NETWORK_CHANGED)"
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

    def stop(self, number: int = signal.SIGKILL) -> None:
        if self._process is not None:
            self._process.send_signal(number)
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
def visiting(browser: Browser, server: Server, allowed: str = "") -> Iterator[Page]:
    """A browser profile of its own, on the Data page; errors in its console fail the test unless provoked.

    ``allowed`` is a pattern of numbers with which the server may refuse.
    """
    context = browser.new_context(base_url=server.address, viewport={"width": 1280, "height": 900})
    page = context.new_page()
    page.set_default_timeout(PATIENCE)
    expect.set_options(timeout=PATIENCE)
    complaints: list[str] = []
    page.on("console", lambda said: complaints.append(said.text) if said.type in {"error", "warning"} else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto("/data")
    expect(page.locator("#upload-files")).to_be_visible()
    yield page
    context.close()
    provoked = [PROVOKED, HARMLESS, *([re.compile(f"status of ({allowed})")] if allowed else [])]
    unprovoked = [said for said in complaints if not any(each.search(said) for each in provoked)]
    assert unprovoked == [], unprovoked


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
    # a file that is chosen again has a row of its own until the server has said that it knows it
    expect(row(page, name).and_(page.locator("[data-state='done']"))).to_have_count(1, timeout=UPLOADING)
    expect(row(page, name)).to_have_count(1)


class Network:
    """The connection of one page, as slow as is needed to interrupt it."""

    def __init__(self, page: Page) -> None:
        self._session = page.context.new_cdp_session(page)
        self._session.send("Network.enable")

    def __call__(self, *, megabytes_per_second: float = -1, offline: bool = False) -> None:
        conditions = {"offline": offline, "latency": 0, "downloadThroughput": -1}
        upload = megabytes_per_second * MEGABYTE if megabytes_per_second > 0 else -1
        self._session.send("Network.emulateNetworkConditions", {**conditions, "uploadThroughput": upload})
