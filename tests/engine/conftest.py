from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp

from monae_app.engine.config import RunConfig, make_config
from monae_app.engine.data.coordinates import locate_features
from monae_app.engine.data.dataset import Dataset, Modality
from monae_app.engine.data.linking import link, modelled_features
from monae_app.engine.data.planted import Planted, make_planted
from monae_app.engine.data.preprocess import Prepared, prepare
from monae_app.engine.data.reading import read_dataset
from monae_app.engine.training.linked_view import with_linked_genes
from tests.engine.small_runs import brief_layouts, hasty_runs

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from monae_app.engine.data.guidance import GuidanceGraph


@pytest.fixture(scope="session")
def planted() -> Planted:
    return make_planted(n_cells=120, n_genes=80, n_peaks=300, n_types=3, seed=1)


@pytest.fixture(scope="session")
def planted_folder(planted: Planted, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("planted")
    planted.write(folder)
    return folder


@pytest.fixture(scope="session")
def planted_config(planted_folder: Path) -> RunConfig:
    return make_config(
        inputs={"rna": planted_folder / "rna.h5ad", "atac": planted_folder / "atac.h5ad"},
        bed=planted_folder / "genes.bed.gz",
        window=20_000,
        n_components=12,
        anchor_components=8,
        latent_shared=6,
        latent_private=4,
        hidden_width=16,
    )


@pytest.fixture(scope="session")
def dataset(planted_config: RunConfig) -> Dataset:
    return read_dataset(planted_config)


@pytest.fixture(scope="session")
def located(dataset: Dataset, planted_config: RunConfig) -> dict[str, pd.DataFrame]:
    return locate_features(dataset, planted_config)


@pytest.fixture(scope="session")
def graph(dataset: Dataset, located: dict[str, pd.DataFrame], planted_config: RunConfig) -> GuidanceGraph:
    return link(dataset, located, planted_config)


@pytest.fixture(scope="session")
def prepared(dataset: Dataset, graph: GuidanceGraph, planted_config: RunConfig) -> dict[str, Prepared]:
    modelled = modelled_features(dataset, graph)
    return {name: prepare(each, modelled[name], planted_config) for name, each in dataset.modalities.items()}


@pytest.fixture(scope="session")
def linked(prepared: dict[str, Prepared], graph: GuidanceGraph, planted_config: RunConfig) -> dict[str, Prepared]:
    """As prepared, with the linked genes that the encoders read too."""
    return {name: with_linked_genes(each, graph, planted_config) for name, each in prepared.items()}


@pytest.fixture
def brief_umap() -> Iterator[None]:
    """Lay out in few rounds in one test."""
    with brief_layouts():
        yield


@pytest.fixture(scope="module")
def brief_umaps() -> Iterator[None]:
    """Lay out in few rounds in a whole module, also what its fixtures train."""
    with brief_layouts():
        yield


@pytest.fixture(scope="module")
def hasty() -> Iterator[None]:
    """Let runs of a whole module that are compared with each other alone skip what takes long and is no matter."""
    with hasty_runs():
        yield


@pytest.fixture
def modality() -> Callable[..., Modality]:
    """Build a modality from a dense matrix; names count up unless given."""

    def build(
        values: np.ndarray | None = None,
        name: str = "rna",
        *,
        cells: list[str] | None = None,
        features: list[str] | None = None,
        obs: dict[str, object] | None = None,
        likelihood: str = "nb",
    ) -> Modality:
        if values is None:
            values = np.ones((len(cells) if cells else 6, len(features) if features else 5))
        n_cells, n_features = values.shape
        return Modality(
            name,
            sp.csr_matrix(values, dtype=np.float32),
            pd.DataFrame(obs or {}, index=pd.Index(cells or [f"cell{i}" for i in range(n_cells)])),
            pd.DataFrame(index=pd.Index(features or [f"feature{i}" for i in range(n_features)])),
            likelihood,
        )

    return build
