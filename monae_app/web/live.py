"""The losses of a run while it trains: read on from where the last look ended, thinned for drawing."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pandas as pd

if TYPE_CHECKING:
    from pathlib import Path

    from monae_app.jobs.run_folder import RunFolder

POINTS = 400


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        # Not there yet, or in a folder that may not be read.
        return 0


@dataclass
class _Reading:
    began: float = 0.0
    offset: int = 0
    stride: int = 1
    seen: int = 0
    rows: list[dict[str, Any]] = field(default_factory=list)
    last: dict[str, Any] = field(default_factory=dict)


class LossHistory:
    """Keeps what was read of each run, so that a look costs only the new lines."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._runs: dict[str, _Reading] = {}

    def read(self, run: RunFolder) -> tuple[pd.DataFrame, dict[str, Any]]:
        """Read the losses of a run so far.

        Returns
        -------
        A frame with ``step`` and one column per loss term, at most about ``POINTS`` rows, and the newest training
        event (empty before training begins).
        """
        with self._lock:
            reading = self._runs.get(str(run.path))
            size = _size(run.progress_path)
            if reading is None or size < reading.offset:
                reading = self._runs[str(run.path)] = _Reading()
            # What stands there now and no further: a worker may write faster than a busy machine reads.
            while reading.offset < size:
                events, offset = run.read_events(reading.offset)
                if offset == reading.offset:
                    break
                reading.offset = offset
                for event in events:
                    self._take(reading, event)
            rows = (
                reading.rows
                if not reading.last or reading.rows[-1:] == [reading.last]
                else [*reading.rows, reading.last]
            )
            frame = pd.DataFrame(rows)
            return frame[[name for name in frame if name == "step" or str(name).startswith("loss")]], reading.last

    @staticmethod
    def _take(reading: _Reading, event: dict[str, Any]) -> None:
        if event.get("stage") == "read" and event.get("message") == "Starting":
            # Started again from nothing: what an earlier attempt reached is over.
            reading.rows, reading.last, reading.seen, reading.stride = [], {}, 0, 1
        if event.get("stage") != "train" or "step" not in event:
            return
        # A run that was resumed writes steps anew from its checkpoint on.
        while reading.rows and reading.rows[-1]["step"] >= event["step"]:
            reading.rows.pop()
        reading.last = event
        if reading.seen % reading.stride == 0:
            reading.rows.append(event)
        reading.seen += 1
        if len(reading.rows) > POINTS:
            reading.rows = reading.rows[::2]
            reading.stride *= 2
