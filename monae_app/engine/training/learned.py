"""What a trained network knows, as arrays: cells, features, and how to decode one from the other."""

from __future__ import annotations

import hashlib
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch.nn import functional

from monae_app.engine.data.in_blocks import rows_to_fit
from monae_app.engine.kept_stages import in_shards, kept
from monae_app.engine.model.cell_clusters import SHARPNESS
from monae_app.engine.telling import SILENT, Telling
from monae_app.engine.training.decoded import DecodedFeatures, with_absent_batches
from monae_app.engine.training.feature_regression import FrozenCells, decoding_tables, regress_features
from monae_app.engine.training.motif_vectors import MotifRows, on_axes_of_training

if TYPE_CHECKING:
    from collections.abc import Mapping

    from monae_app.engine.config import RunConfig
    from monae_app.engine.data.dataset import Dataset
    from monae_app.engine.model.monae_net import MonaeNet
    from monae_app.engine.training.batches import CellSource
    from monae_app.engine.training.groundwork import Groundwork

CELLS_AT_ONCE = 8192
KEPT_AT_ONCE = 8 * CELLS_AT_ONCE


@torch.no_grad()
def embed_cells(
    network: MonaeNet, sources: dict[str, CellSource], device: torch.device, tell: Telling = SILENT
) -> dict[str, np.ndarray]:
    """Mean latent of all cells by modality, shared axes first, (N, D_s + D_p)."""
    network.eval()
    latent = {}
    for number, (name, source) in enumerate(sources.items()):
        tell(f"Embedding {len(source.representation):,} cells of {name}", number, len(sources))
        some = partial(_embedded, network, name, source, device)
        latent[name] = in_shards(f"embedding of {name}", len(source.representation), KEPT_AT_ONCE, some)
    return latent


@torch.no_grad()
def _embedded(network: MonaeNet, name: str, source: CellSource, device: torch.device, rows: slice) -> np.ndarray:
    parts = [
        network.encode(
            name,
            torch.from_numpy(source.representation[each]).to(device),
            torch.from_numpy(source.batch[each]).to(device),
        ).mean.cpu()
        for each in (
            slice(start, min(start + CELLS_AT_ONCE, rows.stop)) for start in range(rows.start, rows.stop, CELLS_AT_ONCE)
        )
    ]
    return torch.cat(parts).numpy()


def digest_of(network: torch.nn.Module) -> str:
    """Hash all parameters: what is worked out with a network holds for no other."""
    found = hashlib.blake2b(digest_size=16)
    for name, value in network.state_dict().items():
        values = value.detach().cpu().contiguous().numpy()
        found.update(f"{name} {values.dtype} {values.shape}\n".encode())
        found.update(values.reshape(-1).view(np.uint8).data)
    return found.hexdigest()


@torch.no_grad()
def decoded_features(network: MonaeNet) -> dict[str, DecodedFeatures]:
    """Describe the modelled features, by modality."""
    mean, sd = (each.cpu().numpy() for each in network.graph())
    found = {}
    for name, block in network.blocks.items():
        decoder = network.decoders[name]
        found[name] = DecodedFeatures(
            mean[block],
            sd[block],
            *decoding_tables(decoder),  # type: ignore[arg-type]
        )
    return found


@torch.no_grad()
def cluster_centres(network: MonaeNet) -> np.ndarray | None:
    """Directions of the clusters still in use, times the sharpness of their assignment, (C, D_s); None without any."""
    if network.clusters is None:
        return None
    centres = functional.normalize(network.clusters.centres, dim=1)[network.clusters.alive]
    return (SHARPNESS * centres).cpu().numpy()


def motifs_of(ground: Groundwork, decoded: Mapping[str, DecodedFeatures], n_shared: int) -> MotifRows | None:
    """Carry the motifs of the graph stage to the axes that training ended with; None if there are none.

    Parameters
    ----------
    ground
        With what the graph stage found, if there was one.
    decoded
        All features, by modality.
    n_shared
        D_s.
    """
    embedded = ground.embedded
    if embedded is None or not embedded.motifs[0]:
        return None
    names, vectors = embedded.motifs
    after = [decoded[name].vectors[each.modelled, :n_shared] for name, each in ground.prepared.items()]
    before = [embedded.features[ground.graph.block(name), :n_shared] for name in ground.prepared]
    carried = on_axes_of_training(vectors[:, :n_shared], np.concatenate(before), np.concatenate(after))
    return MotifRows(names, carried)


def decode_all(
    network: MonaeNet,
    dataset: Dataset,
    modelled: dict[str, np.ndarray],
    latent: dict[str, np.ndarray],
    config: RunConfig,
    tell: Telling = SILENT,
) -> dict[str, DecodedFeatures]:
    """Describe all features: those modelled jointly as learned, the rest by regression; rows as in the dataset."""
    found = {}
    for name, joint in decoded_features(network).items():
        modality = dataset.modalities[name]
        rest = np.setdiff1d(np.arange(modality.n_features), modelled[name])
        if not len(rest):
            found[name] = joint
            continue
        fit = partial(_regressed, dataset, name, rest, latent[name], config, tell)
        fitted = kept(f"regression of features of {name}", fit, made_of=(DecodedFeatures,))
        order = np.argsort(np.r_[modelled[name], rest])
        found[name] = DecodedFeatures(
            *(
                np.concatenate([getattr(joint, part), getattr(fitted, part)])[order]
                for part in DecodedFeatures.__dataclass_fields__
            )
        )
    if len(dataset.batches.levels) > 1:
        # a batch that no cell of the modality is of is the sum of its levels
        return found
    return {name: with_absent_batches(each, dataset.batch_codes[name]) for name, each in found.items()}


def _regressed(
    dataset: Dataset, name: str, rest: np.ndarray, latent: np.ndarray, config: RunConfig, tell: Telling
) -> DecodedFeatures:
    modality = dataset.modalities[name]
    # the regression draws some ten thousand cells; of more, the others would only be in the way
    some = rows_to_fit(modality.n_cells, config.seed)
    cells = FrozenCells(
        latent[some],
        dataset.batch_codes[name][some],
        modality.library_size[some],
        modality.likelihood,
        dataset.batches.parts,
        config.latent_shared,
        config.private_dropout,
    )
    counted = tell.counting(f"Fitting {len(rest):,} features of {name} that were not modelled jointly")
    return regress_features(modality.values[some][:, rest], cells, seed=config.seed, tell=counted)
