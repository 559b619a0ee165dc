"""Average silhouette widths: of types, which should be compact, and of modalities within a type, which should not."""

from __future__ import annotations

import numpy as np
from sklearn.metrics import silhouette_samples, silhouette_score

MOST_SILHOUETTES = 5000
FEWEST_CELLS = 5


def silhouettes(embedding: np.ndarray, modality: np.ndarray, label: np.ndarray, seed: int) -> dict[str, float]:
    """Average silhouette widths on at most 5,000 cells, drawn by the seed.

    Parameters
    ----------
    embedding, modality, label
        (N, D), (N,) and (N,).
    seed
        Of the sample.

    Returns
    -------
    dict
        ``asw_label``: (s + 1) / 2 of the labels, 1 is best.
        ``asw_batch``: 1 - |s| of the modality within each label, mean over its cells, then over all labels, 1 is best;
        a label that one modality alone has, or whose cells are too few for a silhouette, counts as 1. The published
        definition (OpenProblems NeurIPS 2021; Cao and Gao 2022, as in scglue.metrics 0.4).
        ``asw_modality``: the same over those labels alone that several modalities have, with 5 cells or more.
        The last two are left out where no label has cells of several modalities.
    """
    sample = np.random.default_rng(seed).choice(len(label), min(len(label), MOST_SILHOUETTES), replace=False)
    embedding, modality, label = embedding[sample], modality[sample], label[sample]
    found: dict[str, float] = {}
    names = np.unique(label)
    if 1 < len(names) < len(label):
        found["asw_label"] = float((silhouette_score(embedding, label) + 1) / 2)
    shared: list[float] = []
    everywhere: list[float] = []
    for name in names:
        members = label == name
        mixed = modality_silhouette(embedding[members], modality[members])
        everywhere.append(1.0 if mixed is None else mixed)
        if mixed is not None and members.sum() >= FEWEST_CELLS:
            shared.append(mixed)
    if shared:
        found["asw_modality"] = float(np.mean(shared))
        found["asw_batch"] = float(np.mean(everywhere))
    return found


def modality_silhouette(embedding: np.ndarray, modality: np.ndarray) -> float | None:
    """Mean of 1 - |s| over the cells of one type, or None where a silhouette is not defined."""
    if not 1 < len(np.unique(modality)) < len(modality):
        return None
    return float((1 - np.abs(silhouette_samples(embedding, modality))).mean())
