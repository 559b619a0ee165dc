"""Label transfer from the command line: a run and a column in, a table of labels out."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

import threadpoolctl

from monae_app.engine.analysis.label_transfer.sides import labels_of, side_of
from monae_app.engine.analysis.label_transfer.transfer import transfer
from monae_app.engine.analysis.label_transfer.written import TABS, check_table, summary, write_table
from monae_app.engine.errors import InputError
from monae_app.engine.result import Result, write_atomically
from monae_app.engine.telling import Telling
from monae_app.engine.training.threads import thread_count
from monae_app.jobs.new_cells import embedded

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import anndata as ad


@dataclass(frozen=True)
class Order:
    """What was asked for on the command line.

    Parameters
    ----------
    run
        Folder of the run.
    label
        Column with the labels.
    source, target
        Modality of the cells that have labels, and of those that get some.
    reference
        An .h5ad file of labelled cells of ``source``, in the place of the run's; None for those of the run.
    cells
        An .h5ad file of new cells of ``target``; None for those of the run.
    threshold
        Confidence below which a cell stays unassigned.
    out
        The table to write.
    json
        Whether the summary is JSON.
    """

    run: Path
    label: str
    source: str
    target: str
    reference: Path | None
    cells: Path | None
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
    if order.source == order.target and order.reference is None and order.cells is None:
        raise InputError(
            f"Labels would go from the cells of {order.source} to themselves.",
            "two modalities, or cells of another file (--reference or --cells).",
            "choose another modality for --from or --to.",
        )
    with threadpoolctl.threadpool_limits(thread_count()):
        result, given, taking = _cells(order, say)
        modalities = result.modalities
        source = side_of(given, order.source, modalities)
        labels = labels_of(given, order.source, order.label)
        target = side_of(taking, order.target, modalities)
        tell = Telling("transfer", lambda event: say(f"transfer: {event['message']}"))
        found = transfer(source, labels, target, result.features, seed=result.config.seed, tell=tell)
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


def _cells(order: Order, say: Callable[[str], None]) -> tuple[Result, ad.AnnData, ad.AnnData]:
    """Open the run, and the cells that give and take labels."""
    if order.reference is None and order.cells is None:
        result = Result.load(order.run)
        return result, result.cells, result.cells
    # imported here: torch takes seconds, and only new cells need it
    from monae_app.engine.pipeline import Monae

    model = Monae.load(order.run)
    result = model.result_of()

    def placed(modality: str, path: Path | None) -> ad.AnnData:
        return result.cells if path is None else embedded(model, modality, path, say)

    return result, placed(order.source, order.reference), placed(order.target, order.cells)
