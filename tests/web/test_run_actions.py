from __future__ import annotations

import json

import numpy as np
import pytest
from safetensors.numpy import save_file

from monae_app.engine.config import make_config
from monae_app.engine.errors import InputError
from monae_app.web.datasets import Source
from monae_app.web.run_actions import RunActions


class Waiting:
    """Stands for a launcher: takes note of what it is asked."""

    def __init__(self) -> None:
        self.submitted: list[tuple[str, bool, float | None]] = []

    def lanes_of(self, _device):
        return ("cpu",)

    def submit(self, _user, run, *, resume=False, expected_s=None):
        self.submitted.append((run.path.name, resume, expected_s))


@pytest.fixture
def services(services):
    services.launcher = Waiting()
    return services


@pytest.fixture
def deeds(services) -> RunActions:
    return RunActions(services)


@pytest.fixture
def finished(services, samples_root):
    """Return a finished run of one's own, with a checkpoint of 20 steps."""
    sample = samples_root / "tiny"
    config = make_config(
        inputs={"rna": sample / "rna.h5ad", "atac": sample / "atac.h5ad"}, bed=sample / "genes.bed", steps=20
    )
    record = services.start(config, "short", source=Source(sample="tiny"))
    for name in ("cells.h5ad", "report.json"):
        (record.folder / name).write_bytes((sample / "run" / name).read_bytes())
    record.files.write_status(record.status.model_copy(update={"state": "done"}))
    about = {"step": "20", "monitor": json.dumps({"steps": 20})}
    save_file({"network.x": np.zeros(1, np.float32)}, record.files.checkpoint_path, metadata=about)
    return record


def test_an_extended_run_waits_in_line_to_go_on_from_the_checkpoint(services, deeds, finished):
    child = deeds.extend(finished.id, 15)
    number, resume, expected = services.launcher.submitted[-1]
    assert (number, resume) == (child.id, True)
    assert expected > 0
    assert child.files.read_config().steps == 35
    assert [run.extends for run in services.runs() if run.id == child.id] == ["short"]


@pytest.mark.parametrize("more", [0, -3])
def test_no_further_steps_are_refused(deeds, finished, more):
    with pytest.raises(InputError, match="further steps"):
        deeds.extend(finished.id, more)


def test_bundled_and_unfinished_runs_are_not_extended(services, deeds, finished):
    with pytest.raises(InputError, match="keeps no checkpoint"):
        deeds.extensible("sample-tiny")
    finished.files.report_path.unlink()
    with pytest.raises(InputError, match="no result yet"):
        deeds.extensible(finished.id)


def test_a_run_whose_files_are_gone_neither_goes_on_nor_is_extended(services, deeds, finished, tmp_path):
    values = finished.files.read_config().model_dump() | {"bed": tmp_path / "gone.bed"}
    finished.files.write_config(make_config(**values))
    with pytest.raises(InputError, match="are not here any more"):
        deeds.extensible(finished.id)
    finished.files.write_status(finished.status.model_copy(update={"state": "lost"}))
    with pytest.raises(InputError, match="are not here any more"):
        services.resume(finished.id)


def test_a_line_that_is_full_leaves_no_extended_run_behind(services, deeds, finished, monkeypatch):
    def refuse(*_, **__):
        raise InputError("Too many wait.", "fewer.", "wait.")

    monkeypatch.setattr(services.launcher, "submit", refuse)
    before = {run.id for run in services.runs()}
    with pytest.raises(InputError, match="Too many"):
        deeds.extend(finished.id, 5)
    assert {run.id for run in services.runs()} == before


def test_what_a_run_was_made_from_fills_the_form_again(deeds, finished):
    earlier = deeds.earlier(finished.id)
    assert earlier.source == Source(sample="tiny")
    assert earlier.config.steps == 20
    assert deeds.earlier("sample-tiny").source == Source(sample="tiny")


def test_name_and_note_are_kept_and_others_stay(services, deeds, finished):
    deeds.describe(finished.id, "  better   name ", "note\r\nof two lines")
    record = services.registry.get(finished.id)
    assert (record.name, record.about.note) == ("better name", "note\nof two lines")
    assert record.about.source == Source(sample="tiny").to_json()
    with pytest.raises(InputError, match="empty"):
        deeds.describe(finished.id, " ", "note")
    with pytest.raises(InputError, match="not yours"):
        deeds.describe("sample-tiny", "mine", "")


def test_a_deleted_run_is_gone_until_it_is_brought_back(services, deeds, finished):
    deeds.delete(finished.id)
    assert finished.id not in [run.id for run in services.runs()]
    assert [each.name for each in deeds.deleted()] == ["short"]
    with pytest.raises(InputError):
        deeds.delete("sample-tiny")
    deeds.restore(finished.id)
    assert services.registry.get(finished.id).name == "short"
    assert deeds.deleted() == []


def test_a_run_without_a_checkpoint_starts_again_and_one_with_goes_on(services, finished):
    finished.files.write_status(finished.status.model_copy(update={"state": "cancelled"}))
    services.resume(finished.id)
    assert services.launcher.submitted[-1][:2] == (finished.id, True)
    finished.files.checkpoint_path.unlink()
    services.resume(finished.id)
    assert services.launcher.submitted[-1][:2] == (finished.id, False)


def test_unfinished_runs_are_shared_and_their_log_stays_with_the_owner(services, finished):
    finished.files.write_status(finished.status.model_copy(update={"state": "running"}))
    finished.files.log_path.write_text("read /home/me/secret.h5ad")
    shared = services.share(finished.id)
    record = services.registry.get(shared)
    assert record.read_only
    assert record.name == "short"
    with pytest.raises(InputError, match="not yours"):
        services.resume(shared)
