from __future__ import annotations

import json
import sys
import time

import pytest

from monae_app.engine.errors import InputError
from monae_app.jobs import inspector
from monae_app.jobs import launcher as launching
from monae_app.jobs.launcher import Launcher, inspect


def test_a_run_computes_in_the_background(registry, launcher, config, wait_for):
    record = registry.create(config, "good")
    launcher.start(record)
    wait_for(record, "done")
    assert record.files.read_events()[0][-1]["stage"] == "done"


def test_only_one_training_at_a_time(registry, launcher, config, wait_for):
    first = registry.create(config.model_copy(update={"steps": 100_000}), "first")
    launcher.start(first)
    second = registry.create(config, "second")
    with pytest.raises(InputError, match="'first' is still computing"):
        launcher.start(second)
    assert [record.name for record in registry.list()] == ["first"]
    wait_for(first, "running")
    launcher.cancel(first)
    wait_for(first, "cancelled")


def test_a_worker_that_does_not_listen_is_killed(registry, launcher, config, wait_for):
    record = registry.create(config, "deaf")
    launcher.start(record)
    wait_for(record, "running")
    launcher.cancel(record, kill_after=0.5)
    wait_for(record, "cancelled", seconds=10)
    assert registry.active() is None


def test_a_worker_outlives_the_server(registry, launcher, config, wait_for):
    record = registry.create(config.model_copy(update={"steps": 100_000}), "long")
    launcher.start(record)
    wait_for(record, "running")
    # Another server on the same store finds the run and may cancel it.
    Launcher(registry).cancel(registry.get(record.id))
    wait_for(record, "cancelled")


def test_a_worker_that_is_cancelled_before_it_began(registry, launcher, config, wait_for):
    record = registry.create(config, "good")
    launcher.start(record)
    launcher.cancel(record)
    wait_for(record, "cancelled", seconds=10)


def test_a_worker_that_cannot_start_is_said_at_once(registry, config, wait_for):
    launcher, record = (
        Launcher(registry, (sys.executable, "-c", "raise SystemExit(3)")),
        registry.create(config, "good"),
    )
    launcher.start(record)
    launcher._children[record.id][1].wait()
    launcher.reap()
    assert record.status.state == "failed"
    assert "code 3" in record.status.message


def test_a_worker_that_dies_is_noticed(registry, launcher, config, wait_for):
    record = registry.create(config, "deaf")
    launcher.start(record)
    wait_for(record, "running")
    _, child = launcher._children[record.id]
    child.kill()
    child.wait()
    wait_for(record, "lost", seconds=5)


def _answering(monkeypatch, code: str) -> None:
    monkeypatch.setattr(launching, "INSPECTOR", (sys.executable, "-c", code))


def test_inspect_hands_on_the_summary(monkeypatch):
    _answering(monkeypatch, 'print(\'noise\'); print(\'{"summary": {"genome": "mm10"}}\')')
    assert inspect({"inputs": {}}) == {"genome": "mm10"}


def test_inspect_hands_on_what_is_wrong(monkeypatch):
    error = json.dumps({"error": {"found": "a", "expected": "b", "todo": "c"}})
    _answering(monkeypatch, f"print({error!r}); raise SystemExit(2)")
    with pytest.raises(InputError) as caught:
        inspect({})
    assert (caught.value.found, caught.value.expected, caught.value.todo) == ("a", "b", "c")


@pytest.mark.parametrize("code", ["raise SystemExit(9)", "print('[]')", "import os; os.abort()"])
def test_a_reader_that_crashes_is_said(monkeypatch, code):
    _answering(monkeypatch, code)
    with pytest.raises(InputError, match="could not be read"):
        inspect({})


def test_inspect_is_bounded_in_time(monkeypatch):
    _answering(monkeypatch, "import time; time.sleep(60)")
    began = time.monotonic()
    with pytest.raises(InputError, match="took longer"):
        inspect({}, seconds=0.5)
    assert time.monotonic() - began < 10


def test_the_inspector_explains_wrong_settings(capsys):
    assert inspector.main([json.dumps({"inputs": {"rna": "a.h5ad"}, "seed": -1})]) == 2
    assert "seed" in json.loads(capsys.readouterr().out)["error"]["found"]
