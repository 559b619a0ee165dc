"""Progress of a run on the terminal's error stream: a bar in a terminal, plain lines elsewhere."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from rich.console import Console as RichConsole
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

if TYPE_CHECKING:
    from types import TracebackType

LINES = 10


class Console:
    """Shows the events of one run."""

    def __init__(self) -> None:
        self._terminal = sys.stderr.isatty()
        self._told = 0
        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("loss {task.fields[loss]:.3f}"),
            TimeRemainingColumn(),
            console=RichConsole(stderr=True),
            disable=not self._terminal,
        )
        self._task = self._progress.add_task("training", total=None, loss=0.0, visible=False)

    def __enter__(self) -> Console:
        self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._progress.stop()

    def show(self, event: dict[str, Any]) -> None:
        """Show one event."""
        if "message" in event:
            self._say(f"{event['stage']}: {event['message']}")
        elif self._terminal:
            self._progress.update(
                self._task, completed=event["step"], total=event["steps"], loss=event["loss"], visible=True
            )
        elif event["step"] * LINES // event["steps"] > self._told:
            self._told = event["step"] * LINES // event["steps"]
            left = f"{event['eta_s']:.0f} s left"
            self._say(f"train: step {event['step']:,} of {event['steps']:,}, loss {event['loss']:.4f}, {left}")

    def _say(self, line: str) -> None:
        if self._terminal:
            self._progress.console.print(line, highlight=False)
        else:
            sys.stderr.write(line + "\n")
            sys.stderr.flush()
