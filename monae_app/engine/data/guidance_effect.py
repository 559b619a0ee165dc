"""What promoter length and window do to the links of genes and peaks: computed from places alone, without values.

G genes, P peaks, E edges.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from monae_app.engine.data.genome import harmonise_chromosomes
from monae_app.engine.data.guidance import link_genes_to_peaks

if TYPE_CHECKING:
    from collections.abc import Sequence

COLUMNS = ["chrom", "start", "end", "strand"]


@dataclass(frozen=True)
class GuidanceEffect:
    """Edges between all genes and all peaks of a data set.

    Parameters
    ----------
    genes, peaks
        Names, shapes (G,) and (P,).
    known
        Whether the annotation knows the gene, shape (G,).
    edges_of_gene, edges_of_peak
        Number of edges, shapes (G,) and (P,).
    distance
        bp from gene body and promoter, 0 inside, shape (E,).
    """

    genes: np.ndarray
    peaks: np.ndarray
    known: np.ndarray
    edges_of_gene: np.ndarray
    edges_of_peak: np.ndarray
    distance: np.ndarray

    @property
    def n_edges(self) -> int:
        """Number of edges, E."""
        return len(self.distance)

    def without_edge(self) -> pd.DataFrame:
        """List genes and peaks without an edge: ``modality``, ``name`` and ``reason``."""
        lone = self.edges_of_gene == 0
        genes = pd.DataFrame(
            {
                "modality": "rna",
                "name": self.genes[lone],
                "reason": np.where(self.known[lone], "no peak near it", "not in the annotation"),
            }
        )
        peaks = self.peaks[self.edges_of_peak == 0]
        return pd.concat(
            [genes, pd.DataFrame({"modality": "atac", "name": peaks, "reason": "no gene near it"})], ignore_index=True
        )


def guidance_effect(
    genes: Sequence[str],
    peaks: pd.DataFrame,
    annotation: pd.DataFrame,
    *,
    promoter: int,
    window: int,
    known_as: Sequence[str] | None = None,
) -> GuidanceEffect:
    """Link all genes and peaks of a data set.

    Parameters
    ----------
    genes
        Names as in the data, shape (G,).
    peaks
        Columns ``chrom``, ``start``, ``end``; the index holds the names, shape (P, .).
    annotation
        Columns ``chrom``, ``start``, ``end``, ``symbol``, ``strand``; one row a symbol.
    promoter, window
        In bp, as in :func:`~monae_app.engine.data.guidance.link_genes_to_peaks`.
    known_as
        Names of the genes in the annotation, shape (G,); those of the data unless given.
    """
    places = annotation.set_index("symbol").reindex(pd.Index(genes if known_as is None else known_as))[COLUMNS]
    known = places["chrom"].notna().to_numpy()
    spots = peaks.assign(chrom=harmonise_chromosomes(peaks["chrom"], places.loc[known, "chrom"].unique()))
    pairs = link_genes_to_peaks(places, spots, promoter=promoter, window=window)
    return GuidanceEffect(
        np.asarray(genes, object),
        peaks.index.to_numpy(object),
        known,
        np.bincount(pairs["gene"], minlength=len(places)),
        np.bincount(pairs["peak"], minlength=len(peaks)),
        pairs["distance"].to_numpy(np.int64),
    )
