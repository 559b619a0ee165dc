"""Anchors: pairs of cells of two modalities that closed-form alignment holds to be alike.

Canonical correlation of RNA with gene activity -> mutual nearest neighbours -> filter by shared neighbours. Alignment
in closed form first, learned refinement after: it converges where adversarial training alone does not.
Source: Stuart et al. 2019, Cell 177:1888 (CCA, mutual neighbours and anchor scores between data sets).

N, M cells of the two modalities; G genes; k components; A anchors.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from monae_app.engine.telling import SILENT, Telling

if TYPE_CHECKING:
    from collections.abc import Callable

    from scipy.sparse.linalg import LinearOperator

    # opens a result by its name, or has it computed
    Kept = Callable[[str, Callable[[], Any]], Any]

DISTANCES_AT_ONCE = 2**25  # of a block of queries, 128 MB
SUPPORT_NEIGHBORS = 30
ANCHORS_AT_ONCE = 2**15  # 900 comparisons each, 30 MB


def _computed(_: str, compute: Callable[[], Any]) -> Any:
    return compute()


def canonical_scores(
    first: LinearOperator,
    second: LinearOperator,
    n_components: int,
    decompose: Callable[[LinearOperator, int], tuple[np.ndarray, np.ndarray, np.ndarray]],
) -> tuple[np.ndarray, np.ndarray]:
    """Embed two sets of cells by what they share over the same genes.

    The singular vectors of X Y^T (N x M), whose product is never formed.

    Parameters
    ----------
    first, second
        Standardised X (N, G) and Y (M, G).
    n_components
        k; bounded by the number of genes.
    decompose
        Gives the leading singular triplets of a matrix.

    Returns
    -------
    tuple
        Rows of length 1, shapes (N, k) and (M, k).
    """
    # the product has no more axes than there are genes: further ones would be noise of the same length
    left, _, right = decompose(first @ second.T, min(n_components, first.shape[1]))
    return unit_rows(left), unit_rows(right.T)


def unit_rows(scores: np.ndarray) -> np.ndarray:
    """Scale every row to length 1; rows of zeros stay; float32."""
    norm = np.linalg.norm(scores, axis=1, keepdims=True)
    return np.asarray(scores / np.maximum(norm, 1e-12), dtype=np.float32)


def nearest(queries: np.ndarray, references: np.ndarray, n_neighbors: int, tell: Telling = SILENT) -> np.ndarray:
    """Exact nearest neighbours by Euclidean distance, closest first, (queries, k); blocks of queries are told."""
    k = min(n_neighbors, len(references))
    reference = torch.from_numpy(np.ascontiguousarray(references))
    length = (reference**2).sum(dim=1)
    rows = max(1, DISTANCES_AT_ONCE // max(1, len(references)))
    found: list[torch.Tensor] = []
    for block in torch.split(torch.from_numpy(np.ascontiguousarray(queries)), rows):
        if len(queries) > rows:
            tell.part(rows * len(found), len(queries))
        found.append(torch.topk(length - 2 * block @ reference.t(), k, largest=False).indices)
    return torch.cat(found).numpy()


def mutual_neighbors(
    first: np.ndarray, second: np.ndarray, n_neighbors: int, tell: Telling = SILENT, kept: Kept = _computed
) -> np.ndarray:
    """Pairs that are among each other's nearest; first (N, k), second (M, k), result (A, 2), sorted."""
    onward = kept("neighbours there", lambda: nearest(first, second, n_neighbors, tell))
    back = kept("neighbours back", lambda: nearest(second, first, n_neighbors, tell))
    size = len(second)
    there = np.repeat(np.arange(len(first)), onward.shape[1]) * size + onward.ravel()
    again = back.ravel() * size + np.repeat(np.arange(size), back.shape[1])
    both = np.intersect1d(there, again)
    return np.column_stack([both // size, both % size])


def shared_neighbor_support(
    first: np.ndarray, second: np.ndarray, anchors: np.ndarray, tell: Telling = SILENT, kept: Kept = _computed
) -> np.ndarray:
    """Score anchors by how many neighbours their two cells share, over both modalities, in [0, 1], shape (A,).

    A cell's neighbours are its 30 nearest in its own modality and its 30 nearest in the other.
    """
    support = np.zeros(len(anchors))
    for number, side in enumerate((first, second)):
        of_first, of_second = (
            kept(f"{who} of {number}", partial(nearest, cells, side, SUPPORT_NEIGHBORS, tell))
            for who, cells in (("neighbours", first), ("neighbours of the other", second))
        )
        for start in range(0, len(anchors), ANCHORS_AT_ONCE):
            block = slice(start, start + ANCHORS_AT_ONCE)
            here, there = of_first[anchors[block, 0]], of_second[anchors[block, 1]]
            support[block] += (here[:, :, None] == there[:, None, :]).any(axis=2).mean(axis=1)
    return support / 2


def find_anchors(
    first: np.ndarray,
    second: np.ndarray,
    *,
    n_neighbors: int,
    keep: float,
    tell: Telling = SILENT,
    kept: Kept = _computed,
) -> np.ndarray:
    """Find anchors between two aligned sets of cells and keep the best supported share.

    Parameters
    ----------
    first, second
        Canonical scores, (N, k) and (M, k).
    n_neighbors
        How near both must be.
    keep
        Share of anchors to keep, in (0, 1].
    tell
        Told the progress.
    kept
        Called with the name of each part of the work and what computes it, and gives its result: opened, where it was
        kept before.

    Returns
    -------
    numpy.ndarray
        Rows of the cells, (A, 2).
    """
    anchors = mutual_neighbors(first, second, n_neighbors, tell.counting("Looking for mutual neighbours"), kept)
    if keep == 1 or len(anchors) < 2:
        return anchors
    counted = tell.counting("Scoring anchors by shared neighbours")
    support = shared_neighbor_support(first, second, anchors, counted, kept)
    n_kept = max(1, round(keep * len(anchors)))
    best = np.sort(np.argsort(-support, kind="stable")[:n_kept])
    return anchors[best]
