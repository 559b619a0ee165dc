"""The program behind a figure, as it is shown, copied and saved."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

pytestmark = pytest.mark.browser


def test_the_program_of_what_is_shown_is_copied_and_saved(page: Page):
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.goto("/?run=sample-tiny&colour=rna:Gene3&values=measured")
    expect(page.locator("#map-code")).to_have_attribute("href", re.compile("rna:Gene3"))
    page.locator("#map-code").focus()
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog", name="Code for this view")
    shown = dialog.get_by_label("The program").input_value()
    assert 'view.colouring("rna:Gene3", measured=True)' in shown
    compile(shown, "map.py", "exec")
    dialog.get_by_role("button", name="Copy").click()
    expect(dialog.get_by_role("button", name="Copied")).to_be_visible()
    assert page.evaluate("navigator.clipboard.readText()") == shown
    with page.expect_download() as saved:
        dialog.get_by_role("link", name="Save as .py").click()
    assert saved.value.suggested_filename == "map.py"
    assert saved.value.path().read_text() == shown
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    # every page with figures of a run has one
    for path, name in (("/verdict", "verdict-code"), ("/training", "training-code"), ("/differential", "over-code")):
        page.goto(f"{path}?run=sample-tiny")
        if path == "/differential":
            page.get_by_text("Composition").click()
        expect(page.locator(f"#{name}")).to_be_visible()
        page.locator(f"#{name}").click()
        assert "RunFolder(RUN)" in (text := dialog.get_by_label("The program").input_value()) or "RunView.open" in text
        dialog.get_by_role("button", name="Close").click()
