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
    needs = f" and {words.size(expected.memory)} of memory" if expected.memory else ""
    free = f" ({words.size(device.memory_free)} free)" if device.memory_free else ""
    said: list[Any] = [
        "Expected: ",
        html.Strong(f"{takes}{needs}"),
        f" on {place(device.kind, device.title)}{free}.",
    ]
    if device.kind != devices.CPU and not expected.measured:
        said = [
            f"No training was timed on {place(device.kind, device.title)}{free} yet. One core of a CPU would take ",
            html.Strong(takes),
            f"; expect less{f', and {words.size(expected.memory)} of memory' if expected.memory else ''}.",
        ]
    lines: list[Any] = [html.P(said), waiting(expected)]
    if not expected.fits and expected.memory is not None:
        lines.append(
            alert(
                "The free memory will not suffice.",
                f"The training needs about {words.size(expected.memory)}, and {words.size(device.memory_free)} are "
                "free. Close other programs, choose fewer genes and peaks, or lower batch_size.",
                tone="warning",
            )
        )
    return html.Div(lines)


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
    return f"this machine's {title}" if kind == devices.CPU else f"the {title}"
