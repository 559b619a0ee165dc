"""How well an integration did, by definitions that others can check.

N cells, D axes. Every score says what it needs: pairs, labels or neither.
"""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

import igraph
import numpy as np
from scipy.spatial.distance import cdist
from sklearn.metrics import adjusted_rand_score, normalized_mutual_info_score, silhouette_samples, silhouette_score
from sklearn.neighbors import NearestNeighbors

if TYPE_CHECKING:
    from collections.abc import Mapping

NO_PAIR = ("-1", "nan", "None", "")
RESOLUTIONS = (0.1, 0.2, 0.3, 0.5, 0.8, 1.0, 1.5)
FIXED_RESOLUTION = 1.0
MIXING_NEIGHBORS, TRANSFER_NEIGHBORS, CLUSTER_NEIGHBORS = 30, 15, 15
MOST_PAIRS, MOST_SILHOUETTES = 6000, 5000
Scores = dict[str, float | int]


def score(
    embedding: np.ndarray,
    modality: np.ndarray,
    label: np.ndarray | None = None,
    pair: np.ndarray | None = None,
    seed: int = 0,
) -> Scores:
    """Every score that the given columns allow.

    Parameters
    ----------
    embedding
        (N, D).
    modality, label, pair
        One string a cell, (N,); a pair id that is -1, nan, None or empty is no pair.
    seed
        Of subsampling and Leiden.

    Returns
    -------
    dict
        ``cells``; with two modalities ``same_modality``; with pairs ``foscttm`` and ``pairs``; with labels
        ``label_transfer``, ``label_transfer_balanced``, ``ari``, ``nmi``, ``resolution``, ``ari_res1``, ``asw_label``,
        ``asw_modality``.
    """
    embedding = np.asarray(embedding, np.float64)
    names = list(dict.fromkeys(modality))
    found: Scores = {"cells": len(embedding)}
    neighbors = neighbor_ids(embedding, embedding, MIXING_NEIGHBORS + 1)[:, 1:]
    if len(names) > 1:
        first, second = modality == names[0], modality == names[1]
        found["same_modality"] = same_modality(neighbors, modality, label)
        if pair is not None:
            rows = paired_rows(first, second, pair, seed)
            if len(rows) > 1:
                found["foscttm"] = foscttm(embedding[rows[:, 0]], embedding[rows[:, 1]])
                found["pairs"] = len(rows)
        if label is not None:
            found |= label_transfer(embedding[first], label[first], embedding[second], label[second])
    if label is not None:
        found |= cluster_agreement(neighbors[:, :CLUSTER_NEIGHBORS], label, seed)
        found |= silhouettes(embedding, modality, label, seed)
    return found


def neighbor_ids(references: np.ndarray, queries: np.ndarray, n_neighbors: int) -> np.ndarray:
    """Nearest references of every query, closest first, (queries, k)."""
    k = min(n_neighbors, len(references))
    return np.asarray(NearestNeighbors(n_neighbors=k).fit(references).kneighbors(queries, return_distance=False))


def foscttm(first: np.ndarray, second: np.ndarray, chunk: int = 2000) -> float:
    """Fraction of samples closer than the true match, both directions, (N, D) each, rows are pairs.

    Ties count half, so a collapsed embedding scores .5; 0 is perfect. Source: Cao and Gao 2022, Nat Biotechnol.
    """
    if len(first) < 2:
        return 0.0
    true = np.sqrt(((first - second) ** 2).sum(axis=1))
    tolerance = 1e-6 * (1 + true)
    closer = np.zeros(2)
    for start in range(0, len(first), chunk):
        rows = slice(start, start + chunk)
        distance = cdist(first[rows], second)
        for side, (match, slack) in enumerate(
            ((true[rows, None], tolerance[rows, None]), (true[None, :], tolerance[None, :]))
        ):
            closer[side] += (distance < match - slack).sum() + 0.5 * (np.abs(distance - match) <= slack).sum()
    # the match ties with itself, which the half takes away again
    return float((closer / len(first) - 0.5).mean() / (len(first) - 1))


def paired_rows(first: np.ndarray, second: np.ndarray, pair: np.ndarray, seed: int) -> np.ndarray:
    """Rows of the cells that share a pair id across two modalities, at most 6,000 pairs, (pairs, 2)."""
    of_first = {name: row for row, name in zip(np.flatnonzero(first), pair[first], strict=True)}
    of_second = {name: row for row, name in zip(np.flatnonzero(second), pair[second], strict=True)}
    common = [name for name in of_first if name in of_second and name not in NO_PAIR]
    if len(common) > MOST_PAIRS:
        common = list(np.random.default_rng(seed).choice(np.array(common, object), MOST_PAIRS, replace=False))
    return np.array([(of_first[name], of_second[name]) for name in common], dtype=np.int64).reshape(-1, 2)


def same_modality(neighbors: np.ndarray, modality: np.ndarray, label: np.ndarray | None) -> float:
    """Share of a cell's neighbours from its own modality, scaled within its type: .5 is random mixing, 1 is unmixed.

    Types that only one modality has are left out.
    """
    same = (modality[neighbors] == modality[:, None]).mean(axis=1)
    kind = np.full(len(modality), "all") if label is None else label
    scaled = []
    for name in np.unique(kind):
        members = kind == name
        present, counts = np.unique(modality[members], return_counts=True)
        if len(present) < 2:
            continue
        share = dict(zip(present, counts / members.sum(), strict=True))
        expected = np.array([share[each] for each in modality[members]])
        scaled.append(0.5 + 0.5 * (same[members] - expected) / np.maximum(1 - expected, 1e-9))
    return float(np.concatenate(scaled).mean()) if scaled else 1.0


def label_transfer(
    reference: np.ndarray, reference_label: np.ndarray, query: np.ndarray, query_label: np.ndarray
) -> Scores:
    """Accuracy of a 15-neighbour majority vote over the types that both sides have, plain and balanced by type."""
    names, codes = np.unique(np.r_[reference_label, query_label], return_inverse=True)
    known_codes, true = codes[: len(reference)], codes[len(reference) :]
    votes = known_codes[neighbor_ids(reference, query, TRANSFER_NEIGHBORS)]
    counts = np.stack([(votes == code).sum(axis=1) for code in range(len(names))], axis=1)
    hit = counts.argmax(axis=1) == true
    known = np.isin(true, known_codes)
    if not known.any():
        return {}
    balanced = np.mean([hit[true == code].mean() for code in np.unique(true[known])])
    return {"label_transfer": float(hit[known].mean()), "label_transfer_balanced": float(balanced)}


def cluster_agreement(neighbors: np.ndarray, label: np.ndarray, seed: int) -> Scores:
    """Leiden clusters against labels: at resolution 1, and at the best of seven, which tunes on the label."""
    size = len(label)
    edges = np.column_stack([np.repeat(np.arange(size), neighbors.shape[1]), neighbors.ravel()])
    graph = igraph.Graph(size, edges, directed=False).simplify()
    rows = []
    for resolution in RESOLUTIONS:
        # igraph draws from Python's generator
        random.seed(seed)
        clusters = graph.community_leiden(objective_function="modularity", resolution=resolution, n_iterations=2)
        rows.append((adjusted_rand_score(label, clusters.membership), clusters.membership, resolution))
    best = max(rows, key=lambda row: (row[0], row[2]))
    return {
        "ari_res1": float(next(row[0] for row in rows if row[2] == FIXED_RESOLUTION)),
        "ari": float(best[0]),
        "nmi": float(normalized_mutual_info_score(label, best[1])),
        "resolution": best[2],
    }


def silhouettes(embedding: np.ndarray, modality: np.ndarray, label: np.ndarray, seed: int) -> Scores:
    """Average silhouette widths on at most 5,000 cells: of labels, (s + 1) / 2; of modality within labels, 1 - |s|."""
    sample = np.random.default_rng(seed).choice(len(label), min(len(label), MOST_SILHOUETTES), replace=False)
    embedding, modality, label = embedding[sample], modality[sample], label[sample]
    found: Scores = {}
    if 1 < len(np.unique(label)) < len(label):
        found["asw_label"] = float((silhouette_score(embedding, label) + 1) / 2)
    mixing = []
    for name in np.unique(label):
        members = label == name
        if members.sum() > 4 and len(np.unique(modality[members])) == 2:
            mixing.append(float((1 - np.abs(silhouette_samples(embedding[members], modality[members]))).mean()))
    if mixing:
        found["asw_modality"] = float(np.mean(mixing))
    return found


def rounded(scores: Mapping[str, float | int]) -> Scores:
    """Scores to four digits, as they are printed and stored."""
    return {name: round(value, 4) if isinstance(value, float) else value for name, value in scores.items()}
