"""What a link to a map restores, and for whom."""

from __future__ import annotations

import base64

import numpy as np
import pytest

from monae_app.engine.analysis.part_map import PartMap
from monae_app.jobs import bitsets
from monae_app.jobs.archive import export_run
from monae_app.jobs.archive_import import import_run
from monae_app.jobs.part_maps import KeptMap, PartMaps
from monae_app.jobs.registry import LOCAL, Registry
from monae_app.jobs.views import MOST_OF_A_USER, MapView, Views
from monae_app.web.app import create_app
from monae_app.web.settings import Settings
from tests.web.test_short_jobs_of_users import browser, user_of
from tests.web.tiny_sample import CELLS

N = 2 * CELLS
OWN = {"X-Monae": "1"}
RUN = "/api/runs/sample-tiny"
VIEW = {
    "key": "obs:cell_type",
    "hidden": ["Astro"],
    "colours": {"Endo": "#112233"},
    "scale": "viridis",
    "camera": [1.5, -2.0, 3.0],
    "selection": base64.b64encode(bitsets.pack(np.arange(N) % 3 == 0)).decode(),
}


def keep(client, run: str, view: dict):
    return client.post(f"{run}/views", json=view, headers=OWN)


def test_a_view_comes_back_as_it_was_kept(client):
    token = keep(client, RUN, VIEW).get_json()["token"]
    assert client.get(f"{RUN}/views/{token}.json").get_json() == VIEW | {"part": None}


def test_a_view_of_cells_alone_outlives_the_week_of_their_map(client, view, settings):
    maps, rows = PartMaps(settings.store, LOCAL), np.arange(12)
    key = maps.key(view.folder, rows, 1.0)
    # of a map that is not there, no link is made
    assert keep(client, RUN, {"part": key}).status_code == 404
    maps.write(view.folder, key, KeptMap(PartMap(rows, np.ones((12, 2)), np.zeros(12, int)), "twelve", 1.0))
    assert keep(client, RUN, {"part": key}).status_code == 201
    (settings.store / "users" / LOCAL / "maps" / f"{key}.npz").unlink()
    assert client.get(f"{RUN}/map.json?part={key}").get_json()["cells"] == 12


@pytest.mark.parametrize(
    "view",
    [None, [], {"key": 3}, {"else": 1}, {"selection": "!"}, {"camera": [1, 2]}, {"part": "../x"},
     {"camera": [1, 2, float("nan")]}, {"colours": {"Endo": "red; }"}}, {"hidden": ["x"] * 1000}, {"key": "x" * 9999}],
)  # fmt: skip
def test_what_is_no_view_is_refused_in_words(client, view):
    answer = keep(client, RUN, view)
    assert answer.status_code == 404
    assert "view of a map" in answer.get_json()["expected"]


def test_a_selection_of_other_cells_is_refused(client):
    answer = keep(client, RUN, {"selection": "AAAA"})
    assert "not one of this run" in answer.get_json()["found"]


def test_what_is_too_large_is_refused_before_it_is_read(client):
    answer = keep(client, RUN, {"key": "x" * 300_000})
    assert "too much" in answer.get_json()["found"]


def test_a_shared_view_is_seen_by_whoever_has_the_link_until_sharing_ends(tmp_path, samples_root):
    settings = Settings(store=tmp_path / "store", single_user=False)
    app = create_app(settings, samples_root)
    one, other = browser(app), browser(app)
    export_run(samples_root / "tiny" / "run", tmp_path / "run.zip")
    record = import_run(Registry(settings.store, user_of(one)), tmp_path / "run.zip", room=10**9)
    mine = f"/api/runs/{record.id}"
    shared = f"/api/runs/{one.post(f'{mine}/share', headers=OWN).get_json()['id']}"
    maps, rows = PartMaps(settings.store, user_of(one)), np.arange(12)
    key = maps.key(record.folder, rows, 1.0)
    maps.write(record.folder, key, KeptMap(PartMap(rows, np.ones((12, 2)), np.zeros(12, int)), "twelve", 1.0))
    # a map that no link shows is not seen, whoever knows its key
    assert other.get(f"{shared}/map.json?part={key}").status_code == 404
    token = keep(one, mine, VIEW | {"part": key}).get_json()["token"]
    assert other.get(f"{shared}/views/{token}.json").get_json()["hidden"] == ["Astro"]
    assert other.get(f"{shared}/map.json?part={key}").get_json()["cells"] == 12
    # neither without the run, nor by another run
    for run in (mine, RUN):
        assert other.get(f"{run}/views/{token}.json").status_code == 404
    assert other.get(f"{shared}/views/{'0' * 32}.json").status_code == 404
    one.delete(f"{mine}/share", headers=OWN)
    again = f"/api/runs/{one.post(f'{mine}/share', headers=OWN).get_json()['id']}"
    assert other.get(f"{again}/views/{token}.json").status_code == 404


def test_nobody_fills_the_disk_with_links(tmp_path):
    views = Views(tmp_path)
    for _ in range(MOST_OF_A_USER):
        views.add("one", tmp_path / "run", MapView())
    with pytest.raises(Exception, match="500 links"):
        views.add("one", tmp_path / "run", MapView())
    views.add("two", tmp_path / "run", MapView())
    views.forget(tmp_path / "run")
    views.add("one", tmp_path / "run", MapView())
