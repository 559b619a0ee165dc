"""Where data meets model: from prepared modalities and a guidance graph to a network and what feeds it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch

from monae_app.engine.config import MONAE_E
from monae_app.engine.data.covered import CoveredMatrix
from monae_app.engine.data.dataset import is_count
from monae_app.engine.data.decomposition import column_moments
from monae_app.engine.data.on_disk import sums_by_group
from monae_app.engine.model.additive_decoder import AdditiveDecoder
from monae_app.engine.model.cell_autoencoder import CellEncoder, FeatureDecoder
from monae_app.engine.model.graph_vae import GraphEncoder
from monae_app.engine.model.monae_net import LossWeights, ModalityParts, MonaeNet
from monae_app.engine.training.device import takes_half_precision
from monae_app.engine.training.starting_clusters import starting_centres
from monae_app.engine.training.starting_levels import start_levels

if TYPE_CHECKING:
    import scipy.sparse as sp

    from monae_app.engine.config import RunConfig
    from monae_app.engine.data.dataset import Dataset
    from monae_app.engine.data.guidance import GuidanceGraph
    from monae_app.engine.data.preprocess import Prepared
    from monae_app.engine.model.alignment import LinearMap
    from monae_app.engine.model.cell_autoencoder import BatchDecoder
    from monae_app.engine.training.correspondence import Correspondence
    from monae_app.engine.training.graph_stage import Embedded

SCALE_AT_START = 0.7
COUNT_OFFSET = 0.5
SMALLEST_VARIANCE = 1e-4


def build_network(
    dataset: Dataset,
    prepared: dict[str, Prepared],
    graph: GuidanceGraph,
    correspondence: Correspondence | None,
    config: RunConfig,
    device: torch.device,
    embedded: Embedded | None = None,
) -> MonaeNet:
    """Build the network for these data, its start drawn from the run's seed and from what cells are known to match.

    Where a graph stage has embedded cells and features, the network starts at their vectors.
    """
    edges, weight, sign = graph.message_edges()
    levels = torch.from_numpy(dataset.batches.parts)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(config.seed)
        encoder = GraphEncoder(
            torch.from_numpy(edges),
            torch.from_numpy(weight),
            torch.from_numpy(sign),
            n_vertices=graph.n_vertices,
            shared=config.latent_shared,
            private=config.latent_private,
            heads=config.graph_heads,
            layers=config.graph_layers,
            kind=config.graph_kind,
        )
        parts = {
            name: ModalityParts(
                graph.block(name),
                each.modality.likelihood,
                each.modality.n_cells,
                build_encoder(each.representation.shape[1], levels, config),
                batch_decoder(
                    each.values,
                    each.modality.library_size,
                    dataset.batch_codes[name],
                    levels,
                    each.modality.likelihood,
                ),
            )
            for name, each in prepared.items()
        }
        if embedded is not None:
            _start_at(parts, embedded.maps)
            _start_features(encoder, parts, embedded.features, config.latent_shared)
        elif correspondence is not None:
            _start_at(parts, correspondence.maps)
        centres = _centres(correspondence, config)
        return MonaeNet(encoder, parts, config.latent_shared, loss_weights(config, device), centres).to(device)


def _start_at(parts: dict[str, ModalityParts], maps: dict[str, LinearMap]) -> None:
    for name, linear in maps.items():
        weights = torch.as_tensor(linear.weights, dtype=torch.float32)
        offset = torch.as_tensor(linear.offset - linear.centre @ linear.weights, dtype=torch.float32)
        parts[name].encoder.start_at(weights, offset)


@torch.no_grad()
def _start_features(encoder: GraphEncoder, parts: dict[str, ModalityParts], vectors: np.ndarray, n_shared: int) -> None:
    """Start the vectors of counted features where the graph stage left them; others are in units of their own."""
    for part in parts.values():
        if is_count(part.likelihood):
            started = torch.from_numpy(vectors[part.block]) / SCALE_AT_START
            encoder.vertices[part.block] = started[:, :n_shared]
            encoder.private_mean[part.block] = started[:, n_shared:]


def _centres(correspondence: Correspondence | None, config: RunConfig) -> torch.Tensor | None:
    if correspondence is None or config.lambda_cluster == 0:
        return None
    return torch.from_numpy(starting_centres(correspondence.start, config.leiden_resolution, config.seed))


def loss_weights(config: RunConfig, device: torch.device) -> LossWeights:
    """Weights of the terms of a run, and the other constants of its objective on a device."""
    return LossWeights(
        kl=config.lambda_kl,
        graph=config.lambda_graph,
        shared_features=config.lambda_shared_features,
        private_features=config.lambda_private_features,
        adversarial=config.lambda_adversarial,
        anchor=config.lambda_anchor,
        contrastive=config.lambda_contrastive,
        cluster=config.lambda_cluster,
        temperature=config.temperature,
        private_dropout=config.private_dropout,
        cross_decoding=config.cross_decoding,
        teacher=config.teacher,
        halved=takes_half_precision(config.precision, device),
    )


def build_encoder(n_components: int, levels: torch.Tensor, config: RunConfig) -> CellEncoder:
    """Build the encoder of one modality, levels of batches (b, C): in training, and when its weights are loaded."""
    return CellEncoder(
        n_components,
        levels,
        shared=config.latent_shared,
        private=config.latent_private,
        hidden=config.hidden_width,
        dropout=config.dropout,
        straight_private=config.model == MONAE_E,
    )


def batch_decoder(
    values: sp.csr_matrix, library: np.ndarray, batch: np.ndarray, levels: torch.Tensor, likelihood: str
) -> BatchDecoder:
    """Start a decoder as :func:`start_decoder` does; with several covariates, as a sum over them.

    Parameters
    ----------
    values, library, batch, likelihood
        As there.
    levels
        Level of every covariate in each batch, (b, C) int64.
    """
    n_batches, n_covariates = levels.shape
    start = start_decoder(values, library, batch, n_batches, likelihood)
    if n_covariates == 1:
        return start
    return AdditiveDecoder(start, levels, torch.from_numpy(np.bincount(batch, minlength=n_batches)))


def start_decoder(
    values: sp.csr_matrix | CoveredMatrix, library: np.ndarray, batch: np.ndarray, n_batches: int, likelihood: str
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
    if isinstance(values, CoveredMatrix):
        bias, scale, spread = start_levels(values, batch, n_batches, likelihood)
    elif is_count(likelihood):
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
    sums = sums_by_group(values, batch, n_batches)
    share = (sums.sum(axis=0) + COUNT_OFFSET) / library.sum(dtype=np.float64)
    if n_batches == 1:
        return np.asarray(np.log(share))[None]
    added = COUNT_OFFSET * values.shape[1]
    total = np.bincount(batch, library.astype(np.float64), n_batches)[:, None]
    return np.asarray(np.log((sums + added * share) / (total + added)))
