"""Saying what a run is doing, in words, while it does it; and hearing, at the same moments, that it shall stop."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from monae_app.engine.errors import Stopped

if TYPE_CHECKING:
    from collections.abc import Callable

Event = dict[str, Any]


def _nobody(_: Event) -> None:
    pass


def _never() -> bool:
    return False


@dataclass(frozen=True)
class Telling:
    """Called between any two steps of a stage with what comes next.

    Parameters
    ----------
    stage
        What the run is at: read, preprocess, link, anchors, train, analyse or save.
    on_event
        Told every event, a dict with ``stage``, ``message`` and, where parts are counted, ``done`` and ``total``.
    should_stop
        Asked at every call.
    step
        Training steps that a checkpoint holds by now.
    sentence
        What is being done, where its parts are counted.
    """

    stage: str = ""
    on_event: Callable[[Event], None] = _nobody
    should_stop: Callable[[], bool] = _never
    step: int = 0
    sentence: str = ""

    def __call__(self, message: str, done: int | None = None, total: int | None = None) -> None:
        """Say what begins now.

        Parameters
        ----------
        message
            In words.
        done, total
            Parts that are done before it, and of how many.

        Raises
        ------
        Stopped
            If asked to stop.
        """
        self.heed()
        counted = {} if total is None else {"done": done or 0, "total": total}
        self.on_event({"stage": self.stage, "message": message, **counted})

    def counting(self, sentence: str) -> Telling:
        """Say what begins now, and count its parts by :meth:`part`."""
        self(sentence)
        return replace(self, sentence=sentence)

    def part(self, done: int, total: int) -> None:
        """Say how many parts are done of what is being done; nothing is said of the whole in one part."""
        if total > 1:
            self(self.sentence, done, total)

    def warn(self, sentence: str) -> None:
        """Tell the user of something that does not end the run."""
        self.on_event({"stage": self.stage, "message": sentence, "warning": sentence})

    def heed(self) -> None:
        """Raise Stopped if asked to stop."""
        if self.should_stop():
            raise Stopped(self.step)

    def quietly(self) -> Telling:
        """Say nothing, and still hear that it shall stop."""
        return replace(self, on_event=_nobody)

    def at(self, stage: str, *, step: int | None = None) -> Telling:
        """Go on to another stage."""
        return replace(self, stage=stage, step=self.step if step is None else step)


SILENT = Telling()
