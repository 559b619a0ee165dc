"""When a checkpoint is due, so that little work can be lost and little time is spent on writing."""

from __future__ import annotations

import time
from dataclasses import dataclass, field


@dataclass
class SavingTimes:
    """Every so many steps or seconds, whichever is first, as long as writing takes a small share of the time.

    Parameters
    ----------
    steps
        Steps between two checkpoints.
    seconds
        Seconds between two checkpoints.
    share
        Of the time since training began, at most, that is spent on writing.
    step
        Of the last checkpoint that was written.
    """

    steps: int
    seconds: float
    share: float
    step: int = 0
    spent: float = field(init=False, default=0.0)
    failing: bool = field(init=False, default=False)
    _tried: int = field(init=False)
    _last_cost: float = field(init=False, default=0.0)
    _began: float = field(init=False)
    _last: float = field(init=False)

    def __post_init__(self) -> None:
        self._began = self._last = time.perf_counter()
        self._tried = self.step

    def due(self, step: int) -> bool:
        """Whether a checkpoint should be written after this step."""
        now = time.perf_counter()
        if step - self._tried < self.steps and now - self._last < self.seconds:
            return False
        return self.spent + self._last_cost <= self.share * (now - self._began)

    def saved(self, step: int, began: float, *, well: bool) -> None:
        """Take note of an attempt that began at a time of ``perf_counter``; a failed one is made again later."""
        self._last = time.perf_counter()
        self._last_cost = self._last - began
        self.spent += self._last_cost
        self._tried, self.failing = step, not well
        if well:
            self.step = step
