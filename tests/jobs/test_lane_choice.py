"""Runs that need several devices at once: all or none, nobody waits for ever, and one process holds them together."""

from __future__ import annotations

import json
import sys
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monae_app.engine.errors import InputError
from monae_app.jobs import devices, processes
from monae_app.jobs.lane_choice import FreeLanes, lanes_needed
from monae_app.jobs.local import LocalLauncher
from monae_app.jobs.outlook import outlook
from monae_app.jobs.queue import Line

GPUS = ("cuda:0", "cuda:1", "cuda:2")
# takes note of how it was started, and stays
NOTES = (
    "import json, os, pathlib, sys, time\n"
    "note = {'arguments': sys.argv[2:], 'seen': os.environ.get('CUDA_VISIBLE_DEVICES')}\n"
    "pathlib.Path(sys.argv[1], 'started.json').write_text(json.dumps(note))\n"
    "time.sleep(100)\n"
)


def test_a_process_takes_a_gpu_and_the_cpu_takes_them_all():
    assert lanes_needed(GPUS, 2) == 2
    assert lanes_needed(("elsewhere/cuda:0",), 3) == 3
    assert lanes_needed(("cpu",), 4) == lanes_needed(("here/cpu",), 4) == lanes_needed((), 4) == 1


def test_all_at_once_or_none_and_what_is_free_is_kept():
    free = FreeLanes({"cuda:1"})
    assert free.give(GPUS, 3) == ()
    # behind it nobody gets what it waits for, but other lanes
    assert free.give(GPUS, 1) == ()
    assert free.give(("cpu",), 1) == ("cpu",)


def test_a_worker_that_ends_gives_its_lane_on_first():
    assert FreeLanes((), only=("cuda:2",)).give(GPUS, 1) == ("cuda:2",)
    assert FreeLanes((), only=("cuda:2",)).give(GPUS, 2) == ("cuda:2", "cuda:0")
    assert FreeLanes(("cuda:2",), only=("cuda:2",)).give(GPUS, 1) == ()


@given(st.lists(st.tuples(st.integers(1, 3), st.integers(1, 5)), min_size=1, max_size=15))
def test_every_run_gets_its_turn_and_no_lane_two_runs(runs):
    """Played through, tick by tick: who needs more waits no longer than for those that compute before it."""
    waiting = list(enumerate(runs))
    computing: dict[str, tuple[int, int]] = {}
    began: list[int] = []
    for now in range(sum(took for _, took in runs) + 1):
        computing = {lane: (run, until) for lane, (run, until) in computing.items() if until > now}
        free = FreeLanes(computing)
        for number, (needed, took) in list(waiting):
            if given := free.give(GPUS, needed):
                assert not set(given) & set(computing)
                assert len(given) == needed
                computing |= dict.fromkeys(given, (number, now + took))
                waiting.remove((number, (needed, took)))
                began.append(number)
    assert sorted(began) == list(range(len(runs)))
    # a run of several lanes is passed by nobody who was behind it
    for place, number in enumerate(began):
        if runs[number][0] > 1:
            assert all(earlier < number for earlier in began[:place])


def test_the_outlook_waits_for_as_many_lanes_as_a_run_needs():
    line = Line()
    for took in (10.0, 30.0, 50.0):
        line.append("me", str(took), "cuda", expected_s=took)
    both = line.append("me", "both", "cuda", processes=2, expected_s=5.0)
    after = line.append("me", "after", "cuda", expected_s=5.0)
    starts = [outlook(line, each, lambda _: GPUS, lambda _: None).starts_in_s for each in (both, after)]
    assert starts == [30.0, 35.0]


@pytest.fixture
def launcher(registry):
    made = LocalLauncher(
        registry.runs.parents[2],
        worker=(sys.executable, "-c", NOTES),
        lanes_for=lambda setting: ("cpu",) if setting == "cpu" else GPUS,
    )
    yield made
    for claim in made.queue.look().claims.values():
        processes.kill(claim.pid)
    for child in made._children:
        child.wait()
    made.close()


@pytest.fixture
def three_gpus(monkeypatch):
    found = tuple(devices.Device(lane, "cuda", "GPU", 0, 0, f"GPU-{lane[-1]}") for lane in GPUS)
    monkeypatch.setattr(devices, "devices", lambda: found)
    for name in ("CUDA_VISIBLE_DEVICES", "MONAE_SERVER_DEVICES"):
        monkeypatch.delenv(name, raising=False)


def test_two_runs_on_two_gpus_each_of_three(registry, launcher, config, three_gpus):
    wants = [config.model_copy(update={"device": "cuda", "processes": number}) for number in (2, 2, 1)]
    records = [registry.create(each, f"run {number}") for number, each in enumerate(wants)]
    for record in records:
        launcher.submit(record.owner, record.files)
    line = launcher.queue.look()
    # the second would not get by the first, and the last must not take what the second waits for
    assert sorted(line.claims) == ["cuda:0", "cuda:1"]
    assert {each.ticket.run for each in line.claims.values()} == {records[0].files.path.name}
    assert len(line.jobs()) == line.of_user(records[0].owner) == 3
    note = records[0].files.path / "started.json"
    until = time.monotonic() + 30
    while not (note.exists() and note.read_text()) and time.monotonic() < until:
        time.sleep(0.02)
    started = json.loads(note.read_text())
    assert started["seen"] == "GPU-0,GPU-1"
    assert started["arguments"][:2] == ["--lane", "cuda:0,cuda:1"]

    # gone, both of its lanes are free at once, the second begins and the last gets what is left
    processes.kill(line.claims["cuda:0"].pid)
    launcher._children[0].wait()
    launcher.tick()
    claims = launcher.queue.look().claims
    assert {lane: each.ticket.run for lane, each in claims.items()} == {
        "cuda:0": records[1].files.path.name,
        "cuda:1": records[1].files.path.name,
        "cuda:2": records[2].files.path.name,
    }
    assert records[0].files.read_status().state == "failed"


def test_more_gpus_than_there_are_are_refused_in_words(registry, launcher, config):
    record = registry.create(config.model_copy(update={"device": "cuda", "processes": 4}), "too many")
    with pytest.raises(InputError, match="has 3 GPUs, and processes = 4"):
        launcher.submit(record.owner, record.files)
    assert launcher.prospect("cpu", 4).position == 1


def test_a_worker_sees_what_the_server_sees_when_it_starts_the_next(three_gpus, monkeypatch):
    mine = devices.environment(("cuda:2",))
    assert mine == {"CUDA_VISIBLE_DEVICES": "GPU-2", "MONAE_SERVER_DEVICES": "all"}
    for name, value in mine.items():
        monkeypatch.setenv(name, value)
    assert devices.environment(("cuda:0", "cuda:1")) == {
        "CUDA_VISIBLE_DEVICES": "GPU-0,GPU-1",
        "MONAE_SERVER_DEVICES": "all",
    }
    assert devices.environment(("cpu",)) == {}
