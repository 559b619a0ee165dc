"""Planted runs about which it is known whether they worked, small enough to be trained in seconds.

good        the same cells in both modalities, trained long enough
short       the same, stopped while the loss still falls
mismatched  the RNA of one tissue and the ATAC of another
missing     one cell type is in the RNA alone
confounded  each batch holds other cell types
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from monae_app.engine.config import make_config
from monae_app.engine.data.planted import Planted, make_planted
from monae_app.engine.pipeline import run
from monae_app.jobs.run_folder import RunFolder

if TYPE_CHECKING:
    from pathlib import Path

    import anndata as ad

CELLS, GENES, PEAKS, TYPES = 240, 120, 500, 4
STEPS, FEW_STEPS = 160, 15
SMALL = {
    "n_components": 15,
    "anchor_components": 10,
    "latent_shared": 8,
    "latent_private": 4,
    "hidden_width": 32,
    "batch_size": 64,
    "leiden_resolution": 0.5,
    "device": "cpu",
}
CASES = ("good", "short", "mismatched", "missing", "confounded")
# in some draws of so few cells a handful of ATAC strays into the kind that it lacks: a second point to look at
DRAWS = {"missing": 3}


def train_case(case: str, folder: Path, *, seed: int | None = None, cells: int = CELLS, **settings: object) -> Path:
    """Train one of ``CASES`` in a folder and return its run."""
    seed = DRAWS.get(case, 2) if seed is None else seed
    planted = draw(case, seed, cells)
    inputs = {}
    for name in ("rna", "atac"):
        inputs[name] = folder / f"{name}.h5ad"
        folder.mkdir(parents=True, exist_ok=True)
        getattr(planted, name).write_h5ad(inputs[name])
    planted.genes[["chrom", "start", "end", "symbol", "strand"]].to_csv(
        folder / "genes.bed", sep="\t", index=False, header=False
    )
    config = make_config(
        inputs=inputs,
        bed=folder / "genes.bed",
        steps=FEW_STEPS if case == "short" else STEPS,
        batch_key=("batch",),
        **(SMALL | settings),
    )
    files = RunFolder(folder / "run")
    files.path.mkdir(parents=True, exist_ok=True)
    run(config, files.path, on_event=files.append_event)
    return files.path


def draw(case: str, seed: int, cells: int) -> Planted:
    planted = make_planted(n_cells=cells, n_genes=GENES, n_peaks=PEAKS, n_types=TYPES, seed=seed)
    rna, atac = planted.rna, planted.atac
    if case == "mismatched":
        other = make_planted(n_cells=cells, n_genes=GENES, n_peaks=PEAKS, n_types=TYPES, seed=seed + 100)
        atac = other.atac
        atac.obs["cell_type"] = atac.obs["cell_type"].astype(str).str.replace("type", "kind")
        atac.obs["pair_id"] = "-1"
    if case == "missing":
        # the type with most cells, so that it is more than a handful
        lost = rna.obs["cell_type"].value_counts().index[0]
        atac = atac[(atac.obs["cell_type"] != lost).to_numpy()].copy()
    if case == "confounded":
        for table in (rna, atac):
            table.obs["batch"] = _batch_of_type(table)
    return Planted(rna, atac, planted.genes, planted.latent_rna, planted.latent_atac)


def _batch_of_type(table: ad.AnnData) -> np.ndarray:
    number = table.obs["cell_type"].astype(str).str[-1].astype(int).to_numpy()
    return np.where(number % 2, "Tuesday", "Monday")
