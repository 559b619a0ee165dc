"""Trajectories by short work: pseudotime, branches, tests and curves of the features of every modality.

N cells, n of a modality that are followed, F features.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import threadpoolctl

from monae_app.engine.analysis.kept_arrays import KeptArrays
from monae_app.engine.analysis.run_slices import RunSlices
from monae_app.engine.analysis.trajectory.features import changing_features
from monae_app.engine.analysis.trajectory.following import Start
from monae_app.engine.analysis.trajectory.of_run import (
    begin_at,
    begin_high,
    follow_run,
    grouping,
    imputed_space,
)
from monae_app.engine.errors import InputError
from monae_app.engine.pipeline import Monae
from monae_app.engine.telling import Telling
from monae_app.jobs import bitsets
from monae_app.jobs.kept_npz import Kept, columns_of
from monae_app.jobs.kept_trajectory import KeptTrajectories

if TYPE_CHECKING:
    from monae_app.engine.telling import Event
    from monae_app.jobs.short_work import Bench

KEPT_BYTES = 512 * 2**20


def follow_cells(order: dict[str, Any], bench: Bench) -> dict[str, Any]:
    """Follow the cells of a run from a root, test the features of each modality along it, and keep all of it.

    Parameters
    ----------
    order
        ``folder`` of the run, and ``asked`` as ``asked_for`` names it.
    bench
        Where.

    Returns
    -------
    dict
        ``key`` of the trajectory.
    """
    folder, asked = Path(order["folder"]), dict(order["asked"])
    kept = KeptTrajectories(bench.store, bench.user)
    if kept.read(folder, key := kept.key(folder, asked)) is not None:
        return {"key": key}
    bench.tell(0.02, "Reading the run")
    run = RunSlices(folder, KeptArrays(KEPT_BYTES))
    share = [0.05]

    def heard(event: Event) -> None:
        share[0] = min(share[0] + 0.04, 0.9)
        bench.tell(share[0], str(event["message"]))

    tell = Telling("trajectory", heard)
    with threadpoolctl.threadpool_limits(1):
        groups = grouping(run, asked["column"] or None)
        cells = None if asked["cells"] is None else bitsets.read(asked["cells"], run.n_cells)
        points = None if asked["space"] == "shared" else imputed_space(run, asked["space"])
        start = _start(run, groups, asked["root"])
        found = follow_run(run, groups, start, cells=cells, points=points, tell=tell)
        changing = changing_features(run, found, _model(folder), tell)
    tables, levels, (links, order_of_links) = list(changing.tables.values()), changing.levels, changing.links
    table = pd.concat(tables, ignore_index=True) if tables else pd.DataFrame({"feature": [], "modality": []})
    arrays = {
        "pseudotime": found.pseudotime.astype(np.float32),
        "branch": found.branch.astype(np.int16),
        "connectivities": found.connectivities.astype(np.float32),
        "levels": np.concatenate(levels, axis=1) if levels else np.zeros((len(found.ends), 0, 1), np.float32),
        **columns_of("features", table),
        **(columns_of("links", links) if len(links) else {}),
    }
    about = {
        "branches": found.branches,
        "tips": [list(each) for each in found.tips],
        "ends": found.ends,
        "support": list(found.support),
        "doubtful": [list(each) for each in found.doubtful],
        "root": found.root,
        "groups": groups.names,
        "column": groups.column,
        "notes": changing.notes,
        "links": order_of_links,
        "asked": asked,
    }
    return {"key": kept.write(folder, asked, Kept(arrays, about))}


def _model(folder: Path) -> Monae | None:
    """Open the model of a run; runs of earlier versions kept too little of it."""
    try:
        return Monae.load(folder)
    except InputError:
        return None


def _start(run: RunSlices, groups: Any, root: dict[str, Any]) -> Start:
    if "group" in root:
        return begin_at(groups, str(root["group"]))
    if "cell" in root:
        return Start(np.array([int(root["cell"])]), "the cell that was chosen")
    return begin_high(run, str(root.get("feature", "")))
