"""A run while it computes: its stage, how far it is, how fast, and how long it still takes."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from dash import html

from monae_app.jobs import devices, processes
from monae_app.jobs.outlook import seconds_left
from monae_app.web.components import words
from monae_app.web.components.aria import aria
from monae_app.web.components.notice import alert, failure

if TYPE_CHECKING:
    from collections.abc import Sequence

    from monae_app.jobs.outlook import Outlook
    from monae_app.jobs.progress import Status

SOON_SECONDS = 5.0
# More warnings than this are folded away.
FEW = 2

STAGES = {
    "read": "Read",
    "preprocess": "Preprocess",
    "link": "Link",
    "anchors": "Anchors",
    "train": "Train",
    "analyse": "Analyse",
    "save": "Save",
}
# stages of some runs alone, shown as a part of another
WITHIN = {"graph": "anchors"}
STATES = {
    "queued": "Starting",
    "running": "Running",
    "cancelling": "Stopping after this step",
    "cancelled": "Cancelled",
    "failed": "Failed",
    "done": "Done",
    "lost": "Lost",
}


def state_badge(state: str, *, waits: bool = False, damaged: bool = False) -> html.Span:
    """Show the state of a run as a coloured word.

    Parameters
    ----------
    state
        As in status.json.
    waits
        Whether it stands in line; one that is queued and does not is being started.
    damaged
        Whether nothing can be said of it.
    """
    if damaged:
        return html.Span("Unreadable", className="badge badge-lost")
    word = "Waiting" if waits and state == "queued" else STATES.get(state, state)
    return html.Span(word, className=f"badge badge-{state}{' badge-waiting' if word == 'Waiting' else ''}")


def stage_line(status: Status) -> html.Ol:
    """Show all stages, with those done and the present one marked."""
    names = list(STAGES)
    stage = WITHIN.get(status.stage, status.stage)
    now = len(names) if status.state == "done" else names.index(stage) if stage in names else 0
    # What waits, to begin or to go on, is at no stage.
    now = -1 if status.state == "queued" else now
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
    if waiting and status.done is not None and status.total:
        # Parts of this stage are counted: then the bar is of this stage.
        share, waiting = min(1.0, status.done / status.total), False
    waiting = waiting and status.state != "queued"
    percent = round(100 * share)
    counted = f"{percent} % of the training steps" if status.stage == "train" else f"{percent} % of this stage"
    told_as = status.message if waiting else counted
    bar = html.Div(style={"width": f"{100 * share:.2f}%"}, className="bar-fill" + (" bar-waiting" if waiting else ""))
    told = aria(label="Training progress", valuenow=str(percent), valuemin="0", valuemax="100", valuetext=told_as)
    return html.Div(bar, className="bar", role="progressbar", **told)


def message(status: Status, place: Outlook | None = None) -> html.P | None:
    """Say what is going on, for how long, and how much of the stage is done; of a run in line, when its turn comes."""
    if status.state == "queued":
        return html.P(in_line(place) if place else "Starting a worker …", className="muted stage-message")
    if not status.active or not status.message:
        return None
    parts = [status.message]
    if status.stage_began:
        parts.append(words.duration(time.time() - status.stage_began))
    if status.done and status.total:
        parts.append(f"{status.done:,} of {status.total:,}")
    return html.P(" · ".join(parts), className="muted stage-message")


def in_line(place: Outlook) -> str:
    """Say where a run stands in line, and when its turn comes."""
    said = f"Waiting: {words.ordinal(place.position)} of {place.waiting} in line"
    if place.starts_in_s is None:
        return f"{said}; when its turn comes is not known yet"
    if place.starts_in_s < SOON_SECONDS:
        return f"{said}, its turn in a moment"
    return f"{said}, its turn in {words.estimate(place.starts_in_s)}"


def facts(status: Status, last: dict[str, Any]) -> html.Dl:
    """Show step, rate, time left, time taken beside what was expected, device and memory."""
    rate = last.get("cells_per_s")
    step, steps = status.step or last.get("step"), status.steps or last.get("steps")
    left = seconds_left(status) if status.active and status.state != "queued" else None
    items = [
        ("Step", f"{step:,} of {steps:,}" if step and steps else None),
        ("Rate", f"{words.number(rate)} cells/s" if rate and status.state != "queued" else None),
        ("Time left", words.duration(left) if left is not None else None),
        ("Waited" if status.state == "queued" else "Elapsed", _elapsed(status)),
        ("Device", _device(status, last)),
        ("Memory", _memory(status)),
    ]
    told = [(name, text) for name, text in items if text is not None]
    return html.Dl([html.Div([html.Dt(name), html.Dd(text)]) for name, text in told], className="tiles")


def _elapsed(status: Status) -> str | None:
    if status.state == "queued":
        return words.duration(time.time() - status.updated) if status.updated else None
    if not status.started:
        return None
    taken = words.duration((time.time() if status.active else status.updated) - status.started)
    return f"{taken} of {words.estimate(status.expected_s)}" if status.active and status.expected_s else taken


def _device(status: Status, last: dict[str, Any]) -> str | None:
    name = status.device or last.get("device") or (status.lane if status.active else None)
    if name is None or status.state == "queued":
        return None
    if status.lane and status.lane.startswith(devices.CUDA) and status.host == processes.host():
        title = next((each.title for each in devices.devices() if each.lane == status.lane), "GPU")
        return f"{title} ({status.lane})"
    return str(name).upper()


def _memory(status: Status) -> str | None:
    if not status.memory or status.state == "queued":
        return None
    on_device = f", {words.size(status.device_memory)} on the GPU" if status.device_memory else ""
    return f"{words.size(status.memory)}{on_device}"


def cautions(sentences: Sequence[str]) -> html.Details | html.Div | None:
    """Show warnings, folded where there are many."""
    told = list(dict.fromkeys(sentences))
    if not told:
        return None
    listed = html.Ul([html.Li(sentence) for sentence in told], className="cautions")
    title = f"{len(told)} warning{'s' if len(told) > 1 else ''}"
    if len(told) <= FEW:
        return html.Div([html.P(title, className="notice-title"), listed], className="notice notice-warning")
    return html.Details([html.Summary(title, className="notice-title"), listed], className="notice notice-warning")


def outcome(status: Status) -> Any:
    """Say how a run ended; nothing while it computes."""
    if status.state == "failed":
        detail = status.detail
        return failure(detail.found, detail.expected, detail.todo) if detail else failure(status.message)
    if status.state == "lost":
        return alert("Lost", status.message)
    if status.state == "cancelled":
        return alert("Cancelled", status.message, tone="info")
    return None
