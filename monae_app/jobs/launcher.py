"""Who starts trainings, stops them and knows the line: on this machine, or on several."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from monae_app.jobs.cluster import redis_url
from monae_app.jobs.local import LocalLauncher

if TYPE_CHECKING:
    from pathlib import Path

    from monae_app.jobs.outlook import Outlook
    from monae_app.jobs.progress import JobFolder
    from monae_app.jobs.run_limits import RunLimits


class Launcher(Protocol):
    """What the web may ask for, whoever computes.

    A run is named by its user and its id, which is the name of its folder below ``<store>/users/<user>/runs``; other
    work (:mod:`monae_app.jobs.works`) stands in the same line, with folders below ``<store>/users/<user>/work``.
    """

    def submit(self, user: str, run: JobFolder, *, resume: bool = False, expected_s: float | None = None) -> None:
        """Put a run at the end of the line and return at once.

        Raises
        ------
        InputError
            If too many wait, no device can take it, or the line cannot be used.
        """

    def cancel(self, user: str, run: JobFolder) -> None:
        """Take a run out of the line, or ask its worker to stop after the current step; it is killed after 20 s."""

    def outlook(self, user: str, run: JobFolder) -> Outlook | None:
        """Tell the place of a run in line; None if it does not wait."""

    def lanes_of(self, device: str) -> tuple[str, ...]:
        """Return the lanes that may compute what a setting ``device`` asks for, as they are named in the line."""

    def prospect(self, device: str, processes: int = 1) -> Outlook:
        """Tell the place that one more run with these settings ``device`` and ``processes`` would have in line.

        Raises
        ------
        InputError
            If no device can take it, or the line cannot be used.
        """

    def tick(self) -> None:
        """Take note of workers that have ended and start who is next; cheap, and done every other second."""

    def recover(self) -> None:
        """Bring line and run folders into agreement after a crash; done when a server starts."""

    def watch(self) -> None:
        """Recover, then tick from a thread of its own until closed."""

    def close(self) -> None:
        """Stop ticking; workers go on."""


def make_launcher(store: Path, limits: RunLimits | None = None) -> Launcher:
    """Choose who launches: this machine, or, where ``MONAE_REDIS_URL`` is set, the workers that share a Redis server.

    Parameters
    ----------
    store
        Root of everything that the app keeps.
    limits
        How many runs may wait.

    Raises
    ------
    InputError
        If ``MONAE_REDIS_URL`` cannot be used; a server that is away for a while is no error.
    """
    if (url := redis_url()) is None:
        return LocalLauncher(store, limits)
    from monae_app.jobs.cluster.launcher import make_cluster_launcher

    return make_cluster_launcher(url, store, limits)
