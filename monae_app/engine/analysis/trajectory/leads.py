"""Does a peak open before its gene rises? Times of half the rise, of cells in which both were measured.

n cells, F features, G points of a grid, L links of a gene and a peak.
"""

from __future__ import annotations

import numpy as np

from monae_app.engine.analysis.trajectory.splines import smooth_curves

DRAWS = 200
GRID = 100
LEVEL = 95.0
# share of the draws in which a time must be known, for its interval to be stated
ENOUGH = 0.8


def half_times(levels: np.ndarray, grid: np.ndarray) -> np.ndarray:
    """Tell when a curve is half way from its lowest level before its peak to that peak, for the last time before it.

    Parameters
    ----------
    levels
        (G, F).
    grid
        (G,) times.

    Returns
    -------
    numpy.ndarray
        (F,); NaN of a curve that never rises.
    """
    found = np.full(levels.shape[1], np.nan)
    for column, level in enumerate(levels.T):
        most = int(level.argmax())
        before = level[: most + 1]
        half = (before.min() + before[-1]) / 2
        below = np.flatnonzero(before < half)
        if len(below):
            at = int(below[-1])
            share = (half - before[at]) / (before[at + 1] - before[at])
            found[column] = grid[at] + share * (grid[at + 1] - grid[at])
    return found


def lead_intervals(
    time: np.ndarray, genes: np.ndarray, peaks: np.ndarray, links: np.ndarray, seed: int
) -> tuple[np.ndarray, np.ndarray]:
    """Say by how much peaks are ahead of their genes, with bootstrap intervals over cells.

    Parameters
    ----------
    time
        (n,) pseudotime.
    genes, peaks
        Levels that were measured in the same cells, (n, F) of either.
    links
        Columns of gene and peak, (L, 2).
    seed
        Of the draws: 200 samples of cells with replacement.

    Returns
    -------
    numpy.ndarray
        Of each link: time of the gene, of the peak, lead of the peak, lower and upper bound of its 95 % interval,
        (L, 5); NaN where it never rises, or in too few of the draws.
    numpy.ndarray
        The median lead over all links, with the bounds of its interval, (3,).
    """
    rng = np.random.default_rng(seed)
    grid = np.linspace(time.min(), time.max(), GRID)

    def times(rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        both = smooth_curves(time[rows], np.hstack([genes[rows], peaks[rows]]), grid).level
        found = half_times(both, grid)
        return found[: genes.shape[1]][links[:, 0]], found[genes.shape[1] :][links[:, 1]]

    of_gene, of_peak = times(np.arange(len(time)))
    drawn = np.empty((DRAWS, len(links)))
    for draw in range(DRAWS):
        later, earlier = times(rng.integers(len(time), size=len(time)))
        drawn[draw] = later - earlier
    known = np.isfinite(drawn).mean(axis=0) >= ENOUGH
    bounds = np.full((2, len(links)), np.nan)
    if known.any():
        bounds[:, known] = _bounds(drawn[:, known])
    middle = np.full(3, np.nan)
    if np.isfinite(of_gene - of_peak).any() and known.any():
        medians = np.nanmedian(drawn[:, known], axis=1)
        middle = np.array([np.nanmedian(of_gene - of_peak), *_bounds(medians[:, None])[:, 0]])
    return np.column_stack([of_gene, of_peak, of_gene - of_peak, bounds.T]), middle


def _bounds(drawn: np.ndarray) -> np.ndarray:
    return np.asarray(np.nanpercentile(drawn, [(100 - LEVEL) / 2, (100 + LEVEL) / 2], axis=0))
