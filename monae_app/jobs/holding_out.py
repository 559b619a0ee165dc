"""The hold-out check: is imputation to be trusted here? Counts are thinned, and a model is trained on the rest.

N cells, G features of a modality, F of them scored.
"""

from __future__ import annotations

import tempfile
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import scipy.sparse as sp
import threadpoolctl
import torch

from monae_app.engine.analysis.holdout.baselines import low_rank, mean_of_like
from monae_app.engine.analysis.holdout.recovery import Recovery, scored_features, summary, with_own_counts
from monae_app.engine.analysis.imputation import BATCH, AtBatch, feature_rows, impute
from monae_app.engine.data.coordinates import locate_features
from monae_app.engine.data.dataset import Dataset
from monae_app.engine.data.inputs_there import check_inputs
from monae_app.engine.data.linking import link, modelled_features
from monae_app.engine.data.reading import read_dataset
from monae_app.engine.data.representation import fit_projection, kind_of
from monae_app.engine.data.some_cells import some_cells, unshared_rows
from monae_app.engine.data.thinning import deal, of_these
from monae_app.engine.errors import InputError
from monae_app.engine.pipeline import Monae
from monae_app.engine.result import read_config
from monae_app.engine.training.threads import thread_count
from monae_app.jobs import magic_peer
from monae_app.jobs.kept_holdout import MOST_STEPS, version_of_cells
from monae_app.jobs.peers.catalogue import HOW_TO_INSTALL, PEERS
from monae_app.jobs.peers.watched import run_watched

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from monae_app.engine.config import RunConfig
    from monae_app.engine.result import Result

    Tell = Callable[[float | None, str], None]

PARTS, MOST_CELLS = 5, 6000
STREAM = 0x54484E
OWN, DECODED, LOW_RANK, LIKE, MAGIC = "own", "monae", "svd", "knn", "magic"
TITLES = {OWN: "Monae + own counts", DECODED: "Monae", LOW_RANK: "SVD-20", LIKE: "kNN mean", MAGIC: "MAGIC"}
NO_MAGIC = f"MAGIC was left out: it is not installed. To add it: {HOW_TO_INSTALL}."


def hold_out(folder: Path, tell: Tell, device: str | None = None) -> dict[str, Any]:
    """Check a run.

    A fifth of the counts of every cell is kept aside; normalisation, the choice of features, their projection and a
    model with the settings of the run are made anew from the other four. Every method sees the same four fifths.

    Parameters
    ----------
    folder
        Of the finished run.
    tell
        Told the share that is done, and what is being done; what it raises ends the check.
    device
        To train on, as RunConfig names it; that of the run if left out.

    Returns
    -------
    dict
        In plain values: ``version`` of the run, ``steps``, ``cells`` and ``modalities``, each with ``summary`` (see
        :func:`~monae_app.engine.analysis.holdout.recovery.summary`), ``methods`` by title, ``features`` (columns of a
        table) and ``notes``.

    Raises
    ------
    InputError
        If files are gone, or the run has no counts.
    """
    config = read_config(folder)
    config = config if device is None else config.model_copy(update={"device": device})
    for given in config.inputs:
        check_inputs(config, given, todo="put it back: the check thins what was measured.")
    with threadpoolctl.threadpool_limits(thread_count()):
        torch.set_num_threads(thread_count())
        tell(0.0, "Reading the files of the run")
        whole = some_cells(read_dataset(config), MOST_CELLS, config.seed)
        counted = [name for name, each in whole.modalities.items() if each.is_count]
        if not counted:
            raise InputError(
                "No modality of this run holds counts.", "counts, which can be thinned.", "train on raw counts."
            )
        tell(0.03, "Dealing out the counts")
        parts = {
            name: deal(whole.modalities[name].values, PARTS, [config.seed, number, STREAM])
            for number, name in enumerate(counted)
        }
        seen = {name: sp.csr_matrix(sum(each[:-1], sp.csr_matrix(each[0].shape, dtype=np.float32)))
                for name, each in parts.items()}  # fmt: skip
        result, modelled = _trained(whole, seen, config, tell)
        said: dict[str, Any] = {}
        for number, name in enumerate(counted):
            tell(0.8 + 0.2 * number / len(counted), f"Imputing {name} by each method")
            said[name] = _scored(whole, parts[name], seen[name], result, modelled[name], name, tell)
    return {
        "version": version_of_cells(folder), "steps": result.report["steps"], "modalities": said,
        "cells": {name: each.n_cells for name, each in whole.modalities.items()},
    }  # fmt: skip


def _trained(
    whole: Dataset, seen: Mapping[str, sp.csr_matrix], config: RunConfig, tell: Tell
) -> tuple[Result, dict[str, np.ndarray]]:
    """Train on what is left of the counts, with the settings of the run."""
    left = {name: of_these(each, seen[name]) if name in seen else each for name, each in whole.modalities.items()}
    dataset = Dataset(left, whole.batch_columns, whole.use_pairs, whole.notes)
    # every cell is trained on: it is the counts that are held out
    changed: dict[str, Any] = {"held_out": 0.0, "epochs": None}
    if config.steps is not None:
        changed["steps"] = min(config.steps, MOST_STEPS)
    config = config.model_copy(update=changed)

    def told(event: dict[str, Any]) -> None:
        total, at = event.get("steps"), event.get("step")
        known = bool(total and at is not None)
        tell(
            0.1 + 0.65 * float(at or 0) / float(total or 1) if known else None, str(event.get("message") or "Training")
        )

    located = locate_features(dataset, config)
    graph = link(dataset, located, config)
    model = Monae(config, on_event=told)
    return model.fit(dataset, graph, located=located, for_imputation=True), modelled_features(dataset, graph)


def _scored(
    whole: Dataset,
    parts: Sequence[sp.csr_matrix],
    seen: sp.csr_matrix,
    result: Result,
    modelled: np.ndarray,
    name: str,
    tell: Tell,
) -> dict[str, Any]:
    """Score every method on the test part of one modality."""
    config, values = result.config, sp.csr_matrix(whole.modalities[name].values)
    columns = scored_features(values, [config.seed, STREAM])
    features = whole.modalities[name].var.index[columns].tolist()
    rows, notes = unshared_rows(whole, name)
    recovery = Recovery(parts, columns, rows)
    expected = impute(result, name, name, features, batch=AtBatch.OWN)
    size = np.maximum(np.asarray(seen.sum(axis=1)).ravel(), 1)[:, None] / 1e4
    levels = {DECODED: np.log1p(expected)}
    if (dispersion := _dispersion(result, name, features)) is not None:
        own = with_own_counts(expected * size, seen[:, columns].toarray(), dispersion)
        levels = {OWN: np.log1p(own / size), **levels}
    kind = kind_of(name, whole.modalities[name].likelihood)
    projection = fit_projection(seen[:, modelled], kind, config.n_components, config.seed)
    levels[LOW_RANK] = low_rank(seen, columns, [config.seed, STREAM])
    levels[LIKE] = mean_of_like(seen, projection.transform(seen[:, modelled]), columns)
    if (python := PEERS[MAGIC].interpreter()) is None:
        notes.append(NO_MAGIC)
    elif (
        smooth := _magic(python, seen, columns, config.seed, partial(tell, None, f"Imputing {name} by MAGIC"))
    ) is not None:
        levels[MAGIC] = smooth
    else:
        notes.append("MAGIC was left out: it failed on these data.")
    table = pd.DataFrame({"feature": features, "ceiling": recovery.ceiling})
    table["level"] = np.asarray(values[:, columns].mean(axis=0)).ravel()
    for method, found in levels.items():
        table[method] = recovery.share(recovery.score(found))
    methods = {method: TITLES[method] for method in levels}
    told = {key: _plain(column) for key, column in table.items()}
    return {"summary": summary(table, methods), "methods": methods, "features": told, "notes": notes,
            "scored_cells": len(rows)}  # fmt: skip


def _dispersion(result: Result, name: str, features: list[str]) -> np.ndarray | None:
    """Inverse dispersion of features at the batch of each cell, (N, F) or (1, F); None where counts are Poisson."""
    likelihood = result.report["dataset"]["modalities"][name].get("likelihood")
    if likelihood != "nb":
        return None
    found = result.features.obsm["dispersion"][feature_rows(result, name, features)].astype(np.float64)
    if found.shape[1] == 1 or BATCH not in result.cells.obs:
        return np.asarray(found[:, :1].T)
    batches = [str(each) for each in result.features.uns["batches"]]
    mine = result.cells.obs[BATCH][(result.cells.obs["modality"] == name).to_numpy()].astype(str)
    return np.asarray(found[:, [batches.index(each) for each in mine]].T)


def _magic(
    python: str, seen: sp.csr_matrix, columns: np.ndarray, seed: int, tell: Callable[[], object]
) -> np.ndarray | None:
    """Impute by MAGIC in a process of its own, (N, F); None where it fails."""
    with tempfile.TemporaryDirectory() as folder:
        question, answer = Path(folder) / "question.npz", Path(folder) / "answer.npy"
        np.savez(question, data=seen.data, indices=seen.indices, indptr=seen.indptr, shape=seen.shape,
                 columns=columns, seed=seed)  # fmt: skip
        # apart from the app's modules, some of which are called like those of the standard library
        command = [python, "-I", magic_peer.__file__, str(question), str(answer)]
        failed = run_watched(command, Path(folder), tell)
        return None if failed or not answer.exists() else np.load(answer)


def _plain(column: pd.Series) -> list[Any]:
    if column.dtype == object:
        return [str(each) for each in column]
    return [round(float(each), 4) if np.isfinite(each) else None for each in column]
