"""Levels of methylation as what they say about a cell: how far they lie from the expected ones, and how surely.

The global level of a cell is to methylation what depth is to counts: it is taken off, in each context by itself. What
is left is drawn to 0 the more, the fewer reads there are: the posterior mean under a Beta prior around the expected
level. A place that nobody covers is 0 then: nothing is known to differ there.

N cells, G regions; m methylated of n covered reads, p the mean level of a region.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import expit, logit

from monae_app.engine.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd
    import scipy.sparse as sp

    from monae_app.engine.data.covered import CoveredMatrix

CONTEXT = "context"
CONTEXTS = ("CG", "CH")
# a region covered by few reads starts at the mean of all regions of its context, with the weight of so many reads
READS_OF_PRIOR = 2.0
# of a Beta distribution: below, levels would be 0 or 1 alone, and above it is a point
CONCENTRATIONS = (0.5, 1000.0)
# Newton steps towards the global level of a cell, and the evidence against any that it starts with
STEPS, EVIDENCE_OF_PRIOR = 4, 1.0


@dataclass(frozen=True)
class LevelModel:
    """What levels are expected to be.

    Parameters
    ----------
    mean
        Level of each region over all cells, inside (0, 1), (G,).
    concentration
        Of the Beta distribution of a cell's level around the expected one, by context, (2,): how many reads speak as
        loud as the expectation.
    context
        Position of each region's context in ``CONTEXTS``, (G,).
    """

    mean: np.ndarray
    concentration: np.ndarray
    context: np.ndarray

    @classmethod
    def fit(cls, values: CoveredMatrix, context: np.ndarray) -> LevelModel:
        """Fit to cells; values (N, G), context (G,)."""
        mean = mean_levels(values, context)
        start = cls(mean, np.full(len(CONTEXTS), CONCENTRATIONS[1]), context)
        expected = start.expected(values)
        of_place = context[values.indices]
        found = [concentration_of(values, expected, of_place == code) for code in range(len(CONTEXTS))]
        return cls(mean, np.array(found), context)

    def expected(self, values: CoveredMatrix) -> np.ndarray:
        """Level that region and cell as a whole let expect at the covered places, (nnz,) float64.

        The region's logit, moved by a number of the cell's own that makes the expected methylated reads of the cell
        add up to the measured ones: maximum likelihood, by Newton's method.
        """
        m, n = values.data.astype(np.float64), values.totals.data.astype(np.float64)
        base = logit(self.mean)[values.indices]
        cell = values.rows * len(CONTEXTS) + self.context[values.indices]
        moved = np.zeros(values.shape[0] * len(CONTEXTS))
        for _ in range(STEPS):
            p = expit(base + moved[cell])
            slope = np.bincount(cell, n * p * (1 - p), len(moved))
            step = np.bincount(cell, m - n * p, len(moved)) - EVIDENCE_OF_PRIOR * moved
            moved += np.clip(step / (slope + EVIDENCE_OF_PRIOR), -2, 2)
        return np.asarray(expit(base + moved[cell]))

    def deviations(self, values: CoveredMatrix) -> sp.csr_matrix:
        """Levels off the expected ones, drawn to 0 where reads are few, (N, G) float32; 0 where not covered."""
        n, prior = values.totals.data, self.concentration[self.context[values.indices]]
        off = n / (n + prior) * (values.level - self.expected(values))
        return values.with_data(off.astype(np.float32))

    def arrays(self) -> dict[str, np.ndarray]:
        """All of it, by name."""
        return {"mean": self.mean, "concentration": self.concentration, "context": self.context}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, np.ndarray]) -> LevelModel:
        """Rebuild what :meth:`arrays` gave."""
        return cls(arrays["mean"], arrays["concentration"], arrays["context"])


def context_codes(var: pd.DataFrame) -> np.ndarray:
    """Position of each region's context in ``CONTEXTS``, (G,) int64; the first where the table does not say."""
    if CONTEXT not in var:
        return np.zeros(len(var), np.int64)
    return np.where(var[CONTEXT].astype(str).to_numpy(str) == CONTEXTS[1], 1, 0).astype(np.int64)


def mean_levels(values: CoveredMatrix, context: np.ndarray) -> np.ndarray:
    """Level of each region over all of its reads, drawn to that of its context where these are few, (G,)."""
    m, n = values.sums(0)
    found = np.empty(len(m))
    for code in range(len(CONTEXTS)):
        mine = context == code
        overall = (m[mine].sum() + 0.5) / (n[mine].sum() + 1.0)
        found[mine] = (m[mine] + READS_OF_PRIOR * overall) / (n[mine] + READS_OF_PRIOR)
    return found


def concentration_of(values: CoveredMatrix, expected: np.ndarray, chosen: np.ndarray) -> float:
    """Concentration of the Beta distribution around the expected levels, by moments over some of the covered places.

    E (m - n p)^2 = n p (1 - p) (1 + (n - 1) r), with r = 1 / (c + 1). Single reads tell nothing of it, and neither do
    levels: their spread around the expected level is all that there is, E (x - p)^2 = p (1 - p) r.

    Parameters
    ----------
    values
        (N, G).
    expected
        p at the covered places, (nnz,).
    chosen
        Which of the places to look at, (nnz,) bool.
    """
    m, n, p = (each[chosen].astype(np.float64) for each in (values.data, values.totals.data, expected))
    binomial = p * (1 - p)
    squares = (m - n * p) ** 2
    if (n == 1).all():
        above, room = squares.sum(), binomial.sum()
    else:
        above, room = (squares - n * binomial).sum(), (n * (n - 1) * binomial).sum()
    share = above / room if room > 0 else 0.0
    return float(np.clip(1 / share - 1 if share > 0 else np.inf, *CONCENTRATIONS))


def deviations_of(values: CoveredMatrix, var: pd.DataFrame) -> sp.csr_matrix:
    """Deviations of cells under a model of their own, (N, G); ``var`` may hold the contexts."""
    return LevelModel.fit(values, context_codes(var)).deviations(values)


def check_levels(values: CoveredMatrix, cells: pd.Index, name: str, likelihood: str) -> None:
    """Make sure that levels, or methylated among covered reads, can be modelled.

    Parameters
    ----------
    values
        (N, G).
    cells
        Names of the cells, (N,).
    name
        Of the modality.
    likelihood
        As in :class:`~monae_app.engine.data.dataset.Modality`.

    Raises
    ------
    InputError
        If nothing is covered, more reads are methylated than covered, or reads are asked for and there are levels.
    """
    if not values.nnz:
        raise InputError(
            f"{name}: none of the {values.shape[0]:,} cells covers any region.",
            "covered reads, or levels that are not NaN.",
            "check which layers or matrix hold the values, and name them with --set methylation_matrix=...",
        )
    outside = ~((values.data >= 0) & (values.data <= values.totals.data))
    if outside.any():
        first = int(np.flatnonzero(outside)[0])
        raise InputError(
            f"{name}: {int(outside.sum()):,} values lie outside of 0 and what was covered, first "
            f"{values.data[first]:g} of {values.totals.data[first]:g} in cell {cells[values.rows[first]]!r}.",
            "methylated reads, as many as covered ones at most, or levels from 0 to 1.",
            "give the methylated reads as the first and all covered reads as the second layer of methylation_matrix.",
        )
    if likelihood != "normal" and (values.totals.data == 1).all() and (values.data % 1 != 0).any():
        raise InputError(
            f"{name}: {likelihood} was asked for, but the values are levels and nothing says how many reads they "
            "are of.",
            "methylated and covered reads.",
            "name the layers of both with --set methylation_matrix=mc+cov, or take levels with "
            "--set methylation_likelihood=normal.",
        )
