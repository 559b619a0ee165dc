"""Where groups of cells lie in the space that cells and features share. N cells, G groups, D axes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import scipy.sparse as sp

from monae_app.engine.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

FEWEST_CELLS, FEWEST_GROUPS = 3, 2


@dataclass(frozen=True)
class Groups:
    """Groups that have no cell in common.

    Parameters
    ----------
    names
        Of the groups, (G,).
    codes
        Group of every cell, (N,) int32, negative where it is in none.
    """

    names: tuple[str, ...]
    codes: np.ndarray

    @classmethod
    def of(cls, names: Sequence[str], codes: np.ndarray) -> Groups:
        """Leave out groups of fewer than three cells: their middle is that of noise.

        Raises
        ------
        InputError
            If fewer than two groups are left: there is nothing to be nearer to.
        """
        counts = np.bincount(codes[codes >= 0], minlength=len(names))
        kept = np.flatnonzero(counts >= FEWEST_CELLS)
        if len(kept) < FEWEST_GROUPS:
            raise InputError(
                f"{len(kept)} of the groups have {FEWEST_CELLS} cells or more.",
                f"at least {FEWEST_GROUPS} groups: a feature is near to one as compared with others.",
                "choose another column.",
            )
        new = np.full(len(names) + 1, -1, np.int32)
        new[kept] = np.arange(len(kept))
        # a negative code finds the last place
        return cls(tuple(names[group] for group in kept.tolist()), new[np.maximum(codes, -1)])

    @property
    def counts(self) -> np.ndarray:
        """Cells of every group, (G,)."""
        return np.bincount(self.codes[self.codes >= 0], minlength=len(self.names))

    @property
    def nbytes(self) -> int:
        """Bytes that it takes."""
        return int(self.codes.nbytes)


@dataclass(frozen=True)
class Moments:
    """Middles of groups, (G, D), and the covariance of cells around the middle of all groups, (D, D).

    Each group weighs the same, however many cells it has: otherwise what is special to a rare type would be measured
    against the most frequent one alone.
    """

    means: np.ndarray
    spread: np.ndarray

    @property
    def middle(self) -> np.ndarray:
        """Middle of the middles, (D,)."""
        return np.asarray(self.means.mean(axis=0))

    @property
    def directions(self) -> np.ndarray:
        """Unit vectors from the middle to every group, (G, D)."""
        return unit(self.means - self.middle)


def moments_of(blocks: Iterable[tuple[slice, np.ndarray]], groups: Groups) -> Moments:
    """Go over the cells once.

    Parameters
    ----------
    blocks
        Rows, and the shared vectors of their cells, (n, D).
    groups
        Of all cells.
    """
    counts = groups.counts
    sums, squares = 0.0, 0.0
    for rows, latent in blocks:
        codes = groups.codes[rows]
        inside = codes >= 0
        vectors, mine = latent[inside].astype(np.float64), codes[inside]
        member = sp.csr_matrix((np.ones(len(mine)), mine, np.arange(len(mine) + 1)), (len(mine), len(counts)))
        sums = sums + member.T @ vectors
        squares = squares + vectors.T @ (vectors / (len(counts) * counts[mine])[:, None])
    means = np.asarray(sums) / counts[:, None]
    middle = means.mean(axis=0)
    return Moments(means, np.asarray(squares) - np.outer(middle, middle))


def unit(vectors: np.ndarray) -> np.ndarray:
    """Scale rows to length 1; what has no length stays so."""
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.asarray(np.divide(vectors, lengths, out=np.zeros_like(vectors), where=lengths > 0))
