"""A real Chromium against a real server, on a small planted sample that is really trained."""

from __future__ import annotations

import logging
import os
import re
import threading
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

import psutil
import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright
from werkzeug.serving import make_server

from monae_app.web.app import create_app
from monae_app.web.settings import Settings
from tests.web.tiny_sample import write_sample

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dash import Dash

# Debian's browser where there is one, the one without windows if there is a choice; else Playwright's own.
CHROMIUM = next(
    (path for path in map(Path, ("/usr/bin/chromium-headless-shell", "/usr/bin/chromium")) if path.exists()), None
)
ARGUMENTS = [
    "--no-sandbox",
    "--disable-dev-shm-usage",
    "--use-angle=swiftshader",
    "--enable-unsafe-swiftshader",
    "--ignore-gpu-blocklist",
    "--disable-background-networking",
]
# Milliseconds that a page may take on a machine that is busy with other tests; a wait that is fulfilled costs nothing.
PATIENCE = 60_000
# What software WebGL says of itself is no error of the page.
HARMLESS = re.compile(r"WebGL|GPU stall|swiftshader", re.IGNORECASE)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        # Without a graphics card, putting pages together on it costs more than half of the time of a test.
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=[*ARGUMENTS, "--disable-gpu-compositing"])
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    root = tmp_path_factory.mktemp("browser")
    names = {name: root / name for name in ("samples", "store", "data")}
    for folder in names.values():
        folder.mkdir()
    sample = write_sample(names["samples"])
    for name in ("rna.h5ad", "atac.h5ad", "genes.bed"):
        (names["data"] / name).write_bytes((sample / name).read_bytes())
    (names["data"] / "broken.h5ad").write_text("no table at all")
    return names


@contextmanager
def served(app: Dash) -> Iterator[str]:
    """Serve an app from a thread of this process, and say where."""
    server = make_server("127.0.0.1", 0, app.server, threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture(scope="session")
def address(folders: dict[str, Path]) -> Iterator[str]:
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    app = create_app(Settings(store=folders["store"], data_root=folders["data"]), folders["samples"])
    with served(app) as address:
        yield address
    for child in psutil.Process().children(recursive=True):
        # A worker that has ended meanwhile has no command line any more.
        with suppress(psutil.Error):
            if "monae_app.jobs.worker" in child.cmdline():
                child.kill()


@pytest.fixture
def page(browser: Browser, address: str) -> Iterator[Page]:
    """Open the app; a page that writes an error to the console fails its test."""
    yield from open_page(browser, address)


def open_page(browser: Browser, address: str, harmless: re.Pattern[str] = HARMLESS) -> Iterator[Page]:
    """Open the app in a browser of its own; a page that writes an error to the console fails its test."""
    context = browser.new_context(base_url=address, viewport={"width": 1280, "height": 900}, color_scheme="light")
    page = context.new_page()
    page.set_default_timeout(PATIENCE)
    expect.set_options(timeout=PATIENCE)
    complaints: list[str] = []
    page.on("console", lambda said: complaints.append(said.text) if said.type in {"error", "warning"} else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("response", lambda got: complaints.append(f"{got.status} {got.url}") if got.status >= 400 else None)
    page.on("request", lambda sent: complaints.append(f"foreign {sent.url}") if _foreign(sent.url, address) else None)
    yield page
    context.close()
    assert [said for said in complaints if not harmless.search(said)] == []


def _foreign(url: str, address: str) -> bool:
    # The app must work without a network.
    return not url.startswith((address, "data:", "blob:"))
