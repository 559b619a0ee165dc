"""`monae demo` as a process: its address, its own store, its id and theme in the page."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import urllib.request
from typing import TYPE_CHECKING

from monae_app.web import first_page
from monae_app.web.app import create_app
from monae_app.web.settings import Settings
from tests.web.tiny_sample import write_sample

if TYPE_CHECKING:
    from pathlib import Path

HEADERS = {"X-Monae": "1"}


def test_a_demo_serves_a_store_of_its_own(tmp_path: Path):
    arguments = ["demo", "--port", "0", "--no-browser", "--projector", "--store", str(tmp_path)]
    process = subprocess.Popen(
        [sys.executable, "-m", "monae_app.cli", *arguments], stdout=subprocess.PIPE, text=True, env=dict(os.environ)
    )
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == f"A clean demo in {tmp_path / 'demo' / '1'}.\n"
        said = re.fullmatch(r"Monae App is at (http://localhost:\d+) \(stop with Ctrl-C\)\n", process.stdout.readline())
        assert said
        with urllib.request.urlopen(said[1]) as answer:
            page = answer.read().decode()
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(120)
        process.stdout.close()
    identity = (tmp_path / "demo" / "1" / "demo.id").read_text()
    assert f'const demo = "{identity}"' in page
    assert '|| "projector" ||' in page
    assert {path.name for path in tmp_path.iterdir()} == {"demo"}


def test_an_app_that_is_no_demo_cannot_be_emptied(tmp_path: Path):
    write_sample(tmp_path / "samples")
    app = create_app(Settings(store=tmp_path / "store"), tmp_path / "samples")
    client = app.server.test_client()
    assert client.post("/api/demo/start-over", headers=HEADERS).status_code in {404, 405}
    assert 'const demo = ""' in client.get("/").text


def test_starting_over_empties_the_one_who_asks_and_renews_the_page(tmp_path: Path):
    write_sample(tmp_path / "samples")
    store = tmp_path / "store"
    upload = store / "users" / "local" / "uploads" / "one" / "x.h5ad"
    upload.parent.mkdir(parents=True)
    upload.write_text("x")
    app = create_app(Settings(store=store, demo="first"), tmp_path / "samples")
    client = app.server.test_client()
    # a page of another site cannot ask for it
    assert client.post("/api/demo/start-over").status_code == 403
    assert upload.is_file()
    assert client.post("/api/demo/start-over", headers=HEADERS).status_code == 204
    assert not upload.exists()
    page = client.get("/").text
    assert 'const demo = "first"' not in page
    assert f'const demo = "{(store / "demo.id").read_text()}"' in page


def test_users_of_a_demo_are_emptied_each_alone(tmp_path: Path):
    write_sample(tmp_path / "samples")
    store = tmp_path / "store"
    kept = store / "users" / f"u{'0' * 32}" / "uploads" / "x.h5ad"
    kept.parent.mkdir(parents=True)
    kept.write_text("x")
    app = create_app(Settings(store=store, demo="first", single_user=False), tmp_path / "samples")
    assert app.server.test_client().post("/api/demo/start-over", headers=HEADERS).status_code == 204
    assert kept.is_file()


def test_the_tour_is_told_which_run_it_goes_through(tmp_path: Path):
    write_sample(tmp_path / "samples")
    app = create_app(Settings(store=tmp_path / "store"), tmp_path / "samples")
    client = app.server.test_client()
    for asked in ("sample-tiny", "mine", ""):
        told = client.get(f"/api/tour.json?run={asked}").json
        assert told == {
            "run": "sample-tiny", "title": "Tiny sample", "modalities": ["RNA", "ATAC"], "colour": "obs:cell_type",
            "feature": {"key": "rna:Gene0", "name": "Gene0", "modality": "RNA"},
        }  # fmt: skip
    bare = create_app(Settings(store=tmp_path / "other"), tmp_path / "none").server.test_client()
    refused = bare.get("/api/tour.json")
    assert refused.status_code == 404
    assert refused.json["found"] == "No bundled run was found."


def test_the_first_page_is_what_dash_fills():
    page = first_page.index("abc", "dark")
    assert all(f"{{%{name}%}}" in page for name in ("metas", "css", "app_entry", "config", "scripts", "renderer"))
    assert "%DEMO%" not in page
    assert "%THEME%" not in page
