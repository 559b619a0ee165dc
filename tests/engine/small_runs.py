"""Settings of runs that take seconds."""

from __future__ import annotations

from typing import TYPE_CHECKING

from monae_app.engine.config import RunConfig, make_config

if TYPE_CHECKING:
    from pathlib import Path


def small_config(folder: Path, **changes: object) -> RunConfig:
    """Read what a planted set has written into a folder."""
    values = {
        "inputs": {name: folder / f"{name}.h5ad" for name in ("rna", "atac")},
        "bed": folder / "genes.bed.gz",
        "batch_size": 64,
        "latent_shared": 8,
        "n_top_genes": 60,
    }
    return make_config(**(values | changes))
