"""Short work by a Celery worker, as Dash asks its manager for it."""

from __future__ import annotations

import os
import time
from pathlib import Path

import numpy as np
import pytest

from monae_app.jobs.cluster.broker import Broker
from monae_app.jobs.downloads import Downloads
from monae_app.jobs.part_maps import order_of
from monae_app.jobs.short_work import Tickets
from monae_app.web.cluster_work import ClusterManager
from monae_app.web.settings import Settings
from monae_app.web.short_work import manager
from tests.jobs.cluster.machine import REAL, Machine
from tests.jobs.cluster.redis_server import RedisServer
from tests.web.tiny_sample import CELLS

pytestmark = pytest.mark.long

LONG = 90.0


@pytest.fixture
def server(tmp_path, monkeypatch):
    (tmp_path / "redis").mkdir()
    server = RedisServer(tmp_path / "redis", password="secret")
    monkeypatch.setenv("MONAE_REDIS_URL", server.url)
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[2]))
    yield server
    server.stop()


@pytest.fixture
def store(tmp_path, server):
    store = tmp_path / "store"
    Broker(server.url, store).store_id()
    return store


@pytest.fixture
def jobs(store):
    jobs = manager(Settings(store=store))
    assert isinstance(jobs, ClusterManager)
    yield jobs
    jobs._broker.close()
    jobs.handle.close()


@pytest.fixture
def machine(server, store, tmp_path):
    machine = Machine(server.url, store, tmp_path / "worker.txt", REAL, flags=["--short"])
    yield machine
    machine.kill()


def send(jobs, store, work, **order):
    number = Tickets(store).issue(work, "local", order)
    assert jobs.call_job_fn(f"key of {number}", None, [number], {}) == number
    return f"key of {number}", number


def outcome(jobs, key, number):
    until = time.monotonic() + LONG
    while (found := jobs.get_result(key, number)) is jobs.UNDEFINED:
        assert time.monotonic() < until
        jobs.get_progress(key)
        time.sleep(0.05)
    return found


def drawing(jobs, store, run):
    """Begin to draw a map, and wait until that is really being done."""
    key, number = send(jobs, store, "map", **order_of(run, np.ones(2 * CELLS, bool), 1.0, "all"))
    until = time.monotonic() + LONG
    while not (told := jobs.get_progress(key)) or "cells" not in told[0]:
        assert time.monotonic() < until
        time.sleep(0.02)
    return key, number


def rest(store):
    return [path for path in (store / "short_work").rglob("*") if path.is_file()]


@pytest.fixture
def run(samples_root):
    return samples_root / "tiny" / "run"


def test_a_run_is_exported_by_a_worker(jobs, store, machine, run):
    key, number = send(jobs, store, "export", folder=str(run), name="Tiny", checkpoint=False, log=True)
    assert jobs.job_running(number)
    found = outcome(jobs, key, number)
    assert found["state"] == "done"
    assert Downloads(store, "local").find(found["result"]["token"]).stat().st_size == found["result"]["size"]
    assert not jobs.job_running(number)
    assert rest(store) == []
    assert jobs.get_result(key, number) == {"state": "cancelled"}


def test_what_was_cancelled_ends_and_leaves_nothing(jobs, store, machine, run):
    key, number = drawing(jobs, store, run)
    jobs.terminate_job(number)
    assert not jobs.job_running(number)
    assert jobs.get_result(key, number) == {"state": "cancelled"}
    until = time.monotonic() + 20
    while rest(store):
        assert time.monotonic() < until
        time.sleep(0.1)


def test_a_worker_that_ends_or_is_killed_is_said(jobs, store, machine, run):
    key, number = drawing(jobs, store, run)
    assert machine.end() == 0
    assert "shut down" in outcome(jobs, key, number)["found"]


def test_a_worker_that_is_killed_is_said(jobs, store, machine, run):
    key, number = drawing(jobs, store, run)
    machine.kill()
    assert "without a word" in outcome(jobs, key, number)["found"]


def test_where_nobody_does_it_that_is_said(jobs, store, server, run):
    key, number = send(jobs, store, "export", folder=str(run), name="Tiny", checkpoint=False, log=True)
    assert "monae worker --short" in outcome(jobs, key, number)["todo"]
    server.stop()
    number = Tickets(store).issue("export", "local", {})
    assert jobs.call_job_fn("key", None, [number], {}) == number
    assert "does not answer" in outcome(jobs, "key", number)["found"]
    assert not jobs.job_running(number)
    assert jobs.get_progress("key") is None
    assert rest(store) == []


def test_all_servers_sign_alike(jobs, store, server):
    other = ClusterManager(server.url, store)
    secrets = [each.get_or_create_signing_secret(lambda name=name: name) for each, name in ((jobs, "a"), (other, "b"))]
    assert secrets == ["a", "a"]
    other._broker.close()
    other.handle.close()


def test_what_is_no_ticket_sends_nothing(jobs, server):
    assert jobs.call_job_fn("key", None, ["../x"], {}) == "../x"
    assert jobs.get_result("key", "../x")["state"] == "failed"
    assert not jobs.job_running(None)
    assert not [name for name in Broker(server.url, jobs._tickets._store).client.scan_iter() if "queue" in name]
    assert os.environ["MONAE_REDIS_URL"] == server.url
