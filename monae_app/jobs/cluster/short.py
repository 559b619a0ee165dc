"""Short work on whatever machine has a worker for it: told about through Redis, done by a fresh process there.

A message holds the number of a ticket; what is to be done stands in the store.
"""

from __future__ import annotations

import json
import logging
import os
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import multiprocess

from monae_app.engine.errors import InputError
from monae_app.jobs import processes
from monae_app.jobs.cluster.application import SHORT
from monae_app.jobs.cluster.broker import Broker
from monae_app.jobs.short_process import KEPT_SECONDS, work_alone
from monae_app.jobs.short_work import Tickets, failed

if TYPE_CHECKING:
    from collections.abc import Callable

    from celery import Celery

logger = logging.getLogger(__name__)

SPAWN = multiprocess.get_context("spawn")
# Pieces of work at once on one worker, as many as one user may have.
CONCURRENCY = 4
LOOK_SECONDS = 0.2
# A machine that was silent for so long is gone.
SILENT_SECONDS = 15.0
ENDED = InputError(
    "The work ended without a word, perhaps for want of memory.", "enough memory.", "choose less, or try again."
)
SHUT_DOWN = InputError("The worker was shut down meanwhile.", "one worker until the work is done.", "start it again.")


class RedisTold:
    """Plain values in Redis, as the process of short work and the server tell each other.

    Parameters
    ----------
    broker
        Where they are.
    """

    def __init__(self, broker: Broker) -> None:
        self._broker = broker

    def set(self, key: str, value: Any, expire: float = KEPT_SECONDS) -> None:
        """Keep a plain value for a while."""
        with self._broker.said_in_words():
            self._broker.client.set(self._name(key), json.dumps(value, allow_nan=False), px=int(expire * 1000))

    def add(self, key: str, value: Any) -> bool:
        """Keep a plain value if there is none yet."""
        with self._broker.said_in_words():
            return bool(self._broker.client.set(self._name(key), json.dumps(value), nx=True, ex=int(KEPT_SECONDS)))

    def get(self, key: str) -> Any:
        """Return a value, or None."""
        with self._broker.said_in_words():
            text: Any = self._broker.client.get(self._name(key))
        return None if text is None else json.loads(text)

    def delete(self, key: str) -> None:
        """Forget a value."""
        with self._broker.said_in_words():
            self._broker.client.delete(self._name(key))

    def close(self) -> None:
        """Let go of the connections."""
        self._broker.close()

    def _name(self, key: str) -> str:
        return self._broker.key(f"short:{key}")


def ordered_key(number: str) -> str:
    """Name under which it stands where the outcome of a ticket goes, as long as somebody wants it."""
    return f"{number}-ordered"


def begun_key(number: str) -> str:
    """Name under which a ticket is taken."""
    return f"{number}-begun"


def alive_key(number: str) -> str:
    """Name under which the worker says that it is there."""
    return f"{number}-alive"


def cancel_key(number: str) -> str:
    """Name under which the work of a ticket is not wanted any more."""
    return f"{number}-cancel"


def offer_short(application: Celery, broker: Broker, store: Path, leaving: Callable[[], bool]) -> None:
    """Let a worker's application do short work.

    Parameters
    ----------
    application
        Of the worker.
    broker, store
        What it works for.
    leaving
        Whether the worker shall end.
    """
    told = RedisTold(broker)

    @application.task(name=SHORT, acks_late=True, reject_on_worker_lost=True, ignore_result=True)  # type: ignore[untyped-decorator]
    def short(key: str, number: str) -> None:
        try:
            # A message that comes again is late: a page waits for seconds, not for days.
            if told.get(ordered_key(number)) != key:
                return
            told.set(alive_key(number), 1, expire=SILENT_SECONDS)
            if told.add(begun_key(number), key):
                _attend(broker.url, store, told, key, number, leaving)
        except InputError as error:
            logger.warning("%s", error)


def _attend(url: str, store: Path, told: RedisTold, key: str, number: str, leaving: Callable[[], bool]) -> None:
    """Start the process of a ticket and stay until it has ended."""
    process = SPAWN.Process(target=_main, args=(url, str(store), key, number, os.getpid()), daemon=True)
    process.start()
    said = time.monotonic()
    why: InputError | None = None
    while process.is_alive():
        process.join(LOOK_SECONDS)
        try:
            if why is None and leaving():
                why = SHUT_DOWN
            if why is not None or told.get(cancel_key(number)):
                processes.kill(process.pid)
            if time.monotonic() - said > SILENT_SECONDS / 5:
                told.set(alive_key(number), 1, expire=SILENT_SECONDS)
                said = time.monotonic()
        except InputError as error:
            logger.warning("%s", error)
    Tickets(store).drop(number)
    if not told.get(cancel_key(number)) and told.get(key) is None:
        told.set(key, failed(why or ENDED))


def _main(url: str, store: str, key: str, number: str, parent: int) -> None:
    work_alone(Path(store), lambda: RedisTold(Broker(url, Path(store))), key, number, parent)
