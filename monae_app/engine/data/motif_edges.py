"""Motifs as vertices of the whole graph: in which of the modelled peaks each lies, and which gene codes for its factor.

M motifs, P modelled peaks, G modelled genes.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import scipy.sparse as sp

if TYPE_CHECKING:
    from collections.abc import Sequence

    from monae_app.engine.data.motifs.hits import MotifHits

# in fewer of the modelled peaks, a motif has no place of its own
FEWEST_PEAKS = 5


@dataclass(frozen=True, eq=False)
class MotifEdges:
    """Edges of motifs.

    Parameters
    ----------
    names
        Of the motifs, each once, (M,): the id stands behind names that several share.
    in_peaks
        (M, P). The weights of a motif sum to log(1 + P / peaks with it): a motif that lies everywhere says little.
    of_genes
        (G, M), 1 where a gene codes for the factor of a motif; None without genes.
    """

    names: tuple[str, ...]
    in_peaks: sp.csr_matrix = field(repr=False)
    of_genes: sp.csr_matrix | None = field(repr=False)


def motif_edges(hits: MotifHits, peaks: Sequence[str], genes: Sequence[str] | None) -> MotifEdges | None:
    """Take what concerns the modelled features from the hits.

    Parameters
    ----------
    hits
        Of any peaks.
    peaks
        Names of the modelled peaks, (P,).
    genes
        Names of the modelled genes, (G,); None without genes.

    Returns
    -------
    MotifEdges or None
        None if no motif lies in enough of the modelled peaks.
    """
    at = pd.Index(hits.peaks.astype(str)).get_indexer(pd.Index(peaks))
    known = np.flatnonzero(at >= 0)
    rows = sp.csr_matrix((np.ones(len(known), np.float32), (known, at[known])), shape=(len(peaks), len(hits.peaks)))
    present = sp.csr_matrix((rows @ (hits.counts > 0).astype(np.float32)).T)
    times = np.diff(present.indptr)
    kept = np.flatnonzero(times >= FEWEST_PEAKS)
    if not len(kept):
        return None
    weight = np.log1p(len(peaks) / times[kept]) / times[kept]
    in_peaks = sp.csr_matrix(sp.diags(weight) @ present[kept], dtype=np.float32)
    return MotifEdges(_names(hits, kept), in_peaks, None if genes is None else _of_genes(hits, kept, genes))


def _names(hits: MotifHits, kept: np.ndarray) -> tuple[str, ...]:
    names = pd.Series([hits.names[each] for each in kept], dtype=object)
    ids = [hits.ids[each] for each in kept]
    several = names.duplicated(keep=False)
    return tuple(f"{name} ({ids[row]})" if several[row] else str(name) for row, name in enumerate(names))


def _of_genes(hits: MotifHits, kept: np.ndarray, genes: Sequence[str]) -> sp.csr_matrix:
    place = {str(name).casefold(): row for row, name in enumerate(genes)}
    found = {
        (place[gene.casefold()], column)
        for column, motif in enumerate(kept)
        for gene in hits.genes[motif]
        if gene.casefold() in place
    }
    ends = np.array(sorted(found), np.int64).reshape(-1, 2)
    shape = (len(genes), len(kept))
    return sp.csr_matrix((np.ones(len(ends), np.float32), (ends[:, 0], ends[:, 1])), shape=shape)
