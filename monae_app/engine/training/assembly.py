"""Where data meets model: from prepared modalities and a guidance graph to a network and what feeds it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch

from monae_app.engine.data.dataset import is_count
from monae_app.engine.data.decomposition import column_moments
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
SMALLEST_VARIANCE = 1e-4


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
                build_encoder(each.representation.shape[1], n_batches, config),
                start_decoder(
                    each.values,
                    each.modality.library_size,
                    dataset.batch_codes[name],
                    n_batches,
                    each.modality.likelihood,
                ),
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


def build_encoder(n_components: int, n_batches: int, config: RunConfig) -> CellEncoder:
    """Build the encoder of one modality: in training, and again when its weights are loaded."""
    return CellEncoder(
        n_components,
        n_batches,
        latent=config.latent_shared + config.latent_private,
        hidden=config.hidden_width,
        dropout=config.dropout,
    )


def start_decoder(
    values: sp.csr_matrix, library: np.ndarray, batch: np.ndarray, n_batches: int, likelihood: str
) -> FeatureDecoder:
    """Start scale, bias and dispersion at the mean profile of each batch, (b, F) each.

    Parameters
    ----------
    values
        Features to decode, (N, F): all of a modality or some.
    library
        Of the cells over all features, (N,): a feature starts at its share of the whole.
    batch, n_batches
        (N,), b.
    likelihood
        Of the values.
    """
    if is_count(likelihood):
        bias = _log_shares(values, library, batch, n_batches)
        scale, spread = np.full_like(bias, SCALE_AT_START), np.zeros_like(bias)
    else:
        bias, spread = _levels_of_values(values, batch, n_batches)
        scale = np.exp(spread)
    return FeatureDecoder(*(torch.as_tensor(each, dtype=torch.float32) for each in (bias, scale, spread)))


def _levels_of_values(values: sp.csr_matrix, batch: np.ndarray, n_batches: int) -> tuple[np.ndarray, np.ndarray]:
    """Mean and log sd in each batch; of all cells where a batch has none, (b, F) each."""
    moments = []
    for code in range(n_batches):
        rows = batch == code
        moments.append(column_moments(values[rows] if rows.any() else values))
    mean, variance = (np.stack(each) for each in zip(*moments, strict=True))
    return mean, 0.5 * np.log(np.maximum(variance, SMALLEST_VARIANCE))


def _log_shares(values: sp.csr_matrix, library: np.ndarray, batch: np.ndarray, n_batches: int) -> np.ndarray:
    """Log share of the library in each batch, drawn to that of all cells where a batch is thin or empty, (b, F)."""
    share = (_column_sums(values) + COUNT_OFFSET) / library.sum(dtype=np.float64)
    added = COUNT_OFFSET * values.shape[1]
    rows = [np.log(share)]
    if n_batches > 1:
        rows = [
            np.log((_column_sums(values[of_batch]) + added * share) / (library[of_batch].sum(dtype=np.float64) + added))
            for of_batch in (batch == code for code in range(n_batches))
        ]
    return np.stack(rows)


def _column_sums(values: sp.csr_matrix) -> np.ndarray:
    return np.asarray(values.sum(axis=0, dtype=np.float64)).ravel()


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
