"""How likely the measured values are under the decoded ones: one file a family, one call for all.

Measured values come sparse; what zeros cost is computed in closed form, lgamma only for the rest, and the sum is exact.
"""

from monae_app.engine.model.likelihoods.binomial import beta_binomial_nll, binomial_nll
from monae_app.engine.model.likelihoods.negative_binomial import negative_binomial_nll, zero_inflated_nb_nll
from monae_app.engine.model.likelihoods.normal import normal_nll
from monae_app.engine.model.likelihoods.observation import (
    LIKELIHOODS,
    ZERO_LOGIT_AT_START,
    ObservationModel,
    negative_log_likelihood,
)
from monae_app.engine.model.likelihoods.poisson import poisson_nll, presence_nll
from monae_app.engine.model.likelihoods.sparse_values import SparseValues

__all__ = [
    "LIKELIHOODS",
    "ZERO_LOGIT_AT_START",
    "ObservationModel",
    "SparseValues",
    "beta_binomial_nll",
    "binomial_nll",
    "negative_binomial_nll",
    "negative_log_likelihood",
    "normal_nll",
    "poisson_nll",
    "presence_nll",
    "zero_inflated_nb_nll",
]
