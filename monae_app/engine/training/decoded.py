"""How to decode the features of one modality, as arrays."""

from __future__ import annotations

from dataclasses import dataclass, replace

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


def with_absent_batches(decoded: DecodedFeatures, batch: np.ndarray) -> DecodedFeatures:
    """Give batches in which the modality was not measured what is true of its cells on average.

    Nothing was learned of such a batch. Where samples of different modalities are batches, most are of this kind.

    Parameters
    ----------
    decoded
        As learned.
    batch
        Of the modality's cells, (N,).
    """
    cells = np.bincount(batch, minlength=decoded.bias.shape[1])
    absent = cells == 0
    if not absent.any():
        return decoded

    def filled(values: np.ndarray) -> np.ndarray:
        mean = np.average(values[:, ~absent], axis=1, weights=cells[~absent])
        return np.where(absent, mean[:, None], values).astype(values.dtype)

    return replace(
        decoded, scale=filled(decoded.scale), bias=filled(decoded.bias), dispersion=filled(decoded.dispersion)
    )
