"""Settings of runs that take seconds, and what spares them time."""

from __future__ import annotations

from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING

import pytest
import scanpy as sc

from monae_app.engine.config import RunConfig, make_config

if TYPE_CHECKING:
    from collections.abc import Iterator
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


@contextmanager
def brief_layouts() -> Iterator[None]:
    """Lay out in few rounds, where the layout is asked for no more than numbers: they are half of a short run."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sc.tl, "umap", partial(sc.tl.umap, maxiter=10))
        yield


@contextmanager
def hasty_runs() -> Iterator[None]:
    """Lay out in few rounds and fit other features in few steps, where runs are compared with each other alone."""
    with brief_layouts(), pytest.MonkeyPatch.context() as patch:
        patch.setattr("monae_app.engine.training.feature_regression.STEPS", 10)
        yield
