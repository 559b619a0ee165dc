"""Whether labels are carried over right from the cells of one modality to those of another."""

from __future__ import annotations

import numpy as np

from monae_app.engine.analysis.metrics.neighbors import neighbor_ids

TRANSFER_NEIGHBORS = 15


def label_transfer(
    reference: np.ndarray, reference_label: np.ndarray, query: np.ndarray, query_label: np.ndarray
) -> dict[str, float]:
    """Accuracy of a 15-neighbour majority vote over the types that both sides have, plain and balanced by type."""
    hit, known = transfer_hits(reference, reference_label, query, query_label)
    if not known.any():
        return {}
    balanced = np.mean([hit[query_label == name].mean() for name in np.unique(query_label[known])])
    return {"label_transfer": float(hit[known].mean()), "label_transfer_balanced": float(balanced)}


def transfer_hits(
    reference: np.ndarray, reference_label: np.ndarray, query: np.ndarray, query_label: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Whether each query cell gets its own type from its 15 neighbours, and whether the reference has it, (N,) each."""
    names, codes = np.unique(np.r_[reference_label, query_label], return_inverse=True)
    known_codes, true = codes[: len(reference)], codes[len(reference) :]
    votes = known_codes[neighbor_ids(reference, query, TRANSFER_NEIGHBORS)]
    counts = np.stack([(votes == code).sum(axis=1) for code in range(len(names))], axis=1)
    return counts.argmax(axis=1) == true, np.isin(true, known_codes)
