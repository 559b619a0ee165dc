"""What trainings of this store really took, beside what was expected of them: estimates learn from it.

Nothing is written down: the folders of the finished runs know it all.
"""

from __future__ import annotations

import json
import threading
import time
from statistics import median
from typing import TYPE_CHECKING, Any

from monae_app.engine.data.duration import expected_seconds
from monae_app.engine.errors import InputError
from monae_app.jobs.about import read_about
from monae_app.jobs.run_folder import RunFolder

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

# Machines change: only the last ones count.
LAST = 10
FRESH_SECONDS = 20.0
# A run that was stopped and went on took longer than its last process.
SAME_START_SECONDS = 30.0


class Experience:
    """How long runs take on each device, as a multiple of the estimate from their sizes.

    Parameters
    ----------
    store
        Root of everything that the app keeps. Durations of all its users count; nothing else of them is told.
    """

    def __init__(self, store: Path) -> None:
        self._store = store
        self._lock = threading.Lock()
        self._known: dict[str, tuple[int, tuple[str, float, float] | None]] = {}
        self._factors: dict[str, float] = {}
        self._until = 0.0

    def factor(self, lane: str) -> float | None:
        """Return the median of what the last runs on a lane took, over what was expected; None if there were none."""
        with self._lock:
            if time.monotonic() >= self._until:
                self._factors = self._learn()
                self._until = time.monotonic() + FRESH_SECONDS
            return self._factors.get(lane)

    def _learn(self) -> dict[str, float]:
        found = sorted(filter(None, map(self._once, self._store.glob("users/*/runs/*/report.json"))), key=_ended)
        ratios: dict[str, list[float]] = {}
        for lane, _, ratio in found:
            ratios.setdefault(lane, []).append(ratio)
        return {lane: median(values[-LAST:]) for lane, values in ratios.items()}

    def _once(self, report: Path) -> tuple[str, float, float] | None:
        try:
            stamp = report.stat().st_mtime_ns
            known = self._known.get(str(report))
            if known is None or known[0] != stamp:
                known = self._known[str(report)] = (stamp, _measured(report.parent))
            return known[1]
        except OSError:
            return None


def _measured(folder: Path) -> tuple[str, float, float] | None:
    """Return lane, end and ratio of a run that was computed here in one go."""
    run = RunFolder(folder)
    status = run.written_status()
    if status.state != "done" or status.lane is None or status.started is None or read_about(folder).extends:
        return None
    first: dict[str, Any] = next(_lines(run), {})
    if abs(float(first.get("time", 0.0)) - status.started) > SAME_START_SECONDS:
        return None
    try:
        report = json.loads(run.report_path.read_bytes())
        expected = expected_seconds(report["dataset"], run.read_config())
    except (OSError, ValueError, KeyError, TypeError, InputError):
        return None
    taken = status.updated - status.started
    return (status.lane, status.updated, taken / expected) if taken > 0 and expected > 0 else None


def _lines(run: RunFolder) -> Iterator[dict[str, Any]]:
    yield from run.read_events(limit=4096)[0]


def _ended(found: tuple[str, float, float] | None) -> float:
    return found[1] if found else 0.0
