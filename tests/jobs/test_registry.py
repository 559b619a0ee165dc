from __future__ import annotations

import json
import shutil
import stat

import numpy as np
import pytest
from safetensors.numpy import save_file

from monae_app.engine.errors import InputError
from monae_app.engine.result import write_atomically
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


def test_a_sample_may_have_several_runs_the_first_in_front(tmp_path, bundled):
    sample = bundled / "mouse_cortex"
    shutil.copytree(sample / "run", sample / "run_monae-e")
    (sample / "run_monae-e" / "about.json").write_text(json.dumps({"name": "Cortex, Monae-E"}))
    (sample / "run_unfinished").mkdir()
    registry = Registry(tmp_path / "store", bundled=bundled)
    assert [each.id for each in registry.foreign()] == ["sample-mouse_cortex", "sample-mouse_cortex-monae-e"]
    assert registry.get("sample-mouse_cortex-monae-e").name == "Cortex, Monae-E"


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


def with_checkpoint(record, step=20, budget=20):
    about = {"step": str(step), "monitor": json.dumps({"steps": budget})}
    save_file({"network.x": np.ones(3, np.float32)}, record.files.checkpoint_path, metadata=about)
    return record


def test_an_extended_run_is_a_new_one_and_its_parent_stays_as_it_is(registry, config):
    parent = with_checkpoint(registry.create(config, "short", source={"sample": "tiny"}))
    before = {path.name: path.read_bytes() for path in parent.folder.iterdir()}
    child = registry.extend(parent, 15)
    assert child.files.read_config() == config.model_copy(update={"steps": 35})
    assert child.about.extends == parent.id
    assert child.about.source == {"sample": "tiny"}
    assert child.files.checkpoint_path.read_bytes() == before["checkpoint.safetensors"]
    # What the child writes later must not reach the parent.
    write_atomically(child.files.checkpoint_path, lambda path: path.write_bytes(b"x"))
    assert {path.name: path.read_bytes() for path in parent.folder.iterdir()} == before


def test_a_run_that_was_stopped_early_counts_with_its_whole_budget(registry, config):
    parent = with_checkpoint(registry.create(config, "patient"), step=12, budget=20)
    assert registry.extend(parent, 5).files.read_config().steps == 25


def test_a_checkpoint_is_copied_where_links_are_not_possible(registry, config, monkeypatch):
    def refuse(*_):
        raise OSError(18, "Invalid cross-device link")

    monkeypatch.setattr("os.link", refuse)
    parent = with_checkpoint(registry.create(config))
    child = registry.extend(parent, 5)
    assert child.files.checkpoint_path.read_bytes() == parent.files.checkpoint_path.read_bytes()
    assert not child.files.checkpoint_path.samefile(parent.files.checkpoint_path)


def test_without_a_checkpoint_nothing_is_extended(registry, config):
    parent = registry.create(config, "old")
    with pytest.raises(InputError, match="keeps no checkpoint") as caught:
        registry.extend(parent, 5)
    assert "anew" in caught.value.todo
    assert len(registry.list()) == 1


def test_a_store_that_cannot_be_written_is_said_in_words(registry, config, monkeypatch):
    def full(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("monae_app.jobs.run_folder.RunFolder.write_status", full)
    with pytest.raises(InputError, match="No space left"):
        registry.create(config)
    assert registry.list() == []
