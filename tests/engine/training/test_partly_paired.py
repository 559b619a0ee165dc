"""Pairs of 30 % of the cells, on planted cells whose halves are known: what they bring to the cells that have none."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import pytest

from monae_app.engine.config import RunConfig, make_config
from monae_app.engine.data.coordinates import locate_features
from monae_app.engine.data.dataset import Dataset
from monae_app.engine.data.linking import link, modelled_features
from monae_app.engine.data.planted import make_planted
from monae_app.engine.data.preprocess import prepare
from monae_app.engine.data.reading import read_dataset
from monae_app.engine.pipeline import Monae
from monae_app.engine.training.correspondence import correspond
from monae_app.engine.training.linked_view import with_linked_genes

if TYPE_CHECKING:
    import pandas as pd

    from monae_app.engine.data.guidance import GuidanceGraph

N_CELLS, N_KNOWN = 300, 90
FEW_LINKS = 6


@dataclass(frozen=True)
class Cells:
    """Planted cells of which the first 90 bear one name in both modalities, and their guidance."""

    dataset: Dataset
    located: dict[str, pd.DataFrame]
    graph: GuidanceGraph
    config: RunConfig

    def with_few_links(self) -> Cells:
        kept = np.random.default_rng(0).permutation(len(self.graph.source))[:FEW_LINKS]
        graph = replace(
            self.graph,
            source=self.graph.source[kept],
            target=self.graph.target[kept],
            weight=self.graph.weight[kept],
            sign=self.graph.sign[kept],
        )
        return replace(self, graph=graph)

    def aligned(self, *, paired: bool) -> dict[str, np.ndarray]:
        """Cells on the shared axes before training."""
        dataset = Dataset(self.dataset.modalities, use_pairs=paired)
        modelled = modelled_features(dataset, self.graph)
        own = {name: prepare(each, modelled[name], self.config) for name, each in dataset.modalities.items()}
        read = {name: with_linked_genes(each, self.graph, self.config) for name, each in own.items()}
        found = correspond(dataset, read, self.graph, self.config)
        return found.start if found is not None else {}

    def trained(self, *, paired: bool) -> dict[str, np.ndarray]:
        dataset = Dataset(self.dataset.modalities, use_pairs=paired)
        result = Monae(self.config).fit(dataset, self.graph, located=self.located)
        modality = result.cells.obs["modality"].to_numpy(str)
        return {name: result.cells.obsm["X_monae"][modality == name] for name in dataset.modalities}


@pytest.fixture(scope="module")
def cells(tmp_path_factory: pytest.TempPathFactory) -> Cells:
    folder = tmp_path_factory.mktemp("partly")
    make_planted(n_cells=N_CELLS, n_genes=120, n_peaks=400, n_types=4, seed=3).write(folder)
    config = make_config(
        inputs={name: folder / f"{name}.h5ad" for name in ("rna", "atac")},
        bed=folder / "genes.bed.gz",
        n_components=12,
        anchor_components=8,
        latent_shared=8,
        latent_private=4,
        steps=120,
        batch_size=128,
    )
    read = read_dataset(config)
    modalities = {}
    for name, each in read.modalities.items():
        order = np.argsort(each.obs["pair_id"].to_numpy(str))
        names = [f"cell {at}" if at < N_KNOWN else f"{name} {at}" for at in range(N_CELLS)]
        obs = each.obs.iloc[order].drop(columns="pair_id").set_axis(names, axis=0)
        modalities[name] = replace(each, values=each.values[order], obs=obs)
    dataset = Dataset(modalities)
    located = locate_features(dataset, config)
    return Cells(dataset, located, link(dataset, located, config), config)


def foscttm_of_the_rest(place: dict[str, np.ndarray]) -> float:
    """Share of the other modality's cells that are closer than the cell's own half, of cells without a known pair."""
    rna, atac = (each.astype(np.float64) for each in (place["rna"], place["atac"]))
    distance = np.linalg.norm(rna[:, None] - atac[None], axis=2)
    true = np.diag(distance)
    closer = [(distance < true[:, None]).mean(axis=1), (distance < true).mean(axis=0)]
    return float(np.mean([each[N_KNOWN:] for each in closer]))


def test_known_pairs_do_no_harm_to_the_rest_and_help_where_links_are_few(cells):
    unpaired, partly = (foscttm_of_the_rest(cells.aligned(paired=paired)) for paired in (False, True))
    assert partly < unpaired + 0.01
    few = cells.with_few_links()
    place = few.aligned(paired=False)
    # without enough links there may be no alignment at all: chance
    alone = foscttm_of_the_rest(place) if place else 0.5
    assert foscttm_of_the_rest(few.aligned(paired=True)) < 0.75 * alone


@pytest.mark.long
def test_that_holds_after_training(cells, brief_umap):
    unpaired, partly = (foscttm_of_the_rest(cells.trained(paired=paired)) for paired in (False, True))
    assert partly < unpaired + 0.01
    few = cells.with_few_links()
    alone, helped = (foscttm_of_the_rest(few.trained(paired=paired)) for paired in (False, True))
    assert helped < 0.75 * alone
