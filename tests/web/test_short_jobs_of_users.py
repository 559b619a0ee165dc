"""What one user orders, makes and shares is out of reach for another, whatever their browser sends."""

from __future__ import annotations

import base64
import json
import os
import re
import threading
import time

import numpy as np
import pytest

from monae_app.engine.analysis.part_map import PartMap
from monae_app.engine.config import make_config
from monae_app.jobs import short_process
from monae_app.jobs.archive import export_run
from monae_app.jobs.archive_import import import_run
from monae_app.jobs.downloads import Downloads
from monae_app.jobs.json_cache import open_cache
from monae_app.jobs.kept_files import sweep_kept
from monae_app.jobs.part_maps import KeptMap, PartMaps
from monae_app.jobs.registry import Registry
from monae_app.jobs.short_work import Tickets, perform
from monae_app.web.app import create_app
from monae_app.web.components.short_job import told
from monae_app.web.settings import Settings


@pytest.fixture
def many(tmp_path, samples_root):
    settings = Settings(store=tmp_path / "store", single_user=False)
    return create_app(settings, samples_root), settings


def browser(app):
    client = app.server.test_client()
    client.get("/")
    return client


def user_of(client) -> str:
    token = client.get_cookie("monae_user").value
    return json.loads(base64.urlsafe_b64decode(token.split(".")[0] + "=="))


def issue(client, name: str, *states):
    """Press a button as a browser does."""
    listed = json.loads(client.get("/_dash-dependencies").data)
    callback = next(
        each for each in listed if each["inputs"][0]["id"] == f"{name}-start" and f"{name}-ticket" in each["output"]
    )
    outputs = [{"id": f"{name}-ticket", "property": "data"}, {"id": f"{name}-shown", "property": "children"}]
    body = {
        "output": callback["output"],
        "outputs": outputs,
        "inputs": [{"id": f"{name}-start", "property": "n_clicks", "value": 1}],
        "changedPropIds": [f"{name}-start.n_clicks"],
        "state": [{**said, "value": value} for said, value in zip(callback["state"], states, strict=True)],
    }
    answer = client.post("/_dash-update-component", json=body)
    assert answer.status_code == 200, answer.data
    return json.loads(answer.data)["response"]


def test_a_run_of_another_user_cannot_be_ordered(many, tmp_path, samples_root):
    app, settings = many
    one, other = browser(app), browser(app)
    export_run(samples_root / "tiny" / "run", tmp_path / "run.zip")
    record = import_run(Registry(settings.store, user_of(one)), tmp_path / "run.zip", room=10**9)
    assert "ticket" in str(issue(one, "export", record.id, []))
    for run in (record.id, "../../" + user_of(one) + "/runs/" + record.id, str(record.folder), None):
        for name, states in (
            ("export", (run, [])),
            ("some-cells", (run, ["obs:cell_type=Astro"], 1.0, "")),
            ("imputed", (run, "Gene1", "rna", "atac")),
        ):
            answer = issue(other, name, *states)
            assert f"{name}-ticket" not in answer
            assert "There is no run" in str(answer)
    for archive in (
        "upload:" + "0" * 32,
        f"root:{record.folder}",
        "named:/etc/passwd",
        str(tmp_path / "run.zip"),
        None,
    ):
        assert "import-ticket" not in issue(other, "import", archive)
    assert len(list((settings.store / "short_work" / "tickets").iterdir())) == 1


def test_a_file_made_for_one_user_is_not_given_to_another(many, tmp_path):
    app, settings = many
    one, other = browser(app), browser(app)
    (tmp_path / "file").write_bytes(b"content" * 1000)
    token = Downloads(settings.store, user_of(one)).add(tmp_path / "file", "run.zip")
    answer = one.get(f"/api/downloads/{token}")
    assert (answer.status_code, answer.data) == (200, b"content" * 1000)
    assert answer.headers["Content-Disposition"] == "attachment; filename=run.zip"
    assert answer.headers["Cache-Control"] == "no-store"
    answer.close()
    for client, asked in ((other, token), (one, "0" * 32), (one, "..secret"), (one, token.upper() + "x")):
        assert client.get(f"/api/downloads/{asked}").status_code == 404


def test_a_map_made_for_one_user_is_not_shown_to_another(many, samples_root):
    app, settings = many
    one, other = browser(app), browser(app)
    run = samples_root / "tiny" / "run"
    maps, rows = PartMaps(settings.store, user_of(one)), np.arange(12)
    key = maps.key(run, rows, 1.0)
    maps.write(run, key, KeptMap(PartMap(rows, np.ones((12, 2)), np.zeros(12, int)), "twelve", 1.0))
    path = f"/api/runs/sample-tiny/map.csv?part={key}"
    assert len(one.get(path).data.splitlines()) == 13
    assert other.get(path).status_code == 404
    sweep_kept(settings.store)
    assert one.get(path).status_code == 200


def test_an_archive_is_imported_by_ticket(tmp_path, samples_root):
    export_run(samples_root / "tiny" / "run", tmp_path / "run.zip")
    order = {"archive": str(tmp_path / "run.zip"), "room": 10**9}
    heard: list[str] = []
    number = Tickets(tmp_path / "store").issue("import", "one", order)
    outcome = perform(tmp_path / "store", number, lambda _share, text: heard.append(text))
    assert outcome["result"]["finished"]
    assert Registry(tmp_path / "store", "one").get(outcome["result"]["run"]).finished
    assert heard[-1] == "Checking what it holds"


def test_what_came_of_it_is_shown_in_words():
    def words(outcome) -> str:
        return str(told(outcome, lambda result: f"made {result}"))

    assert words({"state": "done", "result": 3}) == "made 3"
    assert "Nothing there" in words({"state": "failed", "found": "Nothing there.", "expected": "x", "todo": "y"})
    assert "Cancelled" in words({"state": "cancelled"})
    assert "Cancelled" in words(None)


def test_work_ends_when_no_page_asks_for_it(tmp_path, monkeypatch):
    monkeypatch.setattr(short_process, "WATCH_SECONDS", 0.02)
    monkeypatch.setattr(short_process, "UNASKED_SECONDS", 1.0)
    cache, ended = open_cache(tmp_path / "cache"), threading.Event()
    end = ended.set

    teller = short_process.Teller(cache, "key")
    arguments = (cache, "key", teller, os.getppid(), end)
    watching = threading.Thread(target=short_process._watch, args=arguments, daemon=True)
    watching.start()
    for number in range(26):
        cache.set(short_process.asked_key("key"), number)
        assert not ended.wait(0.1)
    # meanwhile it is said again and again what is being done
    assert re.fullmatch(r"Starting … ([2-9]|\d\d) s", cache.get(short_process.progress_key("key"))[0])
    assert ended.wait(5)
    watching.join()
    # a server that is gone ends it at once
    ended.clear()
    began = time.monotonic()
    threading.Thread(target=short_process._watch, args=(*arguments[:3], -1, end), daemon=True).start()
    assert ended.wait(5)
    assert time.monotonic() - began < 0.9
    cache.close()


def test_a_config_of_a_shared_run_names_no_file_of_its_owner(tmp_path, samples_root):
    export_run(samples_root / "tiny" / "run", tmp_path / "run.zip", log=False)
    record = import_run(Registry(tmp_path, "one"), tmp_path / "run.zip", room=10**9)
    kept = json.loads((record.folder / "config.json").read_text())
    assert make_config(**kept)
    assert str(samples_root) not in json.dumps(kept)
