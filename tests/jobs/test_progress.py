from __future__ import annotations

import os
import time

import pytest

from monae_app.engine.errors import InputError
from monae_app.engine.result import write_json
from monae_app.jobs import processes
from monae_app.jobs.progress import Status
from monae_app.jobs.run_folder import RunFolder


@pytest.fixture
def run(tmp_path):
    return RunFolder(tmp_path)


def test_events_are_read_whole_and_from_where_the_last_call_ended(run):
    run.append_event({"stage": "read"})
    run.append_event({"stage": "train", "step": 1})
    events, offset = run.read_events()
    assert [event["stage"] for event in events] == ["read", "train"]
    with run.progress_path.open("ab") as handle:
        handle.write(b'{"stage": "tra')
    assert run.read_events(offset) == ([], offset)
    with run.progress_path.open("ab") as handle:
        handle.write(b'in", "step": 2}\nnot json\n')
    events, end = run.read_events(offset)
    assert events == [{"stage": "train", "step": 2}]
    assert end == run.progress_path.stat().st_size


def test_reading_before_the_worker_has_begun(run):
    assert run.read_events() == ([], 0)
    assert run.log_tail() == ""
    assert run.read_status().state == "lost"


def test_not_a_number_never_reaches_the_browser(run):
    with pytest.raises(ValueError, match="JSON"):
        run.append_event({"stage": "train", "loss": float("nan")})


def test_json_is_replaced_whole(tmp_path):
    path = tmp_path / "status.json"
    write_json(path, {"state": "running"})
    with pytest.raises(TypeError):
        write_json(path, {"state": object()})
    assert RunFolder(tmp_path).read_status().state != "done"
    assert path.read_text().startswith("{")


def test_config_survives(run, config):
    run.write_config(config)
    assert run.read_config() == config


def test_a_folder_without_config_is_refused_in_words(run):
    with pytest.raises(InputError, match=r"is no run: config\.json is missing"):
        run.read_config()


def _running(process: str | None, **others) -> Status:
    return Status(state="running", pid=os.getpid(), process=process, host=processes.host(), **others)


def test_a_dead_worker_reads_lost(run):
    mine = processes.identity(os.getpid())
    run.write_status(_running(mine))
    assert run.read_status().state == "running"
    # The same number, another process.
    run.write_status(_running(f"{mine[:-1]}{(int(mine[-1]) + 1) % 10}"))
    assert run.read_status().state == "lost"
    assert "had no checkpoint yet" in run.read_status().message
    run.checkpoint_path.touch()
    assert "go on from its last checkpoint" in run.read_status().message


def test_what_a_dead_worker_had_done_counts(run):
    run.write_status(_running("another"))
    run.cancel_path.touch()
    assert run.read_status().state == "cancelled"
    # The report is the last file of a run: the worker died after its work.
    run.report_path.write_text("{}")
    assert run.read_status().state == "done"


def test_a_worker_on_another_machine_is_believed(run):
    run.write_status(_running("another").model_copy(update={"host": "another-machine"}))
    assert run.read_status().state == "running"


def test_a_run_in_line_waits_for_as_long_as_it_takes(run):
    run.write_status(Status(state="queued", updated=time.time() - 1e6))
    assert run.read_status().state == "queued"


def test_a_line_that_was_cut_off_costs_itself_alone(run):
    run.append_event({"stage": "train", "step": 1})
    with run.progress_path.open("ab") as handle:
        handle.write(b'{"stage": "tra')
    run.append_event({"stage": "train", "step": 3}, on_new_line=True)
    assert [event["step"] for event in run.read_events()[0]] == [1, 3]


def test_log_tail_is_bounded(run):
    run.log_path.write_text("\n".join(f"line {number}" for number in range(100_000)))
    assert run.log_tail(3).splitlines() == ["line 99997", "line 99998", "line 99999"]
