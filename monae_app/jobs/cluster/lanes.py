"""Which devices of which machines are there to compute: each worker says so again and again, and Redis forgets it."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict, ValidationError

from monae_app.jobs import processes

if TYPE_CHECKING:
    from monae_app.jobs.cluster.broker import Broker

SAY_SECONDS = 3.0
# A worker that was killed is taken for gone after this long.
FORGOTTEN_SECONDS = 15.0
FRESH_SECONDS = 0.5


class Lane(BaseModel):
    """One device of one machine, and the process that looks after it.

    Parameters
    ----------
    host
        Name of the machine, or of the container; no two may have the same.
    lane
        As torch calls the device there: ``cpu``, ``cuda:0``, ``mps``.
    pid, process
        Who looks after it, see :func:`monae_app.jobs.processes.identity`.
    computing
        The process that computes there now, if it is looked after.
    """

    model_config = ConfigDict(frozen=True)

    host: str
    lane: str
    pid: int
    process: str | None
    computing: int | None = None

    @property
    def kind(self) -> str:
        """What the setting ``device`` calls it: ``cpu``, ``cuda`` or ``mps``."""
        return self.lane.partition(":")[0]

    @property
    def key(self) -> str:
        """What the line calls it."""
        return f"{self.host}/{self.lane}"

    @property
    def may_live(self) -> bool:
        """Whether nothing speaks against that the one who looks after it is still there."""
        return processes.alive(self.pid, self.process, self.host) is not False


class Lanes:
    """All that are there.

    Parameters
    ----------
    broker
        Where they say so.
    """

    def __init__(self, broker: Broker) -> None:
        self._broker = broker
        self._lock = threading.Lock()
        self._known: tuple[Lane, ...] = ()
        self._known_at: float | None = None

    def announce(self, lane: Lane) -> None:
        """Say that a lane is there, which holds for a few seconds.

        Raises
        ------
        InputError
            If Redis cannot be reached.
        """
        with self._broker.said_in_words():
            self._broker.client.set(self._name(lane.key), lane.model_dump_json(), px=int(FORGOTTEN_SECONDS * 1000))

    def withdraw(self, lane: Lane) -> None:
        """Say that it is gone.

        Raises
        ------
        InputError
            If Redis cannot be reached.
        """
        with self._broker.said_in_words():
            self._broker.client.delete(self._name(lane.key))

    def present(self) -> tuple[Lane, ...]:
        """Return the lanes that are there; what was heard stays for half a second.

        Raises
        ------
        InputError
            If Redis cannot be reached.
        """
        with self._lock:
            now = time.monotonic()
            if self._known_at is None or now - self._known_at > FRESH_SECONDS:
                self._known, self._known_at = self._ask(), now
            return self._known

    def _ask(self) -> tuple[Lane, ...]:
        with self._broker.said_in_words():
            names = sorted(self._broker.client.scan_iter(match=self._name("*")))
            said = self._broker.client.mget(names) if names else []
        lanes = []
        for text in said:
            try:
                lanes.append(Lane.model_validate_json(text or ""))
            except ValidationError:
                # Gone between the two questions.
                continue
        return tuple(lane for lane in lanes if lane.may_live)

    def _name(self, key: str) -> str:
        return self._broker.key(f"lane:{key}")
