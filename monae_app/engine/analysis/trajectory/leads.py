"""Does a peak open before its gene rises? Times of half the rise, of cells in which both were measured.

n cells, F features, G points of a grid, L links of a gene and a peak.
"""

from __future__ import annotations

import numpy as np

from monae_app.engine.analysis.trajectory.splines import Refitting

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
    columns = np.arange(levels.shape[1])
    places = np.arange(len(grid))[:, None]
    most = levels.argmax(axis=0)
    rising = places <= most
    half = (np.where(rising, levels, np.inf).min(axis=0) + levels[most, columns]) / 2
    below = rising & (levels < half)
    # the last place before the peak that is below
    at = len(grid) - 1 - below[::-1].argmax(axis=0)
    known = below.any(axis=0)
    at = np.where(known, at, 0)
    after = np.minimum(at + 1, len(grid) - 1)
    step = levels[after, columns] - levels[at, columns]
    share = np.divide(half - levels[at, columns], step, out=np.zeros(len(columns)), where=known)
    return np.where(known, grid[at] + share * (grid[after] - grid[at]), np.nan)


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
        Of each link: time of the gene, of the peak, lead of the peak, and lower and upper bounds of the 95 % intervals
        of the lead, of the gene's time and of the peak's, (L, 9); NaN where it never rises, bounds also where it does
        in too few of the draws.
    numpy.ndarray
        The median lead over all links, with the bounds of its interval, (3,).
    """
    rng = np.random.default_rng(seed)
    curves = Refitting(time, np.hstack([genes, peaks]), grid := np.linspace(time.min(), time.max(), GRID))

    def times(weights: np.ndarray) -> np.ndarray:
        found = half_times(curves.levels(weights), grid)
        gene, peak = found[: genes.shape[1]][links[:, 0]], found[genes.shape[1] :][links[:, 1]]
        return np.stack([gene - peak, gene, peak])

    lead, of_gene, of_peak = times(np.ones(len(time)))
    drawn = np.stack(
        [
            times(np.bincount(rng.integers(len(time), size=len(time)), minlength=len(time)).astype(float))
            for _ in range(DRAWS)
        ]
    )
    known = np.isfinite(drawn).mean(axis=0) >= ENOUGH
    bounds = np.full((2, 3, len(links)), np.nan)
    if known.any():
        bounds[:, known] = _bounds(drawn[:, known])
    middle = np.full(3, np.nan)
    if np.isfinite(lead).any() and known[0].any():
        medians = np.nanmedian(drawn[:, 0, known[0]], axis=1)
        middle = np.array([np.nanmedian(lead), *_bounds(medians[:, None])[:, 0]])
    return np.column_stack([of_gene, of_peak, lead, *np.moveaxis(bounds, 1, 0).reshape(6, -1)]), middle


def _bounds(drawn: np.ndarray) -> np.ndarray:
    return np.asarray(np.nanpercentile(drawn, [(100 - LEVEL) / 2, (100 + LEVEL) / 2], axis=0))
