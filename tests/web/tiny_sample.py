"""A bundled sample in small: planted cell types, input files, and a finished run made without training."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import anndata as ad
import numpy as np
import pandas as pd
import scipy.sparse as sp

from monae_app.engine.config import make_config
from monae_app.engine.result import Result
from monae_app.jobs.run_folder import RunFolder

if TYPE_CHECKING:
    from pathlib import Path

TYPES = ("Astro", "Endo", "L2/3", "Oligo")
CELLS, GENES, PEAKS = 120, 60, 120
SHARED = 4


def write_sample(root: Path, name: str = "tiny") -> Path:
    """Write ``root``/``name`` with rna.h5ad, atac.h5ad, genes.bed, sample.json and a finished run; return it."""
    folder = root / name
    (folder / "run").mkdir(parents=True)
    generator = np.random.default_rng(0)
    tables = {"rna": _table("rna", generator), "atac": _table("atac", generator)}
    for modality, table in tables.items():
        table.write_h5ad(folder / f"{modality}.h5ad")
    starts = 100_000 * (np.arange(GENES) + 1)
    rows = [f"chr1\t{start}\t{start + 20_000}\tGene{i}\t+" for i, start in enumerate(starts)]
    (folder / "genes.bed").write_text("\n".join(rows) + "\n")
    inputs = {"rna": "rna.h5ad", "atac": "atac.h5ad"}
    about = {"title": "Tiny sample", "description": "Planted.", "bed": "genes.bed", "inputs": inputs, "cells": CELLS}
    (folder / "sample.json").write_text(json.dumps(about))
    _result(folder, tables, generator).save(folder / "run")
    run = RunFolder(folder / "run")
    for step in range(1, 11):
        run.append_event({"stage": "train", "step": step, "steps": 10, "loss": 1 / step, "loss_kl_rna": 0.1 / step})
    return folder


def _types() -> np.ndarray:
    return np.arange(CELLS) % len(TYPES)


def _table(modality: str, generator: np.random.Generator) -> ad.AnnData:
    width = GENES if modality == "rna" else PEAKS
    if modality == "rna":
        var = pd.DataFrame(index=[f"Gene{i}" for i in range(GENES)])
    else:
        starts = [100_000 * (i // 2 + 1) + 5_000 * (i % 2) for i in range(PEAKS)]
        var = pd.DataFrame({"chrom": "chr1", "chromStart": starts, "chromEnd": [start + 500 for start in starts]})
        var.index = [f"chr1:{start}-{start + 500}" for start in starts]
    # Each type has the features of its own quarter high.
    high = (np.arange(width) * len(TYPES) // width)[None] == _types()[:, None]
    counts = generator.poisson(np.where(high, 6.0, 0.6)).astype(np.float32)
    labels = np.array(TYPES)[_types()]
    obs = pd.DataFrame({"cell_type": pd.Categorical(labels)}, index=[f"cell{i}" for i in range(CELLS)])
    return ad.AnnData(sp.csr_matrix(counts), obs=obs, var=var)


def _result(folder: Path, tables: dict[str, ad.AnnData], generator: np.random.Generator) -> Result:
    latent = np.eye(len(TYPES), SHARED, dtype=np.float32)[np.r_[_types(), _types()]]
    obs = pd.concat([table.obs for table in tables.values()])
    obs.index = [f"{modality}:{name}" for modality, table in tables.items() for name in table.obs_names]
    obs["modality"] = pd.Categorical(np.repeat(["rna", "atac"], CELLS), categories=["rna", "atac"])
    obs["pair_id"] = [name.split(":")[1] for name in obs.index]
    obs["library_size"] = np.concatenate([np.asarray(table.X.sum(1)).ravel() for table in tables.values()])
    obs["leiden"] = pd.Categorical([str(i) for i in np.r_[_types(), _types()]])
    features = pd.concat([_features(modality, table) for modality, table in tables.items()])
    vectors = np.concatenate([np.eye(SHARED)[np.arange(t.n_vars) * SHARED // t.n_vars] for t in tables.values()])
    for modality in tables:
        obs[f"normaliser_{modality}"] = np.exp(2 * latent @ vectors[features["modality"] == modality].T).sum(1)
    cells = ad.AnnData(obs=obs)
    cells.obsm["X_monae"] = latent
    cells.obsm["X_private"] = np.zeros((len(obs), 1), np.float32)
    cells.obsm["X_umap"] = (4 * latent[:, :2] + latent[:, 2:] + generator.normal(0, 0.2, (len(obs), 2))).astype("f4")
    table = ad.AnnData(obs=features)
    table.obsm["X_monae"] = vectors.astype(np.float32)
    table.obsm["X_private"] = np.zeros((len(features), 1), np.float32)
    table.obsm["scale"] = np.full((len(features), 1), 2.0, np.float32)
    table.obsm["bias"] = table.obsm["dispersion"] = np.zeros((len(features), 1), np.float32)
    table.obsp["guidance"], table.obsp["refined"] = _graphs(vectors)
    table.uns["batches"] = ["all"]
    table.uns["reference_batch"] = "all"
    inputs = {modality: folder / f"{modality}.h5ad" for modality in tables}
    config = make_config(inputs=inputs, bed=folder / "genes.bed")
    return Result(config, cells, table, _report(tables))


def _graphs(vectors: np.ndarray) -> tuple[sp.csr_matrix, sp.csr_matrix]:
    """Two peaks lie in each gene and are linked to it; the refined graph holds those of the next gene too."""
    gene = np.repeat(np.arange(GENES), 4)
    peak = (2 * gene + np.tile(np.arange(4), GENES)) % PEAKS
    ends, near = (gene, GENES + peak), peak // 2 == gene
    cosine = np.einsum("ed,ed->e", vectors[ends[0]], vectors[ends[1]])
    found = []
    for weight in (near.astype(np.float32), (1 + cosine.astype(np.float32)) / 2):
        half = sp.coo_matrix((weight, ends), (GENES + PEAKS, GENES + PEAKS)).tocsr()
        half.eliminate_zeros()
        found.append((half + half.T).tocsr())
    return found[0], found[1]


def _features(modality: str, table: ad.AnnData) -> pd.DataFrame:
    index = [f"{modality}:{name}" for name in table.var_names]
    frame = pd.DataFrame({"modality": modality, "name": list(table.var_names), "modelled": True}, index=index)
    return frame.assign(chrom="chr1", chromStart=0, chromEnd=1)


def _report(tables: dict[str, ad.AnnData]) -> dict:
    said = {
        modality: {
            "path": f"{modality}.h5ad", "cells": table.n_obs, "features": table.n_vars, "nonzero_share": 0.5,
            "values": "counts", "likelihood": "nb", "median_counts": 120.0, "median_features": 40.0,
            "obs_columns": [{"name": "cell_type", "kind": "categorical", "n_unique": 4, "example": "Astro"}],
        }
        for modality, table in tables.items()
    }  # fmt: skip
    links = {
        "edges": PEAKS,
        "genes_linked": GENES,
        "genes_without_edge": 0,
        "peaks_linked": PEAKS,
        "peaks_without_edge": 0,
    }
    dataset = {
        "modalities": said,
        "genome": None,
        "guidance": links | {"peaks_without_edge": 0},
        "coinciding_names": CELLS,
    }
    dataset |= {"labels": ["cell_type"], "batches": [], "warnings": ["rna: planted."]}
    metrics = {"cells": 2 * CELLS, "foscttm": 0.1, "same_modality": 0.5, "label_transfer": 1.0, "ari": 1.0}
    return {"metrics": metrics, "label": "cell_type", "dataset": dataset, "device": "cpu", "seed": 0, "warnings": []}
