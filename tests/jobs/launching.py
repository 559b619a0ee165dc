"""Launchers of one store that the same tests run against."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from monae_app.jobs import processes
from monae_app.jobs.local import LocalLauncher
from monae_app.jobs.queue import Queue
from monae_app.jobs.run_limits import RunLimits
from tests.jobs import fake_worker

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


class Launching(Protocol):
    """Makes launchers, and removes what they have started."""

    def make(self, command: Sequence[str] | None = None) -> Any:
        """Return a launcher whose workers only pretend, or are another command."""

    def clear(self) -> None:
        """End everything."""


class LocalLaunching:
    """Workers on this machine."""

    def __init__(self, store: Path) -> None:
        self._store = store
        self._made: list[LocalLauncher] = []

    def make(self, command: Sequence[str] | None = None) -> LocalLauncher:
        self._made.append(LocalLauncher(self._store, RunLimits(100, 100), worker=command or fake_worker.COMMAND))
        return self._made[-1]

    def clear(self) -> None:
        for launcher in self._made:
            launcher.close()
        for claim in Queue(self._store).look().claims.values():
            processes.kill(claim.pid)
        for launcher in self._made:
            for child in launcher._children:
                child.kill()
                child.wait()
