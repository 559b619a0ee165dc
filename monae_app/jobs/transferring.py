"""Label transfer from the command line: a run and a column in, a table of labels out."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

import threadpoolctl

from monae_app.engine.analysis.label_transfer.written import TABS, check_table, summary, write_table
from monae_app.engine.errors import InputError
from monae_app.engine.result import write_atomically
from monae_app.engine.telling import Telling
from monae_app.engine.training.threads import thread_count
from monae_app.jobs.labelling import Wanted, label_cells

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


@dataclass(frozen=True)
class Order(Wanted):
    """What was asked for on the command line.

    Parameters
    ----------
    threshold
        Confidence below which a cell stays unassigned.
    out
        The table to write.
    json
        Whether the summary is JSON.
    """

    threshold: float
    out: Path
    json: bool


def execute(order: Order, say: Callable[[str], None]) -> str:
    """Transfer labels and write the table.

    Parameters
    ----------
    order
        What to do.
    say
        Told the progress, line by line.

    Returns
    -------
    str
        One line on what was written, or the summary as JSON.

    Raises
    ------
    InputError
        If the run, a name, a file or the table to write cannot be used.
    """
    check_table(order.out)
    if not 0 <= order.threshold <= 1:
        raise InputError(f"The threshold is {order.threshold}.", "a probability, 0 to 1.", "choose --threshold 0.5.")
    with threadpoolctl.threadpool_limits(thread_count()):
        tell = Telling("transfer", lambda event: say(f"transfer: {event['message']}"))
        found = label_cells(order, say, tell).found
    for note in found.notes:
        say(f"transfer: {note}")
    order.out.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(
        order.out,
        lambda temporary: write_table(found, temporary, order.threshold, tabs=order.out.suffix.lower() == TABS),
    )
    told = summary(found, order.threshold)
    if order.json:
        return json.dumps(told, ensure_ascii=False)
    return (
        f"{order.out}: {told['cells']:,} cells of {order.target}, {len(found.classes)} labels from {order.source}, "
        f"{told['unassigned']:,} unassigned, mean confidence {told['mean_confidence']:.3f}"
    )
