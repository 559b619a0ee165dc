"""Planted data of any number of cells, written to disk a block of cells at a time.

The same genome, regulation and population as :mod:`monae_app.engine.data.planted`; what differs is that no more than a
block of counts is ever held. Counts are negative binomial, drawn by inversion: nearly all of them are 0, and the place
of a uniform number against the chance of 0 says so at once.
"""

from __future__ import annotations

import gzip
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import anndata as ad
import h5py
import numpy as np
import pandas as pd
import scipy.sparse as sp

from monae_app.engine.data.planted.measuring import HIGHEST, LIBRARY_SPREAD, LOWEST
from monae_app.engine.data.planted.places import place_genes, place_peaks
from monae_app.engine.data.planted.population import AXES, draw_cells, draw_centres, draw_composition
from monae_app.engine.data.planted.regimes import REGIMES
from monae_app.engine.data.planted.regulation import lead_peaks, load_genes

if TYPE_CHECKING:
    from pathlib import Path

    from monae_app.engine.data.planted.population import Cells

GENES, PEAKS, TYPES = 2000, 20_000, 8
CELLS_AT_ONCE = 2000
ALONE_AXES = 4
GENE_BIAS, PEAK_BIAS, PEAK_DISPERSION = 1.2, 0.9, 2.0
CHUNK = 1 << 20
MOST_COUNTS = 10_000
INPUTS = {"rna": "rna.h5ad", "atac": "atac.h5ad"}
BED = "genes.bed.gz"


@dataclass(frozen=True)
class Readout:
    """What a modality reads out of A axes: loadings (A, F), log share at the origin (F,), inverse dispersion (F,)."""

    loadings: np.ndarray
    bias: np.ndarray
    dispersion: np.ndarray
    depth: float


def write_streamed(folder: Path, n_cells: int, seed: int = 0, *, genes: int = GENES, peaks: int = PEAKS) -> None:
    """Write rna.h5ad, atac.h5ad and genes.bed.gz: the same cells in both, the second in another order.

    Parameters
    ----------
    folder
        Made if need be.
    n_cells
        Of each modality.
    seed
        Of everything.
    genes, peaks
        Features.
    """
    regime = REGIMES["standard"]
    names = ("genome", "regulation", "population", "cells", "order", "rna", "atac")
    rng = dict(zip(names, np.random.default_rng(seed).spawn(len(names)), strict=True))
    placed = place_genes(genes, rng["genome"])
    around = place_peaks(placed, peaks, rng["genome"])
    of_genes, _ = load_genes(genes, AXES, rng["regulation"])
    leads = lead_peaks(around, of_genes, regime, rng["regulation"])
    shares = draw_composition(TYPES, regime, rng["population"])["rna"]
    cells = draw_cells(n_cells, shares, draw_centres(TYPES, rng["population"]), 0.0, rng["cells"])
    rna = Readout(of_genes, rng["rna"].normal(0, GENE_BIAS, genes), rng["rna"].gamma(2.0, 1.5, genes) + 0.3,
                  regime.rna_depth)  # fmt: skip
    atac = Readout(leads.loadings, rng["atac"].normal(0, PEAK_BIAS, peaks), np.full(peaks, PEAK_DISPERSION),
                   regime.atac_depth)  # fmt: skip
    folder.mkdir(parents=True, exist_ok=True)
    with gzip.open(folder / BED, "wt", encoding="utf-8") as file:
        placed.to_csv(file, sep="\t", header=False, index=False)
    var = {"rna": pd.DataFrame(index=placed["symbol"].to_numpy(str)),
           "atac": around[["chrom", "chromStart", "chromEnd"]]}  # fmt: skip
    order = {"rna": np.arange(n_cells), "atac": rng["order"].permutation(n_cells)}
    for name, readout in (("rna", rna), ("atac", atac)):
        _write(folder / INPUTS[name], cells, order[name], readout, var[name], rng[name])


def _write(
    path: Path, cells: Cells, order: np.ndarray, readout: Readout, var: pd.DataFrame, rng: np.random.Generator
) -> None:
    """Write a modality as anndata does."""
    n_cells, n_features = len(order), len(var)
    of_alone = rng.normal(0, REGIMES["standard"].alone, (ALONE_AXES, n_features))
    of_batch = rng.normal(0, REGIMES["standard"].batch, (2, n_features))
    ends = np.zeros(n_cells + 1, np.int64)
    with h5py.File(path, "w") as file:
        matrix = file.create_group("X")
        parts = {"data": np.float32, "indices": np.int32}
        kept = {name: matrix.create_dataset(name, (0,), dtype, maxshape=(None,), chunks=(CHUNK,))
                for name, dtype in parts.items()}  # fmt: skip
        for start in range(0, n_cells, CELLS_AT_ONCE):
            rows = order[start : start + CELLS_AT_ONCE]
            alone = rng.normal(0, 1, (len(rows), ALONE_AXES))
            level = cells.latent[rows] @ readout.loadings + alone @ of_alone + of_batch[cells.batch[rows]]
            block = draw_counts((level + readout.bias).astype(np.float32), readout, rng)
            _append(kept, block)
            ends[start + 1 : start + len(rows) + 1] = ends[start] + block.indptr[1:]
        matrix.create_dataset("indptr", data=ends)
        matrix.attrs.update(
            {"encoding-type": "csr_matrix", "encoding-version": "0.1.0", "shape": (n_cells, n_features)}
        )
        ad.io.write_elem(file, "obs", _obs(cells, order))
        ad.io.write_elem(file, "var", var)
        file.attrs.update({"encoding-type": "anndata", "encoding-version": "0.1.0"})


def _append(kept: dict[str, Any], block: sp.csr_matrix) -> None:
    for name, dataset in kept.items():
        before = len(dataset)
        dataset.resize((before + block.nnz,))
        dataset[before:] = getattr(block, name)


def draw_counts(level: np.ndarray, readout: Readout, rng: np.random.Generator) -> sp.csr_matrix:
    """Draw counts of a block of cells, (n, F), from log shares up to a constant, (n, F) float32.

    Negative binomial of mean m and inverse dispersion t by inversion: P(0) = (t / (t + m))^t, and
    P(k) = P(k - 1) (k - 1 + t) / k * m / (m + t).
    """
    mean = np.exp(np.clip(level, LOWEST, HIGHEST))
    library = np.exp(rng.normal(np.log(readout.depth), LIBRARY_SPREAD, len(mean))).astype(np.float32)
    mean *= (library / mean.sum(axis=1))[:, None]
    size = readout.dispersion.astype(np.float32)
    chance = (size / (size + mean)) ** size
    uniform = rng.random(mean.shape, np.float32)
    row, column = np.nonzero(uniform > chance)
    target, at, theta = (each.astype(np.float64) for each in (uniform[row, column], mean[row, column], size[column]))
    ratio = at / (at + theta)
    mass = (1 - ratio) ** theta
    total = mass.copy()
    counts = np.zeros(len(row), np.float32)
    left = np.arange(len(row))
    for k in range(1, MOST_COUNTS):
        counts[left] = k
        mass[left] *= (k - 1 + theta[left]) / k * ratio[left]
        total[left] += mass[left]
        left = left[target[left] > total[left]]
        if not len(left):
            break
    return sp.csr_matrix((counts, (row, column)), shape=mean.shape)


def _obs(cells: Cells, order: np.ndarray) -> pd.DataFrame:
    frame = {
        "cell_type": pd.Categorical.from_codes(cells.kind[order], [f"T{each}" for each in range(TYPES)]),
        "batch": pd.Categorical.from_codes(cells.batch[order], ["B0", "B1"]),
        "pair_id": order,
    }
    return pd.DataFrame(frame, index=[f"c{each}" for each in range(len(order))])
