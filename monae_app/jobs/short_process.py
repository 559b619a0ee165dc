"""The process that does one piece of short work, and ends with those who wait for it.

It is started fresh (spawn): it has none of the server's threads, locks and sockets.
"""

from __future__ import annotations

import os
import signal
import tempfile
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from monae_app.jobs.isolation import bound_this_process, memory_bound
from monae_app.jobs.json_cache import open_cache
from monae_app.jobs.short_work import Tickets, bound_threads, perform

if TYPE_CHECKING:
    from collections.abc import Callable

    import diskcache

LONGEST_SECONDS = 1800.0
# Browsers let pages in the background ask once a minute.
UNASKED_SECONDS = 150.0
# What was found is kept this long for a page that comes late.
KEPT_SECONDS = 3600.0
TELL_SECONDS, WATCH_SECONDS = 0.25, 1.0


def progress_key(key: str) -> str:
    """Name under which progress is told."""
    return f"{key}-progress"


def asked_key(key: str) -> str:
    """Name under which a page that still waits is noted."""
    return f"{key}-asked"


def main(store: str, cache: str, key: str, number: str, parent: int) -> None:
    """Do the work of one ticket.

    Parameters
    ----------
    store
        Root of everything that the app keeps.
    cache
        Folder of the cache through which the server is told.
    key
        Where the outcome goes.
    number
        Of the ticket.
    parent
        Process that started this one.
    """
    if hasattr(os, "setsid"):
        with suppress(OSError):
            os.setsid()
    # Ctrl-C in the terminal of the server is meant for the server, which ends this process with itself.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    bound_threads()
    bound_this_process(memory_bound(), int(LONGEST_SECONDS) * 2)
    scratch = Path(store) / "short_work" / "jobs" / number
    os.environ.update(dict.fromkeys(("TMPDIR", "TEMP", "TMP"), str(scratch)))
    tempfile.tempdir = str(scratch)
    told = open_cache(Path(cache))
    teller = Teller(told, key)

    def end() -> None:
        Tickets(Path(store)).drop(number)
        _end_this_group()

    threading.Thread(target=_watch, args=(told, key, teller, parent, end), daemon=True, name="watch").start()
    outcome = perform(Path(store), number, teller.tell)
    told.set(key, outcome, expire=KEPT_SECONDS)
    told.delete(progress_key(key))
    told.close()


class Teller:
    """Tells the page how far the work is, some times a second, and each second how long the present part has taken.

    Parameters
    ----------
    cache, key
        Where.
    """

    def __init__(self, cache: diskcache.Cache, key: str) -> None:
        self._cache, self._key = cache, progress_key(key)
        self._share: float | None = None
        self._text, self._began, self._told = "Starting", time.monotonic(), -TELL_SECONDS

    def tell(self, share: float | None, text: str) -> None:
        """Say how far it is."""
        if text != self._text:
            self._began = time.monotonic()
        self._share, self._text = share, text
        if time.monotonic() - self._told >= TELL_SECONDS:
            self.again()

    def again(self) -> None:
        """Say it once more."""
        self._told = time.monotonic()
        seconds = int(self._told - self._began)
        text = f"{self._text} … {seconds} s" if seconds >= 2 else f"{self._text} …"
        self._cache.set(self._key, [text, None if self._share is None else round(self._share, 4)], expire=KEPT_SECONDS)


def _watch(cache: diskcache.Cache, key: str, teller: Teller, parent: int, end: Callable[[], None]) -> None:
    """End the work when the server is gone, when no page has asked for it for a while, or when it takes too long."""
    began = asked = time.monotonic()
    last: Any = None
    while True:
        time.sleep(WATCH_SECONDS)
        with suppress(Exception):
            teller.again()
            if (now := cache.get(asked_key(key))) != last:
                last, asked = now, time.monotonic()
        orphaned = hasattr(os, "getppid") and os.getppid() != parent
        if orphaned or time.monotonic() - asked > UNASKED_SECONDS or time.monotonic() - began > LONGEST_SECONDS:
            end()
            return


def _end_this_group() -> None:
    if hasattr(os, "killpg") and os.getpgid(0) == os.getpid():
        os.killpg(0, signal.SIGKILL)
    os._exit(1)
