"""Who looks after a lane, with a line in memory in the place of Redis."""

from __future__ import annotations

import threading
import time
from contextlib import contextmanager
from types import SimpleNamespace

import pytest

from monae_app.engine.errors import InputError
from monae_app.jobs import local, processes
from monae_app.jobs.cluster.keeper import Keeper
from monae_app.jobs.cluster.lanes import Lane
from monae_app.jobs.dispatcher import Dispatcher
from monae_app.jobs.outlook import outlook
from monae_app.jobs.queue import Line
from tests.jobs import fake_worker


class LineInMemory:
    """Says no when it is told to, as a server does that is away."""

    def __init__(self) -> None:
        self.line, self.away = Line(), 0

    def look(self):
        return self.line.model_copy(deep=True)

    @contextmanager
    def change(self):
        line = self.look()
        yield line
        if self.away:
            self.away -= 1
            raise InputError("away", "here", "wait")
        self.line = line

    def close(self):
        """Nothing is held."""


class OneLane(Dispatcher):
    """A launcher that only knows: somebody has to come and take."""

    lanes = SimpleNamespace(announce=lambda lane: None)

    def lanes_of(self, device):
        return ("here/cpu",) if device in ("auto", "cpu") else ("there/cuda:0",)

    def _start_waiting(self, line):
        """Nobody is called."""

    def _check_device(self, device, processes):
        """Everything is there."""


@pytest.fixture
def launcher(registry, from_here, monkeypatch):
    monkeypatch.setattr(local, "WORKER", fake_worker.COMMAND)
    launcher = OneLane(registry.runs.parents[2], LineInMemory())
    yield launcher
    for claim in launcher.queue.look().claims.values():
        processes.kill(claim.pid)


@pytest.fixture
def leaving():
    return threading.Event()


@pytest.fixture
def keeper(launcher, leaving):
    lane = Lane(host="here", lane="cpu", pid=1, process=None)
    return Keeper(launcher, lane, leaving.is_set)


@pytest.fixture
def waiting(launcher, registry, config):
    def make(name="good", **changes):
        record = registry.create(config.model_copy(update={"steps": 2, **changes}), name)
        launcher.submit(record.owner, record.files)
        return record

    return make


def test_runs_are_taken_in_order_and_a_call_too_many_does_nothing(keeper, launcher, waiting):
    records = [waiting(f"good {number}") for number in range(2)]
    assert keeper.work()
    assert [record.status.state for record in records] == ["done", "queued"]
    assert keeper.work()
    assert not keeper.work()
    assert records[1].status.state == "done"
    assert launcher.queue.look().claims == {}
    assert [event["stage"] for event in records[0].files.read_events()[0]].count("done") == 1


def test_a_worker_that_is_heard_of_while_it_looks_takes_nobody_out_of_turn(keeper, launcher, waiting, monkeypatch):
    first, second = waiting(), waiting()
    heard = iter([(), ("here/cpu",), ("here/cpu",)])
    monkeypatch.setattr(launcher, "lanes_of", lambda _: next(heard))
    assert not keeper.work()
    assert keeper.work()
    assert [record.status.state for record in (first, second)] == ["done", "queued"]


def test_what_was_cancelled_deleted_or_is_for_others_is_passed_over(keeper, launcher, registry, waiting):
    cancelled, deleted, gpu = waiting(), waiting(), waiting(device="cuda")
    cancelled.files.write_status(cancelled.status.model_copy(update={"state": "cancelled"}))
    registry.withdraw(deleted)
    assert not keeper.work()
    assert [ticket.run for ticket in launcher.queue.look().waiting] == [gpu.id]


def test_a_file_that_is_not_on_this_machine_is_said(keeper, launcher, waiting):
    record = waiting()
    record.files.read_config().inputs["atac"][0].unlink()
    assert not keeper.work()
    assert record.status.state == "failed"
    assert "atac.h5ad is not there" in record.status.message
    assert "mount the store" in record.status.detail.todo
    assert launcher.queue.look() == Line(next_number=2)


def test_a_run_that_the_line_does_not_learn_of_is_not_computed(keeper, launcher, waiting):
    record = waiting()
    launcher.queue.away = 1
    with pytest.raises(InputError, match="away"):
        keeper.work()
    assert launcher.queue.look().ticket(record.owner, record.id)
    assert keeper.work()
    assert record.status.state == "done"


def test_the_end_of_a_run_is_told_as_soon_as_the_line_is_back(keeper, launcher, waiting):
    record = waiting(steps=100)
    thread = threading.Thread(target=keeper.work)
    thread.start()
    _until(lambda: record.status.state == "running")
    launcher.queue.away = 1
    thread.join(30)
    assert record.status.state == "done"
    assert launcher.queue.look() == Line(next_number=2)


def test_a_worker_that_leaves_puts_its_run_back_in_front(keeper, launcher, waiting, leaving):
    record, other = waiting("long", steps=100_000), waiting()
    thread = threading.Thread(target=keeper.work)
    thread.start()
    _until(lambda: record.status.state == "running")
    leaving.set()
    thread.join(30)
    assert record.status.state == "queued"
    line = launcher.queue.look()
    assert [ticket.run for ticket in line.waiting] == [record.id, other.id]
    assert not keeper.work()
    leaving.clear()
    record.files.write_config(record.files.read_config().model_copy(update={"steps": 2}))
    assert keeper.work()
    assert record.status.state == "done"


def test_a_process_that_was_left_behind_is_stayed_with(keeper, launcher, waiting):
    record = waiting("good", steps=100)
    with launcher.queue.change() as line:
        child = keeper._take(line)
    other = Keeper(launcher, keeper._lane, lambda: False)
    threading.Thread(target=child.wait, daemon=True).start()
    assert other.work()
    assert record.status.state == "done"
    assert record.status.pid == child.pid
    assert launcher.queue.look().claims == {}


def test_one_that_does_not_listen_is_killed(keeper, launcher, waiting):
    keeper.kill_seconds = 0.5
    record = waiting("deaf")
    thread = threading.Thread(target=keeper.work)
    thread.start()
    _until(lambda: record.status.state == "running")
    # From another machine, whose folder comes late.
    with launcher.queue.change() as line:
        line.claims["here/cpu"] = line.claims["here/cpu"].model_copy(update={"cancelled": True})
    record.files.cancel_path.touch()
    thread.join(30)
    assert record.status.state == "cancelled"


def test_where_no_device_is_there_runs_stand_in_line_all_the_same():
    line = Line()
    first, second = line.append("me", "one", "cuda"), line.append("me", "two", "cuda")
    look = outlook(line, second, lambda _: (), lambda _: None)
    assert (look.position, look.waiting, look.starts_in_s) == (2, 2, None)
    assert outlook(line, first, lambda _: (), lambda _: None).position == 1


def _until(what):
    end = time.monotonic() + 30
    while not what():
        assert time.monotonic() < end
        time.sleep(0.02)
