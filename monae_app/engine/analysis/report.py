"""report.json: scores, timings, versions and warnings of a run."""

from __future__ import annotations

import platform
import resource
import sys
import time
from contextlib import contextmanager
from functools import partial
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from monae_app.engine.analysis.imputation import BATCH
from monae_app.engine.analysis.metrics import rounded, score
from monae_app.engine.analysis.metrics.pairs import NO_PAIR
from monae_app.engine.analysis.tables import stored_name
from monae_app.engine.data.samples import SAMPLE
from monae_app.engine.kept_stages import kept
from monae_app.engine.memory_taken import most_memory_taken
from monae_app.engine.telling import SILENT, Telling

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import anndata as ad

    from monae_app.engine.config import RunConfig
    from monae_app.engine.data.batch_covariates import Batches

PACKAGES = ("monae-app", "torch", "torch-geometric", "numpy", "scipy", "anndata", "scanpy", "umap-learn", "igraph")
DEFAULT_LABEL, DEFAULT_PAIR = "cell_type", "pair_id"
MOST_SCORED = 50_000


class Stopwatch:
    """Wall seconds of each stage."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Time the body."""
        began = time.perf_counter()
        yield
        self.seconds[name] = round(time.perf_counter() - began, 2)


def score_cells(
    cells: ad.AnnData,
    label: str | None,
    pair: str | None,
    batch_key: Sequence[str] = (),
    tell: Telling = SILENT,
) -> dict[str, float | int]:
    """Score the integration of a cell table by its label and pair columns and those of batches, where it has them.

    Parameters
    ----------
    cells
        Of a run.
    label, pair
        Columns of the table.
    batch_key
        Columns of the input that name batches; a run may keep them under other names. Where there are none and samples
        were batches, these are.
    tell
        Told the progress.
    """
    rows = scored_rows(cells.obs, pair)

    def column(name: str | None) -> np.ndarray | None:
        return None if name is None or name not in cells.obs else cells.obs[name].iloc[rows].astype(str).to_numpy()

    modality = cells.obs["modality"].iloc[rows].astype(str).to_numpy()
    # the run says which batch a cell is of only where there are several
    keys = batch_key or ([SAMPLE] if BATCH in cells.obs else [])
    covariates = {key: column(stored_name(key)) for key in keys}
    batch = {key: values for key, values in covariates.items() if values is not None}
    embedding = np.asarray(cells.obsm["X_monae"])[rows]
    found = rounded(score(embedding, modality, column(label), column(pair), batch=batch, tell=tell))
    return found if len(rows) == cells.n_obs else found | {"cells": cells.n_obs, "scored_cells": len(rows)}


def scored_rows(obs: pd.DataFrame, pair: str | None) -> np.ndarray:
    """Rows of the cells that are scored, increasing: all, or 50,000, drawn by the pair that a cell belongs to.

    Most scores look for neighbours among all cells, which takes hours of millions; both halves of a pair come along.
    """
    if len(obs) <= MOST_SCORED:
        return np.arange(len(obs))
    by = obs[pair].astype(str) if pair is not None and pair in obs else pd.Series(obs.index.astype(str))
    alone = by.isin(NO_PAIR).to_numpy()
    lots = pd.util.hash_array(np.where(alone, obs.index.astype(str), by.to_numpy(object)))
    return np.sort(np.argsort(lots, kind="stable")[:MOST_SCORED])


def make_report(
    config: RunConfig, cells: ad.AnnData, about: dict[str, Any], notes: tuple[str, ...], tell: Telling = SILENT
) -> dict[str, Any]:
    """Everything about a run but its timings and resources.

    Parameters
    ----------
    config
        Of the run.
    cells
        The finished table.
    about
        What the pipeline knows: device, steps, anchors, and the summary of the dataset as ``dataset``.
    notes
        Decisions taken while reading, in words.
    tell
        Told the progress.
    """
    labels = about["dataset"]["labels"]
    label = DEFAULT_LABEL if DEFAULT_LABEL in labels else next(iter(labels), None)
    scores = kept("scores", partial(score_cells, cells, label, DEFAULT_PAIR, config.batch_key, tell))
    return {
        "metrics": scores,
        "label": label,
        **about,
        "seed": config.seed,
        "versions": {"python": platform.python_version(), **{name: _version(name) for name in PACKAGES}},
        "warnings": list(dict.fromkeys([*notes, *about["dataset"]["warnings"]])),
    }


def batches_of_run(batches: Batches, reference: int) -> dict[str, Any] | None:
    """Say which columns name the batches of a run and at which batch it imputes; None where all cells are of one."""
    if len(batches) < 2:
        return None
    return {"columns": list(batches.columns), "number": len(batches), "reference": batches.names[reference]}


def _version(package: str) -> str:
    try:
        return version(package)
    except ModuleNotFoundError:
        return "unknown"


def resources(device: object) -> dict[str, Any]:
    """CPU seconds and peak memory of this process so far; of a run without what it has mapped from files."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    in_all = usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024)
    return {
        "device": str(device),
        "cpu_seconds": round(usage.ru_utime + usage.ru_stime, 1),
        "peak_memory_mb": round((most_memory_taken() or in_all) / 2**20),
    }
