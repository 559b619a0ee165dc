"""Labels for cells, transferred by short work. N cells, C classes."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from monae_app.engine.analysis.kept_arrays import KeptArrays
from monae_app.engine.analysis.label_transfer.transfer import Transfer
from monae_app.engine.analysis.label_transfer.written import write_table
from monae_app.engine.analysis.run_slices import RunSlices
from monae_app.engine.errors import InputError
from monae_app.engine.telling import Telling
from monae_app.jobs.kept_labels import KeptLabels, asked_for
from monae_app.jobs.kept_npz import Kept
from monae_app.jobs.labelling import Wanted, label_cells
from monae_app.jobs.short_files import offered

if TYPE_CHECKING:
    from collections.abc import Callable

    from monae_app.jobs.short_work import Bench

# Of the arrays that are read for a table.
KEPT_BYTES = 256 * 2**20
# Messages of a transfer before it is done, for the bar.
MESSAGES = 4


def transfer_labels(order: dict[str, Any], bench: Bench) -> dict[str, Any]:
    """Transfer labels within a run, or from or to the cells of a file, and keep them.

    Parameters
    ----------
    order
        ``folder`` of the run, ``source``, ``column`` and ``target``; where cells of a file take part ``file``: its
        ``path``, its ``version`` and whether it ``gives`` labels or gets some.
    bench
        Where.

    Returns
    -------
    dict
        ``source``, ``column`` and ``target``.
    """
    folder, file = Path(order["folder"]), order.get("file")
    source, column, target = (str(order[name]) for name in ("source", "column", "target"))
    asked, kept = asked_for(source, column, target, file), KeptLabels(bench.store, bench.user)
    if kept.read(folder, asked) is None:
        bench.tell(0.05, "Reading the run")
        path, gives = (Path(file["path"]), bool(file["gives"])) if file else (None, False)
        wanted = Wanted(folder, column, source, target, path if gives else None, None if gives else path)
        placed: list[str] = []
        labelled = label_cells(wanted, placed.append, Telling("labels", _counting(bench.tell, MESSAGES + bool(file))))
        found = labelled.found
        about = {**asked, "classes": found.classes.tolist(), "notes": list(found.notes), "placed": placed}
        arrays = {"probabilities": found.probabilities.astype(np.float16), "novelty": found.novelty}
        if file and not gives:
            # what the run cannot say of cells that are not its own
            arrays["names"] = np.char.encode([name.removeprefix(f"{target}:") for name in found.names], "utf-8")
            known = labelled.known(target, column)
            if known is not None:
                about["known"], arrays["known"] = known.categories.tolist(), known.codes.astype(np.int16)
        kept.write(folder, asked, Kept(arrays, about))
    return {"source": source, "column": column, "target": target}


def write_labels(order: dict[str, Any], bench: Bench) -> dict[str, Any]:
    """Write transferred labels into a table to download.

    Parameters
    ----------
    order
        As of :func:`transfer_labels`, and ``threshold``.
    bench
        Where.

    Returns
    -------
    dict
        ``token``, ``name`` and ``size`` of the download.
    """
    folder = Path(order["folder"])
    source, column, target = (str(order[name]) for name in ("source", "column", "target"))
    file = order.get("file")
    known = KeptLabels(bench.store, bench.user).read(folder, asked_for(source, column, target, file))
    if known is None:
        raise InputError("These labels are not kept any more.", "labels of this week.", "transfer them again.")
    bench.tell(0.2, "Writing the table")
    run = RunSlices(folder, KeptArrays(KEPT_BYTES))
    span = run.spans[target]
    own = known.arrays.get("names")
    names = np.array(run.names(slice(span.start, span.stop))) if own is None else np.char.decode(own, "utf-8")
    path = bench.folder / "labels.csv"
    write_table(as_transfer(known, names), path, float(order["threshold"]))
    placed = Path(file["path"]).name.partition(".")[0] if file else ""
    giving, taking = (placed or source, target) if file and file["gives"] else (source, placed or target)
    return offered(bench, path, f"labels_{column}_{giving}_to_{taking}.csv")


def as_transfer(known: Kept, names: np.ndarray) -> Transfer:
    """Make of what is kept what it was; names of the cells (N,) are not kept."""
    classes = np.array([str(each) for each in known.about["classes"]])
    probabilities = known.arrays["probabilities"].astype(np.float32)
    return Transfer(names, classes, probabilities, known.arrays["novelty"], tuple(known.about["notes"]))


def _counting(tell: Callable[[float | None, str], None], messages: int) -> Callable[[dict[str, Any]], None]:
    told = 0

    def heard(event: dict[str, Any]) -> None:
        nonlocal told
        told += 1
        tell(min(told / messages, 1.0), str(event["message"]))

    return heard
