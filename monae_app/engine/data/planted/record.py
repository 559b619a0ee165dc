"""What a planted data set holds, and how it is written."""

from __future__ import annotations

import gzip
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from pathlib import Path

    import anndata as ad
    import pandas as pd


@dataclass(frozen=True)
class Planted:
    """Modalities and their truth.

    Parameters
    ----------
    rna, atac
        Counts; obs ``cell_type``, ``batch``, ``pair_id`` (equal for the profiles of one cell, -1 where there are no
        pairs); the rows of ``atac`` are shuffled and no cell's name coincides. ``atac.var`` holds ``owner``, the gene
        whose window a peak lies in or "". Plain data says by ``follows`` whether the peak really follows that gene.
        The other regimes say it by ``true_link``, name by ``distal_of`` another gene that the peak follows, and give
        the ``sign``; their obs has ``pseudotime`` and ``branch`` (types 0, 1, then 2 or 3) and ``doublet``, and
        ``rna.uns["tf_targets"]`` maps transcription factors to their targets. Layers ``mu`` and ``mu0`` if asked for.
    genes
        chrom, start, end, symbol, strand.
    latent_rna, latent_atac
        The hidden axes of the cells, rows as in the tables: what they score is the ceiling of any method.
    motif_peaks
        Motif hits, with misses and false hits: peak, tf.
    protein, latent_protein
        Antibody counts, each antibody named by the gene that encodes its target, which ``var["gene"]`` repeats.
    methylation, latent_methylation
        Layers ``methylated`` and ``total`` of the reads of promoters and gene bodies, and ``mu0``, the level without
        batch and global level, if means were asked for; var ``gene``, ``place``, ``context``, ``sign`` (0 where a
        region varies by itself) and ``follows``.
    """

    rna: ad.AnnData
    atac: ad.AnnData
    genes: pd.DataFrame
    latent_rna: np.ndarray
    latent_atac: np.ndarray
    motif_peaks: pd.DataFrame | None = None
    protein: ad.AnnData | None = None
    latent_protein: np.ndarray | None = None
    methylation: ad.AnnData | None = None
    latent_methylation: np.ndarray | None = None

    def write(self, folder: Path) -> None:
        """Write rna.h5ad, atac.h5ad, genes.bed.gz, truth.npz (z_rna, z_atac) and what else there is.

        That is protein.h5ad (and z_protein), methylation.h5ad (and z_methylation) and motif_peaks.tsv.gz.
        """
        folder.mkdir(parents=True, exist_ok=True)
        truth = {"z_rna": self.latent_rna, "z_atac": self.latent_atac}
        self.rna.write_h5ad(folder / "rna.h5ad")
        self.atac.write_h5ad(folder / "atac.h5ad")
        if self.protein is not None and self.latent_protein is not None:
            self.protein.write_h5ad(folder / "protein.h5ad")
            truth["z_protein"] = self.latent_protein
        if self.methylation is not None and self.latent_methylation is not None:
            self.methylation.write_h5ad(folder / "methylation.h5ad")
            truth["z_methylation"] = self.latent_methylation
        np.savez(folder / "truth.npz", **truth)  # type: ignore[arg-type]
        with gzip.open(folder / "genes.bed.gz", "wt", encoding="utf-8") as file:
            self.genes.to_csv(file, sep="\t", header=False, index=False)
        if self.motif_peaks is not None:
            self.motif_peaks.to_csv(folder / "motif_peaks.tsv.gz", sep="\t", index=False)
