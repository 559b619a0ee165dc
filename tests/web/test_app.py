"""The app without a browser: pages and routes answer, and importing it loads nothing heavy."""

from __future__ import annotations

import io
import json
import socket
import subprocess
import sys

import pandas as pd
import pytest

from monae_app.engine.errors import InputError
from monae_app.web.app import PAGES, create_app
from monae_app.web.components.parameter_form import expert_fields, parameter_id, read_parameters, standard_fields
from monae_app.web.serve import serve
from monae_app.web.settings import Settings


def test_the_web_process_loads_no_torch():
    heavy = "{'torch', 'umap', 'numba', 'scanpy', 'sklearn', 'scipy.stats'}"
    code = f"import sys, monae_app.web.app; found = {heavy} & set(sys.modules); assert not found, found"
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize("path", [page.PATH for page in PAGES])
def test_every_page_answers(client, path):
    answer = client.get(path)
    assert answer.status_code == 200
    assert b"Monae App" in answer.data


@pytest.mark.parametrize("page", PAGES)
def test_every_page_can_be_laid_out_from_its_url(page):
    layout = page.layout(run="x", colour="rna:Gad1", unknown="y")
    assert "Gad1" in json.dumps(layout.to_plotly_json(), default=lambda part: part.to_plotly_json()) or page.PATH != "/"


@pytest.mark.parametrize("page", PAGES)
def test_no_figure_offers_to_be_uploaded(page):
    # plotly would send what is shown to a host of its maker
    written = json.loads(json.dumps(page.layout(), default=lambda part: part.to_plotly_json()))
    for config in configs_of(written):
        assert config.get("displayModeBar") is False or config["showSendToCloud"] is False


def configs_of(part):
    """Configurations of the figures in a layout."""
    if isinstance(part, list):
        return [config for each in part for config in configs_of(each)]
    if not isinstance(part, dict):
        return []
    own = [part["props"].get("config") or {}] if part.get("type") == "Graph" else []
    return own + [config for each in part.values() for config in configs_of(each)]


def test_two_apps_in_one_process(settings, samples_root):
    first, second = create_app(settings, samples_root), create_app(settings, samples_root)
    for app in (first, second):
        assert app.server.test_client().get("/_dash-layout").status_code == 200
    assert len(first.callback_map) == len(second.callback_map)


def test_the_table_behind_the_map(client):
    answer = client.get("/api/runs/sample-tiny/map.csv?colour=rna:Gene0&values=measured")
    assert "map_Gene0.csv" in answer.headers["Content-Disposition"]
    table = pd.read_csv(io.BytesIO(answer.data))
    assert list(table.columns) == ["cell", "modality", "umap_1", "umap_2", "Gene0 (measured, ln(1 + CP10k))"]
    assert table["Gene0 (measured, ln(1 + CP10k))"].notna().sum() == len(table) / 2


@pytest.mark.parametrize("path", ["/api/runs/nope/map.csv", "/api/runs/sample-tiny/map.csv?colour=rna:Nope"])
def test_a_table_that_is_not_there_is_explained(client, path):
    answer = client.get(path)
    assert answer.status_code == 404
    assert answer.json["todo"]


@pytest.mark.parametrize(
    ("host", "code"),
    [
        ("localhost:8050", 200),
        ("127.0.0.1:1", 200),
        ("[::1]:8050", 200),
        ("evil.example", 403),
        ("evil.example:8050", 403),
    ],
)
def test_foreign_names_are_refused_on_loopback(client, host, code):
    assert client.get("/api/health", headers={"Host": host}).status_code == code


def test_a_server_for_others_answers_to_its_names(tmp_path, samples_root):
    app = create_app(Settings(store=tmp_path, host="0.0.0.0"), samples_root)
    assert app.server.test_client().get("/api/health", headers={"Host": "lab.example"}).status_code == 200


def test_a_port_that_is_taken_is_said(tmp_path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(InputError, match=f"Port {port} on 127.0.0.1 is taken"):
            serve(Settings(store=tmp_path, port=port, no_browser=True))


def test_the_form_offers_every_setting_once():
    found = [part.children[1].id["name"] for part in standard_fields()]
    for group in expert_fields():
        found += [part.children[1].id["name"] for part in group.children[1].children]
    assert len(found) == len(set(found)) > 30
    assert {"steps", "seed", "device"} <= set(found)


def test_what_is_typed_becomes_settings():
    typed = {
        "steps": " 1,000 ",
        "seed": "",
        "keep_genes": "Gad1, Mbp",
        "device": "cpu",
        "dropout": "x",
        "nonsense": "1",
    }
    found = read_parameters([parameter_id(name) for name in typed], list(typed.values()))
    assert found == {"steps": "1000", "keep_genes": ("Gad1", "Mbp"), "device": "cpu", "dropout": "x"}


def test_a_run_given_at_the_start_comes_first(tmp_path, samples_root, services):
    assert services.default_run() == "sample-tiny"
    run = samples_root / "tiny" / "run"
    opened = type(services)(Settings(store=tmp_path, files=(run,)), samples_root)
    assert opened.default_run() == "opened-0"
    assert opened.view("opened-0").label == "cell_type"


def test_the_summary_of_a_sample_needs_no_reading(services, monkeypatch):
    monkeypatch.setattr("monae_app.web.services.inspect", lambda _: pytest.fail("read the files"))
    assert services.summary(services.catalogue.default())["labels"] == ["cell_type"]


def test_the_log_of_a_run_is_downloaded_whole_by_its_owner_alone(app, client):
    services = app.server.extensions["monae_services"]
    config = services.registry.get("sample-tiny").files.read_config()
    record = services.registry.create(config, "my run/1")
    assert client.get(f"/api/runs/{record.id}/log.txt").status_code == 404
    record.files.log_path.write_text("first\n" * 10_000)
    answer = client.get(f"/api/runs/{record.id}/log.txt")
    assert answer.data.count(b"first") == 10_000
    assert "log_my_run_1.txt" in answer.headers["Content-Disposition"]
    shared = services.share(record.id)
    assert client.get(f"/api/runs/{shared}/log.txt").status_code == 404
