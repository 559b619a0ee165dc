"""The question that a run answers, put to another method: same cells, same features, same links, no label.

N_k cells of a modality, F_k of its features.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import anndata as ad
import numpy as np
import pandas as pd
import scipy.sparse as sp

from monae_app.engine.analysis.differential.measured_run import measured_of
from monae_app.engine.result import FEATURES
from monae_app.jobs.peers.exchange import Question
from monae_app.jobs.peers.modalities import modalities_of

if TYPE_CHECKING:
    from monae_app.engine.analysis.run_slices import RunSlices

# of each modality; more are drawn
MOST_CELLS = 20_000
FEATURES_AT_ONCE = 2048


@dataclass(frozen=True)
class RunQuestion:
    """A question, and which rows of the run its cells are: all of one modality, then all of the other, (N,)."""

    question: Question
    rows: np.ndarray


def cells_of(run: RunSlices) -> np.ndarray:
    """Rows of the cells that are compared, (N,), increasing: all, or 20,000 of each modality.

    They are drawn by the pair that they belong to, so that both halves of a pair come along.
    """
    found = []
    for name in modalities_of(run.modalities):
        span = run.spans[name]
        rows = np.arange(span.start, span.stop)
        if len(rows) > MOST_CELLS:
            pair = run.column("pair_id").astype(str).to_numpy()[rows] if "pair_id" in run.columns else rows.astype(str)
            lots = pd.util.hash_array(pair.astype(object), hash_key=f"{run.config.seed:016d}"[:16])
            rows = np.sort(rows[np.argsort(lots, kind="stable")[:MOST_CELLS]])
        found.append(rows)
    return np.concatenate(found)


def question_of(run: RunSlices) -> RunQuestion:
    """Read what a run was made from, as the other methods take it.

    Raises
    ------
    InputError
        If the run does not hold two modalities that they take, or its files are gone.
    """
    names, rows = modalities_of(run.modalities), cells_of(run)
    with run.open(FEATURES) as file:
        guidance = sp.csr_matrix(ad.io.read_elem(file["obsp"]["guidance"]))
    modality = run.column("modality", FEATURES).astype(str).to_numpy()
    modelled = run.column("modelled", FEATURES).to_numpy(bool)
    kept = [np.flatnonzero((modality == name) & modelled) for name in names]
    tables = [
        _table(run, name, rows, mine - np.flatnonzero(modality == name)[0])
        for name, mine in zip(names, kept, strict=True)
    ]
    links = guidance[kept[0]][:, kept[1]].tocoo()
    in_first, in_second = (np.asarray(each, np.int64) for each in (links.row, links.col))
    question = Question(names, tables[0], tables[1], in_first, in_second, run.config.seed)
    return RunQuestion(question, rows)


def _table(run: RunSlices, modality: str, rows: np.ndarray, features: np.ndarray) -> ad.AnnData:
    span, measured = run.spans[modality], measured_of(run, modality)
    mine = rows[(rows >= span.start) & (rows < span.stop)] - span.start
    blocks = [
        sp.csr_matrix(np.asarray(measured.read(features[first : first + FEATURES_AT_ONCE]), np.float32)[mine])
        for first in range(0, len(features), FEATURES_AT_ONCE)
    ]
    obs = pd.DataFrame(index=[f"{modality}{row}" for row in mine])
    var = pd.DataFrame(index=[f"{modality}:{measured.names[number]}" for number in features])
    return ad.AnnData(sp.hstack(blocks).tocsr(), obs=obs, var=var)
