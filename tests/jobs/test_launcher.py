from __future__ import annotations

import json
import sys
import time
from itertools import pairwise

import pytest

from monae_app.engine.errors import InputError
from monae_app.jobs import processes
from monae_app.jobs.local import LocalLauncher
from monae_app.jobs.registry import Registry
from monae_app.jobs.run_limits import RunLimits


def submit(launcher, record, **options):
    launcher.submit(record.owner, record.files, **options)


def long(config):
    return config.model_copy(update={"steps": 100_000})


def spans(records):
    """When each run computed, from its first event to its last."""
    of_runs = []
    for record in records:
        events = record.files.read_events()[0]
        of_runs.append((events[0]["time"], events[-1]["time"]))
    return of_runs


def test_a_run_computes_in_the_background(registry, launcher, config, wait_for):
    record = registry.create(config, "good")
    submit(launcher, record)
    wait_for(record, "done")
    assert record.files.read_events()[0][-1]["stage"] == "done"
    assert record.status.lane == "cpu"
    assert launcher.queue.look().waiting == []


@pytest.mark.long
def test_twenty_runs_of_five_users_compute_one_at_a_time_in_order(tmp_path, launcher, config, wait_for):
    registries = [Registry(tmp_path / "store", f"u{number}") for number in range(5)]
    records = []
    for turn in range(4):
        for registry in registries:
            records.append(registry.create(config.model_copy(update={"steps": 2}), f"good {turn}"))
            submit(launcher, records[-1])
    for record in records:
        wait_for(record, "done", seconds=120)
    computed = spans(records)
    assert computed == sorted(computed)
    assert all(end <= begin for (_, end), (begin, _) in pairwise(computed))
    for registry in registries:
        assert len(registry.list()) == 4
        assert {record.owner for record in registry.list()} == {registry.user}


def test_two_servers_on_one_store_start_no_run_twice(registry, launching, launcher, config, wait_for):
    other = launching.make()
    other.watch()
    records = [registry.create(config.model_copy(update={"steps": 2}), f"good {number}") for number in range(6)]
    for number, record in enumerate(records):
        submit((launcher, other)[number % 2], record)
    for record in records:
        wait_for(record, "done", seconds=60)
    other.close()
    computed = spans(records)
    assert all(end <= begin for (_, end), (begin, _) in pairwise(computed))
    for record in records:
        assert [event["stage"] for event in record.files.read_events()[0]].count("done") == 1


def test_the_line_moves_on_without_a_server(registry, launcher, config, wait_for):
    records = [registry.create(config, f"good {number}") for number in range(3)]
    launcher.close()
    for record in records:
        submit(launcher, record)
    for record in records:
        wait_for(record, "done")


def test_a_run_in_line_says_its_place_and_can_leave(registry, launcher, config, wait_for):
    first, second, third = (registry.create(long(config), name) for name in ("first", "second", "third"))
    for record in (first, second, third):
        submit(launcher, record, expected_s=50)
    wait_for(first, "running")
    assert launcher.outlook(first.owner, first.files) is None
    assert launcher.outlook(third.owner, third.files).position == 2
    launcher.cancel(second.owner, second.files)
    assert second.status.state == "cancelled"
    look = launcher.outlook(third.owner, third.files)
    assert (look.position, look.waiting) == (1, 1)
    # what is left of the first one, whether by what was expected of it or by what it says itself
    assert look.starts_in_s > 40
    launcher.cancel(first.owner, first.files)
    wait_for(first, "cancelled")
    wait_for(third, "running")
    launcher.cancel(third.owner, third.files)
    wait_for(third, "cancelled")


def test_too_many_are_refused(registry, config):
    launcher = LocalLauncher(registry.runs.parents[2], RunLimits(per_user=1), lanes_for=lambda _: ("none yet",))
    launcher.queue.look()
    with launcher.queue.change() as line:
        line.append(registry.user, "waits")
    with pytest.raises(InputError, match="1 of your trainings and checks wait or compute"):
        submit(launcher, registry.create(config))
    launcher.close()


def test_a_device_that_is_not_there_is_refused(registry, config):
    launcher = LocalLauncher(registry.runs.parents[2], lanes_for=lambda _: ())
    with pytest.raises(InputError, match="no cuda device"):
        submit(launcher, registry.create(config.model_copy(update={"device": "cuda"})))


def test_a_worker_that_does_not_listen_is_killed(registry, launcher, config, wait_for):
    launcher.kill_seconds = 0.5
    record = registry.create(config, "deaf")
    submit(launcher, record)
    wait_for(record, "running")
    launcher.cancel(record.owner, record.files)
    wait_for(record, "cancelled", seconds=7)


def test_a_flag_stops_a_worker_that_no_signal_can_reach(registry, launcher, config, wait_for):
    record = registry.create(long(config), "long")
    submit(launcher, record)
    wait_for(record, "running")
    record.files.cancel_path.touch()
    wait_for(record, "cancelled", seconds=7)
    # the flag goes after the word, which a busy machine may be seen between
    until = time.monotonic() + 5
    while record.files.cancel_path.exists():
        assert time.monotonic() < until
        time.sleep(0.02)


def test_a_worker_outlives_the_server(registry, launching, launcher, config, wait_for):
    record = registry.create(long(config), "long")
    submit(launcher, record)
    wait_for(record, "running")
    launcher.close()
    # Another server on the same store finds the run and may cancel it.
    other = launching.make()
    other.recover()
    assert record.status.state == "running"
    other.cancel(record.owner, record.files)
    wait_for(record, "cancelled")
    other.close()


def test_a_worker_that_is_cancelled_before_it_began(registry, launcher, config, wait_for):
    record = registry.create(config, "good")
    submit(launcher, record)
    launcher.cancel(record.owner, record.files)
    wait_for(record, "cancelled", seconds=10)


def test_a_worker_that_cannot_start_is_said_at_once(registry, launching, config, wait_for):
    launcher = launching.make((sys.executable, "-c", "raise SystemExit(3)"))
    record = registry.create(config, "good")
    launcher.watch()
    submit(launcher, record)
    wait_for(record, "failed", seconds=10)
    launcher.tick()
    assert "ended before it began" in record.status.message
    launcher.close()


def test_a_program_that_is_not_there_is_said(registry, launching, config, wait_for):
    launcher, record = launching.make(("/no/such/program",)), registry.create(config)
    submit(launcher, record)
    wait_for(record, "failed")
    assert "could not be started" in record.status.message
    launcher.close()


def test_a_worker_that_dies_is_noticed_and_the_next_one_starts(registry, launcher, config, wait_for):
    first, second = registry.create(long(config), "long"), registry.create(config, "good")
    submit(launcher, first)
    submit(launcher, second)
    wait_for(first, "running")
    processes.kill(first.status.pid)
    wait_for(first, "lost", seconds=5)
    wait_for(second, "done")
    # Said on disk, too, and nobody waits for it any more.
    assert first.files.written_status().state == "lost"
    first.files.write_config(config)
    submit(launcher, first, resume=True)
    wait_for(first, "done")


def test_a_line_that_was_lost_is_made_anew_from_the_runs(registry, launching, launcher, config, wait_for):
    launcher.close()
    records = [registry.create(config, f"good {number}") for number in range(3)]
    dead = registry.create(config, "dead")
    status = dead.status.model_copy(update={"state": "running", "pid": 1, "process": "of/another/start"})
    dead.files.write_status(status.model_copy(update={"host": processes.host()}))
    other = launching.make()
    other.recover()
    for record in records:
        wait_for(record, "done")
    assert json.loads(dead.files.status_path.read_text())["state"] == "lost"
    computed = spans(records)
    assert computed == sorted(computed)
    other.close()


def test_a_worker_on_a_machine_that_fell_silent_is_given_up(registry, launcher, config, wait_for, monkeypatch):
    monkeypatch.setattr("monae_app.jobs.dispatcher.SILENT_SECONDS", 3.0)
    first, second = registry.create(long(config), "long"), registry.create(config, "good")
    submit(launcher, first)
    wait_for(first, "running")
    # As a container sees it that was put in the place of the one before.
    with launcher.queue.change() as line:
        ((lane, claim),) = line.claims.items()
        line.claims[lane] = claim.model_copy(update={"host": "elsewhere", "process": "of/another/place"})
    submit(launcher, second)
    time.sleep(4.5)
    assert second.status.state == "queued"
    processes.kill(first.status.pid)
    wait_for(second, "done", seconds=15)


def test_the_clock_may_jump_while_a_run_computes(registry, launcher, config, wait_for, monkeypatch):
    first, second = registry.create(long(config), "long"), registry.create(config, "good")
    submit(launcher, first)
    submit(launcher, second)
    wait_for(first, "running")
    now = time.time
    for jump in (+1e6, -1e6):
        monkeypatch.setattr("time.time", lambda jump=jump: now() + jump)
        time.sleep(2.5)
        assert first.status.state == "running"
        assert second.status.state == "queued"
    monkeypatch.undo()
    launcher.cancel(first.owner, first.files)
    wait_for(second, "done")


def test_who_asks_beforehand_learns_the_place_and_changes_nothing(registry, launcher, config, wait_for):
    assert launcher.prospect("cpu").position == 1
    first, second = (registry.create(long(config), f"good {number}") for number in range(2))
    submit(launcher, first, expected_s=1000.0)
    wait_for(first, "running")
    assert launcher.prospect("cpu").starts_in_s > 100
    submit(launcher, second, expected_s=500.0)
    before = launcher.queue.look()
    prospect = launcher.prospect("cpu")
    assert (prospect.position, prospect.waiting) == (2, 2)
    assert prospect.starts_in_s > launcher.outlook(second.owner, second.files).starts_in_s
    assert launcher.queue.look() == before
    with pytest.raises(InputError):
        launcher.prospect("mps")
    for record in (second, first):
        launcher.cancel(record.owner, record.files)
