from __future__ import annotations

import subprocess
import sys

import numba
import numpy as np

from monae_app.engine.analysis.compiled import import_umap
from monae_app.engine.analysis.integration import map_cells

ANOTHER_PROCESS = """
import numpy as np
from monae_app.engine.analysis.compiled import import_umap
from tests.engine.analysis.test_compiled import kept, map_of_some_cells
found = map_of_some_cells()
asked = [each.stats for each in kept()]
print(sum(len(each.cache_misses) for each in asked), sum(len(each.cache_hits) for each in asked), found.sum().hex())
"""


def map_of_some_cells() -> np.ndarray:
    cells = np.random.default_rng(0).normal(size=(120, 4))
    found = map_cells(cells, n_neighbors=15, min_dist=0.3, resolution=0.5, seed=0)
    return found.umap.astype(np.float64)


def kept() -> list:
    """All functions of umap-learn and pynndescent that numba compiles and keeps."""
    import_umap()
    modules = [module for name, module in list(sys.modules.items()) if name.split(".")[0] in ("umap", "pynndescent")]
    kind = type(numba.njit(map_of_some_cells))
    found = {id(each): each for module in modules for each in vars(module).values() if isinstance(each, kind)}
    return [each for each in found.values() if each.stats.cache_path]


def test_functions_of_umap_are_kept_and_others_are_as_they_were_declared():
    names = {each.py_func.__name__ for each in kept()}
    assert {"smooth_knn_dist", "compute_membership_strengths", "_optimize_layout_euclidean_single_epoch"} <= names
    assert numba.njit(map_of_some_cells).stats.cache_path is None


def test_another_process_compiles_nothing_and_draws_the_same_map():
    here = map_of_some_cells()
    done = subprocess.run([sys.executable, "-c", ANOTHER_PROCESS], capture_output=True, text=True, check=True)
    misses, hits, total = done.stdout.split()
    assert int(misses) == 0
    assert int(hits) > 20
    assert total == here.sum().hex()
