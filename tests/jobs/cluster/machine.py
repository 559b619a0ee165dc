"""A worker machine: a `monae worker` that can be told to end, or killed, with what it has started."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

from monae_app.jobs import processes
from monae_app.jobs.cluster.broker import Broker
from monae_app.jobs.cluster.lanes import Lanes
from monae_app.jobs.cluster.line import RedisLine

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

FAKE, REAL = ("-m", "tests.jobs.cluster.fake_cluster_worker"), ("-m", "monae_app.cli", "worker")
START_SECONDS = 60.0


class Machine:
    """One Celery worker process.

    Parameters
    ----------
    url, store
        What it works for.
    log
        Takes what it prints.
    module
        What is started.
    command
        In place of the pretending training.
    """

    def __init__(
        self, url: str, store: Path, log: Path, module: Sequence[str] = FAKE, command: Sequence[str] | None = None
    ) -> None:
        self.store, self.url, self.log = store, url, log
        told = {"MONAE_REDIS_URL": url, "MONAE_TEST_WORKER": json.dumps(command), "OMP_NUM_THREADS": "1"}
        with log.open("ab") as output:
            self.process = subprocess.Popen(
                [sys.executable, *module, "--store", str(store), "--device", "cpu"],
                stdout=output,
                stderr=output,
                env=os.environ | told,
            )
        self.wait_ready()

    def wait_ready(self) -> None:
        until = time.monotonic() + START_SECONDS
        while True:
            text = self.log.read_text(errors="replace")
            if "ready." in text.rpartition("[config]")[2]:
                return
            assert self.process.poll() is None, text
            assert time.monotonic() < until, text
            time.sleep(0.05)

    def end(self, seconds: float = 40.0) -> int:
        """Tell it to end, as a deployment does; return its exit status."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(seconds)

    def kill(self) -> None:
        """Kill it alone: what it has started lives on."""
        self.process.kill()
        self.process.wait()

    def clear(self) -> None:
        """Kill it and all that its store computes."""
        self.kill()
        broker = Broker(self.url, self.store)
        for claim in RedisLine(broker).look().claims.values():
            if processes.alive(claim.pid, claim.process, claim.host):
                processes.kill(claim.pid)
        broker.client.flushdb()
        broker.close()


def lanes(url: str, store: Path) -> list[str]:
    """The lanes that are there now."""
    broker = Broker(url, store)
    try:
        return [lane.key for lane in Lanes(broker).present()]
    finally:
        broker.close()
