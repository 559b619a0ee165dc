"""Background callbacks on several machines: Dash's manager over Celery, with tickets in the place of functions."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from dash import CeleryManager
from kombu.exceptions import OperationalError

from monae_app.engine.errors import InputError
from monae_app.jobs.cluster.application import SHORT, make_application, queue_name
from monae_app.jobs.cluster.broker import Broker
from monae_app.jobs.cluster.lanes import SHORT as SHORT_LANE
from monae_app.jobs.cluster.lanes import Lanes
from monae_app.jobs.cluster.short import ENDED, RedisTold, alive_key, begun_key, cancel_key, ordered_key
from monae_app.jobs.short_process import asked_key, progress_key
from monae_app.jobs.short_work import NUMBER, Tickets, failed

if TYPE_CHECKING:
    from pathlib import Path

NOBODY = InputError(
    "No worker for this work is there now.",
    "a worker that does what pages ask for.",
    "start one with `monae worker --short`, or try again in a minute.",
)
UNKNOWN = InputError("This work is not known any more.", "an order that was just given.", "start it again.")


class ClusterManager(CeleryManager):
    """Sends tickets to workers; any server of the store can follow and cancel what another one has sent.

    Parameters
    ----------
    url
        Of the Redis server.
    store
        Root of everything that the app keeps.
    """

    def __init__(self, url: str, store: Path) -> None:
        self._broker = Broker(url, store)
        self._told, self._lanes, self._tickets = RedisTold(self._broker), Lanes(self._broker), Tickets(store)
        super().__init__(make_application(self._broker, results=True))  # type: ignore[no-untyped-call]

    def get_or_create_signing_secret(self, generate: Any) -> Any:
        """Return what the handles of all servers of the store are signed with; Dash makes one up if this fails."""
        name = self._broker.key("short:signing")
        with self._broker.said_in_words():
            self._broker.client.set(name, generate(), nx=True)
            return self._broker.client.get(name)

    def make_job_fn(self, fn: Any, _progress: Any, _key: Any = None) -> Any:
        """Return what stands for the callback; nothing of it is sent."""
        return fn

    def call_job_fn(self, key: str, _job_fn: Any, args: Any, _context: Any) -> str:
        """Send a ticket and return its number."""
        number = str(next(iter(args.values() if isinstance(args, dict) else args), ""))
        if NUMBER.fullmatch(number):
            try:
                self._told.set(ordered_key(number), key)
                self.handle.send_task(
                    SHORT, args=[key, number], queue=queue_name(self._broker, SHORT_LANE), retry=False
                )
            except (InputError, OperationalError, OSError):
                # Said by who asks for the outcome.
                self._tickets.drop(number)
        return number

    def get_progress(self, key: str) -> Any:
        """Return the progress, and note that a page waits."""
        try:
            self._told.set(asked_key(key), time.time())
            return self._told.get(progress_key(key))
        except InputError:
            return None

    def get_result(self, key: str, job: str | None) -> Any:
        """Return the outcome once it is there, in words also where nobody does the work."""
        number = str(job)
        try:
            outcome = self._told.get(key) or self._without_a_word(key, number)
            if outcome is None:
                return self.UNDEFINED
            for name in (key, progress_key(key), asked_key(key)):
                self._told.delete(name)
        except InputError as error:
            outcome = failed(error)
        self.terminate_job(job)
        return outcome

    def job_running(self, job: str | None) -> bool:
        """Whether a ticket was sent whose outcome nobody has heard."""
        try:
            return bool(NUMBER.fullmatch(str(job)) and self._told.get(ordered_key(str(job))))
        except InputError:
            return False

    def terminate_job(self, job: str | None) -> None:
        """End the work of a ticket."""
        number = str(job)
        if not NUMBER.fullmatch(number):
            return
        try:
            self._told.set(cancel_key(number), 1)
            self._told.delete(ordered_key(number))
        except InputError:
            # The work ends by itself when no page asks for it.
            return
        self._tickets.drop(number)

    def terminate_unhealthy_job(self, job: str | None) -> bool:
        """Nothing is unhealthy here: whoever works says so, or is taken for gone."""
        return False

    def _without_a_word(self, key: str, number: str) -> Any:
        """Return the outcome of work that will not tell one; None while it may."""
        if self._told.get(cancel_key(number)):
            return {"state": "cancelled"}
        if self._told.get(ordered_key(number)) is None:
            return failed(UNKNOWN)
        if self._told.get(begun_key(number)):
            # Asked once more: it may have ended in between.
            return None if self._told.get(alive_key(number)) else self._told.get(key) or failed(ENDED)
        there = any(lane.kind == SHORT_LANE for lane in self._lanes.present())
        return None if there else failed(NOBODY)
