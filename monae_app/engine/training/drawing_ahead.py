"""The batch of the next step, drawn while this one is computed.

Drawing is a matter of memory and, where values lie on disk, of reading; computing is one of arithmetic. A second thread
does the former meanwhile. A batch depends on its step alone, so that it is the same whoever draws it, and when.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from concurrent.futures import Future
    from types import TracebackType

    from monae_app.engine.model.step import Step


class Draws(Protocol):
    """What draws the batch of any step."""

    def draw(self, step: int, progress: float) -> Step:
        """Draw it."""


class DrawingAhead:
    """Draws steps in turn, each while the one before it is computed; used as a context.

    Parameters
    ----------
    sampler
        What draws.
    last
        Number of steps: nothing is drawn beyond.
    """

    def __init__(self, sampler: Draws, last: int) -> None:
        self._sampler, self._last = sampler, last
        self._threads = ThreadPoolExecutor(1, "drawing")
        self._ahead: tuple[int, Future[Step]] | None = None

    def __enter__(self) -> DrawingAhead:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._threads.shutdown(wait=True, cancel_futures=True)

    def draw(self, step: int, progress: float) -> Step:
        """Return the batch of a step, and begin with that of the next."""
        known, self._ahead = self._ahead, None
        if known is not None and known[0] == step:
            drawn = replace(known[1].result(), progress=progress)
        else:
            drawn = self._sampler.draw(step, progress)
        if step + 1 < self._last:
            self._ahead = step + 1, self._threads.submit(self._sampler.draw, step + 1, 0.0)
        return drawn
