from __future__ import annotations

import os
import time

import psutil
import pytest

from monae_app.engine.errors import InputError
from monae_app.engine.result import write_json
from monae_app.jobs.progress import RunFolder, Status, process_alive


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


def test_a_dead_worker_reads_lost(run):
    mine = psutil.Process()
    alive = Status(state="running", pid=mine.pid, pid_started=mine.create_time(), updated=time.time())
    run.write_status(alive)
    assert run.read_status().state == "running"
    run.write_status(alive.model_copy(update={"pid_started": mine.create_time() - 1000}))
    assert run.read_status().state == "lost"


def test_a_run_that_never_got_a_worker_reads_lost_after_a_while(run):
    run.write_status(Status(state="queued", updated=time.time()))
    assert run.read_status().state == "queued"
    run.write_status(Status(state="queued", updated=time.time() - 3600))
    assert run.read_status().state == "lost"


def test_process_numbers_are_reused():
    assert process_alive(os.getpid(), None)
    assert not process_alive(os.getpid(), 1.0)
    assert not process_alive(None, None)


def test_log_tail_is_bounded(run):
    run.log_path.write_text("\n".join(f"line {number}" for number in range(100_000)))
    assert run.log_tail(3).splitlines() == ["line 99997", "line 99998", "line 99999"]
