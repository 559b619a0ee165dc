from __future__ import annotations

import signal
import subprocess
import sys
import time

import pytest

from monae_app.jobs import local, worker
from tests.jobs import fake_worker


@pytest.fixture
def make(registry, config, from_here, monkeypatch):
    monkeypatch.setitem(sys.modules, "monae_app.engine.pipeline", None)
    monkeypatch.setattr(local, "WORKER", local.WORKER)
    fake_worker.install()
    return lambda name: registry.create(config, name)


def test_a_good_run_is_done(make):
    record, seen = make("good"), []
    assert worker.execute(record.folder, echo=seen.append) == worker.DONE
    status = record.status
    assert (status.state, status.step, status.steps, status.device) == ("done", 20, 20, "cpu")
    events, _ = record.files.read_events()
    assert events[0]["stage"] == "read"
    assert events[-1]["stage"] == "done"
    assert sum(event["stage"] == "train" for event in events) == 20
    assert [event["stage"] for event in seen[:2]] == ["read", "preprocess"]
    assert "Pretending to preprocess" in record.files.log_tail()


def test_who_sees_that_a_run_has_ended_finds_its_last_event_and_only_one(make, monkeypatch):
    record = make("good")
    recorder = worker.Recorder(record.files)
    write, told = record.files.write_status, []

    def look_when_written(status, **how):
        write(status, **how)
        told.append((status.state, [each["stage"] for each in record.files.read_events()[0]]))

    monkeypatch.setattr(recorder.run, "write_status", look_when_written)
    recorder.finish("done", "Finished")
    # as the heartbeat does when a stop was asked for in the last moment
    recorder.finish("cancelled", "Too late")
    assert told == [("done", ["done"])]
    assert record.status.state == "done"


def test_bad_input_is_said_in_three_sentences(make):
    record = make("bad")
    assert worker.execute(record.folder) == worker.REFUSED
    assert record.status.state == "failed"
    assert record.status.detail.model_dump() == {"found": "X holds -3.", "expected": "counts.", "todo": "give counts."}
    assert "Traceback" not in record.files.log_tail()


def test_our_own_error_keeps_its_traceback_in_the_log(make):
    record = make("broken")
    assert worker.execute(record.folder) == worker.UNEXPECTED
    assert "ZeroDivisionError: by design" in record.status.message
    assert "Traceback" in record.files.log_tail()


def test_a_folder_without_config_fails_in_words(tmp_path):
    assert worker.execute(tmp_path) == worker.REFUSED


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_stops_after_the_step(make, number, code):
    record = make("good")
    record.files.write_config(record.files.read_config().model_copy(update={"steps": 100_000}))
    process = subprocess.Popen([*fake_worker.COMMAND, str(record.folder)])
    try:
        until = time.monotonic() + 20
        while (record.status.step or 0) < 3:
            assert time.monotonic() < until
            time.sleep(0.05)
        process.send_signal(number)
        assert process.wait(timeout=10) == code
    finally:
        process.kill()
        process.wait()
    assert record.status.state == "cancelled"
    assert "checkpoint is kept" in record.status.message


def test_a_stage_that_cannot_stop_is_left_in_time(make):
    record = make("deaf")
    process = subprocess.Popen([*fake_worker.COMMAND, str(record.folder)])
    try:
        until = time.monotonic() + 20
        while record.status.stage != "preprocess":
            assert time.monotonic() < until
            time.sleep(0.05)
        began = time.monotonic()
        process.terminate()
        assert process.wait(timeout=15) == 143
        assert time.monotonic() - began < 10
    finally:
        process.kill()
        process.wait()
    assert record.status.state == "cancelled"
