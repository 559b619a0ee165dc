"""Which peaks go with which genes, with p-values that mean something.

G genes, P peaks, L pairs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from monae_app.engine.analysis.differential.discoveries import false_discovery_rates
from monae_app.engine.analysis.regulation.matched_null import (
    null_peaks,
    p_values,
    strata_of,
)
from monae_app.engine.telling import SILENT, Telling

if TYPE_CHECKING:
    import pandas as pd

    from monae_app.engine.analysis.regulation.measured_directions import Directions

GENES_AT_ONCE = 256


def score_links(
    pairs: pd.DataFrame,
    genes: Directions,
    peaks: Directions,
    chrom: tuple[np.ndarray, np.ndarray],
    *,
    seed: int,
    tell: Telling = SILENT,
) -> pd.DataFrame:
    """Score pairs of a gene and a peak, and hold each against peaks of other chromosomes that are like it.

    Parameters
    ----------
    pairs
        From :func:`~monae_app.engine.analysis.regulation.candidate_pairs.candidate_pairs`, (L,).
    genes, peaks
        Measured directions.
    chrom
        Of the genes and of the peaks, (G,) and (P,).
    seed
        Of the sample of null peaks.
    tell
        Told the progress.

    Returns
    -------
    pandas.DataFrame
        The pairs with ``score`` (size of the correlation over cells of what was measured of both, as the embedding
        sees it), ``sign``, ``p`` and ``q`` (Benjamini-Hochberg among pairs of the guidance, and among the others).

    Notes
    -----
    *Source:* the null of matched peaks of other chromosomes follows the one of SHARE-seq (Ma et al. 2020); here peaks
    are matched on how much they vary over cells, too.
    """
    strata = strata_of(peaks.mean, peaks.length)
    gene, peak = pairs["gene"].to_numpy(), pairs["peak"].to_numpy()
    score, p = np.empty(len(pairs), np.float32), np.full(len(pairs), np.nan)
    first, last = np.searchsorted(gene, [np.arange(len(genes.unit)), np.arange(len(genes.unit)) + 1])
    with_pairs = np.flatnonzero(last > first)
    of_genes = chrom[0][with_pairs].astype(str)
    done = 0
    for own in np.unique(of_genes):
        null = null_peaks(chrom[1].astype(str), own, seed)
        mine = with_pairs[of_genes == own]
        against, of_null = peaks.unit[null], strata.of_peak[null]
        for begin in range(0, len(mine), GENES_AT_ONCE):
            block = mine[begin : begin + GENES_AT_ONCE]
            unlinked = genes.unit[block] @ against.T
            for row, number in enumerate(block.tolist()):
                rows = slice(first[number], last[number])
                score[rows] = peaks.unit[peak[rows]] @ genes.unit[number]
                own_strata = strata.of_peak[peak[rows]]
                p[rows] = p_values(unlinked[row], of_null, score[rows], own_strata, strata.n_strata)
            done += len(block)
            tell.part(done, len(with_pairs))
    # a feature that was never seen is linked to nothing
    p[(genes.length[gene] == 0) | (peaks.length[peak] == 0)] = np.nan
    q = np.full(len(pairs), np.nan)
    inside = pairs["in_guidance"].to_numpy(bool)
    for group in (np.flatnonzero(inside), np.flatnonzero(~inside)):
        q[group] = false_discovery_rates(p[group])
    return pairs.assign(score=np.abs(score), sign=np.where(score < 0, -1, 1).astype(np.int8), p=p, q=q)
