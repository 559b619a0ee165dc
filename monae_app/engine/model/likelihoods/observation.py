"""Which likelihood a modality has, by name, and what its decoded level means.

B cells, F features of a step.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import torch

from monae_app.engine.model.likelihoods.binomial import beta_binomial_nll, binomial_nll
from monae_app.engine.model.likelihoods.negative_binomial import negative_binomial_nll, zero_inflated_nb_nll
from monae_app.engine.model.likelihoods.normal import normal_nll
from monae_app.engine.model.likelihoods.poisson import poisson_nll, presence_nll
from monae_app.engine.model.per_batch import rows_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from torch import Tensor

    from monae_app.engine.model.likelihoods.sparse_values import SparseValues

Level = Literal["log_proportion", "identity", "logit"]
# a tenth of the places silenced at first, so that both parts of the mixture are heard
ZERO_LOGIT_AT_START = -2.2


@dataclass(frozen=True)
class ObservationModel:
    """How a measured value follows from the decoded level scale (u . f) + bias.

    Parameters
    ----------
    level
        What the level is. ``log_proportion``: the mean is library size x exp(level). ``identity``: the level is the
        mean. ``logit``: the chance of a success is sigmoid(level).
    nll
        Takes the measured values, the level (or the log mean, where the level is a log proportion), the log dispersion,
        the zero logit, and the row of both that each cell reads; gives the mean over cells and features.
    zero_inflated
        Whether it reads a zero logit per feature.
    """

    level: Level
    nll: Callable[[SparseValues, Tensor, Tensor, Tensor, Tensor | None], Tensor]
    zero_inflated: bool = False


# log_dispersion is the log inverse dispersion (nb, zinb), the log sd (normal) or the log concentration (beta_binomial);
# the others have none and read none
LIKELIHOODS: dict[str, ObservationModel] = {
    "nb": ObservationModel(
        "log_proportion", lambda x, level, spread, _, at: negative_binomial_nll(x, level, spread, at)
    ),
    "zinb": ObservationModel(
        "log_proportion",
        lambda x, level, spread, zero, at: zero_inflated_nb_nll(x, level, rows_of(spread, at), rows_of(zero, at)),
        zero_inflated=True,
    ),
    "poisson": ObservationModel("log_proportion", lambda x, level, *_: poisson_nll(x, level)),
    "bernoulli": ObservationModel("log_proportion", lambda x, level, *_: presence_nll(x, level)),
    "normal": ObservationModel("identity", lambda x, level, spread, _, at: normal_nll(x, level, rows_of(spread, at))),
    "binomial": ObservationModel("logit", lambda x, level, *_: binomial_nll(x, level)),
    "beta_binomial": ObservationModel(
        "logit", lambda x, level, spread, _, at: beta_binomial_nll(x, level, rows_of(spread, at))
    ),
}


def negative_log_likelihood(
    name: str,
    measured: SparseValues,
    level: Tensor,
    library: Tensor,
    log_dispersion: Tensor,
    zero_logit: Tensor | None = None,
    batch: Tensor | None = None,
) -> Tensor:
    """Negative log-likelihood of a block under the likelihood of that name, mean over cells and features, a scalar.

    Parameters
    ----------
    name
        One of ``LIKELIHOODS``.
    measured
        The block.
    level
        Decoded, shape (B, F); what it means stands in ``LIKELIHOODS``. Overwritten unless it is a leaf.
    library
        Library size of the cells, shape (B, 1); read where the level is a log proportion. A cell without any count
        counts as one with a library of 1, so that its zeros cost little instead of infinitely much.
    log_dispersion
        Shape (1, F) or (B, F), or (b, F) with ``batch``.
    zero_logit
        Of the same shape; read by ``zinb`` alone.
    batch
        Batch of each cell, (B,): which row of these it reads.

    Raises
    ------
    ValueError
        If the name is unknown or what the likelihood reads is missing.
    """
    if name not in LIKELIHOODS:
        msg = f"there is no likelihood {name!r}; there are {', '.join(LIKELIHOODS)}"
        raise ValueError(msg)
    model = LIKELIHOODS[name]
    if model.level == "log_proportion":
        offset = torch.log(library.clamp(min=1))
        # a block that was computed for this is not needed any more
        level = level + offset if level.is_leaf else level.add_(offset)
    if zero_logit is None:
        if model.zero_inflated:
            msg = f"{name} needs a zero logit"
            raise ValueError(msg)
        zero_logit = log_dispersion
    return model.nll(measured, level, log_dispersion, zero_logit, batch)
