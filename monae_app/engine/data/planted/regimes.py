"""How hard a planted data set is.

``standard``: both modalities measure the same cells, 45 % of the peaks in a gene's window follow it, batches are
balanced. ``hostile``: what real data do. Different cells in each modality and a shifted composition, one type absent
from either modality and one at 1 %; fewer peaks follow a gene, some of them a distal one or with negative sign; batch
confounded with type, doublets, ambient counts and a lower depth.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Regime:
    """One degree of difficulty.

    Parameters
    ----------
    paired
        Whether all modalities measure the same cells, in one composition.
    following
        Share of the peaks in a gene's window that follow a gene.
    distal, repressive
        Shares of those that follow another gene than the window's, and that fall when the gene rises.
    alone
        Strength of the axes that one modality alone sees.
    batch
        Standard deviation of the log effect of a batch on a feature.
    confounding
        Difference in the share of a batch between types of even and odd number.
    doublets, ambient
        Share of cells that hold another cell's counts too, and of counts that come from the mean profile.
    rna_depth, atac_depth, protein_depth
        Median counts a cell.
    """

    paired: bool
    following: float
    distal: float
    repressive: float
    alone: float
    batch: float
    confounding: float
    doublets: float
    ambient: float
    rna_depth: float
    atac_depth: float
    protein_depth: float

    def depth(self, modality: str) -> float:
        """Median counts a cell of a modality."""
        return {"rna": self.rna_depth, "atac": self.atac_depth, "protein": self.protein_depth}[modality]


REGIMES = {
    "standard": Regime(
        paired=True,
        following=0.45,
        distal=0.0,
        repressive=0.0,
        alone=0.35,
        batch=0.25,
        confounding=0.0,
        doublets=0.0,
        ambient=0.0,
        rna_depth=1500,
        atac_depth=600,
        protein_depth=1200,
    ),
    "hostile": Regime(
        paired=False,
        following=0.4,
        distal=0.33,
        repressive=0.15,
        alone=0.4,
        batch=0.35,
        confounding=0.6,
        doublets=0.05,
        ambient=0.05,
        rna_depth=1000,
        atac_depth=450,
        protein_depth=800,
    ),
}
