"""What a run in line can expect: how many go first, and when its turn may come."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from monae_app.jobs.lane_choice import lanes_needed

if TYPE_CHECKING:
    from collections.abc import Callable

    from monae_app.jobs.progress import Status
    from monae_app.jobs.queue import Claim, Line, Ticket


@dataclass(frozen=True)
class Outlook:
    """The place of a run in line.

    Parameters
    ----------
    position
        1 for the next to be started.
    waiting
        How many wait for the same devices.
    starts_in_s
        Seconds until its turn, roughly; None where somebody before it gave no estimate, or no device is there.
    """

    position: int
    waiting: int
    starts_in_s: float | None


def outlook(
    line: Line, ticket: Ticket, lanes_of: Callable[[Ticket], tuple[str, ...]], left: Callable[[Claim], float | None]
) -> Outlook:
    """Play the line through, first come first served on each lane.

    Parameters
    ----------
    line
        As it is now.
    ticket
        Of the run that asks.
    lanes_of
        Which lanes may compute a run.
    left
        Seconds that a computing run still takes; None if unknown.
    """

    def places(each: Ticket) -> tuple[str, ...]:
        # Where no device is there now, those that ask for the same one stand in line together.
        return lanes_of(each) or (each.device,)

    mine = set(places(ticket))
    rivals = [each for each in line.waiting if mine & set(places(each))]
    free_at: dict[str, float | None] = {lane: left(claim) for lane, claim in line.claims.items()}
    starts: float | None = 0.0
    for each in rivals[: rivals.index(ticket) + 1]:
        lanes = lanes_of(each)
        times = [(free_at.get(lane, 0.0), lane) for lane in lanes]
        known = sorted((when, lane) for when, lane in times if when is not None)
        needed = lanes_needed(lanes, each.processes)
        taken = [lane for _, lane in known[:needed]] if len(known) >= needed else list(places(each)[:needed])
        starts = known[needed - 1][0] if len(known) >= needed else None
        for lane in taken:
            free_at[lane] = None if starts is None or each.expected_s is None else starts + each.expected_s
    return Outlook(rivals.index(ticket) + 1, len(rivals), starts)


def seconds_left(status: Status) -> float | None:
    """Estimate how long a computing run still takes, from its training's own estimate or the one before the start."""
    now = time.time()
    whole = None
    if status.expected_s is not None and status.started is not None:
        whole = max(0.0, status.expected_s - max(0.0, now - status.started))
    if status.eta_s is None:
        return whole
    training = max(0.0, status.eta_s - max(0.0, now - status.updated))
    return max(training, whole or 0.0)
