"""Which pairs of a gene and a peak are looked at: those that lie near each other. G genes, P peaks."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from monae_app.engine.data.guidance import link_genes_to_peaks

if TYPE_CHECKING:
    import scipy.sparse as sp


def candidate_pairs(
    genes: pd.DataFrame, peaks: pd.DataFrame, guidance: sp.csr_matrix, *, promoter: int, window: int
) -> pd.DataFrame:
    """Find the pairs to be scored: peaks in a gene's body or promoter, or within a window of them.

    Parameters
    ----------
    genes, peaks
        Columns ``chrom``, ``start``, ``end``, of genes ``strand``, (G, 4) and (P, 3); NaN where unknown.
    guidance
        The prior's edges, (G, P).
    promoter, window
        In bp.

    Returns
    -------
    pandas.DataFrame
        ``gene``, ``peak`` (positions), ``distance_bp`` (from the start of the gene to the nearest base of the peak),
        ``weight`` (of the guidance's decay with distance from body and promoter), ``in_guidance``; sorted by gene,
        then peak.
    """
    pairs = link_genes_to_peaks(genes, peaks, promoter=promoter, window=window)
    gene, peak = pairs["gene"].to_numpy(np.int64), pairs["peak"].to_numpy(np.int64)
    reverse = (genes["strand"] == "-").to_numpy()
    begins = np.where(reverse, genes["end"], genes["start"])[gene].astype(np.float64)
    start, end = (peaks[name].to_numpy(np.float64)[peak] for name in ("start", "end"))
    distance = np.maximum(np.maximum(start - begins, begins - end), 0)
    known = np.asarray(guidance[gene, peak]).ravel() != 0 if len(pairs) else np.zeros(0, bool)
    return pd.DataFrame(
        {
            "gene": gene,
            "peak": peak,
            "distance_bp": distance.astype(np.int64),
            "weight": pairs["weight"].to_numpy(np.float64),
            "in_guidance": known,
        }
    )
