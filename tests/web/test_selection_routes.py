"""What is selected is saved, told, changed, taken back and downloaded, by its owner alone."""

from __future__ import annotations

import csv
import io
import json

import numpy as np
import pytest

from monae_app.engine.analysis.part_map import PartMap
from monae_app.jobs import bitsets
from monae_app.jobs.archive import export_run
from monae_app.jobs.archive_import import import_run
from monae_app.jobs.part_maps import KeptMap, PartMaps
from monae_app.jobs.registry import LOCAL, Registry
from monae_app.web.app import create_app
from monae_app.web.settings import Settings
from tests.web.tiny_sample import CELLS, TYPES

N = 2 * CELLS
RUN = "/api/runs/sample-tiny"
OWN = {"X-Monae": "1"}


def some(*rows: int) -> bytes:
    chosen = np.zeros(N, bool)
    chosen[list(rows)] = True
    return bitsets.pack(chosen)


def save(client, name: str, *rows: int, run: str = RUN):
    return client.post(f"{run}/selections", query_string={"name": name}, data=some(*rows), headers=OWN)


def listed(client, run: str = RUN) -> dict:
    answer = client.get(f"{run}/selections.json")
    assert answer.status_code == 200
    return answer.get_json()


def table(answer) -> list[dict[str, str]]:
    assert answer.status_code == 200
    assert answer.mimetype == "text/csv"
    return list(csv.DictReader(io.StringIO(answer.get_data(as_text=True))))


def test_at_first_nothing_is_saved(client):
    told = listed(client)
    assert (told["sets"], told["columns"], told["undo"], told["redo"]) == ([], [], None, None)
    assert told["editable"]
    assert told["cells"] == N


def test_a_selection_is_saved_and_comes_back(client):
    answer = save(client, "B cells", 0, 8, N - 1)
    assert answer.status_code == 201
    made = answer.get_json()["changed"]
    assert made["count"] == 3
    assert listed(client)["sets"] == [made]
    bits = client.get(f"{RUN}/selections/{made['id']}.bits")
    assert bits.data == some(0, 8, N - 1)
    assert bits.mimetype == "application/octet-stream"
    again = client.get(f"{RUN}/selections/{made['id']}.bits", headers={"If-None-Match": bits.headers["ETag"]})
    assert again.status_code == 304


def test_a_selection_is_renamed_replaced_deleted_and_brought_back(client):
    key = save(client, "one", 1).get_json()["changed"]["id"]
    told = client.patch(f"{RUN}/selections/{key}", json={"name": "two", "colour": "#00FF00"}, headers=OWN).get_json()
    assert told["changed"] == {"id": key, "name": "two", "count": 1, "colour": "#00ff00"}
    told = client.put(f"{RUN}/selections/{key}", data=some(1, 2), headers=OWN).get_json()
    assert told["changed"]["count"] == 2
    told = client.delete(f"{RUN}/selections/{key}", headers=OWN).get_json()
    assert told["sets"] == []
    assert told["undo"] == "delete the selection “two”"
    told = client.post(f"{RUN}/annotations/undo", query_string={"step": told["undo_step"]}, headers=OWN).get_json()
    assert [each["name"] for each in told["sets"]] == ["two"]
    assert told["redo"] == "delete the selection “two”"
    assert client.post(f"{RUN}/annotations/redo", headers=OWN).get_json()["sets"] == []


def test_a_column_is_made_filled_renamed_and_deleted(client):
    query = {"name": "My types", "group": "B"}
    told = client.post(f"{RUN}/annotations", query_string=query, data=some(0, 1), headers=OWN).get_json()
    key = told["changed"]["id"]
    assert told["columns"] == [
        {"id": key, "key": "note:My types", "name": "My types", "groups": [{"name": "B", "count": 2}]}
    ]
    url = f"{RUN}/annotations/{key}"
    refused = client.post(f"{url}/cells", query_string={"group": "T"}, data=some(1), headers=OWN)
    assert (refused.status_code, refused.get_json()["found"][:39]) == (404, "The column “My types” has no group “T” ")
    told = client.post(f"{url}/cells", query_string={"group": "T", "new": "1"}, data=some(1, 2), headers=OWN).get_json()
    assert told["changed"]["groups"] == [{"name": "B", "count": 1}, {"name": "T", "count": 2}]
    told = client.post(f"{url}/cells", data=some(2), headers=OWN).get_json()
    assert told["changed"]["groups"][1]["count"] == 1
    client.patch(url, json={"group": "T", "name": "T cells"}, headers=OWN)
    told = client.patch(url, json={"name": "Types"}, headers=OWN).get_json()
    assert (told["changed"]["key"], told["changed"]["groups"][1]["name"]) == ("note:Types", "T cells")
    told = client.delete(url, query_string={"group": "B"}, headers=OWN).get_json()
    assert told["changed"]["groups"] == [{"name": "T cells", "count": 1}]
    assert client.delete(url, headers=OWN).get_json()["columns"] == []
    for _ in range(7):
        told = client.post(f"{RUN}/annotations/undo", headers=OWN).get_json()
    assert told["undo"] is None
    empty = client.post(f"{RUN}/annotations", query_string={"name": "Empty"}, headers=OWN).get_json()
    assert empty["changed"]["groups"] == []


def frame(client, key: str) -> tuple[dict, np.ndarray]:
    answer = client.get(f"{RUN}/map.colour", query_string={"key": key})
    assert answer.status_code == 200, answer.get_json()
    length = int.from_bytes(answer.data[:4], "little")
    return json.loads(answer.data[4 : 4 + length]), np.frombuffer(answer.data[4 + length :], np.uint8)


def test_a_column_colours_the_map_as_it_is_now(client):
    query = {"name": "My types", "group": "B"}
    told = client.post(f"{RUN}/annotations", query_string=query, data=some(3), headers=OWN).get_json()
    header, codes = frame(client, "note:My types")
    assert (header["kind"], header["groups"], header["missing"]) == ("groups", [{"name": "B", "count": 1}], N - 1)
    assert np.flatnonzero(codes != 255).tolist() == [3]
    first = client.get(f"{RUN}/map.colour", query_string={"key": "note:My types"}).headers["ETag"]
    url = f"{RUN}/annotations/{told['changed']['id']}/cells"
    client.post(url, query_string={"group": "T", "new": "1"}, data=some(4), headers=OWN)
    assert frame(client, "note:My types")[1][3:5].tolist() == [0, 1]
    assert client.get(f"{RUN}/map.colour", query_string={"key": "note:My types"}).headers["ETag"] != first
    found = client.get(f"{RUN}/search.json", query_string={"text": "my t"}).get_json()
    assert found[0]["key"] == "note:My types"


def test_tables_say_for_each_cell_where_it_is(client):
    query = {"name": "Types", "group": "B, or not"}
    column = client.post(f"{RUN}/annotations", query_string=query, data=some(0, CELLS), headers=OWN).get_json()
    key = save(client, "=mine", 0, 1).get_json()["changed"]["id"]
    rows = table(client.get(f"{RUN}/selections/{key}.csv"))
    assert rows == [
        {"cell": "cell0", "modality": "rna", "Types": "B, or not"},
        {"cell": "cell1", "modality": "rna", "Types": ""},
    ]
    rows = table(client.get(f"{RUN}/annotations/{column['changed']['id']}.csv"))
    assert len(rows) == N
    assert [row["cell"] for row in rows if row["Types"]] == ["cell0", "cell0"]
    assert [row["modality"] for row in rows if row["Types"]] == ["rna", "atac"]
    rows = table(client.get(f"{RUN}/annotations.csv"))
    assert len(rows) == N
    assert [row["=mine"] for row in rows[:3]] == ["yes", "yes", "no"]
    answer = client.post(f"{RUN}/cells.csv", data=some(2, N - 1), headers=OWN)
    assert [row["cell"] for row in table(answer)] == ["cell2", f"cell{CELLS - 1}"]
    assert "selected_cells.csv" in answer.headers["Content-Disposition"]


def test_long_tables_come_in_blocks(client, monkeypatch):
    save(client, "mine", 5)
    whole = client.get(f"{RUN}/annotations.csv").data
    monkeypatch.setattr("monae_app.web.selections.BLOCK", 7)
    assert client.get(f"{RUN}/annotations.csv").data == whole


@pytest.mark.parametrize("sent", [b"", b"\x01", bytes(N // 8 + 1)])
def test_what_is_no_selection_is_refused_in_words(client, sent):
    for url in (f"{RUN}/selections?name=x", f"{RUN}/cells.csv"):
        answer = client.post(url, data=sent, headers=OWN)
        assert answer.status_code == 404
        assert set(answer.get_json()) == {"found", "expected", "todo"}
    assert listed(client)["sets"] == []


def test_odd_changes_are_refused_in_words(client):
    key = save(client, "one", 1).get_json()["changed"]["id"]
    for said in ({"name": 3}, ["x"], None, {"name": "x", "version": "y"}, {"colour": "red"}):
        answer = client.patch(f"{RUN}/selections/{key}", json=said, headers=OWN)
        assert (answer.status_code, set(answer.get_json())) == (404, {"found", "expected", "todo"})
    for url in ("selections/nothing.csv", "selections/nothing.bits", "annotations/nothing.csv"):
        assert client.get(f"{RUN}/{url}").status_code == 404
    assert [each["name"] for each in listed(client)["sets"]] == ["one"]


def test_the_second_tab_is_told(client):
    seen = save(client, "one", 1).get_json()
    key, step = seen["changed"]["id"], seen["undo_step"]
    client.patch(f"{RUN}/selections/{key}", json={"name": "two"}, headers=OWN)
    for late in (
        client.patch(f"{RUN}/selections/{key}", json={"name": "three", "version": seen["version"]}, headers=OWN),
        client.delete(f"{RUN}/selections/{key}", query_string={"version": seen["version"]}, headers=OWN),
        client.post(f"{RUN}/annotations/undo", query_string={"step": step}, headers=OWN),
    ):
        assert late.status_code == 404
        assert "another tab" in late.get_json()["found"]
    assert [each["name"] for each in listed(client)["sets"]] == ["two"]


def test_pages_of_other_sites_change_nothing(client):
    for headers in ({}, {**OWN, "Sec-Fetch-Site": "cross-site"}, {**OWN, "Origin": "https://example.org"}):
        answer = client.post(f"{RUN}/selections?name=x", data=some(1), headers=headers)
        assert answer.status_code == 403
    assert listed(client)["sets"] == []


@pytest.fixture
def users(tmp_path, samples_root):
    """Two users of one server."""
    app = create_app(Settings(store=tmp_path / "store", single_user=False), samples_root)
    clients = [app.server.test_client() for _ in range(2)]
    for each in clients:
        each.get("/")
    return clients


def test_others_see_what_is_saved_of_a_shared_run_and_change_nothing(users, tmp_path, samples_root):
    mine, theirs = users
    export_run(samples_root / "tiny" / "run", tmp_path / "run.zip")
    # Whoever saves something has a folder in the store.
    save(mine, "known", 1)
    owner = next((tmp_path / "store" / "users").iterdir()).name
    run = import_run(Registry(tmp_path / "store", owner), tmp_path / "run.zip", room=10**9).id
    assert save(mine, "B cells", 4, 5, run=f"/api/runs/{run}").status_code == 201
    shared = f"/api/runs/{mine.post(f'/api/runs/{run}/share', headers=OWN).get_json()['id']}"
    told = listed(theirs, shared)
    assert [each["name"] for each in told["sets"]] == ["B cells"]
    assert not told["editable"]
    assert "shared with you" in told["why_not"]
    assert told["undo"] is None
    key = told["sets"][0]["id"]
    assert theirs.get(f"{shared}/selections/{key}.bits").data == some(4, 5)
    for answer in (
        save(theirs, "x", 1, run=shared),
        theirs.delete(f"{shared}/selections/{key}", headers=OWN),
        theirs.patch(f"{shared}/selections/{key}", json={"name": "x"}, headers=OWN),
        theirs.post(f"{shared}/annotations?name=x", headers=OWN),
        theirs.post(f"{shared}/annotations/undo", headers=OWN),
    ):
        assert answer.status_code == 404
        assert "shared with you" in answer.get_json()["found"]
    assert len(table(theirs.post(f"{shared}/cells.csv", data=some(1), headers=OWN))) == 1
    assert theirs.get(f"/api/runs/{run}/selections.json").status_code == 404
    assert listed(mine, f"/api/runs/{run}") == told | {
        "editable": True, "why_not": None, "undo": "save the selection “B cells”",
    }  # fmt: skip


def test_each_user_has_their_own_of_a_bundled_run(users, samples_root):
    mine, theirs = users
    save(mine, "mine", 1)
    assert [each["name"] for each in listed(mine)["sets"]] == ["mine"]
    assert listed(theirs)["sets"] == []
    assert not (samples_root / "tiny" / "run" / "annotations").exists()


def test_the_groups_of_the_sample_can_be_saved_and_found_again(client):
    """What colours the map selects its cells, byte by byte."""
    header, codes = frame(client, "obs:cell_type")
    code = [group["name"] for group in header["groups"]].index(TYPES[2])
    key = save(client, TYPES[2], *np.flatnonzero(codes == code)).get_json()["changed"]["id"]
    rows = table(client.get(f"{RUN}/selections/{key}.csv"))
    assert {int(row["cell"].removeprefix("cell")) % len(TYPES) for row in rows} == {2}
    assert len(rows) == N // len(TYPES)


def test_a_map_of_some_cells_says_which_cells_it_shows(client, services, settings):
    rows = np.array([3, 7, CELLS])
    maps, folder = PartMaps(settings.store, LOCAL), services.view("sample-tiny").folder
    key = maps.key(folder, rows, 1.0)
    maps.write(folder, key, KeptMap(PartMap(rows, np.zeros((3, 2)), np.zeros(3, int)), "three", 1.0))
    shown = client.get(f"{RUN}/shown.bits?part={key}")
    assert shown.data == some(*rows)
    assert client.get(f"{RUN}/shown.bits").data == some(*range(N))
    assert client.get(f"{RUN}/shown.bits?part={key[::-1]}").status_code == 404
