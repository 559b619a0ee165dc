"""How to decode the features of one modality, as arrays."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np


@dataclass(frozen=True)
class DecodedFeatures:
    """Features of one modality.

    Parameters
    ----------
    vectors, vectors_sd
        Mean and sd of q(F | G), (F, D).
    scale, bias, dispersion
        (F, b); dispersion is the inverse dispersion of counts and the sd of continuous values.
    """

    vectors: np.ndarray
    vectors_sd: np.ndarray
    scale: np.ndarray
    bias: np.ndarray
    dispersion: np.ndarray
