"""The other processes of a run that several train together: started by the first, watched by it, and gone with it.

The first process is the worker, or the command line, itself: progress, exit status and signals are those of one
process. The others (:mod:`monae_app.jobs.following`) wait until it has prepared the data, compute their share of the
training and leave. They hang on a pipe, so that none outlives the first, however that ends.
"""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import threading
import time
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from monae_app.engine.errors import CompanyLost, InputError, MonaeError, Stopped
from monae_app.engine.training import ranks
from monae_app.jobs.following import CUT_SHORT, SCRATCH

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

FOLLOWER = (sys.executable, "-m", "monae_app.jobs.following")
HERE = "127.0.0.1"
LOOK_SECONDS = 0.2
# They have nothing to do after training but to end.
SECONDS_TO_END = 10.0
# Gloo says at once that a process is gone; what does not listen is left after this long.
SECONDS_TO_HEAR = 20.0


@contextmanager
def in_company(
    folder: Path, processes: int, *, stopped: Callable[[], bool], give_up: Callable[[MonaeError], None]
) -> Iterator[Callable[[], bool]]:
    """Let a run be computed by several processes of this machine while the body runs, which is the first of them.

    Parameters
    ----------
    folder
        Of the run; config.json stands in it.
    processes
        How many; 1, or an environment that names a group already (torchrun's), starts none.
    stopped
        Whether somebody has asked the run to stop.
    give_up
        Called, in a thread, where a process is gone and the body does not hear of it; it has to end this process.

    Yields
    ------
    Callable
        Whether the body shall stop.

    Raises
    ------
    InputError
        With the words of another process that has ended too early.
    """
    if processes == 1 or ranks.size() > 1:
        yield stopped
        return
    company = _Company(folder, processes, give_up)
    try:
        with _named(company.environment(0)):
            yield lambda: stopped() or company.told_to_stop or company.lost
    except (CompanyLost, Stopped) as error:
        if stopped() or not company.lost_soon(isinstance(error, CompanyLost)):
            raise
        raise company.words() from error
    finally:
        company.end()


class _Company:
    def __init__(self, folder: Path, size: int, give_up: Callable[[MonaeError], None]) -> None:
        self._folder, self._size, self._give_up = folder, size, give_up
        self._port = _free_port()
        self.told_to_stop = False
        self._lost: int | None = None
        self._ended = threading.Event()
        self._others: list[subprocess.Popen[bytes]] = []
        try:
            self._others.extend(self._start(rank) for rank in range(1, size))
        except OSError:
            self.end()
            raise
        self._watcher = threading.Thread(target=self._watch, daemon=True, name="company")
        self._watcher.start()

    @property
    def lost(self) -> bool:
        """Whether one has ended that should not."""
        return self._lost is not None

    def environment(self, rank: int) -> dict[str, str]:
        """Return what tells a process its place, as torchrun does."""
        said = {"RANK": rank, "LOCAL_RANK": rank, "WORLD_SIZE": self._size, "LOCAL_WORLD_SIZE": self._size}
        found = {name: str(value) for name, value in said.items()}
        found |= {"MASTER_ADDR": HERE, "MASTER_PORT": str(self._port), "TORCH_CPP_LOG_LEVEL": "ERROR"}
        if sys.platform.startswith("linux"):
            # nothing that is said leaves the machine
            found["GLOO_SOCKET_IFNAME"] = "lo"
        return found

    def lost_soon(self, wait: bool) -> bool:  # noqa: FBT001 - of this module alone
        """Whether one has ended; its connections may be closed a moment before."""
        until = time.monotonic() + (SECONDS_TO_END if wait else 0.0)
        while not self.lost and time.monotonic() < until:
            time.sleep(LOOK_SECONDS / 4)
        return self.lost

    def words(self) -> MonaeError:
        """Return what the one that ended has said, or how it ended."""
        rank = self._lost or 1
        other = self._others[rank - 1]
        which = f"Process {rank + 1} of {self._size} of the training"
        with suppress(ValueError, KeyError, TypeError):
            said = json.loads(other.stdout.read())  # type: ignore[union-attr]
            return InputError(said["found"], said["expected"], said["todo"])
        status = other.returncode
        how = f"was killed by signal {-status}" if status < 0 else f"ended with status {status}"
        return InputError(
            f"{which} {how}, perhaps for lack of memory.",
            "all processes at work until the end.",
            "resume the run, with fewer processes where memory is short; the last checkpoint is kept.",
        )

    def end(self) -> None:
        """Wait for those that are about to end, end the others, and tidy up."""
        self._ended.set()
        until = time.monotonic() + (0.0 if self.lost else SECONDS_TO_END)
        for other in self._others:
            with suppress(OSError):
                other.stdin.close()  # type: ignore[union-attr]
        for other in self._others:
            try:
                other.wait(max(0.0, until - time.monotonic()))
            except subprocess.TimeoutExpired:
                other.kill()
                other.wait()
            other.stdout.close()  # type: ignore[union-attr]
        for left in self._folder.glob(f"{SCRATCH}*"):
            shutil.rmtree(left, ignore_errors=True)

    def _start(self, rank: int) -> subprocess.Popen[bytes]:
        return subprocess.Popen(  # the command is ours
            [*FOLLOWER, str(self._folder)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=os.environ | self.environment(rank),
        )

    def _watch(self) -> None:
        while not self._ended.wait(LOOK_SECONDS):
            for rank, other in enumerate(self._others, start=1):
                status = other.poll()
                if status in CUT_SHORT:
                    self.told_to_stop = True
                elif status:
                    self._lost = rank
                    self._see_to_it()
                    return

    def _see_to_it(self) -> None:
        if not self._ended.wait(SECONDS_TO_HEAR):
            self._give_up(self.words())


@contextmanager
def _named(values: dict[str, str]) -> Iterator[None]:
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


def _free_port() -> int:
    with socket.socket() as taken:
        taken.bind((HERE, 0))
        return int(taken.getsockname()[1])
