"""Where data meets model: from prepared modalities and a guidance graph to a network and what feeds it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch

from monae_app.engine.model.cell_autoencoder import CellEncoder, FeatureDecoder
from monae_app.engine.model.graph_vae import GraphEncoder
from monae_app.engine.model.monae_net import LossWeights, ModalityParts, MonaeNet
from monae_app.engine.training.batches import CellSource, EdgeSource

if TYPE_CHECKING:
    import scipy.sparse as sp

    from monae_app.engine.config import RunConfig
    from monae_app.engine.data.dataset import Dataset
    from monae_app.engine.data.guidance import GuidanceGraph
    from monae_app.engine.data.preprocess import Prepared

SCALE_AT_START = 0.7
COUNT_OFFSET = 0.5


def build_network(
    dataset: Dataset, prepared: dict[str, Prepared], graph: GuidanceGraph, config: RunConfig, device: torch.device
) -> MonaeNet:
    """Build the network for these data, its start drawn from the run's seed."""
    edges, weight, sign = graph.message_edges()
    width = config.latent_shared + config.latent_private
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(config.seed)
        encoder = GraphEncoder(
            torch.from_numpy(edges),
            torch.from_numpy(weight),
            torch.from_numpy(sign),
            n_vertices=graph.n_vertices,
            width=width,
            heads=config.graph_heads,
            layers=config.graph_layers,
        )
        n_batches = len(dataset.batch_names)
        parts = {
            name: ModalityParts(
                graph.block(name),
                each.modality.likelihood,
                CellEncoder(
                    each.representation.shape[1],
                    n_batches,
                    latent=width,
                    hidden=config.hidden_width,
                    dropout=config.dropout,
                ),
                start_decoder(each.values, dataset.batch_codes[name], n_batches, each.modality.likelihood),
            )
            for name, each in prepared.items()
        }
        weights = LossWeights(
            kl=config.lambda_kl,
            graph=config.lambda_graph,
            adversarial=config.lambda_adversarial,
            anchor=config.lambda_anchor,
            temperature=config.temperature,
            private_dropout=config.private_dropout,
        )
        return MonaeNet(encoder, parts, config.latent_shared, weights).to(device)


def start_decoder(values: sp.csr_matrix, batch: np.ndarray, n_batches: int, likelihood: str) -> FeatureDecoder:
    """Start scale, bias and dispersion at the mean profile of each batch, (b, F) each."""
    levels, spreads = _profile(values, likelihood)
    bias, spread = np.tile(levels, (n_batches, 1)), np.tile(spreads, (n_batches, 1))
    if n_batches > 1:
        for code in np.unique(batch):
            bias[code], spread[code] = _profile(values[batch == code], likelihood)
    scale = np.exp(spread) if likelihood == "normal" else np.full_like(bias, SCALE_AT_START)
    return FeatureDecoder(*(torch.as_tensor(each, dtype=torch.float32) for each in (bias, scale, spread)))


def _profile(values: sp.csr_matrix, likelihood: str) -> tuple[np.ndarray, np.ndarray]:
    total = np.asarray(values.sum(axis=0), dtype=np.float64).ravel()
    if likelihood == "normal":
        mean = total / values.shape[0]
        variance = np.asarray(values.multiply(values).mean(axis=0)).ravel() - mean**2
        return mean, 0.5 * np.log(np.maximum(variance, 1e-4))
    smoothed = total + COUNT_OFFSET
    return np.log(smoothed / smoothed.sum()), np.zeros(len(total))


def cell_sources(dataset: Dataset, prepared: dict[str, Prepared]) -> dict[str, CellSource]:
    """Gather what batches are drawn from, by modality."""
    return {
        name: CellSource(each.values, each.representation, dataset.batch_codes[name], each.modality.library_size)
        for name, each in prepared.items()
    }


def edge_source(graph: GuidanceGraph) -> EdgeSource | None:
    """Edges to draw from; None where the graph has none."""
    if not len(graph.source):
        return None
    blocks = np.zeros((graph.n_vertices, 2), np.int64)
    for name in graph.vertices["modality"].unique():
        block = graph.block(name)
        blocks[block] = (block.start, block.stop)
    return EdgeSource(graph.source, graph.target, graph.weight, graph.sign, blocks)
