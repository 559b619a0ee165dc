"""Build a network and its sampler on the planted data, with other settings or fewer modalities."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
import torch

from monae_app.engine.data.dataset import Dataset
from monae_app.engine.data.linking import link, modelled_features
from monae_app.engine.data.preprocess import prepare
from monae_app.engine.training.assembly import build_network
from monae_app.engine.training.batches import StepSampler
from monae_app.engine.training.correspondence import correspond
from monae_app.engine.training.linked_view import with_linked_genes
from monae_app.engine.training.sources import anchor_sources, cell_sources, edge_source

if TYPE_CHECKING:
    from collections.abc import Callable

    import pandas as pd

    from monae_app.engine.config import RunConfig
    from monae_app.engine.model.monae_net import MonaeNet

CPU = torch.device("cpu")
# given here, so that tests of the objective do not hang on the defaults of a run
OBJECTIVE = {
    "lambda_kl": 1.0,
    "lambda_graph": 0.02,
    "lambda_shared_features": 3.0,
    "lambda_private_features": 1.0,
    "lambda_adversarial": 0.05,
    "lambda_anchor": 0.1,
    "lambda_contrastive": 0.0,
    "lambda_cluster": 0.0,
    "private_dropout": 0.1,
    "cross_decoding": 0.3,
    "anchor_mask": 15,
    "balance": True,
}


@pytest.fixture(scope="session")
def assemble(
    dataset: Dataset, located: dict[str, pd.DataFrame], planted_config: RunConfig
) -> Callable[..., tuple[MonaeNet, StepSampler]]:
    """All but the network and the sampler is computed once; settings given are those of model and loss alone."""
    kept: dict[Any, Any] = {}

    def before_training(names: Any, batch_columns: Any, negative: bool, likelihoods: Any) -> Any:
        chosen = Dataset(
            {name: replace(dataset.modalities[name], likelihood=dict(likelihoods).get(name, "nb")) for name in names},
            batch_columns=batch_columns,
        )
        graph = link(chosen, {name: located[name] for name in names}, planted_config)
        if negative:
            graph.sign[::3] = -1
        modelled = modelled_features(chosen, graph)
        own = {name: prepare(each, modelled[name], planted_config) for name, each in chosen.modalities.items()}
        prepared = {name: with_linked_genes(each, graph, planted_config) for name, each in own.items()}
        return chosen, graph, prepared, correspond(chosen, prepared, graph, planted_config)

    def build(
        names: tuple[str, ...] = ("rna", "atac"),
        *,
        batch_columns: tuple[str, ...] = (),
        negative: bool = False,
        likelihoods: tuple[tuple[str, str], ...] = (),
        **settings: Any,
    ) -> tuple[MonaeNet, StepSampler]:
        key = (names, batch_columns, negative, likelihoods)
        if key not in kept:
            kept[key] = before_training(*key)
        chosen, graph, prepared, found = kept[key]
        config = planted_config.model_copy(update=OBJECTIVE | settings)
        sampler = StepSampler(
            cell_sources(chosen, prepared, found, config),
            edge_source(graph),
            anchor_sources(found, config),
            seed=0,
            batch_size=64,
            features_per_step=config.features_per_step,
            device=CPU,
        )
        return build_network(chosen, prepared, graph, found, config, CPU), sampler

    return build
