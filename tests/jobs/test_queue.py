from __future__ import annotations

import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monae_app.engine.errors import InputError
from monae_app.jobs.outlook import outlook
from monae_app.jobs.queue import Claim, Line, Queue
from monae_app.jobs.run_limits import RunLimits

ADD = """
import sys
from pathlib import Path
from monae_app.jobs.queue import Queue
queue = Queue(Path(sys.argv[1]))
for number in range(25):
    with queue.change() as line:
        line.append(sys.argv[2], f"r{number}")
"""


@pytest.fixture
def queue(tmp_path):
    queue = Queue(tmp_path)
    yield queue
    queue.close()


def test_processes_that_add_at_once_lose_nothing(queue, tmp_path):
    adding = [subprocess.Popen([sys.executable, "-c", ADD, str(tmp_path), f"u{user}"]) for user in range(3)]
    assert [each.wait(60) for each in adding] == [0, 0, 0]
    waiting = queue.look().waiting
    assert [each.number for each in waiting] == list(range(1, 76))
    for user in range(3):
        assert [each.run for each in waiting if each.user == f"u{user}"] == [f"r{number}" for number in range(25)]


def test_what_is_refused_leaves_no_trace(queue):
    with queue.change() as line:
        line.append("me", "first")

    def add_too_many() -> None:
        with queue.change() as line:
            line.append("me", "second")
            RunLimits(per_user=1).check(line, "me")

    with pytest.raises(InputError, match="2 of your trainings and checks"):
        add_too_many()
    assert [each.run for each in queue.look().waiting] == ["first"]
    with pytest.raises(InputError, match="on this server"):
        RunLimits(total=1).check(queue.look(), "you")


@pytest.mark.parametrize("damage", [b"no database at all" * 500, b""])
def test_a_damaged_line_is_set_aside_and_a_new_one_begun(tmp_path, damage):
    queue = Queue(tmp_path)
    with queue.change() as line:
        line.append("me", "first")
    queue.close()
    (tmp_path / "queue" / "cache.db").write_bytes(damage)
    queue = Queue(tmp_path)
    assert queue.look().waiting == []
    with queue.change() as line:
        line.append("me", "second")
    assert [each.run for each in queue.look().waiting] == ["second"]
    queue.close()
    assert bool(damage) == any(path.name.startswith("queue.damaged") for path in tmp_path.iterdir())


def test_damage_while_it_is_open_is_said_and_mended(queue, tmp_path):
    with queue.change() as line:
        for number in range(500):
            line.append("me", f"run {number} with a name that takes room")
    database = tmp_path / "queue" / "cache.db"
    database.write_bytes(b"\xff" * database.stat().st_size)
    with pytest.raises(InputError, match="cannot be used"):
        queue.look()
    assert queue.look() == Line()


def test_a_store_that_is_no_folder_is_said_in_words(tmp_path):
    (tmp_path / "queue").write_text("a file")
    with pytest.raises(InputError, match="cannot be used"):
        Queue(tmp_path).look()


LANES = {"cpu": ("cpu",), "cuda": ("cuda:0", "cuda:1")}


def _claim(line: Line, lane: str, expected: float) -> None:
    ticket = line.append("you", f"on {lane}", "cpu" if lane == "cpu" else "cuda", expected_s=expected)
    line.leave("you", ticket.run)
    line.claims[lane] = Claim(ticket=ticket, lane=lane, pid=1, process=None, host="here")


def _outlook(line, ticket):
    return outlook(line, ticket, lambda each: LANES[each.device], lambda claim: claim.ticket.expected_s)


def test_the_outlook_counts_those_before_on_the_same_device():
    line = Line()
    _claim(line, "cuda:0", 100)
    _claim(line, "cuda:1", 30)
    tickets = [line.append("me", f"r{number}", "cuda", expected_s=50) for number in range(3)]
    alone = line.append("me", "alone", "cpu", expected_s=5)
    looks = [_outlook(line, ticket) for ticket in tickets]
    assert [(each.position, each.waiting) for each in looks] == [(1, 3), (2, 3), (3, 3)]
    assert [each.starts_in_s for each in looks] == [30, 80, 100]
    assert (_outlook(line, alone).position, _outlook(line, alone).starts_in_s) == (1, 0)


def test_who_gives_no_estimate_leaves_those_behind_without_one():
    line = Line()
    line.append("me", "first", "cpu")
    second = line.append("me", "second", "cpu", expected_s=1)
    assert _outlook(line, second).starts_in_s is None


@given(st.lists(st.tuples(st.sampled_from(["cpu", "cuda"]), st.floats(0, 1e4)), min_size=1, max_size=12))
def test_nobody_starts_before_those_in_front(runs):
    line = Line()
    tickets = [line.append("me", str(number), device, expected_s=took) for number, (device, took) in enumerate(runs)]
    for device in ("cpu", "cuda"):
        starts = [_outlook(line, each).starts_in_s for each in tickets if each.device == device]
        assert starts == sorted(starts)
