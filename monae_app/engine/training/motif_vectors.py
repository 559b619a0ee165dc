"""Where motifs lie: at first among their peaks, in the end on the axes that training ended with.

M motifs, P peaks, V features, D_s shared axes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import scipy.sparse as sp

RIDGE = 0.01


@dataclass(frozen=True)
class MotifRows:
    """Motifs that were vertices of the graph: names, each once, and vectors on the shared axes (M, D_s)."""

    names: tuple[str, ...]
    vectors: np.ndarray


def start_of_motifs(in_peaks: sp.csr_matrix, peaks: np.ndarray) -> np.ndarray:
    """Put each motif where its peaks lie more than others do, (M, D_s).

    Parameters
    ----------
    in_peaks
        Weights of the edges, (M, P).
    peaks
        Vectors of the peaks, (P, D_s).
    """
    size = np.asarray(in_peaks.sum(axis=1), np.float64)
    usual = np.asarray(in_peaks.sum(axis=0), np.float64).ravel()
    mean = in_peaks @ peaks / np.maximum(size, 1e-12) - usual @ peaks / max(float(usual.sum()), 1e-12)
    spread = float(np.square(peaks).mean()) * peaks.shape[1]
    # of that length at which the logit of an edge is, to first order, the excess of the motif among like peaks
    return np.asarray(mean / max(spread / peaks.shape[1], 1e-12), np.float32)


def on_axes_of_training(motifs: np.ndarray, before: np.ndarray, after: np.ndarray) -> np.ndarray:
    """Carry motifs along with the features, by ridge regression of where these ended on where they began, (M, D_s).

    Parameters
    ----------
    motifs
        In the whole graph, (M, D_s).
    before, after
        Features in the whole graph and as training left them, (V, D_s) each.
    """
    x, y = np.asarray(before, np.float64), np.asarray(after, np.float64)
    gram = x.T @ x
    gram += RIDGE * max(float(np.trace(gram)) / len(gram), 1e-12) * np.eye(len(gram))
    return np.asarray(motifs @ np.linalg.solve(gram, x.T @ y), np.float32)
