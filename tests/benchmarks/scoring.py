"""Scores what a method answered.

Embeddings are scored by ``monae_app.engine.analysis.metrics.score``. Imputed values are scored against the mean that
the counts were drawn from, at no batch (layer mu0): both are scaled to log(1 + 10,000 x share of the cell), each
feature is correlated over cells (Pearson), and the mean over all features whose truth varies is taken; a feature
imputed as a constant counts 0. Across modalities the truth of a cell is the mean of its other half, so pairs are needed
there. ``rna>atac`` is ATAC imputed from RNA. ``links_ap`` is the average precision with which the weights of the
refined graph tell the links of the guidance that hold from those that do not.

    python -m tests.benchmarks.scoring DATA-NAME SEED DATA-FOLDER ANSWER

writes ANSWER/scores.json, and into it what ANSWER/checks.json holds. It is a process of its own because igraph heeds
the seed of Leiden in the main thread alone.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
from scipy.spatial.distance import cdist
from sklearn.metrics import average_precision_score

from monae_app.engine.analysis.metrics import (
    centred_pearson,
    leiden_clusters,
    log_normalised,
    neighbor_graph,
    own_cluster,
    rounded,
    score,
)
from monae_app.engine.analysis.metrics.clusters import CLUSTER_NEIGHBORS, RESOLUTIONS
from monae_app.engine.analysis.metrics.neighbors import other_neighbors
from monae_app.engine.data.leiden import FIXED_RESOLUTION
from tests.benchmarks.datasets import MODALITIES, Data
from tests.benchmarks.truth import Truth

SCORES, CHECKS, LINKS = "scores.json", "checks.json", "links.npy"
Scores = dict[str, float | int]


def score_answer(data: Data, answer: Path) -> Scores:
    """Score the embedding and the imputed values that stand in a folder."""
    truth, found = Truth(data), {}
    if (answer / "embedding.npz").exists():
        with np.load(answer / "embedding.npz") as stored:
            embedding = {name: stored[name] for name in MODALITIES}
            held_out = {name: stored[f"held_out_{name}"] for name in MODALITIES if f"held_out_{name}" in stored}
        found |= score_embedding(truth, embedding)
        if len(held_out) == len(MODALITIES) and data.planted and not data.hostile:
            found |= score_held_out(truth, embedding, held_out)
    holds = truth.links_hold
    if holds is not None and (answer / LINKS).exists():
        found["links_ap"] = float(average_precision_score(holds, np.load(answer / LINKS)))
    for source in MODALITIES:
        for target in MODALITIES:
            path, mean = answer / f"{source}-{target}.npy", truth.mean(source, target)
            if mean is not None and path.exists():
                found[f"{source}>{target}"] = imputation_score(np.load(path, mmap_mode="r"), mean)
    checks = json.loads((answer / CHECKS).read_text(encoding="utf-8")) if (answer / CHECKS).exists() else {}
    return rounded(found) | checks


def score_embedding(truth: Truth, embedding: dict[str, np.ndarray]) -> Scores:
    """Score an embedding by labels and pairs, and say what becomes of rare types."""
    joined = np.concatenate([embedding[name] for name in MODALITIES]).astype(np.float64)
    label = truth.joined("cell_type")
    found: Scores = dict(score(joined, truth.modality, label, truth.joined("pair_id")))
    if truth.data.hostile and truth.rare:
        found |= rare_clusters(joined, label, truth.rare)
    return found


def rare_clusters(embedding: np.ndarray, label: np.ndarray, rare: list[str]) -> Scores:
    """How far rare types have Leiden clusters of their own, at resolution 1 and at the best of seven.

    ``rare_kept``: share of the rare types of which more than half stand in a cluster that is mostly theirs.
    """
    graph = neighbor_graph(other_neighbors(embedding, CLUSTER_NEIGHBORS))
    rows = {
        resolution: [own_cluster(leiden_clusters(graph, resolution), label, kind) for kind in rare]
        for resolution in RESOLUTIONS
    }
    fixed = rows[FIXED_RESOLUTION]
    return {
        "rare_f1_res1": float(np.mean([each.f1 for each in fixed])),
        "rare_kept_res1": float(np.mean([each.kept for each in fixed])),
        "rare_f1": float(np.max([np.mean([each.f1 for each in row]) for row in rows.values()])),
        "rare_kept": float(np.max([np.mean([each.kept for each in row]) for row in rows.values()])),
    }


def score_held_out(truth: Truth, embedding: dict[str, np.ndarray], held_out: dict[str, np.ndarray]) -> Scores:
    """FOSCTTM of the cells that training did not see and of those that it saw, each against all cells across."""
    first, second = (embedding[name].astype(np.float64) for name in MODALITIES)
    pair = truth.joined("pair_id")
    row = {name: place for place, name in enumerate(pair[len(first) :].tolist())}
    match = np.array([row[name] for name in pair[: len(first)].tolist()])
    back = np.argsort(match)
    closer = {"rna": _share_closer(first, second, match), "atac": _share_closer(second, first, back)}
    seen = [closer[name][~held_out[name]] for name in MODALITIES]
    unseen = [closer[name][held_out[name]] for name in MODALITIES]
    if not any(map(len, unseen)):
        return {}
    return {
        "foscttm_seen": float(np.concatenate(seen).mean()),
        "foscttm_unseen": float(np.concatenate(unseen).mean()),
    }


def _share_closer(queries: np.ndarray, references: np.ndarray, match: np.ndarray) -> np.ndarray:
    """Share of the references that are closer to a query than its match."""
    true = np.linalg.norm(queries - references[match], axis=1)
    return np.asarray((cdist(queries, references) < true[:, None] - 1e-6 * (1 + true[:, None])).mean(axis=1))


def imputation_score(imputed: np.ndarray, mean: np.ndarray) -> float:
    """Centred Pearson correlation, mean over features; (cells, features) each, on a scale proportional to counts."""
    return float(np.nanmean(centred_pearson(log_normalised(imputed), log_normalised(mean))))


def main(name: str, seed: str, folder: str, answer: str) -> None:
    """Write scores.json beside an answer."""
    scores = score_answer(Data(name, int(seed), Path(folder)), Path(answer))
    (Path(answer) / SCORES).write_text(json.dumps(scores), encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:5])
