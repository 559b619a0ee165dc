"""The line of runs in Redis, where servers and workers on every machine reach it.

It is one JSON value, changed by one process at a time. The run folders are the truth: a line that Redis has lost is
made anew from them.
"""

from __future__ import annotations

import threading
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

from redis import RedisError
from redis.exceptions import LockError

from monae_app.jobs.queue import Line

if TYPE_CHECKING:
    from collections.abc import Iterator

    from monae_app.jobs.cluster.broker import Broker

# Holding the line takes milliseconds; who takes this long has died, and what it still writes is refused.
HOLD_SECONDS = 60.0
WAIT_SECONDS = 30.0


class RedisLine:
    """The line of one store, with the methods of :class:`monae_app.jobs.queue.Queue`.

    Parameters
    ----------
    broker
        Where it is kept.
    """

    def __init__(self, broker: Broker) -> None:
        self._broker = broker
        self._mutex = threading.Lock()

    def look(self) -> Line:
        """Return the line as it is now.

        Raises
        ------
        InputError
            If Redis cannot be reached.
        """
        with self._broker.said_in_words():
            return _read(self._broker.client.get(self._key))

    def is_new(self) -> bool:
        """Whether Redis knows of no line: it is new, or was started without what it had."""
        with self._broker.said_in_words():
            return not self._broker.client.exists(self._key)

    @contextmanager
    def change(self) -> Iterator[Line]:
        """Hold the line, alone among all processes, and keep what the body made of it unless it raises.

        Raises
        ------
        InputError
            If Redis cannot be reached, or somebody else holds the line for too long; nothing is changed then.
        """
        with self._broker.said_in_words(), self._mutex:
            lock = self._broker.client.lock(
                self._broker.key("line.lock"), timeout=HOLD_SECONDS, sleep=0.02, blocking_timeout=WAIT_SECONDS
            )
            if not lock.acquire():
                message = "somebody else holds the line"
                raise LockError(message)
            try:
                before = self._broker.client.get(self._key)
                line = _read(before)
                yield line
                if (after := line.model_dump_json()) != before:
                    self._keep(lock, after)
            finally:
                with suppress(RedisError):
                    lock.release()

    def close(self) -> None:
        """Let go of the connections."""
        self._broker.close()

    @property
    def _key(self) -> str:
        return self._broker.key("line")

    def _keep(self, lock: Any, text: str) -> None:
        """Write the line, unless the lock has passed to somebody else meanwhile."""
        with self._broker.client.pipeline() as pipe:
            pipe.watch(lock.name)  # type: ignore[no-untyped-call]
            if not lock.owned():
                message = "the line was held for too long"
                raise LockError(message)
            pipe.multi()
            pipe.set(self._key, text)
            pipe.execute()


def _read(text: Any) -> Line:
    try:
        return Line() if text is None else Line.model_validate_json(text)
    except ValueError:
        # Written by something else: the folders of the runs know what waited.
        return Line()
