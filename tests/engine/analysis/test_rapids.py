"""Where RAPIDS and a GPU are, they map all cells; a stand-in with its names and arguments is what there is here."""

from __future__ import annotations

import sys
from importlib.machinery import ModuleSpec
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import pytest
import scanpy as sc

from monae_app.engine.analysis import integration
from monae_app.engine.analysis.integration import map_cells
from monae_app.engine.analysis.rapids import rapids

pytestmark = pytest.mark.usefixtures("brief_umap")


@pytest.fixture
def gpus(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """RAPIDS is installed and finds as many GPUs as are listed; what it does is listed, too."""
    done: list[str] = []

    def neighbours(table: Any, n_neighbors: int, *, use_rep: str, random_state: int) -> None:
        done.append("neighbors")
        sc.pp.neighbors(table, n_neighbors, use_rep=use_rep, random_state=random_state, transformer="sklearn")

    def leiden(table: Any, resolution: float, *, random_state: int) -> None:
        done.append("leiden")
        sc.tl.leiden(table, resolution, random_state=random_state, flavor="igraph", n_iterations=2, directed=False)

    def umap(table: Any, *, min_dist: float, random_state: int) -> None:
        done.append("umap")
        rng = np.random.default_rng(random_state)
        table.obsm["X_umap"] = table.obsm["X"][:, :2] + min_dist * rng.normal(size=(table.n_obs, 2))

    library, arrays = ModuleType("rapids_singlecell"), ModuleType("cupy")
    library.pp = SimpleNamespace(neighbors=neighbours)  # type: ignore[attr-defined]
    library.tl = SimpleNamespace(leiden=leiden, umap=umap)  # type: ignore[attr-defined]
    arrays.cuda = SimpleNamespace(runtime=SimpleNamespace(getDeviceCount=lambda: 1))  # type: ignore[attr-defined]
    for module in (library, arrays):
        module.__spec__ = ModuleSpec(module.__name__, None)
        monkeypatch.setitem(sys.modules, module.__name__, module)
    return done


def mapped(n_cells: int = 120, *, on_gpu: bool = True) -> integration.CellMap:
    cells = np.random.default_rng(0).normal(0, 1, (n_cells, 6))
    return map_cells(cells, n_neighbors=10, min_dist=0.3, resolution=0.5, seed=0, on_gpu=on_gpu)


def test_all_cells_are_mapped_there_however_many(gpus: list[str], monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(integration, "SKETCHED_FROM", 100)
    found = mapped()
    assert gpus == ["neighbors", "leiden", "umap"]
    assert found.umap.shape == (120, 2)
    assert found.umap.dtype == np.float32
    assert found.neighbours.shape == (120, 120)
    assert len(found.leiden) == 120


def test_a_run_that_is_told_to_use_the_cpu_uses_the_cpu(gpus: list[str]):
    mapped(on_gpu=False)
    assert gpus == []


def test_it_is_used_only_where_it_can_be(gpus: list[str], monkeypatch: pytest.MonkeyPatch):
    assert rapids() is not None
    monkeypatch.setenv("MONAE_RAPIDS", "0")
    assert rapids() is None
    monkeypatch.delenv("MONAE_RAPIDS")
    runtime = sys.modules["cupy"].cuda.runtime
    monkeypatch.setattr(runtime, "getDeviceCount", lambda: 0)
    assert rapids() is None

    def without_driver() -> int:
        msg = "cudaErrorInsufficientDriver"
        raise RuntimeError(msg)

    monkeypatch.setattr(runtime, "getDeviceCount", without_driver)
    assert rapids() is None
    mapped()
    assert gpus == []


def test_without_it_nothing_is_looked_for():
    assert rapids() is None
