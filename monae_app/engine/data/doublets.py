"""Doublets: two cells under one barcode, told by their likeness to doublets that are made up.

N cells, G features.
"""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING

import anndata as ad
import numpy as np
import pandas as pd
import scipy.sparse as sp

if TYPE_CHECKING:
    from collections.abc import Callable

    from monae_app.engine.config import ModalityName

# One seed for all: the page that shows the scores and the run that applies a cut-off to them see the same ones.
SEED = 0
# Cells are scored in groups of at most this many, so that memory does not grow with their number.
GROUP = 20_000
FEWEST = 50
COMPONENTS = 30
FEATURES: dict[str, int] = {"rna": 3000, "atac": 15_000}
# As 10x Genomics states for 10,000 cells a channel; the score's order does not depend on it.
EXPECTED_RATE = 0.06
# a score takes as many values as a cell has neighbours: finer bins would show these instead of heaps
BINS, SMOOTHINGS = 50, 10_000
LEAST_HEAP, FLATTEST_VALLEY = 0.1, 0.8


def doublet_scores(
    values: sp.csr_matrix,
    name: ModalityName,
    sample: pd.Series | None = None,
    *,
    seed: int = SEED,
    say: Callable[[str], None] | None = None,
) -> tuple[np.ndarray, float | None]:
    """Score how much each cell looks like two.

    Cells of one sample stand together, since only they can share a droplet; a sample of more than 20,000 is dealt out
    at random into groups of equal size. The time thus grows with the number of cells, the memory does not.

    Parameters
    ----------
    values
        Counts, shape (N, G).
    name
        Of RNA the most variable genes are compared, of ATAC the peaks open in most cells.
    sample
        Sample of each cell, shape (N,); None for one sample.
    seed
        Of the made-up doublets and the groups.
    say
        Told the progress.

    Returns
    -------
    numpy.ndarray
        Scores from 0 to 1, shape (N,); NaN for cells without counts and samples of fewer than 50 cells.
    float | None
        Where the scores of the made-up doublets part into two heaps; None where there is but one.

    Notes
    -----
    Source: Wolock, Lopez & Klein 2019 (Scrublet), as in scanpy.
    """
    counted = np.asarray(values.sum(axis=1)).ravel() > 0
    scores, simulated = np.full(values.shape[0], np.nan), [np.empty(0)]
    groups = list(_groups(counted, sample, np.random.default_rng(seed)))
    for number, rows in enumerate(groups, start=1):
        if say is not None and len(groups) > 1:
            say(f"Looking for doublets, group {number:,} of {len(groups):,}")
        scores[rows], made_up = _of_group(values[rows], name, seed)
        simulated.append(made_up)
    return scores, parting(np.concatenate(simulated))


def _groups(counted: np.ndarray, sample: pd.Series | None, generator: np.random.Generator) -> list[np.ndarray]:
    codes = np.zeros(len(counted), int) if sample is None else pd.factorize(sample)[0]
    found = []
    for code in np.unique(codes):
        rows = np.flatnonzero((codes == code) & counted)
        if len(rows) < FEWEST:
            continue
        parts = -(-len(rows) // GROUP)
        found += [np.sort(part) for part in np.array_split(generator.permutation(rows), parts)]
    return found


def _of_group(values: sp.csr_matrix, name: ModalityName, seed: int) -> tuple[np.ndarray, np.ndarray]:
    # here, not above: it brings numba, which takes seconds
    import scanpy as sc

    cells = ad.AnnData(values[:, _compared(values, name)])
    made_up = sc.pp.scrublet_simulate_doublets(cells, random_seed=seed)
    for table in (cells, made_up):
        # a cell none of whose counts lie in the features compared stays a row of zeros
        totals = np.asarray(table.X.sum(axis=1)).ravel()
        table.X = sp.csr_matrix(sp.diags(1e4 / np.where(totals > 0, totals, 1)) @ table.X)
        table.X.data = np.log1p(table.X.data)
    # scores divide by the spread of each feature
    varying = np.asarray(cells.X.max(axis=0).toarray() > cells.X.min(axis=0).toarray()).ravel()
    cells, made_up = cells[:, varying].copy(), made_up[:, varying].copy()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        sc.pp.scrublet(
            cells,
            made_up,
            mean_center=False,
            n_prin_comps=min(COMPONENTS, min(cells.shape) - 1),
            expected_doublet_rate=EXPECTED_RATE,
            # exact neighbours: within a group they are found sooner than approximate ones
            use_approx_neighbors=False,
            # it would look for its own with scikit-image; see below
            threshold=1.0,
            verbose=False,
            random_state=seed,
        )
    return cells.obs["doublet_score"].to_numpy(), np.asarray(cells.uns["scrublet"]["doublet_scores_sim"])


def _compared(values: sp.csr_matrix, name: ModalityName) -> np.ndarray:
    """Columns to compare cells in, sorted: genes whose counts vary more than their mean explains, or common peaks."""
    open_in = values.getnnz(axis=0)
    if name == "rna":
        mean = np.asarray(values.mean(axis=0)).ravel()
        variance = np.asarray(values.multiply(values).mean(axis=0)).ravel() - mean**2
        rank = np.where(open_in >= 3, variance / np.maximum(mean, 1e-12), -1.0)
    else:
        rank = open_in.astype(float)
    chosen = np.argsort(-rank, kind="stable")[: FEATURES.get(name, len(rank))]
    return np.sort(chosen[rank[chosen] > 0])


def parting(scores: np.ndarray) -> float | None:
    """Find the lowest place between the two heaps of a histogram, smoothed until it has but two.

    None where there are no two, or one holds less than a tenth of all, or the place between them is hardly lower than
    they are: a cut-off there would say nothing.

    Notes
    -----
    Source: Prewitt & Mendelsohn 1966 (the minimum method), which Scrublet uses.
    """
    if len(scores) < FEWEST or np.ptp(scores) == 0:
        return None
    heights, edges = np.histogram(scores, BINS)
    smooth = heights.astype(float)
    for _ in range(SMOOTHINGS):
        smooth = np.convolve(np.pad(smooth, 1, mode="edge"), np.full(3, 1 / 3), mode="valid")
        tops = _tops(smooth)
        if len(tops) <= 2:
            break
    if len(tops) != 2:
        return None
    lowest = tops[0] + int(np.argmin(smooth[tops[0] : tops[1] + 1]))
    threshold = float((edges[lowest] + edges[lowest + 1]) / 2)
    above = float((scores > threshold).mean())
    apart = smooth[lowest] <= FLATTEST_VALLEY * smooth[tops].min()
    return threshold if apart and LEAST_HEAP <= above <= 1 - LEAST_HEAP else None


def _tops(heights: np.ndarray) -> np.ndarray:
    """Places of the maxima; a plateau counts once."""
    rising = np.r_[True, np.diff(heights) > 0]
    level = np.r_[False, np.diff(heights) == 0]
    found, up = [], True
    for place in range(1, len(heights)):
        if rising[place]:
            up = True
        elif not level[place]:
            if up:
                found.append(place - 1)
            up = False
    if up:
        found.append(len(heights) - 1)
    return np.array(found, int)
