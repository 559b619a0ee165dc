"""Vectors for the features that were not modelled jointly: a regression on the frozen embedding of the cells.

The likelihood of training, with the cells' latent held fixed, so that any measured feature can be asked for afterwards.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch

from monae_app.engine.data.covered import CoveredMatrix
from monae_app.engine.kept_stages import in_shards
from monae_app.engine.model.likelihoods import (
    LIKELIHOODS,
    ZERO_LOGIT_AT_START,
    SparseValues,
    negative_log_likelihood,
)
from monae_app.engine.telling import SILENT, Telling
from monae_app.engine.training.assembly import batch_decoder
from monae_app.engine.training.decoded import DecodedFeatures

if TYPE_CHECKING:
    from collections.abc import Callable

    import scipy.sparse as sp

    from monae_app.engine.model.cell_autoencoder import BatchDecoder

FEATURES_AT_ONCE = 4096
CELLS_PER_STEP = 512
STEPS = 150
STEPS_PER_WORD = 10
LEARNING_RATE = 0.03


@dataclass(frozen=True)
class FrozenCells:
    """Cells whose latent no longer moves.

    Parameters
    ----------
    latent
        Shared axes first, (N, D).
    batch
        (N,).
    library
        (N,); 0 where a cell has no counts.
    levels
        Level of every covariate in each batch, (b, C).
    likelihood, n_shared, private_dropout
        As in training.
    """

    latent: np.ndarray
    batch: np.ndarray
    library: np.ndarray
    likelihood: str
    levels: np.ndarray
    n_shared: int
    private_dropout: float


def regress_features(
    values: sp.csr_matrix | CoveredMatrix, cells: FrozenCells, *, seed: int, tell: Telling = SILENT
) -> DecodedFeatures:
    """Fit a vector, scale, bias and dispersion for every column of ``values`` (N, F).

    Parameters
    ----------
    values
        Features to fit.
    cells
        What they are fitted on.
    seed
        Of the draws.
    tell
        Told how many of the features are done.
    """
    # columns of a sparse matrix are chosen faster where they are stored by columns
    columns = values if isinstance(values, CoveredMatrix) else values.tocsc()
    n_features = values.shape[1]

    def fit(shard: slice) -> tuple[np.ndarray, ...]:
        block = columns[:, shard]
        block = block if isinstance(block, CoveredMatrix) else block.tocsr()

        def on_share(share: float) -> None:
            tell.part(shard.start + round(share * block.shape[1]), n_features)

        fitted = _fit(block, cells, seed, on_share)
        return tuple(getattr(fitted, name) for name in DecodedFeatures.__dataclass_fields__)

    return DecodedFeatures(*in_shards("shards", n_features, FEATURES_AT_ONCE, fit))


def _fit(
    values: sp.csr_matrix | CoveredMatrix, cells: FrozenCells, seed: int, on_share: Callable[[float], None]
) -> DecodedFeatures:
    n_cells, n_features = values.shape
    rng = np.random.default_rng(seed)
    decoder = batch_decoder(values, cells.library, cells.batch, torch.from_numpy(cells.levels), cells.likelihood)
    vectors = torch.zeros(n_features, cells.latent.shape[1], requires_grad=True)
    fitted = [vectors, *decoder.parameters()]
    zero_logit = None
    if LIKELIHOODS[cells.likelihood].zero_inflated:
        # only what was not silenced is decoded later: this part of the mixture is fitted and let go
        zero_logit = torch.full((len(cells.levels), n_features), ZERO_LOGIT_AT_START, requires_grad=True)
        fitted.append(zero_logit)
    optimiser = torch.optim.Adam(fitted, lr=LEARNING_RATE)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, STEPS)
    features = torch.arange(n_features)
    latent = torch.from_numpy(cells.latent)
    for step in range(STEPS):
        if step % STEPS_PER_WORD == 0:
            on_share(step / STEPS)
        rows = rng.choice(n_cells, min(CELLS_PER_STEP, n_cells), replace=False)
        u = latent[rows].clone()
        u[rng.random(len(rows)) < cells.private_dropout, cells.n_shared :] = 0
        batch = torch.from_numpy(cells.batch[rows])
        level, spread = decoder(u, vectors, batch, features)
        loss = negative_log_likelihood(
            cells.likelihood,
            _measured(values[rows]),
            level,
            torch.from_numpy(cells.library[rows, None]),
            spread,
            zero_logit,
            batch,
        )
        # N(0, I), whose weight against all N cells is 1 / N, on shared axes too: what training asks of them on top
        # (lambda_shared_features) is there to join modalities
        loss = loss + (0.5 * (vectors**2).sum() + decoder.prior()) / (n_cells * n_features)
        optimiser.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        optimiser.step()
        schedule.step()
    return DecodedFeatures(
        vectors.detach().numpy(),
        np.full(vectors.shape, np.nan, np.float32),
        *decoding_tables(decoder),
    )


def decoding_tables(decoder: BatchDecoder) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Scale, bias and dispersion of all features in every batch, (F, b) each."""
    scale, bias, log_dispersion = (each.detach() for each in decoder.at())
    return scale.cpu().numpy().T, bias.cpu().numpy().T, log_dispersion.exp().cpu().numpy().T


def _measured(block: sp.csr_matrix | CoveredMatrix) -> SparseValues:
    row_of = np.repeat(np.arange(block.shape[0]), np.diff(block.indptr))
    totals = torch.from_numpy(block.totals.data) if isinstance(block, CoveredMatrix) else None
    columns = block.indices.astype(np.int64)
    return SparseValues(torch.from_numpy(row_of), torch.from_numpy(columns), torch.from_numpy(block.data), totals)
