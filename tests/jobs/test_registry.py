from __future__ import annotations

import json
import stat

import pytest

from monae_app.engine.errors import InputError
from monae_app.jobs.registry import Registry


@pytest.fixture
def bundled(tmp_path):
    run = tmp_path / "samples" / "mouse_cortex" / "run"
    run.mkdir(parents=True)
    (run / "report.json").write_text(json.dumps({"metrics": {}}))
    (run / "cells.h5ad").write_bytes(b"")
    (run.parent / "sample.json").write_text(json.dumps({"title": "Mouse cortex"}))
    return tmp_path / "samples"


def test_a_new_run_is_private_and_listed_first(tmp_path, bundled, config):
    registry = Registry(tmp_path / "store", bundled=bundled)
    first, second = registry.create(config, "first"), registry.create(config, "second")
    listed = registry.list()
    assert {record.id for record in listed[:2]} == {first.id, second.id}
    assert [record.id for record in listed[2:]] == ["sample-mouse_cortex"]
    assert stat.S_IMODE(first.folder.stat().st_mode) == 0o700
    assert stat.S_IMODE(first.folder.parent.parent.stat().st_mode) == 0o700
    assert registry.get(first.id).name == "first"


def test_bundled_runs_are_finished_and_read_only(tmp_path, bundled):
    record = Registry(tmp_path / "store", bundled=bundled).get("sample-mouse_cortex")
    assert record.read_only
    assert record.finished
    assert record.status.state == "done"
    assert record.name == "Mouse cortex"


def test_a_folder_from_elsewhere_can_be_opened(tmp_path, bundled):
    run = bundled / "mouse_cortex" / "run"
    registry = Registry(tmp_path / "store", opened=[run])
    assert registry.get("opened-0").folder == run.resolve()


@pytest.mark.parametrize("run_id", ["", "..", "../..", "/etc", "a/b", "a\\b", "nothing", "x" * 5000, "a\0b"])
def test_an_id_never_becomes_a_path(registry, config, run_id):
    registry.create(config)
    with pytest.raises(InputError, match="There is no run"):
        registry.get(run_id)


def test_users_have_folders_of_their_own(tmp_path, config):
    mine, theirs = Registry(tmp_path, "me"), Registry(tmp_path, "you")
    record = mine.create(config)
    assert theirs.list() == []
    with pytest.raises(InputError):
        theirs.get(record.id)
    with pytest.raises(InputError, match="no user name"):
        Registry(tmp_path, "../me")
