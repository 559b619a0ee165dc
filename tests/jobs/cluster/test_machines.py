"""Workers that are ended and killed, and a Redis server that goes away, around trainings that only pretend."""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
import time

import pytest

from monae_app.engine.errors import InputError
from monae_app.jobs import processes
from monae_app.jobs.cluster.application import TRAIN, make_application, queue_name
from monae_app.jobs.cluster.broker import Broker
from monae_app.jobs.cluster.lanes import Lane, Lanes
from monae_app.jobs.cluster.launcher import make_cluster_launcher
from monae_app.jobs.run_limits import RunLimits
from tests.jobs.cluster.machine import FAKE, Machine, lanes
from tests.jobs.cluster.redis_server import RedisServer

pytestmark = pytest.mark.long


@pytest.fixture
def server(tmp_path):
    folder = tmp_path / "redis"
    folder.mkdir()
    server = RedisServer(folder, password="a secret with / and @")
    yield server
    server.stop()


@pytest.fixture
def cluster(registry, redis_server, from_here, tmp_path):
    """A launcher that ticks, and what starts a worker machine."""
    yield from _cluster(registry, redis_server, tmp_path)


@pytest.fixture
def fragile(registry, server, from_here, tmp_path):
    """The same, with a Redis server of its own that forgets everything when it is stopped."""
    yield from _cluster(registry, server, tmp_path)


def _cluster(registry, server, tmp_path):
    store = registry.runs.parents[2]
    launcher = make_cluster_launcher(server.url, store, RunLimits(100, 100))
    launcher.broker.store_id()
    launcher.watch()
    machines = []

    def start():
        machines.append(Machine(server.url, store, tmp_path / f"worker {len(machines)}.txt"))
        return machines[-1]

    yield launcher, start
    launcher.close()
    for machine in machines:
        machine.clear()


def long(config):
    return config.model_copy(update={"steps": 100_000})


def submit(launcher, record, **options):
    launcher.submit(record.owner, record.files, **options)


def until(what, seconds=40.0):
    end = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < end, what
        time.sleep(0.05)


def stages(record):
    return [event["stage"] for event in record.files.read_events()[0]]


def test_a_worker_that_is_killed_leaves_its_training_to_the_next_worker(cluster, registry, config, wait_for):
    launcher, start = cluster
    first, second = registry.create(config.model_copy(update={"steps": 600}), "good"), registry.create(config, "good")
    machine = start()
    submit(launcher, first)
    submit(launcher, second)
    wait_for(first, "running")
    pid = first.status.pid
    machine.kill()
    time.sleep(3)
    assert (first.status.state, second.status.state) == ("running", "queued")
    start()
    wait_for(first, "done")
    assert first.status.pid == pid
    wait_for(second, "done")
    assert stages(first).count("done") == stages(second).count("done") == 1


def test_a_machine_that_is_gone_loses_its_training_which_can_go_on(cluster, registry, config, wait_for):
    launcher, start = cluster
    record = registry.create(long(config), "long")
    machine = start()
    submit(launcher, record)
    wait_for(record, "running")
    machine.kill()
    processes.kill(record.status.pid)
    until(lambda: record.files.written_status().state == "lost", 40)
    until(lambda: launcher.queue.look().claims == {})
    record.files.write_config(config)
    submit(launcher, record, resume=True)
    assert record.status.state == "queued"
    assert launcher.outlook(record.owner, record.files).starts_in_s is None
    start()
    wait_for(record, "done")


def test_a_worker_that_is_told_to_end_puts_its_training_back_in_front(cluster, registry, config, wait_for):
    launcher, start = cluster
    first, second = registry.create(config.model_copy(update={"steps": 500}), "long"), registry.create(config, "good")
    machine = start()
    submit(launcher, first)
    submit(launcher, second)
    wait_for(first, "running")
    assert machine.end() == 0
    assert first.status.state == "queued"
    assert "shut down" in first.status.message
    assert [ticket.run for ticket in launcher.queue.look().waiting] == [first.id, second.id]
    assert lanes(machine.url, machine.store) == []
    start()
    for record in (first, second):
        wait_for(record, "done")
    assert first.files.read_events()[0][-1]["time"] <= second.files.read_events()[0][0]["time"]


def test_who_cancels_while_the_worker_ends_is_heard(cluster, registry, config, wait_for):
    launcher, start = cluster
    record = registry.create(config, "deaf")
    machine = start()
    submit(launcher, record)
    wait_for(record, "running")
    machine.process.terminate()
    time.sleep(0.5)
    launcher.cancel(record.owner, record.files)
    assert machine.process.wait(40) == 0
    assert record.status.state == "cancelled"
    assert launcher.queue.look().waiting == []


def test_messages_that_come_again_or_late_start_nothing_twice(cluster, registry, config, wait_for):
    launcher, start = cluster
    records = [registry.create(config, f"good {number}") for number in range(3)]
    start()
    application = make_application(launcher.broker)
    for record in records:
        submit(launcher, record)
        for _ in range(4):
            application.send_task(TRAIN, queue=queue_name(launcher.broker, "cpu"))
    for record in records:
        wait_for(record, "done")
    until(lambda: launcher.broker.client.llen(queue_name(launcher.broker, "cpu")) == 0)
    time.sleep(1.0)
    for record in records:
        assert [stages(record).count(stage) for stage in ("read", "done")] == [1, 1]
    assert launcher.queue.look().claims == {}
    application.close()


def test_a_message_names_no_path_and_holds_json(cluster, registry, config):
    launcher, _ = cluster
    nobody = Lane(host="elsewhere", lane="cpu", pid=1, process="of/another/place")
    Lanes(launcher.broker).announce(nobody)
    time.sleep(0.6)
    submit(launcher, registry.create(config, "good"))
    message = json.loads(launcher.broker.client.lindex(queue_name(launcher.broker, "cpu"), 0))
    assert message["content-type"] == "application/json"
    assert json.loads(base64.b64decode(message["body"]))[:2] == [[], {}]
    assert str(registry.runs) not in json.dumps(message)
    launcher.tick()
    assert launcher.broker.client.llen(queue_name(launcher.broker, "cpu")) == 1


def test_a_device_that_no_worker_has_is_refused(cluster, registry, config):
    launcher, _ = cluster
    gpu = Lane(host="elsewhere", lane="cuda:0", pid=1, process="of/another/place")
    Lanes(launcher.broker).announce(gpu)
    time.sleep(0.6)
    assert launcher.lanes_of("auto") == launcher.lanes_of("cuda") == ("elsewhere/cuda:0",)
    with pytest.raises(InputError, match="No worker with a cpu device"):
        submit(launcher, registry.create(config.model_copy(update={"device": "cpu"})))


def test_two_workers_on_one_device_are_refused(cluster):
    launcher, start = cluster
    machine = start()
    command = [sys.executable, *FAKE, "--store", str(machine.store), "--device", "cpu"]
    second = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert second.returncode == 2
    assert "MONAE_REDIS_URL is not set" in second.stderr
    environment = {"MONAE_REDIS_URL": launcher.broker.url}
    second = _run(command, environment)
    assert second.returncode == 2
    assert f"Process {machine.process.pid} looks after" in second.stderr
    assert _run([*command, "--check"], environment).returncode == 0
    machine.kill()
    assert _run([*command, "--check"], environment).returncode == 1
    elsewhere = [*command[:-3], str(machine.store.parent / "another"), "--device", "cpu"]
    assert "mount it" in _run(elsewhere, environment).stderr


def _run(command, environment):
    told = os.environ | environment
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False, env=told)


def test_redis_may_go_away_and_forget_everything(fragile, server, registry, config, wait_for):
    launcher, start = fragile
    first = registry.create(config.model_copy(update={"steps": 500}), "good")
    waiting = [registry.create(config, f"good {number}") for number in range(3)]
    start()
    for record in (first, *waiting):
        submit(launcher, record)
    wait_for(first, "running")
    server.stop()
    late = registry.create(config, "good")
    began = time.monotonic()
    with pytest.raises(InputError, match="does not answer") as refused:
        submit(launcher, late)
    assert time.monotonic() - began < 5
    assert "secret" not in str(refused.value)
    with pytest.raises(InputError, match="does not answer"):
        launcher.outlook(first.owner, first.files)
    registry.withdraw(late)
    step = first.status.step
    time.sleep(4)
    assert first.status.step > step
    server.start()
    for record in (first, *waiting):
        wait_for(record, "done", seconds=60)
    begins = [record.files.read_events()[0][0]["time"] for record in (first, *waiting)]
    assert begins == sorted(begins)
    assert [stages(record).count("done") for record in (first, *waiting)] == [1, 1, 1, 1]


def test_a_training_can_be_cancelled_while_redis_is_away(fragile, server, registry, config, wait_for):
    launcher, start = fragile
    computing, waiting = registry.create(long(config), "long"), registry.create(config, "good")
    start()
    submit(launcher, computing)
    submit(launcher, waiting)
    wait_for(computing, "running")
    server.stop()
    launcher.cancel(computing.owner, computing.files)
    wait_for(computing, "cancelled")
    with pytest.raises(InputError, match="does not answer"):
        launcher.cancel(waiting.owner, waiting.files)
    server.start()
    wait_for(waiting, "done", seconds=60)


def test_two_stores_share_a_server_without_a_word(cluster, redis_server, tmp_path):
    launcher, start = cluster
    start()
    until(launcher.lanes.present)
    other = Broker(redis_server.url, tmp_path / "other")
    assert other.store_id() != launcher.broker.store_id()
    assert Lanes(other).present() == ()
    other.close()
