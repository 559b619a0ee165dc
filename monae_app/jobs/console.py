"""Progress of a run on the terminal's error stream: a live line in a terminal, plain lines elsewhere.

In a terminal a thread of its own redraws the line, so that the time ticks whatever the computation is doing.
"""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING, Any

from rich.console import Console as RichConsole
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from monae_app.engine.memory_taken import memory_taken

if TYPE_CHECKING:
    from types import TracebackType

SECONDS_BETWEEN_LINES, SECONDS_OF_SILENCE = 3.0, 10.0
GIGABYTE, MEGABYTE = 1e9, 1e6


class Console:
    """Shows the events of one run."""

    def __init__(self) -> None:
        self._terminal = sys.stderr.isatty()
        self._stage = ""
        self._doing = ""
        self._began = self._said = self._doing_since = -float("inf")
        self._progress = Progress(
            SpinnerColumn(),
            TextColumn("{task.description}"),
            BarColumn(bar_width=24),
            TimeElapsedColumn(),
            TextColumn("{task.fields[what]}", markup=False),
            console=RichConsole(stderr=True),
            disable=not self._terminal,
        )
        self._task = self._progress.add_task("", total=None, what="", visible=False)

    def __enter__(self) -> Console:
        self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end_stage()
        self._progress.update(self._task, visible=False)
        self._progress.stop()

    def show(self, event: dict[str, Any]) -> None:
        """Show one event."""
        stage = event.get("stage", "")
        if "step" not in event and "message" not in event:
            self._show_beat()
            return
        if stage != self._stage:
            self._end_stage()
            self._stage, self._began = stage, time.monotonic()
            self._progress.reset(self._task, total=None, visible=True)
        if "warning" in event:
            self._say(f"{stage}: {event['warning']}")
        elif "step" in event:
            self._show_step(event)
        else:
            self._show_message(event)

    def _show_step(self, event: dict[str, Any]) -> None:
        facts = [f"step {event['step']:,} of {event['steps']:,}", f"loss {event['loss']:.4f}"]
        if event.get("cells_per_s"):
            facts.append(f"{event['cells_per_s']:,.0f} cells/s")
        if event.get("eta_s") is not None:
            facts.append(f"{clock(event['eta_s'])} left")
        facts.append(memory(memory_taken()))
        if event.get("device_memory"):
            facts.append(f"{memory(event['device_memory'])} on the device")
        what = ", ".join(facts)
        self._progress.update(self._task, description="train", completed=event["step"], total=event["steps"], what=what)
        if not self._terminal and (event["step"] == event["steps"] or self._is_time()):
            self._say(f"train: {what}")

    def _show_message(self, event: dict[str, Any]) -> None:
        if event["message"] != self._doing:
            self._doing, self._doing_since = event["message"], time.monotonic()
        counted, total = "", event.get("total")
        if total:
            counted = f" ({event['done']:,} of {total:,})"
        self._progress.update(
            self._task,
            description=self._stage,
            completed=event.get("done", 0),
            total=total,
            what=event["message"] + counted,
        )
        # a stage begins with a line of its own, whatever was said before
        if not self._terminal and (self._said < self._began or self._is_time()):
            self._say(f"{self._stage}: {event['message']}{counted}")

    def _show_beat(self) -> None:
        """Say that a long step still goes on; in a terminal the time ticks anyway."""
        now = time.monotonic()
        if not self._terminal and self._doing and now - self._said >= SECONDS_OF_SILENCE:
            self._say(f"{self._stage}: {self._doing}, for {clock(now - self._doing_since)} now")

    def _end_stage(self) -> None:
        """Leave a line behind that says how long a stage took."""
        if self._terminal and self._stage:
            self._say(f"{self._stage:<10} {clock(time.monotonic() - self._began):>8}")

    def _is_time(self) -> bool:
        return time.monotonic() - self._said >= SECONDS_BETWEEN_LINES

    def _say(self, line: str) -> None:
        self._said = time.monotonic()
        if self._terminal:
            self._progress.console.print(line, highlight=False, markup=False)
        else:
            sys.stderr.write(line + "\n")
            sys.stderr.flush()


def clock(seconds: float) -> str:
    """Write a time as people read it: 0:07, 12:30, 2:05:00."""
    whole = round(max(0.0, seconds))
    hours, minutes = whole // 3600, whole // 60 % 60
    return f"{hours}:{minutes:02d}:{whole % 60:02d}" if hours else f"{minutes}:{whole % 60:02d}"


def memory(size: float) -> str:
    """Write bytes as people read them."""
    return f"{size / GIGABYTE:.1f} GB" if size >= GIGABYTE else f"{size / MEGABYTE:.0f} MB"
