"""What tests of the Training page do again and again."""

from __future__ import annotations

import logging
import threading
from typing import TYPE_CHECKING

from playwright.sync_api import Locator, Page, expect
from werkzeug.serving import make_server

from monae_app.web.app import SERVICES, create_app
from monae_app.web.settings import Settings

if TYPE_CHECKING:
    from pathlib import Path
    from subprocess import Popen

    from werkzeug.serving import BaseWSGIServer

    from monae_app.web.services import Services

# Starting torch and compiling UMAP take most of it.
TRAINING = 180_000
SMALL = {"n_components": "10", "anchor_components": "5", "features_per_step": "64", "batch_size": "32"}


def setting(page: Page, name: str) -> Locator:
    return page.locator(f'input[id*=\'"name":"{name}"\']')


def open_sample(page: Page) -> None:
    page.goto("/data")
    expect(page.locator("#data-summary")).to_contain_text("120")
    page.get_by_role("button", name="Open the sample").click()
    page.get_by_role("link", name="Continue to training").click()
    expect(page.locator("#training-check")).to_contain_text("Expected: ")


def open_training(page: Page) -> None:
    # The sample is what one begins with.
    page.goto("/training")
    expect(page.locator("#training-check")).to_contain_text("Expected: ")


def start(page: Page, steps: str, name: str = "") -> None:
    before = page.url
    if not setting(page, "batch_size").is_visible():
        page.get_by_text("Expert settings").click()
    for parameter, value in (SMALL | {"steps": steps}).items():
        setting(page, parameter).fill(value)
    page.fill("#training-name", name)
    expect(page.locator("#training-start")).to_be_enabled()
    page.click("#training-start")
    expect(page).not_to_have_url(before)


def state(page: Page, word: str, timeout: float = 45_000) -> None:
    expect(page.locator("#training-badge")).to_have_text(word, timeout=timeout)


class Server:
    """The app in this process, at one port, as often as it is started; workers only pretend to train."""

    def __init__(self, folders: dict[str, Path], store: Path, data_root: Path | None = None) -> None:
        self._folders, self.store, self._data_root = folders, store, data_root
        self.port = 0
        self._workers: list[Popen[bytes]] = []
        self._server: BaseWSGIServer | None = None

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        logging.getLogger("werkzeug").setLevel(logging.ERROR)
        app = create_app(Settings(store=self.store, data_root=self._data_root), self._folders["samples"])
        self.services: Services = app.server.extensions[SERVICES]
        self.services.launcher.watch()
        self._server = make_server("127.0.0.1", self.port, app.server, threaded=True)
        self.port = self._server.port
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        if self._server is not None:
            self._workers += self.services.launcher._children
            self.services.launcher.close()
            self._server.shutdown()
            self._thread.join()
            self._server.server_close()
            self._server = None

    def end(self) -> None:
        """Stop it, and the workers, which would go on."""
        self.stop()
        for worker in self._workers:
            worker.kill()
            worker.wait()
