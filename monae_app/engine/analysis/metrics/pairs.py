"""Whether the closest cell of the other modality is the known other half."""

from __future__ import annotations

import numpy as np
from scipy.spatial.distance import cdist

NO_PAIR = ("-1", "nan", "None", "")
MOST_PAIRS = 6000


def foscttm(first: np.ndarray, second: np.ndarray, chunk: int = 2000) -> float:
    """Fraction of samples closer than the true match, both directions, (N, D) each, rows are pairs.

    Ties count half, so a collapsed embedding scores .5; 0 is perfect. The count is divided by the N - 1 other cells,
    so a value is N / (N - 1) times that of scglue.metrics, which divides by N.
    Source: Cao and Gao 2022, Nat Biotechnol.
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
