"""The routes of uploads, and that nobody gets at what is another's."""

from __future__ import annotations

import hashlib

import pytest

from monae_app.jobs.upload_limits import UploadLimits
from monae_app.web.app import create_app
from monae_app.web.settings import Settings

OURS = {"X-Monae": "1"}
CONTENT = bytes(range(256)) * 40


@pytest.fixture
def several(tmp_path, samples_root):
    """Serve several users."""
    limits = UploadLimits(slice_bytes=4096, reserve_bytes=0)
    return create_app(Settings(store=tmp_path / "store", single_user=False, limits=limits), samples_root)


@pytest.fixture
def me(several):
    client = several.server.test_client()
    client.get("/")
    return client


@pytest.fixture
def you(several):
    client = several.server.test_client()
    client.get("/")
    return client


def announce(client, size: int = len(CONTENT), **more):
    body = {"name": "rna.h5ad", "files": [{"path": "rna.h5ad", "size": size}]} | more
    return client.post("/api/uploads", json=body, headers=OURS)


def send(client, upload: str, offset: int, content: bytes, index: int = 0, **headers: str):
    said = {"Upload-Offset": str(offset), "Upload-Checksum": f"sha256 {hashlib.sha256(content).hexdigest()}"}
    return client.patch(f"/api/uploads/{upload}/{index}", data=content, headers=OURS | said | headers)


def upload_all(client) -> str:
    upload = announce(client).json["id"]
    for offset in range(0, len(CONTENT), 4096):
        answer = send(client, upload, offset, CONTENT[offset : offset + 4096])
        assert answer.status_code == 204
    assert answer.headers["Upload-Complete"] == "1"
    return upload


def test_a_file_goes_up_in_slices_and_comes_out_whole(me, tmp_path):
    begun = announce(me)
    assert begun.status_code == 201
    upload = begun.json["id"]
    assert send(me, upload, 0, CONTENT[:4096]).headers["Upload-Offset"] == "4096"
    asked = me.head(f"/api/uploads/{upload}/0")
    assert (asked.headers["Upload-Offset"], asked.headers["Upload-Length"]) == ("4096", str(len(CONTENT)))
    assert asked.headers["Cache-Control"] == "no-store"
    assert me.get(f"/api/uploads/{upload}").json["files"] == [{"size": len(CONTENT), "offset": 4096}]
    send(me, upload, 4096, CONTENT[4096:8192])
    assert send(me, upload, 8192, CONTENT[8192:]).headers["Upload-Complete"] == "1"
    # the answer to the last slice may get lost
    assert me.head(f"/api/uploads/{upload}/0").headers["Upload-Complete"] == "1"
    (found,) = me.get("/api/uploads").json["uploads"]
    assert (found["name"], found["size"], found["folder"]) == ("rna.h5ad", len(CONTENT), False)
    (path,) = (tmp_path / "store").glob("users/*/uploads/*/rna.h5ad")
    assert path.read_bytes() == CONTENT
    assert me.delete(f"/api/uploads/{upload}", headers=OURS).status_code == 204
    assert me.get("/api/uploads").json["uploads"] == []


def test_what_is_wrong_is_said_in_numbers_and_words(me):
    upload = announce(me).json["id"]
    send(me, upload, 0, CONTENT[:4096])
    wrong_place = send(me, upload, 0, CONTENT[:4096])
    assert (wrong_place.status_code, wrong_place.headers["Upload-Offset"]) == (409, "4096")
    damaged = send(me, upload, 4096, CONTENT[4096:8192], **{"Upload-Checksum": "sha256 00"})
    assert (damaged.status_code, damaged.headers["Upload-Offset"]) == (460, "4096")
    assert send(me, upload, 4096, CONTENT[:4097]).status_code == 413
    assert send(me, upload, 4096, CONTENT[:10], **{"Upload-Offset": "-1"}).status_code == 400
    assert send(me, upload, 4096, CONTENT[:10], index=7).status_code == 404
    assert announce(me, 10**13).json["todo"]


@pytest.mark.parametrize(
    "body",
    [
        None, [], "text", {}, {"name": "a"}, {"name": 3, "files": []}, {"name": "a", "files": [3]},
        {"name": "a", "files": [{"path": "a", "size": "3"}]}, {"name": "a", "files": [{"path": "a", "size": True}]},
        {"name": "a", "files": [{"path": "a", "size": -1}]}, {"name": "a", "files": [{"path": "a", "size": 1.5}]},
        {"name": "a", "files": [{"path": "../a", "size": 1}], "folder": True}, {"name": "a", "files": []},
    ],
)  # fmt: skip
def test_nonsense_is_refused(me, body):
    answer = me.post("/api/uploads", json=body, headers=OURS)
    assert answer.status_code == 400
    assert answer.json["found"]


def test_a_list_of_files_that_is_no_list_of_files_is_not_read(me):
    answer = announce(me, folder=True, name="x" * 5_000_000)
    assert answer.status_code == 413


@pytest.mark.parametrize("unfinished", [True, False])
def test_another_user_finds_nothing(me, you, unfinished):
    upload = announce(me).json["id"] if unfinished else upload_all(me)
    assert you.get("/api/uploads").json["uploads"] == []
    for answer in (
        you.head(f"/api/uploads/{upload}/0"),
        you.get(f"/api/uploads/{upload}/0"),
        you.get(f"/api/uploads/{upload}"),
        send(you, upload, 0, CONTENT[:4096]),
        you.delete(f"/api/uploads/{upload}", headers=OURS),
    ):
        assert answer.status_code == 404
    never = you.get(f"/api/uploads/{'0' * 32}")
    assert never.get_json()["found"].replace("0" * 32, upload) == you.get(f"/api/uploads/{upload}").json["found"]
    assert len(me.get("/api/uploads").json["uploads"]) == 1


@pytest.mark.parametrize(
    ("headers", "allowed"),
    [
        ({}, False),
        (OURS, True),
        (OURS | {"Sec-Fetch-Site": "same-origin"}, True),
        (OURS | {"Sec-Fetch-Site": "same-site"}, False),
        (OURS | {"Sec-Fetch-Site": "cross-site"}, False),
        (OURS | {"Origin": "http://localhost"}, True),
        (OURS | {"Origin": "http://localhost:8051"}, False),
        (OURS | {"Origin": "https://evil.example"}, False),
        (OURS | {"Origin": "null"}, False),
        # a proxy may speak to the server by another name; the browser knows better
        (OURS | {"Origin": "https://lab.example", "Sec-Fetch-Site": "same-origin"}, True),
    ],
)
def test_pages_of_other_sites_change_nothing(me, headers, allowed):
    body = {"name": "a", "files": [{"path": "a", "size": 1}]}
    uploads, shares = "/api/uploads", "/api/runs/x/share"
    for path, method in {uploads: "POST", f"{uploads}/x": "DELETE", f"{uploads}/x/0": "PATCH", shares: "POST"}.items():
        answer = me.open(path, method=method, json=body, headers=headers)
        assert (answer.status_code != 403) == allowed
    assert len(me.get("/api/uploads").json["uploads"]) == allowed


def test_callbacks_are_for_our_own_pages_too(me):
    answer = me.post("/_dash-update-component", json={}, headers={"Sec-Fetch-Site": "cross-site"})
    assert answer.status_code == 403


def test_alone_on_a_machine_there_is_one_user_and_no_cookie(client, app, tmp_path):
    answer = client.get("/")
    assert "Set-Cookie" not in answer.headers
    upload = announce(client, 0).json["id"]
    assert app.server.test_client().get(f"/api/uploads/{upload}").status_code == 200
    assert (tmp_path / "store" / "users" / "local" / "uploads" / upload).is_dir()
