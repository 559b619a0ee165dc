"""Maps and clusters of some cells, made by short work."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from monae_app.engine.analysis.kept_arrays import KeptArrays
from monae_app.engine.analysis.part_layout import map_part
from monae_app.engine.analysis.run_slices import RunSlices
from monae_app.engine.telling import Telling
from monae_app.jobs import bitsets
from monae_app.jobs.annotation_state import MOST_GROUPS, NONE
from monae_app.jobs.annotations import Annotations
from monae_app.jobs.part_maps import KeptMap, PartMaps

if TYPE_CHECKING:
    from monae_app.engine.analysis.part_map import PartMap
    from monae_app.jobs.short_work import Bench

# About how far the work is when a stage begins: most of it is drawing.
BEGINS_AT = {"Finding": 0.1, "Clustering": 0.3, "Drawing": 0.35}


def map_some_cells(order: dict[str, Any], bench: Bench) -> dict[str, Any]:
    """Lay some cells out anew, cluster them, and keep the map; the clusters as a column too, if one is named.

    Parameters
    ----------
    order
        As :func:`monae_app.jobs.part_maps.order_of` writes it; where clusters are kept, with ``annotations`` (a folder)
        and ``column`` (a name).
    bench
        Where.

    Returns
    -------
    dict
        ``part`` (key of the map), ``title``, the number of ``cells`` and ``clusters``, and ``column`` and ``step`` (to
        be taken back), None where no clusters are kept.
    """
    run = RunSlices(Path(order["folder"]), KeptArrays(0))
    rows = np.flatnonzero(bitsets.read(order["cells"], run.n_cells))
    resolution, title = float(order["resolution"]), str(order["title"])
    maps = PartMaps(bench.store, bench.user)
    key = maps.key(run.folder, rows, resolution)
    known = maps.read(run.folder, key)
    if known is None or known.title != title:
        bench.tell(0.05, "Reading the run")
        tell = Telling("map", lambda event: bench.tell(_share(str(event["message"])), str(event["message"])))
        part = known.part if known else map_part(run.array("X_monae"), rows, resolution, run.config, tell)
        maps.write(run.folder, key, KeptMap(part, title, resolution))
    else:
        part = known.part
    said = {"part": key, "title": title, "cells": len(rows), "clusters": int(part.clusters.max()) + 1}
    return said | _column(order, part, run.n_cells)


def _share(message: str) -> float | None:
    return BEGINS_AT.get(message.partition(" ")[0])


def _column(order: dict[str, Any], part: PartMap, n_cells: int) -> dict[str, Any]:
    """Keep the clusters as a column."""
    if not order.get("annotations"):
        return {"column": None, "step": None}
    annotations = Annotations(Path(order["annotations"]), n_cells)
    count = int(part.clusters.max()) + 1
    codes = np.full(n_cells, NONE, np.uint8)
    # more clusters than a column can hold are refused by it
    codes[part.rows] = np.minimum(part.clusters, MOST_GROUPS)
    made = annotations.columns.add_whole(str(order["column"]), [str(each) for each in range(count)], codes)
    steps = reversed(annotations.state().past)
    return {"column": made.name, "step": next((step.id for step in steps if made.id in step.changes), None)}
