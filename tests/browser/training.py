"""What tests of the Training page do again and again."""

from __future__ import annotations

from playwright.sync_api import Locator, Page, expect

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


def state(page: Page, word: str, timeout: float = 20_000) -> None:
    expect(page.locator("#training-badge")).to_have_text(word, timeout=timeout)
