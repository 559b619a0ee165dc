"""A finished run of any number of cells, written without training: planted groups, all files that the map reads."""

from __future__ import annotations

from typing import TYPE_CHECKING

import anndata as ad
import h5py
import numpy as np
import pandas as pd
import scipy.sparse as sp

from monae_app.engine.config import make_config
from monae_app.engine.result import Result
from monae_app.jobs.progress import Status
from monae_app.jobs.run_folder import RunFolder

if TYPE_CHECKING:
    from pathlib import Path

GENES, PEAKS, MODELLED = 20_000, 20_000, 2_000
SHARED, PRIVATE, GROUPS = 20, 5, 30
# Of the matrix of measured counts: how many genes of each cell are not zero.
COUNTED = 100
ROWS_AT_ONCE = 50_000
# Peaks take turns among the chromosomes.
CHROMOSOMES, STEP, PEAK_WIDTH = 22, 1000, 500


def write_run(folder: Path, n_cells: int, *, genes: int = GENES, peaks: int = PEAKS, seed: int = 0) -> Path:
    """Write a finished run of RNA and ATAC, half of the cells each; return its folder.

    Parameters
    ----------
    folder
        Of the run; the inputs that it names lie beside it and need not exist.
    n_cells
        Of both modalities together.
    genes, peaks
        Number of features; 2,000 of the genes were modelled jointly.
    """
    generator = np.random.default_rng(seed)
    counts = {"rna": n_cells - n_cells // 2, "atac": n_cells // 2}
    inputs = {modality: folder.parent / f"{modality}.h5ad" for modality in counts}
    group = generator.integers(0, GROUPS, n_cells)
    centres = generator.normal(0, 1, (GROUPS, SHARED)).astype(np.float32)
    features = _features(genes, peaks, generator)
    said = {
        modality: {"path": f"{modality}.h5ad", "cells": count, "features": features.n_obs, "likelihood": "nb"}
        for modality, count in counts.items()
    }
    dataset = {"modalities": said, "labels": ["cell_type"], "batches": ["sample"], "warnings": []}
    report = {"metrics": {"cells": n_cells}, "label": "cell_type", "dataset": dataset, "device": "cpu", "warnings": []}
    cells = _cells(counts, group, centres, generator)
    Result(make_config(inputs=inputs, genome="hg38"), cells, features, report).save(folder)
    RunFolder(folder).write_status(Status(state="done", name=f"{n_cells:,} cells", message="Done"))
    return folder


def _cells(
    counts: dict[str, int], group: np.ndarray, centres: np.ndarray, generator: np.random.Generator
) -> ad.AnnData:
    n_cells = len(group)
    modality = np.repeat(list(counts), list(counts.values()))
    library = generator.lognormal(8, 0.4, n_cells).astype(np.float32)
    number = np.concatenate([np.arange(count) for count in counts.values()])
    obs = pd.DataFrame(
        {
            "modality": pd.Categorical(modality, categories=list(counts)),
            "pair_id": pd.Categorical.from_codes(number, [f"cell{i}" for i in range(max(counts.values()))]),
            "library_size": library,
            "cell_type": pd.Categorical.from_codes(group, [f"type {i}" for i in range(GROUPS)]),
            "sample": pd.Categorical.from_codes(generator.integers(0, 8, n_cells), [f"donor {i}" for i in range(8)]),
            "n_features": (library / 3).astype(np.int64),
            "doublet_score": generator.random(n_cells).astype(np.float32),
            "held_out": generator.random(n_cells) < 0.05,
            "normaliser_rna": generator.lognormal(10, 0.3, n_cells).astype(np.float32),
            "normaliser_atac": generator.lognormal(10, 0.3, n_cells).astype(np.float32),
            "leiden": pd.Categorical.from_codes((group + 1) % GROUPS, [str(i) for i in range(GROUPS)]),
        },
        index=[f"{name}:{cell_name(i)}" for name, count in counts.items() for i in range(count)],
    )
    place = generator.normal(0, 8, (GROUPS, 2)).astype(np.float32)
    noise = generator.standard_normal((n_cells, SHARED), np.float32)
    obsm = {
        "X_monae": centres[group] + 0.3 * noise,
        "X_private": generator.standard_normal((n_cells, PRIVATE), np.float32),
        "X_umap": place[group] + generator.standard_normal((n_cells, 2), np.float32),
    }
    return ad.AnnData(obs=obs, obsm=obsm)


def cell_name(number: int) -> str:
    """Name of a cell in the input, as long as a barcode."""
    return f"BARCODE{number:09d}-1"


def _features(genes: int, peaks: int, generator: np.random.Generator) -> ad.AnnData:
    starts = STEP * np.arange(peaks, dtype=np.int64)
    chrom = np.array([f"chr{1 + i % CHROMOSOMES}" for i in range(peaks)])
    names = [f"GENE{i}" for i in range(genes)]
    names += [f"{c}:{start}-{start + PEAK_WIDTH}" for c, start in zip(chrom, starts, strict=True)]
    modality = np.repeat(["rna", "atac"], [genes, peaks])
    number = genes + peaks
    obs = pd.DataFrame(
        {
            "modality": pd.Categorical(modality, categories=["rna", "atac"]),
            "name": names,
            "chrom": pd.Categorical(np.r_[np.full(genes, "chr1"), chrom]),
            "chromStart": np.r_[np.arange(genes) * 10_000, starts],
            "chromEnd": np.r_[np.arange(genes) * 10_000 + 5_000, starts + PEAK_WIDTH],
            "modelled": np.r_[np.arange(genes) < MODELLED, np.ones(peaks, bool)],
            "gene_id": [f"ENSG{i:011d}" for i in range(genes)] + [""] * peaks,
        },
        index=[f"{kind}:{name}" for kind, name in zip(modality, names, strict=True)],
    )
    found = ad.AnnData(obs=obs)
    for name, width in (("X_monae", SHARED), ("X_private", PRIVATE)):
        found.obsm[name] = 0.3 * generator.standard_normal((number, width), np.float32)
    found.obsm["scale"] = generator.uniform(0.5, 2, (number, 1)).astype(np.float32)
    found.obsm["bias"] = generator.normal(0, 1, (number, 1)).astype(np.float32)
    found.obsm["dispersion"] = np.ones((number, 1), np.float32)
    found.uns |= {"batches": ["all"], "reference_batch": "all"}
    return found


def write_input(path: Path, n_cells: int, layout: str, *, genes: int = GENES, seed: int = 0) -> Path:
    """Write measured counts as an .h5ad that is compressed by rows (``csr``) or by columns (``csc``)."""
    generator = np.random.default_rng(seed)
    blocks = []
    for start in range(0, n_cells, ROWS_AT_ONCE):
        rows = min(ROWS_AT_ONCE, n_cells - start)
        columns = np.sort(generator.integers(0, genes, (rows, COUNTED), dtype=np.int32), axis=1)
        values = generator.integers(1, 20, rows * COUNTED).astype(np.float32)
        blocks.append(sp.csr_matrix((values, columns.ravel(), np.arange(rows + 1) * COUNTED), shape=(rows, genes)))
    counts = sp.vstack(blocks, format=layout)
    counts.sum_duplicates()
    table = ad.AnnData(counts, obs=pd.DataFrame(index=[cell_name(i) for i in range(n_cells)]))
    table.var_names = [f"GENE{i}" for i in range(genes)]
    with h5py.File(path, "w") as file:
        ad.io.write_elem(file, "/", table)
        file.pop("raw", None)
    return path
