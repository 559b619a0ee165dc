from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING

import pytest

from monae_app.engine.errors import InputError
from monae_app.jobs.about import change_about
from monae_app.jobs.registry import Registry, RunRecord
from monae_app.jobs.sharing import Shares
from monae_app.jobs.trash import KEPT_SECONDS, MARK, Trash, purge_all

if TYPE_CHECKING:
    from pathlib import Path

DAY = 86_400.0


@pytest.fixture
def trash(tmp_path: Path) -> Trash:
    return Trash(tmp_path / "store", "local")


def ended(registry: Registry, config, name: str = "Mine") -> RunRecord:
    record = registry.create(config, name)
    record.files.write_status(record.status.model_copy(update={"state": "done", "pid": None}))
    (record.folder / "report.json").write_text("{}")
    return record


def files_of(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_a_deleted_run_comes_back_as_it_was(registry, trash, config):
    record = ended(registry, config)
    change_about(record.folder, name="My name for it")
    before = files_of(record.folder)
    deleted = trash.delete(registry, record.id)
    assert (deleted.name, deleted.purged - deleted.deleted) == ("My name for it", KEPT_SECONDS)
    assert not record.folder.exists()
    assert record.id not in [each.id for each in registry.list()]
    assert [each.id for each in trash.list()] == [record.id]
    assert trash.restore(record.id).folder == record.folder
    assert files_of(record.folder) == before
    assert trash.list() == []


def test_the_last_deleted_comes_first(registry, trash, config):
    records = [ended(registry, config, f"run {number}") for number in range(3)]
    for number, record in enumerate(records):
        trash.delete(registry, record.id)
        (trash.folder / record.id / MARK).write_text(json.dumps({"deleted": 1e9 + number}))
    assert [each.name for each in trash.list()] == ["run 2", "run 1", "run 0"]


@pytest.mark.parametrize("state", ["queued", "running", "cancelling"])
def test_a_run_that_computes_is_not_deleted(registry, trash, config, state: str):
    record = registry.create(config)
    record.files.write_status(record.status.model_copy(update={"state": state}))
    with pytest.raises(InputError, match="cancel it first"):
        trash.delete(registry, record.id)
    assert record.folder.exists()


def test_a_run_of_others_is_not_deleted(tmp_path, registry, trash, config):
    shares = Shares(tmp_path / "store")
    record = ended(Registry(tmp_path / "store", "someone"), config)
    mine = Registry(tmp_path / "store", "local", shares=shares)
    for run_id in (record.id, f"shared-{shares.share('someone', record.id)}"):
        with pytest.raises(InputError):
            trash.delete(mine, run_id)
    assert record.folder.exists()


@pytest.mark.parametrize("name", ["..", ".", "", "../runs", "a/b", "/etc", ".removing-x", "x" * 200, "a\0b"])
def test_a_name_that_is_no_plain_name_never_becomes_a_path(registry, trash, config, name: str):
    ended(registry, config)
    for ask in (trash.restore, trash.delete_for_good, lambda run: trash.delete(registry, run)):
        with pytest.raises(InputError):
            ask(name)
    assert len(registry.list()) == 1


def test_a_run_is_not_restored_over_another(registry, trash, config):
    record = ended(registry, config)
    trash.delete(registry, record.id)
    record.folder.mkdir()
    (record.folder / "config.json").write_text("other")
    with pytest.raises(InputError, match="again"):
        trash.restore(record.id)
    assert (record.folder / "config.json").read_text() == "other"
    (record.folder / "report.json").write_text("{}")
    with pytest.raises(InputError, match="holds a run called"):
        trash.delete(registry, record.id)
    assert (trash.folder / record.id / MARK).exists()


def test_the_trash_is_emptied_after_a_week_and_not_before(tmp_path, registry, trash, config):
    record = ended(registry, config)
    trash.delete(registry, record.id)
    now = time.time()
    # the clock was set back by years: nothing is removed for that
    for moment in (now, now + KEPT_SECONDS - 60, 0.0, now - 3000 * DAY):
        assert trash.purge(moment) == ()
    assert purge_all(tmp_path / "store", now + KEPT_SECONDS + 60) == 1
    assert list(trash.folder.iterdir()) == []


@pytest.mark.parametrize(
    "mark", [b"", b"[]", b'{"deleted": "x"}', b'{"deleted": Infinity}', b'{"deleted": null}', b"\xff"]
)
def test_a_run_that_does_not_know_when_it_was_deleted_stays_a_week_from_now(registry, trash, config, mark: bytes):
    record = ended(registry, config)
    trash.delete(registry, record.id)
    (trash.folder / record.id / MARK).write_bytes(mark)
    assert trash.purge(time.time() + DAY) == ()
    assert abs(trash.list()[0].deleted - time.time()) < 60
    assert trash.purge(time.time() + 8 * DAY) == (record.id,)


def test_an_interrupted_removal_is_finished_by_the_next_sweep(registry, trash, config):
    record = ended(registry, config)
    trash.delete(registry, record.id)
    (trash.folder / record.id).rename(trash.folder / ".removing-abc")
    assert trash.list() == []
    trash.purge()
    assert list(trash.folder.iterdir()) == []


def test_a_link_shows_nothing_of_a_deleted_run_and_works_again_when_it_is_back(tmp_path, registry, trash, config):
    shares = Shares(tmp_path / "store")
    record = ended(registry, config)
    link = f"shared-{shares.share('local', record.id)}"
    visitor = Registry(tmp_path / "store", "visitor", shares=shares)
    assert visitor.get(link).folder == record.folder
    trash.delete(registry, record.id)
    with pytest.raises(InputError):
        visitor.get(link)
    trash.restore(record.id)
    assert visitor.get(link).folder == record.folder
    trash.delete(registry, record.id)
    trash.delete_for_good(record.id)
    assert shares.token("local", record.id) is None
