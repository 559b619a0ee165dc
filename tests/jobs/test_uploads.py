from __future__ import annotations

import hashlib
import io
import os
import stat
import threading
import zlib
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monae_app.jobs.upload_limits import UploadLimits
from monae_app.jobs.upload_slices import Slice, UploadError
from monae_app.jobs.uploads import UploadStore

ME, YOU = "me", "you"


@pytest.fixture
def store(tmp_path) -> UploadStore:
    return UploadStore(tmp_path / "store", UploadLimits(reserve_bytes=0))


def piece(content: bytes, offset: int = 0, *, kind: str = "sha256", length: int | None = None) -> Slice:
    value = hashlib.sha256(content).hexdigest() if kind == "sha256" else f"{zlib.crc32(content):08x}"
    return Slice(io.BytesIO(content), offset, len(content) if length is None else length, f"{kind} {value}")


def code(store: UploadStore, *arguments) -> int:
    with pytest.raises(UploadError) as caught:
        store.append(ME, *arguments)
    assert caught.value.found
    assert caught.value.todo
    return caught.value.status


def whole(store: UploadStore, content: bytes = b"counts", user: str = ME) -> str:
    upload = store.create(user, "a.h5ad", [("a.h5ad", len(content))])
    return store.append(user, upload.id, 0, piece(content)).id


@settings(max_examples=25, deadline=None)
@given(
    content=st.binary(min_size=1, max_size=3000),
    slice_bytes=st.integers(1, 900),
    kind=st.sampled_from(["crc32", "sha256"]),
)
def test_slices_add_up_to_the_file(tmp_path_factory, content, slice_bytes, kind):
    root = tmp_path_factory.mktemp("store")
    store = UploadStore(root)
    upload = store.create(ME, "a.h5ad", [("a.h5ad", len(content))])
    while upload.finished is None:
        offset = upload.received[0]
        upload = store.append(ME, upload.id, 0, piece(content[offset : offset + slice_bytes], offset, kind=kind))
        # a server that was restarted goes on where the last one was
        store = UploadStore(root)
    assert store.path(ME, upload.id).read_bytes() == content
    assert store.get(ME, upload.id).received == (len(content),)


def test_a_slice_that_begins_elsewhere_is_refused_and_told_where_to_go_on(store):
    upload = store.create(ME, "a.h5ad", [("a.h5ad", 10)])
    store.append(ME, upload.id, 0, piece(b"01234"))
    for offset in (0, 4, 6):
        with pytest.raises(UploadError) as caught:
            store.append(ME, upload.id, 0, piece(b"x", offset))
        assert (caught.value.status, caught.value.offset) == (409, 5)
    assert store.append(ME, upload.id, 0, piece(b"56789", 5)).finished


def test_a_damaged_slice_does_not_count(store):
    upload = store.create(ME, "a.h5ad", [("a.h5ad", 10)])
    store.append(ME, upload.id, 0, piece(b"01234"))
    for kind in ("sha256", "crc32"):
        assert code(store, upload.id, 0, replace(piece(b"56789", 5, kind=kind), stream=io.BytesIO(b"5678X"))) == 460
    assert store.get(ME, upload.id).received == (5,)
    assert store.append(ME, upload.id, 0, piece(b"56789", 5)).finished
    assert store.path(ME, upload.id).read_bytes() == b"0123456789"


@pytest.mark.parametrize("said", ["", "sha256", "md5 abc", "abc"])
def test_a_slice_without_a_checksum_is_refused(store, said):
    upload = store.create(ME, "a.h5ad", [("a.h5ad", 10)])
    assert code(store, upload.id, 0, replace(piece(b"01234"), checksum=said)) == 400


def test_a_connection_that_ends_within_a_slice_leaves_nothing(store):
    upload = store.create(ME, "a.h5ad", [("a.h5ad", 10)])
    assert code(store, upload.id, 0, piece(b"0123", length=10)) == 400
    assert store.get(ME, upload.id).received == (0,)


def test_a_server_that_dies_within_a_slice_goes_on_before_it(store, tmp_path):
    upload = store.create(ME, "a.h5ad", [("a.h5ad", 10)])
    store.append(ME, upload.id, 0, piece(b"01234"))
    place = tmp_path / "store" / "users" / ME / "uploading" / upload.id
    # bytes that were never checked, and a line of the journal that was cut
    with (place / "content" / "a.h5ad").open("ab") as file:
        file.write(b"56XX")
    with (place / "received.txt").open("ab") as file:
        file.write(b"\n0 1")
    later = UploadStore(tmp_path / "store")
    assert later.get(ME, upload.id).received == (5,)
    later.append(ME, upload.id, 0, piece(b"567", 5))
    later.append(ME, upload.id, 0, piece(b"89", 8))
    assert later.path(ME, upload.id).read_bytes() == b"0123456789"


def test_a_slice_never_goes_beyond_the_file_or_its_own_limit(tmp_path):
    store = UploadStore(tmp_path, UploadLimits(slice_bytes=6, reserve_bytes=0))
    upload = store.create(ME, "a.h5ad", [("a.h5ad", 10)])
    assert code(store, upload.id, 0, piece(b"0123456")) == 413
    assert code(store, upload.id, 0, piece(b"")) == 413
    store.append(ME, upload.id, 0, piece(b"01234"))
    assert code(store, upload.id, 0, piece(b"567890", 5)) == 413
    assert code(store, upload.id, 1, piece(b"56789")) == 404


def test_two_slices_at_once_are_not_mixed(store):
    upload = store.create(ME, "a.h5ad", [("a.h5ad", 10)])
    begun, go_on = threading.Event(), threading.Event()

    class Slow(io.BytesIO):
        def read(self, size: int = -1) -> bytes:
            begun.set()
            go_on.wait(10)
            return super().read(size)

    first = threading.Thread(
        target=store.append, args=(ME, upload.id, 0, replace(piece(b"0123456789"), stream=Slow(b"0123456789")))
    )
    first.start()
    begun.wait(10)
    assert code(store, upload.id, 0, piece(b"0123456789")) == 409
    with pytest.raises(UploadError) as caught:
        store.delete(ME, upload.id)
    assert caught.value.status == 409
    go_on.set()
    first.join()
    assert store.path(ME, upload.id).read_bytes() == b"0123456789"


def test_a_folder_is_one_upload(store):
    files = [("barcodes.tsv", 3), ("sub/matrix.mtx", 4), ("empty.txt", 0)]
    upload = store.create(ME, "sample/../filtered", files, folder=True)
    assert upload.name == "filtered"
    store.append(ME, upload.id, 1, piece(b"4444"))
    with pytest.raises(UploadError):
        store.path(ME, upload.id)
    assert store.append(ME, upload.id, 0, piece(b"333")).finished
    path = store.path(ME, upload.id)
    assert path.name == "filtered"
    assert {str(file.relative_to(path)) for file in path.rglob("*") if file.is_file()} == {
        "barcodes.tsv", "sub/matrix.mtx", "empty.txt",
    }  # fmt: skip
    assert (path / "sub" / "matrix.mtx").read_bytes() == b"4444"


def test_an_empty_file_is_whole_at_once(store):
    assert store.create(ME, "a.bed", [("a.bed", 0)]).finished


def test_only_the_owner_of_the_account_may_read_the_store(store, tmp_path):
    whole(store)
    store.create(ME, "b.h5ad", [("b.h5ad", 3)])
    for path in (tmp_path / "store").rglob("*"):
        assert stat.S_IMODE(path.stat().st_mode) == (0o700 if path.is_dir() else 0o600), path


def test_uploads_of_another_user_do_not_exist(store):
    mine, unfinished = whole(store), store.create(ME, "b.h5ad", [("b.h5ad", 3)]).id
    assert store.list(YOU) == []
    for upload_id in (mine, unfinished):
        for ask in (store.get, store.path, store.delete):
            with pytest.raises(UploadError, match="There is no upload"):
                ask(YOU, upload_id)
        with pytest.raises(UploadError, match="There is no upload"):
            store.append(YOU, upload_id, 0, piece(b"xyz"))
    assert [upload.id for upload in store.list(ME)] == [mine, unfinished]


@given(st.text(max_size=60))
def test_an_id_never_becomes_a_path(tmp_path_factory, text):
    store = UploadStore(tmp_path_factory.getbasetemp())
    with pytest.raises(UploadError, match="There is no upload"):
        store.get(ME, text)


def test_what_is_deleted_is_gone(store, tmp_path):
    ids = [whole(store), store.create(ME, "b.h5ad", [("b.h5ad", 3)]).id]
    for upload_id in ids:
        store.delete(ME, upload_id)
    assert store.list(ME) == []
    assert [path for path in (tmp_path / "store").rglob("*") if path.is_file()] == []


@pytest.mark.parametrize(
    ("limits", "sizes", "status"),
    [
        ({"file_bytes": 9}, [10], 413),
        ({"quota_bytes": 14}, [10], 507),
        ({"unfinished": 1}, [1], 507),
        ({"reserve_bytes": 10**18}, [1], 507),
        ({}, [], 400),
        ({}, [-1], 400),
        ({}, [1, 1], 400),
    ],
)
def test_limits(tmp_path, limits, sizes, status):
    UploadStore(tmp_path).create(ME, "first.h5ad", [("first.h5ad", 5)])
    store = UploadStore(tmp_path, UploadLimits(**{"reserve_bytes": 0} | limits))
    with pytest.raises(UploadError) as caught:
        store.create(ME, "a.h5ad", [("a.h5ad", size) for size in sizes])
    assert caught.value.status == status
    assert len(store.list(ME)) == 1


def test_the_quota_is_a_users_own(tmp_path):
    store = UploadStore(tmp_path, UploadLimits(quota_bytes=10, reserve_bytes=0))
    whole(store, b"0123456789")
    with pytest.raises(UploadError, match="delete files"):
        whole(store, b"0")
    whole(store, b"0123456789", YOU)
    store.delete(ME, store.list(ME)[0].id)
    whole(store, b"0123456789")


def test_what_others_announced_is_not_given_away(tmp_path, monkeypatch):
    monkeypatch.setattr("shutil.disk_usage", lambda _: Usage(100))
    store = UploadStore(tmp_path, UploadLimits(reserve_bytes=10))
    first = store.create(YOU, "a.h5ad", [("a.h5ad", 60)])
    with pytest.raises(UploadError, match="no room"):
        store.create(ME, "b.h5ad", [("b.h5ad", 40)])
    store.append(YOU, first.id, 0, piece(b"x" * 30))
    store.create(ME, "b.h5ad", [("b.h5ad", 40)])


class Usage:
    def __init__(self, free: int) -> None:
        self.free = free


def test_only_abandoned_uploads_are_swept(tmp_path):
    store = UploadStore(tmp_path, UploadLimits(abandoned_seconds=3600, reserve_bytes=0))
    old, resumed, fresh = (store.create(user, "a.h5ad", [("a.h5ad", 9)]).id for user in (YOU, ME, ME))
    finished = whole(store)
    store.append(ME, resumed, 0, piece(b"123"))
    for path in tmp_path.glob("users/*/*/**/*"):
        if fresh not in path.parts and path.name != "received.txt":
            os.utime(path, (0, 0))
    assert store.sweep() == 1
    assert {upload.id for upload in store.list(ME)} == {resumed, fresh, finished}
    assert store.list(YOU) == []
    assert old not in {path.name for path in tmp_path.rglob("*")}


def test_a_file_that_was_tampered_with_is_not_taken_for_whole(store, tmp_path):
    upload = store.create(ME, "a.h5ad", [("a.h5ad", 6)])
    place = tmp_path / "store" / "users" / ME / "uploading" / upload.id
    (place / "received.txt").write_text("\n0 6\n")
    (place / "content" / "a.h5ad").write_bytes(b"123")
    with pytest.raises(UploadError, match="not whole"):
        store._settled(ME, upload.id)
    assert store.list(ME) == []
