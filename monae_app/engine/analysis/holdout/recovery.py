"""How well counts that were kept aside are recovered, as a share of what noise allows. N cells, F features, P parts.

The counts of every cell are dealt into parts of equal expected size (:mod:`monae_app.engine.data.thinning`). One part
is the test, the others are what a method sees. Levels are ln(1 + counts per 10,000 of the cell). Every feature is
centred over the cells, since whole profiles are mostly the mean profile, which any method has; and what goes with the
depth of the cells is taken out, since at few counts the logarithm of a level grows with depth by itself, and a method
would be praised for repeating that.
"""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING, Any

import numpy as np

from monae_app.engine.analysis.metrics.imputation import centred_pearson, share_of_ceiling
from monae_app.engine.data.representation import log_normalised

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pandas as pd
    import scipy.sparse as sp

BINS, MOST_FEATURES, FEWEST_COUNTS = 5, 1500, 50
# below, the test holds hardly any signal, and shares of it are noise
LOWEST_CEILING = 0.1


def scored_features(counts: sp.csr_matrix, seed: Sequence[int]) -> np.ndarray:
    """Draw the features to score among those with at least 50 counts: positions, increasing, at most 1,500."""
    total = np.asarray(counts.sum(axis=0)).ravel()
    known = np.flatnonzero(total >= FEWEST_COUNTS)
    rng = np.random.default_rng(list(seed))
    return np.sort(rng.choice(known, min(MOST_FEATURES, len(known)), replace=False))


class Recovery:
    """The parts of one modality, ready to score methods.

    Parameters
    ----------
    parts
        Counts, (N, G) each; the last one is the test.
    columns
        The features to score, (F,).
    rows
        The cells to score in, (n,).
    """

    def __init__(self, parts: Sequence[sp.csr_matrix], columns: np.ndarray, rows: np.ndarray) -> None:
        depth = np.asarray(sum(part.sum(axis=1) for part in parts), np.float64).ravel()[rows]
        logs = np.log(np.maximum(depth, 1))
        logs -= logs.mean()
        self._depth = np.linalg.qr(np.column_stack([np.ones(len(rows)), logs, logs**2]))[0]
        self.rows = rows
        levels = [self._freed(log_normalised(part)[rows][:, columns].toarray()) for part in parts]
        self.test = levels[-1]
        self.ceiling = attainable(levels)

    def score(self, levels: np.ndarray) -> np.ndarray:
        """Correlate imputed levels (N, F) with the test, (F,)."""
        return centred_pearson(self._freed(levels[self.rows]), self.test)

    def share(self, r: np.ndarray) -> np.ndarray:
        """Correlations as shares of the ceiling, (F,), NaN where there is hardly any signal to recover."""
        return share_of_ceiling(r, np.where(self.ceiling >= LOWEST_CEILING, self.ceiling, 0.0))

    def _freed(self, levels: np.ndarray) -> np.ndarray:
        return np.asarray(levels - self._depth @ (self._depth.T @ levels))


def attainable(parts: Sequence[np.ndarray]) -> np.ndarray:
    """Highest correlation with one part that the true mean of every count could reach, (F,).

    Parts are parallel measurements: their correlation r is the reliability of one of them, and its root the
    correlation of one with what they have in common (Spearman 1904, Am J Psychol 15:72). r is the mean over all pairs
    of parts; the ceiling is 0 where r lies within two standard errors of nothing, 2 / sqrt(N pairs).

    Parameters
    ----------
    parts
        Levels of each part, (N, F), at least two.
    """
    pairs = list(combinations(parts, 2))
    r = np.mean([np.nan_to_num(centred_pearson(first, second)) for first, second in pairs], axis=0)
    known = r > 2 / np.sqrt(max(len(parts[0]), 1) * len(pairs))
    return np.asarray(np.where(known, np.sqrt(np.maximum(r, 0)), 0.0))


def with_own_counts(mean: np.ndarray, counts: np.ndarray, dispersion: np.ndarray) -> np.ndarray:
    """Mean of what is behind a count, once that count is known, (N, F).

    A negative binomial count is Poisson around a rate that is gamma distributed with mean m and shape t; after a count
    x the mean of the rate is m (x + t) / (m + t) (Robbins 1956; Efron and Morris 1973).

    Parameters
    ----------
    mean, counts
        Expected by the model, and counted for training, (N, F) both.
    dispersion
        Inverse dispersion t, (F,).
    """
    return np.asarray(mean * (counts + dispersion) / (mean + dispersion))


def summary(table: pd.DataFrame, methods: Mapping[str, str]) -> list[dict[str, Any]]:
    """Summarise the features of a modality: a row for all of them and for each fifth by level.

    Parameters
    ----------
    table
        ``level`` (counts a cell), ``ceiling``, and the share of the ceiling of each method.
    methods
        Titles by column.

    Returns
    -------
    list
        ``bin`` (0 for all, then 1 the lowest to 5), ``low``, ``high``, ``features``, ``ceiling`` and the median share
        of each method, None where nothing is known.
    """
    judged = table[table["ceiling"] >= LOWEST_CEILING]
    found = [_row(judged, 0, methods)]
    if len(judged) >= BINS:
        place = judged["level"].rank(method="first", pct=True)
        number = np.minimum((place * BINS).apply(np.ceil).astype(int), BINS)
        found += [_row(judged[number == each], each, methods) for each in range(1, BINS + 1)]
    return found


def _row(table: pd.DataFrame, number: int, methods: Mapping[str, str]) -> dict[str, Any]:
    def plain(value: float) -> float | None:
        return round(float(value), 4) if np.isfinite(value) else None

    row: dict[str, Any] = {"bin": number, "features": len(table)}
    row |= {"low": plain(table["level"].min()), "high": plain(table["level"].max())}
    return row | {name: plain(table[name].median()) for name in ("ceiling", *methods)}
