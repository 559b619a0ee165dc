"""How much the motifs of a factor stand in the peaks of a gene, beyond what chance puts there.

G genes, P peaks, M motifs.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import scipy.sparse as sp

if TYPE_CHECKING:
    import pandas as pd

    from monae_app.engine.data.motifs.hits import MotifHits

# hits of any motif that a peak is credited with beside its own, so that few motifs do not decide how rich it is
PRIOR_HITS = 10.0
SMALLEST_VARIANCE = 0.05
MOST_LIKELY = 0.9


def links_of_genes(links: pd.DataFrame, n_genes: int, n_peaks: int) -> sp.csr_matrix:
    """How much each peak speaks for each gene, (G, P): the score of the pair times the decay with distance."""
    weight = (links["score"] * links["weight"]).to_numpy(np.float64)
    return sp.csr_matrix((weight, (links["gene"], links["peak"])), shape=(n_genes, n_peaks))


@dataclass(frozen=True)
class MotifSupport:
    """Motif hits, asked over genes.

    Parameters
    ----------
    hits
        Rows are the P peaks of the run.
    speaks
        How much each peak speaks for each gene, (G, P).
    """

    hits: MotifHits
    speaks: sp.csr_matrix

    def __post_init__(self) -> None:
        any_motif = np.diff(self.hits.counts.indptr).astype(np.float64)
        rich = (any_motif + PRIOR_HITS) / (any_motif.mean() + PRIOR_HITS)
        object.__setattr__(self, "_rich", rich)
        object.__setattr__(self, "_squared", self.speaks.multiply(self.speaks).tocsr())

    def peaks_of(self, factor: str) -> np.ndarray | None:
        """Whether each peak has a motif of a factor, (P,) bool; None for a factor without motifs."""
        columns = self.hits.named(factor)
        if not columns:
            return None
        return np.asarray(self.hits.counts[:, columns].sum(axis=1) > 0).ravel()

    def over_genes(self, has: np.ndarray) -> np.ndarray:
        """Say how far the motifs in each gene's peaks go beyond chance, in standard deviations, (G,).

        Parameters
        ----------
        has
            Whether each peak has a motif, (P,) bool.

        Notes
        -----
        By chance a peak has one with a probability that grows with the number of all other motifs in it: long peaks
        and those rich in GC have more of any.
        """
        rich: np.ndarray = self._rich  # type: ignore[attr-defined]
        squared: sp.csr_matrix = self._squared  # type: ignore[attr-defined]
        chance = np.minimum(has.mean() * rich / rich.mean(), MOST_LIKELY)
        variance = squared @ (chance * (1 - chance)) + SMALLEST_VARIANCE
        return np.asarray((self.speaks @ (has - chance)) / np.sqrt(variance))

    def shuffled(self, has: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Give as many motifs to other peaks, drawn by how rich in motifs they are, (P,) bool."""
        rich: np.ndarray = self._rich  # type: ignore[attr-defined]
        # the largest of weighted exponential draws: a weighted sample without replacement
        keys = rng.exponential(size=len(has)) / rich
        chosen = np.zeros(len(has), bool)
        chosen[np.argpartition(keys, max(int(has.sum()) - 1, 0))[: int(has.sum())]] = True
        return chosen

    def counted(self, has: np.ndarray) -> np.ndarray:
        """Count the peaks with a motif among those that are candidates of each gene, (G,)."""
        return np.asarray((self.speaks > 0).astype(np.int64) @ has.astype(np.int64)).ravel()
