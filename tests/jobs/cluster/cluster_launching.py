"""The launcher of several machines, with one worker machine."""

from __future__ import annotations

from typing import TYPE_CHECKING

from monae_app.jobs.cluster.launcher import ClusterLauncher, make_cluster_launcher
from monae_app.jobs.run_limits import RunLimits
from tests.jobs.cluster.machine import Machine

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


class ClusterLaunching:
    """Workers of Celery.

    Parameters
    ----------
    store, url
        Of all launchers.
    log
        Takes what the worker prints.
    """

    def __init__(self, store: Path, url: str, log: Path) -> None:
        self._store, self._url, self._log = store, url, log
        self._made: list[ClusterLauncher] = []
        self.machine: Machine | None = None

    def make(self, command: Sequence[str] | None = None) -> ClusterLauncher:
        launcher = make_cluster_launcher(self._url, self._store, RunLimits(100, 100))
        launcher.broker.store_id()
        self._made.append(launcher)
        if self.machine is None:
            self.machine = Machine(self._url, self._store, self._log, command=command)
        return launcher

    def clear(self) -> None:
        if self.machine is not None:
            self.machine.clear()
        for launcher in self._made:
            launcher.close()
