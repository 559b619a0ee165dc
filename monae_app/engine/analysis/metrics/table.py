"""All scores that the columns of a run allow, as one flat record.

N cells, D axes.
"""

from __future__ import annotations

from functools import partial
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np

from monae_app.engine.analysis.metrics.batches import ilisi, kbet
from monae_app.engine.analysis.metrics.clusters import CLUSTER_NEIGHBORS, cluster_agreement
from monae_app.engine.analysis.metrics.conservation import mean_average_precision, neighbor_conservation
from monae_app.engine.analysis.metrics.mixing import (
    MIXING_NEIGHBORS,
    graph_connectivity,
    same_modality,
    seurat_alignment_score,
)
from monae_app.engine.analysis.metrics.neighbors import other_neighbors
from monae_app.engine.analysis.metrics.pairs import foscttm, paired_rows
from monae_app.engine.analysis.metrics.rare import open_set_auroc
from monae_app.engine.analysis.metrics.silhouette import silhouettes
from monae_app.engine.analysis.metrics.transfer import label_transfer
from monae_app.engine.analysis.overall import overall_scores
from monae_app.engine.kept_stages import kept
from monae_app.engine.telling import SILENT, Telling

if TYPE_CHECKING:
    from collections.abc import Mapping

Scores = dict[str, float | int]


def score(  # noqa: PLR0913 - each is one column that may be there
    embedding: np.ndarray,
    modality: np.ndarray,
    label: np.ndarray | None = None,
    pair: np.ndarray | None = None,
    seed: int = 0,
    reference: Mapping[str, np.ndarray] | None = None,
    batch: Mapping[str, np.ndarray] | None = None,
    tell: Telling = SILENT,
) -> Scores:
    """Every score that the given columns allow; each function says its definition and source.

    With more than two modalities, FOSCTTM and label transfer are means over every two of them, the first in order of
    appearance as reference; all other definitions take any number.

    Parameters
    ----------
    embedding
        (N, D).
    modality, label, pair
        One string a cell, (N,); a pair id that is -1, nan, None or empty is no pair.
    seed
        Of subsampling and Leiden.
    reference
        Modality -> (N_k, D_k), what it alone says of its cells (PCA, LSI), rows in the embedding's order.
    batch
        Covariate -> one string a cell, (N,); nan, None or empty is no batch.
    tell
        Told the progress.

    Returns
    -------
    dict
        ``cells``; with two modalities ``same_modality``, ``sas``; with pairs also ``foscttm`` and ``pairs``; with
        labels ``map``, ``graph_connectivity``, ``asw_label``, ``ari``, ``nmi``, ``ami``, ``homogeneity`` at
        ``resolution``, the same with ``_res1`` at resolution 1, ``nmi_best``; with labels and two modalities
        ``label_transfer``, ``label_transfer_balanced``, ``asw_modality``, ``asw_batch``, ``omics_mixing`` and, where
        one modality lacks a type, ``open_set_auroc``; with a reference ``nc``, and with labels too
        ``biology_conservation`` and ``overall``; with batches ``ilisi`` and ``kbet``, means over the covariates, and
        with several covariates ``ilisi_<covariate>``, ``kbet_<covariate>``.
    """
    embedding = np.asarray(embedding, np.float64)
    found: Scores = {"cells": len(embedding)}

    def look() -> np.ndarray:
        counted = tell.counting(f"Scoring: the neighbours of {len(embedding):,} cells")
        return other_neighbors(embedding, MIXING_NEIGHBORS, counted)

    neighbors = kept("neighbours", look)
    if len(np.unique(modality)) > 1:
        found["same_modality"] = same_modality(neighbors, modality, label)
        tell("Scoring: how well the modalities mix")
        found["sas"] = kept("mixing", partial(seurat_alignment_score, embedding, modality, seed=seed))
        tell("Scoring: cells across modalities")
        found |= kept("across modalities", partial(_across, embedding, modality, label, pair, seed))
    if label is not None:
        tell("Scoring: whether cells of one type lie together")
        found["map"] = kept("precision", partial(mean_average_precision, embedding, label, seed=seed))
        found["graph_connectivity"] = graph_connectivity(neighbors, label)
        tell("Scoring: clusters against labels")
        near = neighbors[:, :CLUSTER_NEIGHBORS]
        found |= kept("clusters against labels", partial(cluster_agreement, near, label, seed, tell=tell))
        tell("Scoring: how far types lie apart")
        found |= kept("silhouettes", partial(silhouettes, embedding, modality, label, seed))
        if absent := open_set_auroc(embedding, modality, label, seed=seed):
            found["open_set_auroc"] = float(np.mean(list(absent.values())))
    if reference:
        found["nc"] = neighbor_conservation(embedding, modality, reference, seed=seed)
    if batch:
        tell("Scoring: how well the batches mix")
    of_batches = kept("mixing of batches", partial(_batch_scores, embedding, batch or {}, label, seed))
    return found | overall_scores(found) | of_batches


def _across(
    embedding: np.ndarray, modality: np.ndarray, label: np.ndarray | None, pair: np.ndarray | None, seed: int
) -> Scores:
    """Scores that are defined for two modalities, means over every two."""
    distances, transfers, pairs = [], [], 0
    for first, second in combinations([modality == name for name in dict.fromkeys(modality)], 2):
        if pair is not None:
            rows = paired_rows(first, second, pair, seed)
            if len(rows) > 1:
                distances.append(foscttm(embedding[rows[:, 0]], embedding[rows[:, 1]]))
                pairs += len(rows)
        if label is not None:
            transfers.append(label_transfer(embedding[first], label[first], embedding[second], label[second]))
    found: Scores = {"foscttm": float(np.mean(distances)), "pairs": pairs} if distances else {}
    known = [each for each in transfers if each]
    return found | {name: float(np.mean([each[name] for each in known])) for name in (known[0] if known else {})}


def _batch_scores(
    embedding: np.ndarray, batch: Mapping[str, np.ndarray], label: np.ndarray | None, seed: int
) -> Scores:
    found: Scores = {}
    for name in ("ilisi", "kbet"):
        values = {
            covariate: ilisi(embedding, each, seed=seed) if name == "ilisi" else kbet(embedding, each, label, seed=seed)
            for covariate, each in batch.items()
        }
        known = {covariate: value for covariate, value in values.items() if value is not None}
        if known:
            found[name] = float(np.mean(list(known.values())))
        if len(batch) > 1:
            found |= {f"{name}_{covariate}": value for covariate, value in known.items()}
    return found


def rounded(scores: Mapping[str, float | int]) -> Scores:
    """Scores to four digits, as they are printed and stored."""
    return {name: round(value, 4) if isinstance(value, float) else value for name, value in scores.items()}
