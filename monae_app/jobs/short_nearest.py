"""The features of a run beside a group of its cells, as a table, made by short work."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from monae_app.engine.analysis.coembedding.groups import Groups
from monae_app.engine.analysis.coembedding.of_run import coembed
from monae_app.engine.analysis.coembedding.whole_table import features_of_group
from monae_app.engine.analysis.kept_arrays import KeptArrays
from monae_app.engine.analysis.run_slices import RunSlices
from monae_app.engine.telling import Telling
from monae_app.jobs import bitsets
from monae_app.jobs.short_files import offered

if TYPE_CHECKING:
    from monae_app.engine.telling import Event
    from monae_app.jobs.short_work import Bench

KEPT_BYTES = 2**28


def write_nearest_features(order: dict[str, Any], bench: Bench) -> dict[str, Any]:
    """Write all features of a run, those next to a group first.

    Parameters
    ----------
    order
        ``folder`` of the run; ``names`` of the groups and ``groups``, bits of their cells in base 64; ``group``, the
        number of the one that is asked for; ``column``, where they come from; ``modality``, empty for all.
    bench
        Where.

    Returns
    -------
    dict
        ``token``, ``name`` and ``size`` of the download.
    """
    bench.tell(0.02, "Reading the space of cells and features")
    run = RunSlices(Path(order["folder"]), KeptArrays(KEPT_BYTES))
    codes = np.full(run.n_cells, -1, np.int32)
    for number, bits in enumerate(order["groups"]):
        codes[bitsets.read(bits, run.n_cells)] = number
    names, group = [str(name) for name in order["names"]], int(order["group"])
    found = coembed(run, Groups.of(names, codes))

    def told(event: Event) -> None:
        bench.tell(0.1 + 0.8 * event.get("done", 0) / max(event.get("total") or 1, 1), "Reading what was measured")

    tell = Telling("measure", told).counting("Reading")
    chosen = [order["modality"]] if order["modality"] in found.modalities else found.modalities
    table, notes = features_of_group(run, found, group, chosen, tell)
    path = bench.folder / "features.csv"
    about = f"features next to {names[group]} among the groups of {order['column']}; change: log2 fold change of counts"
    head = "".join(f"# {' '.join(line.split())}\n" for line in [about, *notes])
    path.write_text(head + table.to_csv(index=False, float_format="%.6g"), encoding="utf-8")
    return offered(bench, path, "nearest_features.csv")
