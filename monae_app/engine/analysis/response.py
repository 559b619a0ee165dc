"""From what is decoded, scale (u . f) + bias, to the value that it stands for where this is no count."""

from __future__ import annotations

import numpy as np
from scipy.special import expit

from monae_app.engine.data.dataset import METHYLATION


def response(level: np.ndarray, modality: str, likelihood: str) -> np.ndarray:
    """Value that a decoded level stands for, of the same shape.

    Parameters
    ----------
    level
        As decoded, of any shape.
    modality
        Levels of methylation stay from 0 to 1.
    likelihood
        Of the modality: under a binomial the level is a logit, under a normal distribution the value itself.
    """
    if likelihood in ("binomial", "beta_binomial"):
        return np.asarray(expit(level))
    return np.clip(level, 0, 1) if modality == METHYLATION else level
