"""The whole network: graph view, cell view, shared decoder, and the terms of the objective on one batch.

B cells of a modality in a step, F of its features, D = D_s + D_p latent axes (shared first), V vertices.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import nn

from monae_app.engine.model import losses
from monae_app.engine.model.cell_autoencoder import CellEncoder, CellLatent, Discriminator, FeatureDecoder
from monae_app.engine.model.graph_vae import GraphEncoder, edge_logits
from monae_app.engine.model.likelihoods import SparseValues, negative_binomial_nll, normal_nll

if TYPE_CHECKING:
    from collections.abc import Mapping

    from torch import Tensor

DISCRIMINATOR_WIDTH = 256
NOISE_AT_START = 1.5
NOISE_UNTIL = 0.3  # share of the training after which the discriminator sees the latent as it is


@dataclass(frozen=True)
class CellBatch:
    """Cells of one modality in a step.

    Parameters
    ----------
    representation
        (B, k).
    batch
        (B,) int64.
    library
        (B, 1).
    features
        Positions of the decoded features within the modality, (F,) int64.
    measured
        Their values.
    """

    representation: Tensor
    batch: Tensor
    library: Tensor
    features: Tensor
    measured: SparseValues


@dataclass(frozen=True)
class EdgeBatch:
    """Edges of a step: heads, tails, sign (E,), and corrupted tails (E, negatives)."""

    heads: Tensor
    tails: Tensor
    sign: Tensor
    corrupted: Tensor


@dataclass(frozen=True)
class AnchorBatch:
    """Anchored cells, row by row: what the encoders of two modalities read, (A, k) and (A,) each."""

    modalities: tuple[str, str]
    representations: tuple[Tensor, Tensor]
    batches: tuple[Tensor, Tensor]


@dataclass(frozen=True)
class Step:
    """All that one training step reads; edges or anchors may be missing."""

    cells: dict[str, CellBatch]
    edges: EdgeBatch | None
    anchors: AnchorBatch | None
    progress: float


@dataclass(frozen=True)
class ModalityParts:
    """What the network needs to know of a modality: its block of vertices, likelihood, encoder and decoder."""

    block: slice
    likelihood: str
    encoder: CellEncoder
    decoder: FeatureDecoder


@dataclass(frozen=True)
class LossWeights:
    """Weights of the terms, named as in RunConfig, and the other constants of the objective."""

    kl: float
    graph: float
    adversarial: float
    anchor: float
    temperature: float
    private_dropout: float


class MonaeNet(nn.Module):
    """Monae: cells of all modalities and features of all modalities in one space."""

    def __init__(
        self, graph: GraphEncoder, parts: Mapping[str, ModalityParts], n_shared: int, weights: LossWeights
    ) -> None:
        super().__init__()
        self.graph = graph
        self.encoders = nn.ModuleDict({name: part.encoder for name, part in parts.items()})
        self.decoders = nn.ModuleDict({name: part.decoder for name, part in parts.items()})
        self.blocks = {name: part.block for name, part in parts.items()}
        self.likelihoods = {name: part.likelihood for name, part in parts.items()}
        self.n_shared = n_shared
        self.weights = weights
        self.discriminator = (
            Discriminator(n_shared, DISCRIMINATOR_WIDTH, len(parts), dropout=0.2) if len(parts) > 1 else None
        )

    def encode(self, modality: str, representation: Tensor, batch: Tensor) -> CellLatent:
        """Latent of cells of one modality; representation (B, k), batch (B,)."""
        return self.encoders[modality](representation, batch)  # type: ignore[no-any-return]

    def losses(self, step: Step) -> dict[str, Tensor]:
        """Every term of the objective on one step, weighted, ready to be summed."""
        vector_mean, vector_sd = self.graph()
        vectors = vector_mean + vector_sd * torch.randn_like(vector_sd)
        terms: dict[str, Tensor] = {}
        latents: dict[str, CellLatent] = {}
        for name, batch in step.cells.items():
            latents[name] = self.encode(name, batch.representation, batch.batch)
            terms[f"nll_{name}"] = self._reconstruction(name, batch, latents[name], vectors[self.blocks[name]])
            n_features = self.blocks[name].stop - self.blocks[name].start
            kl = losses.kl_to_standard_normal(latents[name].mean, latents[name].sd)
            terms[f"kl_{name}"] = self.weights.kl * kl / n_features
        graph_weight = self.weights.graph * len(step.cells)
        terms["kl_graph"] = graph_weight * losses.kl_to_standard_normal(vector_mean, vector_sd) / len(vectors)
        if step.edges is not None:
            terms["edges"] = graph_weight * self._edges(step.edges, vectors)
        if self.discriminator is not None and self.weights.adversarial > 0:
            terms["discriminator"] = self._discriminator(latents, step.progress)
        if step.anchors is not None and self.weights.anchor > 0:
            terms["anchors"] = self.weights.anchor * self._anchors(step.anchors)
        return terms

    def _reconstruction(self, name: str, batch: CellBatch, latent: CellLatent, vectors: Tensor) -> Tensor:
        drawn = latent.sample()
        heard = torch.rand(len(drawn), 1, device=drawn.device) >= self.weights.private_dropout
        drawn = torch.cat([drawn[:, : self.n_shared], drawn[:, self.n_shared :] * heard], dim=1)
        level, spread = self.decoders[name](drawn, vectors[batch.features], batch.batch, batch.features)
        if self.likelihoods[name] == "normal":
            return normal_nll(batch.measured, level, spread)
        return negative_binomial_nll(batch.measured, level + torch.log(batch.library), spread)

    @staticmethod
    def _edges(edges: EdgeBatch, vectors: Tensor) -> Tensor:
        positive = edge_logits(vectors, edges.heads, edges.tails, edges.sign)
        negative = edge_logits(vectors, edges.heads[:, None], edges.corrupted, edges.sign[:, None])
        return losses.edge_nll(positive, negative)

    def _discriminator(self, latents: Mapping[str, CellLatent], progress: float) -> Tensor:
        assert self.discriminator is not None
        shared = torch.cat([latent.mean[:, : self.n_shared] for latent in latents.values()])
        modality = torch.cat(
            [torch.full((len(latent.mean),), i, device=shared.device) for i, latent in enumerate(latents.values())]
        )
        noise = NOISE_AT_START * max(0.0, 1 - progress / NOISE_UNTIL)
        seen = losses.reverse_gradient(shared, self.weights.adversarial)
        if noise:
            # blurred at first, so that the encoders are not torn before they have learned anything
            seen = seen + noise * torch.randn_like(seen) * shared.detach().std(dim=0)
        return losses.modality_cross_entropy(self.discriminator(seen), modality)

    def _anchors(self, anchors: AnchorBatch) -> Tensor:
        first, second = (
            self.encode(name, representation, batch).mean[:, : self.n_shared]
            for name, representation, batch in zip(
                anchors.modalities, anchors.representations, anchors.batches, strict=True
            )
        )
        return losses.nt_xent(first, second, self.weights.temperature)
