"""Features that change along pseudotime, and between branches. n cells, F features, T tips.

A partial F test of splines in what is measured (of counts: Pearson residuals) against a constant, beside what each cell
brings with it (its batch, its depth). With pseudotimes shuffled over cells, p is uniform. A pseudotime that was worked
out from the very values that are tested is none of that kind: see ``splitting``.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.stats import f as f_distribution

from monae_app.engine.analysis.trajectory.splines import basis

SPLINES = 5
FEWEST_CELLS = 20


@dataclass(frozen=True)
class Design:
    """What cells are told apart by.

    Parameters
    ----------
    time
        (n,) pseudotime.
    tip
        (n,) tip of the branch that the cell is on; negative on a way that several share.
    covariates
        (n, C) of each cell, without a constant.
    """

    time: np.ndarray
    tip: np.ndarray
    covariates: np.ndarray

    @property
    def of_time(self) -> np.ndarray:
        """Splines of time, (n, SPLINES - 1); the constant is not among them."""
        found: np.ndarray = basis(self.time, SPLINES, float(self.time.min()), float(self.time.max()))[:, 1:]
        return found

    @property
    def of_tips(self) -> np.ndarray | None:
        """Splines of the branches apart from each other, (n, .); None where there are not two with cells enough."""
        tips, counts = np.unique(self.tip[self.tip >= 0], return_counts=True)
        tips = tips[counts >= FEWEST_CELLS]
        if len(tips) < 2:
            return None
        splines = np.column_stack([np.ones(len(self.time)), self.time])
        return np.hstack([splines * (self.tip == each)[:, None] for each in tips])


def changes(values: np.ndarray, design: Design, *, branches: bool = True) -> tuple[np.ndarray, np.ndarray]:
    """Test each feature.

    Parameters
    ----------
    values
        (n, F).
    design
        Of the cells.
    branches
        Whether branches are tested too.

    Returns
    -------
    p of a change along time, and of a difference between branches, (F,) each; NaN where it cannot be told.
    """
    base = _orthonormal(np.column_stack([np.ones(len(values)), design.covariates]))
    residual = values - base @ (base.T @ values)
    known = (np.abs(values - np.median(values, axis=0)) > 0).sum(axis=0) >= FEWEST_CELLS
    added = _apart_from(base, design.of_time)
    along = _partial(residual, base.shape[1], added, known)
    tips = design.of_tips if branches else None
    if tips is None:
        return along, np.full(values.shape[1], np.nan)
    # what time explains is taken away from both sides
    residual -= added @ (added.T @ residual)
    base = np.hstack([base, added])
    return along, _partial(residual, base.shape[1], _apart_from(base, tips), known)


def _apart_from(base: np.ndarray, more: np.ndarray) -> np.ndarray:
    return _orthonormal(more - base @ (base.T @ more))


def _partial(residual: np.ndarray, used: int, added: np.ndarray, known: np.ndarray) -> np.ndarray:
    """Return p of what some columns add to ``used`` others that the residual is free of, (F,)."""
    explained = ((added.T @ residual) ** 2).sum(axis=0)
    total = (residual**2).sum(axis=0)
    degrees, free = added.shape[1], len(residual) - used - added.shape[1]
    known = known & (total > 1e-9)
    ratio = np.divide(explained / degrees, (total - explained) / free, out=np.zeros_like(total), where=known)
    return np.where(known, f_distribution.sf(ratio, degrees, free), np.nan)


def _orthonormal(columns: np.ndarray) -> np.ndarray:
    left, sizes, _ = np.linalg.svd(columns, full_matrices=False)
    found: np.ndarray = left[:, sizes > 1e-8 * sizes.max()]
    return found
