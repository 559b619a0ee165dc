"""Maps and clusters of measured values beside those of imputed ones, made by short work. n cells, F features."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.decomposition import PCA

from monae_app.engine.analysis.coembedding.measured_levels import log_levels
from monae_app.engine.analysis.differential.measured_run import measured_of
from monae_app.engine.analysis.imputed_levels import imputed_rows
from monae_app.engine.analysis.integration import map_cells
from monae_app.engine.analysis.kept_arrays import KeptArrays
from monae_app.engine.analysis.metrics.clusters import AGREEMENT
from monae_app.engine.analysis.run_slices import RunSlices
from monae_app.engine.data.dataset import is_count
from monae_app.engine.errors import InputError
from monae_app.engine.result import FEATURES

if TYPE_CHECKING:
    from monae_app.jobs.short_work import Bench

MOST_CELLS, MOST_FEATURES, COMPONENTS, AT_ONCE = 3000, 2000, 30, 200
MEASURED = "measured"
FEWEST_CELLS = 20


def map_before_and_after(order: dict[str, Any], bench: Bench) -> dict[str, Any]:
    """Project, lay out and cluster some cells by what was measured, by what is imputed, and by what another tells.

    PCA of the features that were modelled jointly (logarithms of counts per 10,000), UMAP, and Leiden at resolution 1.

    Parameters
    ----------
    order
        ``folder`` of the run, ``target`` modality, ``sources`` beside it, and ``groups`` (names) with ``codes``, the
        group of every cell of the run, -1 for none.
    bench
        Where.

    Returns
    -------
    dict
        ``panels``: ``title``, ``source``, ``x``, ``y``, ``codes`` of each cell, and ``scores`` by name; ``groups``,
        ``features``, their number.

    Raises
    ------
    InputError
        If the measured files are gone, or fewer than twenty cells are in groups.
    """
    run = RunSlices(Path(order["folder"]), KeptArrays(2**28))
    target, codes = str(order["target"]), np.array(order["codes"], np.int32)
    columns = _columns(run, target)
    wanted = [(MEASURED, target), ("within", target), *(("from", str(each)) for each in order["sources"])]
    panels = []
    for number, (what, source) in enumerate(wanted):
        share = number / len(wanted)
        span = run.spans[source]
        mine = codes[span.start : span.stop]
        cells = _drawn(mine, run.config.seed)
        if len(cells) < FEWEST_CELLS:
            raise InputError(
                f"{len(cells)} cells of {source} are in groups.", f"{FEWEST_CELLS} or more.", "choose other groups."
            )
        bench.tell(share, f"Reading {target}, {what} in {source}")
        points = _measured(run, target, columns, cells) if what == MEASURED else _imputed(run, source, target, columns,
                                                                                          cells)  # fmt: skip
        bench.tell(share + 0.3 / len(wanted), f"Drawing {target}, {what} in {source}")
        config = run.config
        found = map_cells(points, n_neighbors=config.umap_neighbors, min_dist=config.umap_min_dist, resolution=1.0,
                          seed=config.seed)  # fmt: skip
        clusters = np.asarray(found.leiden.codes)
        scores = {name: round(float(score(mine[cells], clusters)), 4) for name, score in AGREEMENT.items()}
        panels.append({
            "what": what, "source": source, "x": np.round(found.umap[:, 0], 3).tolist(),
            "y": np.round(found.umap[:, 1], 3).tolist(), "codes": mine[cells].tolist(),
            "scores": scores | {"clusters": int(clusters.max()) + 1},
        })  # fmt: skip
    return {"panels": panels, "groups": list(order["groups"]), "features": len(columns), "target": target}


def _columns(run: RunSlices, target: str) -> np.ndarray:
    """Rows in features.h5ad of the features that were modelled jointly, at most 2,000 drawn of them, increasing."""
    modality, modelled = run.column("modality", FEATURES), run.column("modelled", FEATURES)
    rows = np.flatnonzero((modality == target).to_numpy() & modelled.to_numpy(bool))
    drawn = np.random.default_rng(run.config.seed).permutation(rows)[:MOST_FEATURES]
    return np.sort(drawn)


def _drawn(codes: np.ndarray, seed: int) -> np.ndarray:
    inside = np.flatnonzero(codes >= 0)
    return np.sort(np.random.default_rng(seed).permutation(inside)[:MOST_CELLS])


def _measured(run: RunSlices, target: str, rows: np.ndarray, cells: np.ndarray) -> np.ndarray:
    """Principal components of what was measured, (n, k)."""
    measured = measured_of(run, target)
    first = int(np.flatnonzero((run.column("modality", FEATURES) == target).to_numpy())[0])
    blocks = []
    for start in range(0, len(rows), AT_ONCE):
        values = np.asarray(measured.read(rows[start : start + AT_ONCE] - first))[cells]
        # what is not covered says nothing: the mean of the region stands for it
        blocks.append(np.where(np.isnan(values), np.nanmean(values, axis=0, keepdims=True), values))
    values = np.nan_to_num(np.hstack(blocks))
    if measured.library is not None:
        values = log_levels(values, measured.library[cells])
    return _components(values, run.config.seed)


def _imputed(run: RunSlices, source: str, target: str, rows: np.ndarray, cells: np.ndarray) -> np.ndarray:
    values = imputed_rows(run, source, target, rows, cells)
    levels = np.log1p(values) if is_count(run.likelihood(target)) else values
    return _components(levels, run.config.seed)


def _components(values: np.ndarray, seed: int) -> np.ndarray:
    """Principal components, centred and not scaled: features without signal stay small."""
    most = min(COMPONENTS, min(values.shape) - 1)
    return np.asarray(PCA(most, svd_solver="randomized", random_state=seed).fit_transform(values), np.float32)
