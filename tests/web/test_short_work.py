from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import numpy as np
import pytest

from monae_app.engine.errors import InputError
from monae_app.jobs.downloads import Downloads, sweep_downloads
from monae_app.jobs.json_cache import open_cache
from monae_app.jobs.part_maps import order_of
from monae_app.jobs.short_work import MOST_OF_A_USER, Tickets, perform
from monae_app.web.settings import Settings
from monae_app.web.short_work import FreshProcessManager, manager
from tests.web.tiny_sample import CELLS, TYPES

LONG = 90.0


@pytest.fixture
def run(samples_root: Path) -> Path:
    return samples_root / "tiny" / "run"


def export_order(run: Path) -> dict:
    return {"folder": str(run), "name": "Tiny", "checkpoint": False, "log": True}


def map_order(run: Path, *groups: str) -> dict:
    return order_of(run, np.isin(TYPES, groups)[_types_of_run()], 1.0, ", ".join(groups))


def _types_of_run() -> np.ndarray:
    return np.tile(np.arange(CELLS) % len(TYPES), 2)


def waited(jobs: FreshProcessManager, key: str, number: str):
    until = time.monotonic() + LONG
    while time.monotonic() < until:
        if (outcome := jobs.get_result(key, number)) is not jobs.UNDEFINED:
            return outcome
        time.sleep(0.05)
    raise AssertionError("the work did not end")


def rest(store: Path) -> list[Path]:
    return [path for path in (store / "short_work").rglob("*") if path.is_file() and "cache" not in path.parts]


def test_a_run_is_exported_by_a_process_of_its_own(tmp_path, run):
    jobs, tickets = manager(Settings(store=tmp_path)), Tickets(tmp_path)
    number = tickets.issue("export", "local", export_order(run))
    assert jobs.call_job_fn("key", None, [number], {}) == number
    assert jobs.job_running(number)
    outcome = waited(jobs, "key", number)
    assert outcome["state"] == "done"
    path = Downloads(tmp_path, "local").find(outcome["result"]["token"])
    assert (path.name, path.stat().st_size) == (outcome["result"]["name"], outcome["result"]["size"])
    assert not jobs.job_running(number)
    assert rest(tmp_path) == []
    # asked again, nothing is there any more: it is said to one page alone
    assert jobs.get_result("key", number) == {"state": "cancelled"}


def test_what_was_cancelled_leaves_nothing(tmp_path, run):
    jobs = manager(Settings(store=tmp_path))
    number = Tickets(tmp_path).issue("map", "local", map_order(run, *TYPES))
    jobs.call_job_fn("key", None, [number], {})
    until = time.monotonic() + LONG
    while not (told := jobs.get_progress("key")) or "cells" not in told[0]:
        assert time.monotonic() < until
        time.sleep(0.02)
    assert 0 < told[1] < 1
    jobs.terminate_job(number)
    assert not jobs.job_running(number)
    assert jobs.get_result("key", number) == {"state": "cancelled"}
    assert rest(tmp_path) == []
    assert not (tmp_path / "users").exists()


def test_what_is_cancelled_before_its_process_is_there_never_begins(tmp_path, run):
    jobs = manager(Settings(store=tmp_path))
    number = Tickets(tmp_path).issue("map", "local", map_order(run, *TYPES))
    jobs.terminate_job(number)
    assert jobs.call_job_fn("key", None, [number], {}) == number
    assert not jobs.job_running(number)
    assert jobs.get_result("key", number) == {"state": "cancelled"}
    assert rest(tmp_path) == []


def test_a_process_that_dies_is_said_in_words(tmp_path, run):
    jobs = manager(Settings(store=tmp_path))
    number = Tickets(tmp_path).issue("map", "local", map_order(run, *TYPES))
    jobs.call_job_fn("key", None, [number], {})
    os.kill(jobs._jobs[number].process.pid, signal.SIGKILL)
    outcome = waited(jobs, "key", number)
    assert (outcome["state"], "without a word" in outcome["found"]) == ("failed", True)
    assert rest(tmp_path) == []


def test_work_of_a_server_before_is_said_to_be_gone(tmp_path):
    jobs = manager(Settings(store=tmp_path))
    assert "started anew" in jobs.get_result("key", "0" * 32)["found"]
    # only what was started here can be ended: no number is taken for a process
    jobs.terminate_job(str(os.getpid()))
    assert not jobs.job_running(str(os.getpid()))


@pytest.mark.parametrize("number", ["", "../../x", "0" * 32, "x" * 32, "../" + "0" * 29])
def test_a_number_that_was_not_issued_does_nothing(tmp_path, number: str):
    outcome = perform(tmp_path, number, lambda _share, _text: None)
    assert (outcome["state"], "not waiting" in outcome["found"]) == ("failed", True)
    assert rest(tmp_path) == []


def test_a_ticket_is_taken_once(tmp_path, run):
    number = Tickets(tmp_path).issue("export", "local", export_order(run))
    first = perform(tmp_path, number, lambda _share, _text: None)
    assert first["state"] == "done"
    assert perform(tmp_path, number, lambda _share, _text: None)["state"] == "failed"


def test_failures_are_words_and_no_traceback(tmp_path, run, caplog):
    for order, said in (
        ({"folder": str(tmp_path / "gone"), "name": "x", "checkpoint": False, "log": True}, "No such file"),
        ({}, "error of its own (KeyError)"),
        ({"folder": str(run)}, "error of its own (KeyError)"),
    ):
        number = Tickets(tmp_path).issue("export", "local", order)
        outcome = perform(tmp_path, number, lambda _share, _text: None)
        assert said in outcome["found"]
        assert "Traceback" not in json.dumps(outcome)
        assert str(tmp_path) not in json.dumps(outcome)
    number = Tickets(tmp_path).issue("map", "local", map_order(run, "nothing"))
    assert "0 cells" in perform(tmp_path, number, lambda _share, _text: None)["found"]


def test_one_user_cannot_take_all_processes(tmp_path, run):
    tickets = Tickets(tmp_path)
    for _ in range(MOST_OF_A_USER):
        tickets.issue("export", "one", export_order(run))
    with pytest.raises(InputError, match="going on for you"):
        tickets.issue("export", "one", export_order(run))
    tickets.issue("export", "other", export_order(run))


def test_the_cache_holds_json_and_nothing_else(tmp_path):
    with open_cache(tmp_path / "cache") as cache:
        for value in ([1, None, "α"], {"a": {"b": [1.5, True]}}, "text", 3, b"\x00bytes", "x" * 100_000):
            cache.set("key", value)
            assert cache.get("key") == value
        with pytest.raises(TypeError):
            cache.set("key", object())
        with pytest.raises(TypeError):
            cache.set(("a", "b"), 1)
        # a value that somebody else put there as pickle is not opened
        cache._sql("UPDATE Cache SET mode = 4, filename = NULL, value = ? WHERE key = 'key'", (b"cos\nsystem\n.",))
        with pytest.raises(ValueError, match="not JSON"):
            cache.get("key")


def test_a_download_is_of_its_user_and_of_its_hour(tmp_path):
    (tmp_path / "file").write_bytes(b"content")
    downloads = Downloads(tmp_path, "one")
    token = downloads.add(tmp_path / "file", "../../my run.zip")
    path = downloads.find(token)
    assert (path.name, path.parent.name) == ("my run.zip", token)
    for other, asked in ((Downloads(tmp_path, "two"), token), (downloads, "../" + token), (downloads, "0" * 32)):
        with pytest.raises(InputError):
            other.find(asked)
    os.utime(path, (1, 1))
    with pytest.raises(InputError):
        downloads.find(token)
    os.utime(path.parent, (1, 1))
    sweep_downloads(tmp_path)
    assert not path.parent.exists()


def test_the_port_is_free_as_soon_as_the_server_is_gone_and_so_is_its_work(tmp_path, samples_root, run):
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    code = (
        "from pathlib import Path; from monae_app.web.serve import serve; from monae_app.web.settings import Settings\n"
        f"if __name__ == '__main__': serve(Settings(store=Path({str(tmp_path)!r}), port={port}, no_browser=True))"
    )
    script = tmp_path / "server.py"
    script.write_text(code)
    server = subprocess.Popen([sys.executable, str(script)], stderr=subprocess.PIPE)
    try:
        address = f"http://127.0.0.1:{port}"
        ask(address)
        number = Tickets(tmp_path).issue("map", "local", map_order(run, *TYPES))
        callback = background_callback(address, "some-cells-ticket")
        body = {
            "output": callback["output"], "outputs": {"id": "some-cells-outcome", "property": "data"},
            "inputs": [{"id": "some-cells-ticket", "property": "data", "value": number}],
            "changedPropIds": ["some-cells-ticket.data"], "state": [],
        }  # fmt: skip
        job = json.loads(ask(f"{address}/_dash-update-component", json.dumps(body).encode()))
        # Its handle is signed: nobody can name a process.
        assert not job["job"].isdigit()
        work = tmp_path / "short_work" / "jobs" / number
        wait_until((work / "owner.json").exists)
        worker = json.loads((work / "owner.json").read_text())["pid"]
        server.send_signal(signal.SIGTERM)
        server.wait(20)
        socket.create_server(("127.0.0.1", port)).close()
        wait_until(lambda: not Path(f"/proc/{worker}/cmdline").exists() or not alive(worker))
        wait_until(lambda: rest(tmp_path) == [])
    finally:
        server.kill()
        server.communicate()


def alive(pid: int) -> bool:
    return "State:\tZ" not in Path(f"/proc/{pid}/status").read_text()


def background_callback(address: str, trigger: str) -> dict:
    listed = json.loads(ask(f"{address}/_dash-dependencies"))
    return next(each for each in listed if each["background"] and each["inputs"][0]["id"] == trigger)


def ask(url: str, body: bytes | None = None) -> bytes:
    headers = {"Content-Type": "application/json"} if body else {}
    until = time.monotonic() + LONG
    while True:
        try:
            with urllib.request.urlopen(urllib.request.Request(url, body, headers), timeout=30) as answer:
                return answer.read()
        except urllib.error.HTTPError as error:
            raise AssertionError(error.read()[:500]) from error
        except OSError:
            if time.monotonic() > until:
                raise
            time.sleep(0.1)


def wait_until(true) -> None:
    until = time.monotonic() + 30
    while not true():
        assert time.monotonic() < until
        time.sleep(0.05)


def test_pages_of_two_users_name_nothing_but_tickets(client):
    listed = json.loads(client.get("/_dash-dependencies").data)
    background = [each for each in listed if each["background"]]
    assert len(background) >= 3
    for each in background:
        assert [re.sub(r".*-", "", said["id"]) for said in [*each["inputs"], *each["state"]]] == ["ticket"]
