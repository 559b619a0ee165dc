"""Which cells of one modality are among the nearest of chosen cells of another, in the space that both share.

Up to a bound the answer is exact, by products of blocks. Beyond it, references are put into lists around some of them,
each query looks into the lists nearest to it, and a sample stands for very many queries (an inverted file; Sivic and
Zisserman, ICCV 2003). R references, Q queries, D axes, k neighbours of each query, distances Euclidean.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator

# Products of a query and a reference: about half a second on two cores.
EXACT_PAIRS = 600_000_000
MOST_QUERIES = 10_000
LISTS_READ = 8
MOST_LISTS = 1024
# Bytes of one block of products.
BLOCK_BYTES = 16 << 20
# Minima of so many references each tell where the nearest can be.
GROUP = 64


@dataclass(frozen=True)
class Lists:
    """References around some of them.

    Parameters
    ----------
    centres
        (L, D) float32.
    order
        (R,) rows of the references, list by list.
    starts
        (L + 1,) where each list begins in ``order``.
    """

    centres: np.ndarray
    order: np.ndarray
    starts: np.ndarray

    @property
    def nbytes(self) -> int:
        """Bytes of the arrays."""
        return int(self.centres.nbytes + self.order.nbytes + self.starts.nbytes)


def make_lists(references: np.ndarray, seed: int = 0) -> Lists:
    """Put references (R, D) into about sqrt(R) lists, each with the centre that is nearest.

    Centres are references drawn by the seed, so that there are many where cells are many.
    """
    n_lists = int(np.clip(np.sqrt(len(references)), 1, MOST_LISTS))
    drawn = np.random.default_rng(seed).choice(len(references), n_lists, replace=False)
    centres = np.ascontiguousarray(references[np.sort(drawn)], dtype=np.float32)
    nearest = np.empty(len(references), np.int32)
    for rows, scores in _scores(centres, references):
        nearest[rows] = scores.argmin(1)
    starts = np.zeros(n_lists + 1, np.int64)
    np.cumsum(np.bincount(nearest, minlength=n_lists), out=starts[1:])
    return Lists(centres, np.argsort(nearest, kind="stable").astype(np.int32), starts)


def is_exact(n_queries: int, n_references: int) -> bool:
    """Whether so many can be compared one by one in about a second."""
    return n_queries * n_references <= EXACT_PAIRS


def nearest_exactly(references: np.ndarray, queries: np.ndarray, k: int) -> np.ndarray:
    """Return (R,) booleans: which references are among the k nearest of any query.

    Parameters
    ----------
    references, queries
        (R, D) and (Q, D) floats.
    k
        Neighbours of each query; all references if there are fewer.
    """
    found = np.zeros(len(references), np.bool_)
    if len(references) <= k:
        found[:] = len(queries) > 0
        return found
    for _, scores in _scores(references, queries):
        found[_lowest(scores, k)] = True
    return found


def nearest_by_lists(references: np.ndarray, queries: np.ndarray, k: int, lists: Lists) -> np.ndarray:
    """Return (R,) booleans, as :func:`nearest_exactly` does, where each query sees the lists nearest to it alone."""
    read = min(LISTS_READ, len(lists.centres))
    asked = np.empty((len(queries), read), np.int32)
    for rows, scores in _scores(lists.centres, queries):
        asked[rows] = np.argpartition(scores, read - 1, axis=1)[:, :read]
    best = np.full((len(queries), read, k), np.inf, np.float32)
    ids = np.zeros((len(queries), read, k), np.int32)
    # Query and place among its lists, list by list.
    order = np.argsort(asked, axis=None, kind="stable")
    bounds = np.searchsorted(asked.ravel()[order], np.arange(len(lists.centres) + 1))
    middle = lists.centres.mean(0)
    for number in range(len(lists.centres)):
        query, place = np.divmod(order[bounds[number] : bounds[number + 1]], read)
        members = lists.order[lists.starts[number] : lists.starts[number + 1]]
        if not len(query) or not len(members):
            continue
        # All lists measure from one middle: their scores are compared with each other.
        for part, scores in _scores(references[members], queries[query], middle):
            kept = min(k, len(members))
            near = np.argpartition(scores, kept - 1, axis=1)[:, :kept]
            best[query[part], place[part], :kept] = np.take_along_axis(scores, near, axis=1)
            ids[query[part], place[part], :kept] = members[near]
    flat, flat_ids = best.reshape(len(queries), -1), ids.reshape(len(queries), -1)
    near = np.argpartition(flat, k - 1, axis=1)[:, :k]
    found = np.zeros(len(references), np.bool_)
    there = np.isfinite(np.take_along_axis(flat, near, axis=1))
    found[np.take_along_axis(flat_ids, near, axis=1)[there]] = True
    return found


def _scores(
    references: np.ndarray, queries: np.ndarray, middle: np.ndarray | None = None
) -> Iterator[tuple[slice, np.ndarray]]:
    """Yield blocks of queries and, (queries, R), what orders references by distance: |r|^2 / 2 - q . r."""
    middle = references.mean(0) if middle is None else middle
    # Around the middle, so that squares lose no digits.
    here = np.asarray(references - middle, np.float32)
    half = 0.5 * np.einsum("rd,rd->r", here, here)
    transposed = np.ascontiguousarray(here.T)
    step = max(1, BLOCK_BYTES // (4 * len(references)))
    for first in range(0, len(queries), step):
        rows = slice(first, min(first + step, len(queries)))
        scores = np.asarray(queries[rows] - middle, np.float32) @ transposed
        yield rows, np.subtract(half, scores, out=scores)


def _lowest(scores: np.ndarray, k: int) -> np.ndarray:
    """Return the columns of the k lowest of every row.

    Each of them lies in one of the k groups of columns whose minima are lowest, so that only these are sorted.
    """
    n_rows, n_columns = scores.shape
    n_groups = n_columns // GROUP
    if n_groups <= 4 * k:
        return np.argpartition(scores, k - 1, axis=1)[:, :k].ravel()
    whole = n_groups * GROUP
    grouped = scores[:, :whole].reshape(n_rows, GROUP, n_groups)
    groups = np.argpartition(grouped.min(1), k - 1, axis=1)[:, :k]
    candidates = np.take_along_axis(grouped, groups[:, None, :], axis=2).reshape(n_rows, -1)
    columns = (np.arange(GROUP)[:, None] * n_groups + groups[:, None, :]).reshape(n_rows, -1)
    if whole < n_columns:
        rest = np.broadcast_to(np.arange(whole, n_columns), (n_rows, n_columns - whole))
        candidates, columns = np.hstack([candidates, scores[:, whole:]]), np.hstack([columns, rest])
    near = np.argpartition(candidates, k - 1, axis=1)[:, :k]
    return np.take_along_axis(columns, near, axis=1).ravel()
