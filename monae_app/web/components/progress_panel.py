"""A run while it computes: its stage, how far it is, how fast, and how long it still takes."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from dash import html

from monae_app.web.components import words
from monae_app.web.components.aria import aria
from monae_app.web.components.notice import alert, failure

if TYPE_CHECKING:
    from monae_app.jobs.progress import Status

STAGES = {
    "read": "Read",
    "preprocess": "Preprocess",
    "link": "Link",
    "anchors": "Anchors",
    "train": "Train",
    "analyse": "Analyse",
    "save": "Save",
}
STATES = {
    "queued": "Starting",
    "running": "Running",
    "cancelling": "Stopping after this step",
    "cancelled": "Cancelled",
    "failed": "Failed",
    "done": "Done",
    "lost": "Lost",
}


def state_badge(state: str) -> html.Span:
    """Show the state of a run as a coloured word."""
    return html.Span(STATES.get(state, state), className=f"badge badge-{state}")


def stage_line(status: Status) -> html.Ol:
    """Show all stages, with those done and the present one marked."""
    names = list(STAGES)
    now = len(names) if status.state == "done" else names.index(status.stage) if status.stage in names else 0
    items = []
    for index, name in enumerate(names):
        state = "past" if index < now else "now" if index == now and status.active else "next"
        current = aria(current="step") if state == "now" else {}
        items.append(html.Li(STAGES[name], className=f"stage stage-{state}", **current))
    return html.Ol(items, className="stages")


def progress_bar(status: Status) -> html.Div:
    """Show the training steps done, or that work of unknown length goes on."""
    share = 1.0 if status.state == "done" else status.step / status.steps if status.step and status.steps else 0.0
    waiting = status.active and status.stage != "train"
    percent = round(100 * share)
    told_as = status.message if waiting else f"{percent} % of the training steps"
    bar = html.Div(style={"width": f"{100 * share:.2f}%"}, className="bar-fill" + (" bar-waiting" if waiting else ""))
    told = aria(label="Training progress", valuenow=str(percent), valuemin="0", valuemax="100", valuetext=told_as)
    return html.Div(bar, className="bar", role="progressbar", **told)


def message(status: Status) -> html.P | None:
    """Say what is going on in a stage of unknown length."""
    if not status.active or status.stage == "train" or not status.message:
        return None
    return html.P(f"{status.message} …", className="muted stage-message")


def facts(status: Status, last: dict[str, Any]) -> html.Dl:
    """Show step, rate, time left and device."""
    left = None
    if status.active and status.stage == "train" and status.eta_s is not None:
        left = max(0.0, status.eta_s - max(0.0, time.time() - status.updated))
    rate = last.get("cells_per_s")
    ended = time.time() if status.active else status.updated
    step, steps = status.step or last.get("step"), status.steps or last.get("steps")
    device = status.device or last.get("device")
    items = [
        ("Step", f"{step:,} of {steps:,}" if step and steps else None),
        ("Rate", f"{words.number(rate)} cells/s" if rate else None),
        ("Time left", words.duration(left) if left is not None else None),
        ("Elapsed", words.duration(ended - status.created) if status.created else None),
        ("Device", device.upper() if device else None),
    ]
    told = [(name, text) for name, text in items if text is not None]
    return html.Dl([html.Div([html.Dt(name), html.Dd(text)]) for name, text in told], className="tiles")


def outcome(status: Status) -> Any:
    """Say how a run ended; nothing while it computes."""
    if status.state == "failed":
        detail = status.detail
        return failure(detail.found, detail.expected, detail.todo) if detail else failure(status.message)
    if status.state == "lost":
        return failure(status.message, "a worker that reports every second.", "start the training anew.")
    if status.state == "cancelled":
        return alert("Cancelled", status.message, tone="info")
    return None
