"""Maps of groups of cells, made by short work."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from monae_app.engine.analysis.group_map import map_rows, rows_of_groups
from monae_app.engine.result import Result
from monae_app.jobs.group_maps import GroupMaps

if TYPE_CHECKING:
    from monae_app.jobs.short_work import Bench


def map_groups(order: dict[str, Any], bench: Bench) -> dict[str, Any]:
    """Lay out groups of cells anew and keep the map.

    Parameters
    ----------
    order
        ``folder`` of the run, ``column`` and ``groups``.
    bench
        Where.

    Returns
    -------
    dict
        ``column``, ``groups`` and the number of ``cells``.
    """
    folder, column, groups = Path(order["folder"]), str(order["column"]), list(map(str, order["groups"]))
    maps = GroupMaps(bench.store, bench.user)
    known = maps.read(folder, column, groups)
    if known is None:
        bench.tell(0.05, "Reading the run")
        result = Result.load(folder)
        rows = rows_of_groups(result, column, groups)
        bench.tell(0.2, f"Drawing the map of {len(rows):,} cells")
        known = rows, map_rows(result, rows)
        maps.write(folder, column, groups, *known)
    return {"column": column, "groups": groups, "cells": len(known[0])}
