from __future__ import annotations

from monae_app.jobs.run_folder import RunFolder
from monae_app.web.live import POINTS, LossHistory


def event(step):
    return {"stage": "train", "step": step, "steps": 10_000, "loss": 1 / step, "loss_kl_rna": 2.0, "eta_s": 1.0}


def test_long_trainings_are_thinned_and_end_with_the_newest_step(tmp_path):
    run, history = RunFolder(tmp_path), LossHistory()
    for step in range(1, 2001):
        run.append_event(event(step))
        if step % 500 == 0:
            losses, last = history.read(run)
            assert last["step"] == losses["step"].iloc[-1] == step
            assert len(losses) <= POINTS + 1
    assert losses["step"].is_monotonic_increasing
    assert list(losses.columns) == ["step", "loss", "loss_kl_rna"]


def test_before_the_first_step_there_is_nothing(tmp_path):
    run = RunFolder(tmp_path)
    run.append_event({"stage": "read", "message": "Reading"})
    losses, last = LossHistory().read(run)
    assert losses.empty
    assert last == {}


def test_a_resumed_run_replaces_the_steps_after_its_checkpoint(tmp_path):
    run, history = RunFolder(tmp_path), LossHistory()
    for step in (1, 2, 3, 4):
        run.append_event(event(step))
    history.read(run)
    for step in (3, 4, 5):
        run.append_event(event(step))
    assert history.read(run)[0]["step"].tolist() == [1, 2, 3, 4, 5]


def test_a_run_that_begins_again_forgets_what_came_before(tmp_path):
    run, history = RunFolder(tmp_path), LossHistory()
    for step in (1, 2, 3):
        run.append_event(event(step))
    assert history.read(run)[1]["step"] == 3
    run.append_event({"stage": "read", "message": "Starting"})
    losses, last = history.read(run)
    assert losses.empty
    assert last == {}
    run.append_event(event(1))
    assert history.read(run)[0]["step"].tolist() == [1]


def test_a_folder_that_cannot_be_read_has_no_losses(tmp_path, monkeypatch):
    run = RunFolder(tmp_path)
    run.append_event(event(1))

    def refuse(*_, **__):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("pathlib.Path.stat", refuse)
    assert LossHistory().read(run)[0].empty
