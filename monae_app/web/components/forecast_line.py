"""What a training will take, in a sentence or two."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dash import html

from monae_app.jobs import devices
from monae_app.web.components import words
from monae_app.web.components.notice import alert

if TYPE_CHECKING:
    from monae_app.web.forecast import Forecast


def forecast_line(expected: Forecast) -> html.Div:
    """Say how long it takes, how much memory, on what, and when its turn comes; warn where memory will not suffice."""
    device = expected.device
    takes = words.estimate(expected.seconds)
    where = f"{place(device.kind, device.title)}{_free(device.memory_free)}"
    if device.kind == devices.CPU or expected.measured:
        said: list[Any] = ["Expected: ", html.Strong(f"{takes} and {_memory(expected)}"), f" on {where}."]
    else:
        said = [
            f"No training was timed on {where} yet. One core of a CPU would take {takes}; expect less, and ",
            html.Strong(_memory(expected)),
            ".",
        ]
    lines: list[Any] = [html.P(said), waiting(expected)]
    if expected.shortage:
        todo = "Close other programs, model fewer genes and peaks, or lower batch_size and features_per_step."
        lines.append(alert("The free memory will not suffice.", expected.shortage, todo, tone="warning"))
    return html.Div(lines)


def _memory(expected: Forecast) -> str:
    on_device = f" and {words.size(expected.device_memory)} of the GPU's" if expected.device_memory else ""
    return f"{words.size(expected.memory)} of memory{on_device}"


def _free(memory: int) -> str:
    return f" ({words.size(memory)} free)" if memory else ""


def waiting(expected: Forecast) -> html.P | None:
    """Say when its turn comes; nothing if it starts at once."""
    if expected.starts_in_s == 0 and not expected.ahead:
        return None
    others = f"{expected.ahead} other{'s wait' if expected.ahead > 1 else ' waits'} before it" if expected.ahead else ""
    if expected.starts_in_s is None:
        return html.P(f"The device is busy{f'; {others}' if others else ''}: it will wait in line.")
    when = f"It starts after {words.estimate(expected.starts_in_s)} in line"
    return html.P(f"{when}{f'; {others}' if others else ''}.")


def place(kind: str, title: str) -> str:
    """Name a device within a sentence."""
    return f"this machine's {title}" if kind == devices.CPU and "/" not in title else f"the {title}"
