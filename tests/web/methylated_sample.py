"""The tiny sample with methylation in place of peaks: levels from 0 to 1 in the fewest places, and a run of its own."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import anndata as ad
import numpy as np
import pandas as pd
import scipy.sparse as sp

from monae_app.engine.result import Result
from tests.web.tiny_sample import CELLS, PEAKS, SHARED, TYPES, write_sample

if TYPE_CHECKING:
    from pathlib import Path

# share of the places that reads cover
COVERED = 0.15
READS = 6


def write_methylated(root: Path, name: str = "methylated") -> Path:
    """Write ``root``/``name`` as the tiny sample is written, with methylation in place of ATAC; return it.

    No cell of the last type covers the first region, and each type has the regions of its own quarter low.
    """
    folder = write_sample(root, name)
    measured = _table(np.random.default_rng(1))
    measured.write_h5ad(folder / "methylation.h5ad")
    (folder / "atac.h5ad").unlink()
    about = json.loads((folder / "sample.json").read_text())
    inputs = {"rna": "rna.h5ad", "methylation": "methylation.h5ad"}
    (folder / "sample.json").write_text(json.dumps(about | {"title": "Methylated sample", "inputs": inputs}))
    _result(folder, measured).save(folder / "run")
    return folder


def covered_levels(table: ad.AnnData) -> np.ndarray:
    """Levels as measured, (cells, regions), NaN where no read covers a region."""
    methylated, total = (table.layers[name].toarray() for name in ("methylated", "total"))
    return np.divide(methylated, total, out=np.full(total.shape, np.nan), where=total > 0)


def _table(generator: np.random.Generator) -> ad.AnnData:
    kind = np.arange(CELLS) % len(TYPES)
    starts = [100_000 * (i // 2 + 1) + 5_000 * (i % 2) for i in range(PEAKS)]
    var = pd.DataFrame({"chrom": "chr1", "chromStart": starts, "chromEnd": [start + 500 for start in starts]})
    var["context"] = "CG"
    var.index = [f"chr1:{start}-{start + 500}_CG" for start in starts]
    low = (np.arange(PEAKS) * len(TYPES) // PEAKS)[None] == kind[:, None]
    total = READS * (generator.random((CELLS, PEAKS)) < COVERED)
    total[kind == len(TYPES) - 1, 0] = 0
    methylated = generator.binomial(total, np.where(low, 0.1, 0.8))
    obs = pd.DataFrame({"cell_type": pd.Categorical(np.array(TYPES)[kind])}, index=[f"cell{i}" for i in range(CELLS)])
    layers = {
        name: sp.csr_matrix(each, dtype=np.float32) for name, each in (("methylated", methylated), ("total", total))
    }
    return ad.AnnData(obs=obs, var=var, layers=layers)


def _result(folder: Path, measured: ad.AnnData) -> Result:
    made = Result.load(folder / "run")
    cells, features, report = made.cells, made.features, made.report
    for table in (cells, features):
        table.obs["modality"] = table.obs["modality"].astype(str).replace("atac", "methylation").astype("category")
        table.obs_names = [each.replace("atac:", "methylation:") for each in table.obs_names]
    mine = (features.obs["modality"] == "methylation").to_numpy()
    features.obs["name"] = [*features.obs["name"].astype(str)[~mine], *measured.var_names]
    features.obs_names = [f"{m}:{n}" for m, n in zip(features.obs["modality"], features.obs["name"], strict=True)]
    # logits: a type is low where its genes are high
    features.obsm["X_monae"][mine] = -np.eye(SHARED, dtype=np.float32)[np.arange(PEAKS) * SHARED // PEAKS]
    features.obsm["bias"][mine] = 1.0
    del cells.obs["normaliser_atac"]
    cells.obs["normaliser_methylation"] = np.nan
    said = report["dataset"]["modalities"]
    about = said.pop("atac") | {"path": "methylation.h5ad", "values": "levels", "likelihood": "beta_binomial"}
    said["methylation"] = about
    inputs = {"rna": folder / "rna.h5ad", "methylation": folder / "methylation.h5ad"}
    config = made.config.model_copy(update={"inputs": {name: (path,) for name, path in inputs.items()}})
    return Result(config, cells, features, report)
