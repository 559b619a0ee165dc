"""The whole network: graph view, cell view, shared decoder, and the terms of the objective on one batch.

B cells of a modality in a step, F of its features, D = D_s + D_p latent axes (shared first), V vertices.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import nn

from monae_app.engine.model import losses
from monae_app.engine.model.additive_decoder import AdditiveDecoder
from monae_app.engine.model.cell_autoencoder import CellLatent
from monae_app.engine.model.cell_clusters import ClusterHead, clustering_loss
from monae_app.engine.model.contrast import TeacherAndStudent, TeacherKind
from monae_app.engine.model.discriminator import Discriminator
from monae_app.engine.model.graph_vae import GraphEncoder, edge_logits
from monae_app.engine.model.likelihoods import LIKELIHOODS, ZERO_LOGIT_AT_START, negative_log_likelihood
from monae_app.engine.model.step import ALONE

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from torch import Tensor

    from monae_app.engine.model.cell_autoencoder import BatchDecoder, CellEncoder
    from monae_app.engine.model.step import AnchorBatch, CellBatch, Company, EdgeBatch, Share, Step

DISCRIMINATOR_WIDTH = 256
NOISE_AT_START = 1.5
NOISE_UNTIL = 0.3  # share of the training after which the discriminator sees the latent as it is


@dataclass(frozen=True)
class ModalityParts:
    """What the network needs to know of a modality.

    Parameters
    ----------
    block
        Its vertices.
    likelihood
        Of its values.
    n_cells
        In all: the prior of a feature's vector weighs 1 / N against the likelihood, a mean over cells.
    encoder, decoder
        Its own.
    """

    block: slice
    likelihood: str
    n_cells: int
    encoder: CellEncoder
    decoder: BatchDecoder


@dataclass(frozen=True)
class LossWeights:
    """Weights of the terms, named as in RunConfig, and the other constants of the objective.

    Of these, ``halved`` says whether encoders and decoders multiply in bfloat16 while they are trained.
    """

    kl: float
    graph: float
    shared_features: float
    private_features: float
    adversarial: float
    anchor: float
    contrastive: float
    cluster: float
    temperature: float
    private_dropout: float
    cross_decoding: float
    teacher: TeacherKind
    halved: bool = False


class MonaeNet(nn.Module):
    """Monae: cells of all modalities and features of all modalities in one space.

    Parameters
    ----------
    graph
        The feature view.
    parts
        By modality.
    n_shared
        D_s.
    weights
        Of the terms.
    centres
        Where clusters of cells start, (C, D_s); None without clustering.
    """

    def __init__(
        self,
        graph: GraphEncoder,
        parts: Mapping[str, ModalityParts],
        n_shared: int,
        weights: LossWeights,
        centres: Tensor | None,
    ) -> None:
        super().__init__()
        self.graph = graph
        self.encoders = nn.ModuleDict({name: part.encoder for name, part in parts.items()})
        self.decoders = nn.ModuleDict({name: part.decoder for name, part in parts.items()})
        self.blocks = {name: part.block for name, part in parts.items()}
        self.likelihoods = {name: part.likelihood for name, part in parts.items()}
        self.n_cells = {name: part.n_cells for name, part in parts.items()}
        self.n_shared = n_shared
        self.weights = weights
        self.additive = [name for name, part in parts.items() if isinstance(part.decoder, AdditiveDecoder)]
        # (b, F), like the other parameters of a decoder
        self.zero_logits = nn.ParameterDict(
            {
                name: torch.full_like(part.decoder.at()[1], ZERO_LOGIT_AT_START)
                for name, part in parts.items()
                if LIKELIHOODS[part.likelihood].zero_inflated
            }
        )
        self.discriminator = (
            Discriminator(n_shared, DISCRIMINATOR_WIDTH, len(parts), dropout=0.2)
            if len(parts) > 1 and weights.adversarial > 0
            else None
        )
        self.clusters = ClusterHead(centres) if centres is not None and weights.cluster > 0 else None
        self.pairs = nn.ModuleDict(
            {name: TeacherAndStudent(part.encoder, weights.teacher) for name, part in parts.items()}
            if weights.contrastive > 0
            else {}
        )

    def encode(self, modality: str, representation: Tensor, batch: Tensor) -> CellLatent:
        """Latent of cells of one modality; representation (B, k), batch (B,)."""
        with self._products(representation):
            latent = self.encoders[modality](representation, batch)
        return CellLatent(latent.mean.float(), latent.sd.float())

    def _products(self, values: Tensor) -> torch.autocast:
        # what is summed over cells, features or axes, losses above all, stays in single precision
        halved = self.weights.halved and self.training
        return torch.autocast(values.device.type, torch.bfloat16, enabled=halved)

    def losses(self, step: Step, company: Company = ALONE) -> dict[str, Tensor]:
        """Every term of the objective on one step, weighted, ready to be summed.

        Where other processes compute shares of the same step, the mean over processes of each term, and of its
        gradient, is that of the whole step.
        """
        weights = self.weights
        vector_mean, vector_sd = self.graph()
        vectors = vector_mean + vector_sd * torch.randn_like(vector_sd)
        company.part()
        terms: dict[str, Tensor] = {}
        latents: dict[str, CellLatent] = {}
        for name, batch in step.cells.items():
            latents[name] = self.encode(name, batch.representation, batch.batch)
            nll = self._reconstruction(name, batch, latents[name], vectors[self.blocks[name]])
            terms[f"nll_{name}"] = batch.share.weight * nll
            n_features = self.blocks[name].stop - self.blocks[name].start
            kl = losses.kl_to_standard_normal(latents[name].mean, latents[name].sd)
            terms[f"kl_{name}"] = batch.share.weight * weights.kl * kl / n_features
        terms["kl_features"] = self._feature_prior(vector_mean, vector_sd)
        if self.additive:
            terms["batches"] = self._batch_prior(self.additive)
        if step.edges is not None and weights.graph > 0:
            terms["edges"] = weights.graph * len(step.cells) * self._edges(step.edges, vectors[:, : self.n_shared])
        if self.discriminator is not None:
            terms["discriminator"] = self._discriminator(self.discriminator, step, latents, company)
        if step.anchors and weights.anchor > 0:
            pulls = [each.pull * self._anchors(each, company) for each in step.anchors]
            terms["anchors"] = weights.anchor * torch.stack(pulls).mean()
        if self.pairs:
            terms["contrastive"] = weights.contrastive * self._contrastive(step, latents, company)
        if self.clusters is not None:
            terms["clusters"] = weights.cluster * self._clusters(self.clusters, step, latents, company)
        return terms

    def _batch_prior(self, names: Sequence[str]) -> Tensor:
        """Cost of what levels and batches add, per feature and cell as the likelihood is."""
        found = []
        for name in names:
            block = self.blocks[name]
            found.append(self.decoders[name].prior() / (self.n_cells[name] * (block.stop - block.start)))  # type: ignore[operator]
        return torch.stack(found).sum()

    def _feature_prior(self, mean: Tensor, sd: Tensor) -> Tensor:
        """KL(F), per feature and cell as the likelihood is, shared and private axes weighed by themselves."""
        axes = (slice(0, self.n_shared), slice(self.n_shared, None))
        prior = mean.new_zeros(())
        for weight, of_axes in zip((self.weights.shared_features, self.weights.private_features), axes, strict=True):
            if weight == 0:
                continue
            for name, block in self.blocks.items():
                kl = losses.kl_to_standard_normal(mean[block, of_axes], sd[block, of_axes])
                prior = prior + weight * kl / self.n_cells[name]
        return prior

    def _reconstruction(self, name: str, batch: CellBatch, latent: CellLatent, vectors: Tensor) -> Tensor:
        drawn = latent.sample()
        shared, private = drawn[:, : self.n_shared], drawn[:, self.n_shared :]
        heard = torch.rand(len(drawn), 1, device=drawn.device) >= self.weights.private_dropout
        private = private * heard
        if batch.partners is not None and self.weights.cross_decoding > 0:
            # a cell's values decoded from its anchored partner's place: what cross-modal imputation will be asked for
            partners = batch.partners
            theirs = self.encode(partners.modality, partners.representation, partners.batch).sample()
            across = torch.rand(len(drawn), 1, device=drawn.device) < self.weights.cross_decoding
            across = across & partners.known[:, None]
            shared = torch.where(across, theirs[:, : self.n_shared], shared)
            private = private * ~across
        spot = torch.cat([shared, private], dim=1)
        with self._products(spot):
            level, spread = self.decoders[name](spot, vectors[batch.features], batch.batch, batch.features)
        level = level.float()
        zero_logit = self.zero_logits[name][:, batch.features] if name in self.zero_logits else None
        return negative_log_likelihood(
            self.likelihoods[name], batch.measured, level, batch.library, spread, zero_logit, batch.batch
        )

    @staticmethod
    def _edges(edges: EdgeBatch, shared: Tensor) -> Tensor:
        positive = edge_logits(shared, edges.heads, edges.tails, edges.sign)
        negative = edge_logits(shared, edges.heads[:, None], edges.corrupted, edges.sign[:, None])
        return losses.edge_nll(positive, negative)

    def _discriminator(
        self, discriminator: Discriminator, step: Step, latents: Mapping[str, CellLatent], company: Company
    ) -> Tensor:
        shared, modality = self._all_shared(step, latents, company)
        weight = torch.cat([step.cells[name].balance for name in latents])
        noise = NOISE_AT_START * max(0.0, 1 - step.progress / NOISE_UNTIL)
        seen = losses.reverse_gradient(shared, self.weights.adversarial)
        if noise:
            # blurred at first, so that the encoders are not torn before they have learned anything
            seen = seen + noise * torch.randn_like(seen) * shared.detach().std(dim=0)
        return losses.modality_cross_entropy(discriminator(seen), modality, weight)

    def _all_shared(self, step: Step, latents: Mapping[str, CellLatent], company: Company) -> tuple[Tensor, Tensor]:
        """Shared means of all cells, those of other processes too, and the number of their modality."""
        parts = [
            company.rows(latent.mean[:, : self.n_shared], step.cells[name].share) for name, latent in latents.items()
        ]
        shared = torch.cat(parts)
        sizes = torch.tensor([len(each) for each in parts], device=shared.device)
        return shared, torch.arange(len(latents), device=shared.device).repeat_interleave(sizes)

    def _anchors(self, anchors: AnchorBatch, company: Company) -> Tensor:
        first, second = (
            self.encode(name, representation, batch).mean[:, : self.n_shared]
            for name, representation, batch in zip(
                anchors.modalities, anchors.representations, anchors.batches, strict=True
            )
        )
        first, second = _both(first, second, anchors.share, company)
        return losses.nt_xent(first, second, self.weights.temperature, anchors.not_negative)

    def _contrastive(self, step: Step, latents: Mapping[str, CellLatent], company: Company) -> Tensor:
        found = []
        for name, pair in self.pairs.items():
            shared = latents[name].mean[:, : self.n_shared]
            with self._products(shared):
                teacher, student = pair.views(self.encoders[name], step.cells[name], shared)  # type: ignore[operator]
            teacher, student = _both(teacher.float(), student.float(), step.cells[name].share, company)
            found.append(losses.nt_xent(teacher, student, self.weights.temperature))
        return torch.stack(found).mean()

    def _clusters(
        self, clusters: ClusterHead, step: Step, latents: Mapping[str, CellLatent], company: Company
    ) -> Tensor:
        shared, modality = self._all_shared(step, latents, company)
        return clustering_loss(shared, clusters(shared), modality, clusters.alive)


def _both(first: Tensor, second: Tensor, share: Share, company: Company) -> tuple[Tensor, Tensor]:
    """Two views of the rows of all processes: each is to be told from the others' rows, too."""
    if share.total is None:
        return first, second
    both, width = company.rows(torch.cat([first, second], dim=1), share), first.shape[1]
    return both[:, :width], both[:, width:]
