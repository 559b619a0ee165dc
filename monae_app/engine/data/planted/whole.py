"""Draws a whole planted data set of a regime: genome, regulation, cells, counts.

Each part draws from a stream of its own, so asking for means or proteins changes nothing else.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Literal

import anndata as ad
import numpy as np
import pandas as pd

from monae_app.engine.data.planted.measuring import Panel, measure
from monae_app.engine.data.planted.methylation import measure_methylation
from monae_app.engine.data.planted.places import place_genes, place_peaks
from monae_app.engine.data.planted.population import AXES, Cells, draw_cells, draw_centres, draw_composition
from monae_app.engine.data.planted.record import Planted
from monae_app.engine.data.planted.regulation import NOBODY, lead_peaks, load_genes, scan_motifs

if TYPE_CHECKING:
    from monae_app.engine.data.planted.regimes import Regime

# the cells of the RNA, or others
CellsOf = Literal["same", "own"]
PARTS = (
    "genome",
    "regulation",
    "population",
    "rna",
    "atac",
    "rna counts",
    "atac counts",
    "motifs",
    "order",
    "protein",
    "methylation",
)
GENE_BIAS, PEAK_BIAS, PROTEIN_BIAS = 1.2, 0.9, 0.8
PEAK_DISPERSION, PROTEIN_DISPERSION = 2.0, 5.0
PROTEINS, PROTEIN_GAIN, PROTEIN_NOISE, UNSPECIFIC = 40, 1.0, 0.15, 0.2


def make_regime(
    size: tuple[int, int, int],
    regime: Regime,
    *,
    n_types: int,
    seed: int,
    means: bool,
    protein: CellsOf | None,
    methylation: CellsOf | None = None,
) -> Planted:
    """Draw a data set of ``size`` (cells of each modality, genes, peaks); see make_planted."""
    n_cells, n_genes, n_peaks = size
    streams = np.random.default_rng(seed).spawn(len(PARTS))
    rng = dict(zip(PARTS, streams, strict=True))

    genes = place_genes(n_genes, rng["genome"])
    placed = place_peaks(genes, n_peaks, rng["genome"])
    symbols = genes["symbol"].to_numpy(str)
    of_genes, targets = load_genes(n_genes, AXES, rng["regulation"])
    leads = lead_peaks(placed, of_genes, regime, rng["regulation"])

    centres = draw_centres(n_types, rng["population"])
    shares = draw_composition(n_types, regime, rng["population"])
    in_rna = draw_cells(n_cells, shares["rna"], centres, regime.confounding, rng["rna"])
    in_atac = in_rna if regime.paired else draw_cells(n_cells, shares["atac"], centres, regime.confounding, rng["atac"])

    gene_panel = Panel(
        of_genes,
        rng["rna counts"].normal(0, GENE_BIAS, n_genes),
        rng["rna counts"].gamma(2.0, 1.5, n_genes) + 0.3,
        regime.rna_depth,
        regime.ambient,
    )
    peak_panel = Panel(
        leads.loadings,
        rng["atac counts"].normal(0, PEAK_BIAS, n_peaks),
        np.full(n_peaks, PEAK_DISPERSION),
        regime.atac_depth,
        regime.ambient,
    )
    pairs = np.arange(n_cells) if regime.paired else np.full(n_cells, NOBODY)
    rna = _table(in_rna, gene_panel, regime, rng["rna counts"], pairs, "r", means=means)
    rna.var_names = symbols
    rna.uns["tf_targets"] = {symbols[factor]: symbols[mine].tolist() for factor, mine in targets.items()}
    atac = _table(in_atac, peak_panel, regime, rng["atac counts"], pairs, "a", means=means)
    atac.var = _peak_truth(placed, leads.leader, leads.sign, symbols)
    order = rng["order"].permutation(n_cells)
    motifs = scan_motifs(leads.leader, targets, placed.index.tolist(), symbols, rng["motifs"])
    drawn = Planted(rna, _shuffled(atac, order, "a"), genes, in_rna.latent, in_atac.latent[order], motifs)
    for name, whose in (("protein", protein), ("methylation", methylation)):
        if whose is None:
            continue
        chance, shared = rng[name], whose == "same"
        mine = in_rna if shared else draw_cells(n_cells, shares[name], centres, regime.confounding, chance)
        mates = np.arange(n_cells) if shared else np.full(n_cells, NOBODY)
        if shared and not regime.paired:
            rna.obs["pair_id"] = mates
        if name == "protein":
            table = _proteins(mine, of_genes, symbols, regime, chance, mates, means=means)
        else:
            table = measure_methylation(mine, genes, of_genes, regime, chance, means=means)
            table.obs = _obs(mine, np.zeros(n_cells, bool), mates, "m")
        order = chance.permutation(n_cells)
        moved = _shuffled(table, order, name[0])
        drawn = replace(drawn, **{name: moved, f"latent_{name}": mine.latent[order]})
    return drawn


def _table(
    cells: Cells, panel: Panel, regime: Regime, rng: np.random.Generator, pairs: np.ndarray, tag: str, *, means: bool
) -> ad.AnnData:
    measured = measure(cells, panel, regime, rng, means=means)
    table = ad.AnnData(measured.counts, obs=_obs(cells, measured.doublet, pairs, tag))
    if measured.with_batch is not None:
        table.layers["mu"], table.layers["mu0"] = measured.with_batch, measured.without_batch
    return table


def _obs(cells: Cells, doublet: np.ndarray, pairs: np.ndarray, tag: str) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "cell_type": pd.Categorical([f"T{each}" for each in cells.kind]),
            "batch": pd.Categorical([f"B{each}" for each in cells.batch]),
            "pseudotime": cells.pseudotime,
            "branch": pd.Categorical(cells.branch),
            "doublet": doublet,
            "pair_id": pairs,
        },
        index=[f"{tag}{each}" for each in range(len(pairs))],
    )


def _shuffled(table: ad.AnnData, order: np.ndarray, tag: str) -> ad.AnnData:
    """Reorder rows and number them anew, so that neither order nor name tells which cell is which."""
    moved = table[order].copy()
    moved.obs_names = [f"{tag}{each}" for each in range(len(order))]
    return moved


def _peak_truth(placed: pd.DataFrame, leader: np.ndarray, sign: np.ndarray, symbols: np.ndarray) -> pd.DataFrame:
    tile, near = placed["tile"].to_numpy(), placed["near"].to_numpy()
    own = near & (leader == tile)
    distal = (leader != NOBODY) & ~own
    return placed[["chrom", "chromStart", "chromEnd"]].assign(
        true_link=own,
        owner=np.where(near, symbols[tile], ""),
        distal_of=np.where(distal, symbols[leader], ""),
        sign=sign,
    )


def _proteins(
    cells: Cells,
    of_genes: np.ndarray,
    symbols: np.ndarray,
    regime: Regime,
    rng: np.random.Generator,
    pairs: np.ndarray,
    *,
    means: bool,
) -> ad.AnnData:
    """Antibodies against the products of genes that vary, with a share of unspecific binding."""
    varying = np.flatnonzero(of_genes.any(axis=0))
    coding = np.sort(rng.choice(varying, min(PROTEINS, len(varying)), replace=False))
    size = len(coding)
    panel = Panel(
        PROTEIN_GAIN * of_genes[:, coding] + rng.normal(0, PROTEIN_NOISE, (len(of_genes), size)),
        rng.normal(0, PROTEIN_BIAS, size),
        np.full(size, PROTEIN_DISPERSION),
        regime.protein_depth,
        UNSPECIFIC,
    )
    table = _table(cells, panel, regime, rng, pairs, "p", means=means)
    table.var = pd.DataFrame({"gene": symbols[coding]}, index=symbols[coding])
    return table
