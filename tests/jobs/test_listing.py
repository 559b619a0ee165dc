from __future__ import annotations

import json
import os

import pytest

from monae_app.jobs.about import change_about
from monae_app.jobs.listing import Listing


def finish(record, **metrics):
    status = record.files.read_status()
    record.files.write_status(status.model_copy(update={"state": "done", "started": 100.0, "updated": 160.0}))
    (record.folder / "cells.h5ad").write_bytes(b"")
    record.files.report_path.write_text(json.dumps({"metrics": {**metrics, "label": "no number"}, "steps": 30}))


def test_a_list_says_what_the_files_say(registry, config):
    record = registry.create(config, "first")
    (listed,) = Listing().of(registry)
    assert (listed.name, listed.status.state, listed.steps, listed.finished) == ("first", "queued", 20, False)
    assert listed.seconds is None
    finish(record, foscttm=0.2, cells=240)
    (listed,) = Listing().of(registry)
    assert (listed.finished, listed.steps, listed.scores, listed.seconds) == (True, 30, {"foscttm": 0.2}, 60.0)


def test_what_changes_is_seen_and_what_does_not_is_not_read_again(registry, config, monkeypatch):
    record, listing = registry.create(config, "first"), Listing()
    finish(record, foscttm=0.2)
    assert listing.of(registry)[0].scores == {"foscttm": 0.2}
    change_about(record.folder, name="second", note="why")
    (listed,) = listing.of(registry)
    assert (listed.name, listed.note) == ("second", "why")
    monkeypatch.setattr("monae_app.jobs.listing.json.loads", lambda _: pytest.fail("read again"))
    assert listing.of(registry)[0].name == "second"


def test_a_run_that_was_extended_is_named_also_when_it_is_gone(registry, config):
    parent = registry.create(config, "short")
    child = registry.create(config, "long", extends=parent.id)
    listed = {run.id: run for run in Listing().of(registry)}
    assert listed[child.id].extends == "short"
    assert listed[parent.id].extends == ""
    registry.withdraw(parent)
    assert Listing().of(registry)[0].extends == "a run that is gone"


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"state": "dancing"}', b"\xff\xfe"])
def test_a_damaged_status_is_one_row_in_words(registry, config, content):
    registry.create(config, "sound")
    damaged = registry.create(config, "damaged")
    damaged.files.status_path.write_bytes(content)
    listed = {run.id: run for run in Listing().of(registry)}
    assert len(listed) == 2
    assert listed[damaged.id].status.state == "lost"
    assert "not known" in listed[damaged.id].status.message


def test_damaged_settings_and_reports_are_rows_too(registry, config):
    record = registry.create(config, "damaged")
    finish(record, foscttm=0.2)
    record.files.report_path.write_text("[1")
    record.files.config_path.write_text("no")
    (listed,) = Listing().of(registry)
    assert (listed.scores, listed.steps, listed.problem) == ({}, None, "")
    record.files.config_path.unlink()
    assert "config.json" in Listing().of(registry)[0].problem


def test_a_folder_that_cannot_be_read_is_a_row(registry, config, monkeypatch):
    sound, closed = registry.create(config, "sound"), registry.create(config, "closed")
    stat = os.stat

    def refuse(path, *rest, **options):
        if closed.id in str(path) and not str(path).endswith(closed.id):
            raise PermissionError(13, "Permission denied")
        return stat(path, *rest, **options)

    monkeypatch.setattr("os.stat", refuse)
    listed = {run.id: run for run in Listing().of(registry)}
    assert listed[sound.id].problem == ""
    assert "Permission denied" in listed[closed.id].problem
    assert listed[closed.id].name == closed.id


def test_hundreds_of_runs_are_listed_from_memory(registry, config, monkeypatch):
    for number in range(300):
        finish(registry.create(config, f"run {number}"), foscttm=0.1)
    listing = Listing()
    first = listing.of(registry)
    assert len(first) == 300
    monkeypatch.setattr("pathlib.Path.read_bytes", lambda _: pytest.fail("read again"))
    assert listing.of(registry) == first
