"""Counts dealt out into parts, as if every cell had been sequenced in several shallower runs. N cells, G features."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import scipy.sparse as sp

from monae_app.engine.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from monae_app.engine.data.dataset import Modality


def deal(counts: sp.csr_matrix, parts: int, seed: Sequence[int]) -> list[sp.csr_matrix]:
    """Deal every count into parts of equal expected size: multinomial thinning.

    If a count is Poisson around its mean, the parts are independent Poisson counts around equal shares of it; what is
    learnt from some of them can be tested on another (Batson, Royer and Webber 2019, bioRxiv 786269; Neufeld et al.
    2024, Biostatistics 25:270). Where counts scatter more than Poisson, what they scatter by is common to all parts.

    Parameters
    ----------
    counts
        Whole numbers, (N, G).
    parts
        How many, at least 2.
    seed
        Of the draw.

    Returns
    -------
    list
        ``parts`` matrices (N, G) that add up to ``counts``.

    Raises
    ------
    InputError
        If there are values that are no whole numbers.
    """
    left = np.rint(counts.data).astype(np.int64)
    if not np.array_equal(left, counts.data) or (left < 0).any():
        raise InputError(
            "Some values are no whole numbers.", "counts, which can be dealt out.", "train on raw counts to check them."
        )
    rng = np.random.default_rng(list(seed))
    found = []
    for missing in range(parts, 0, -1):
        # what the parts before did not take, an equal share of it
        drawn = rng.binomial(left, 1 / missing) if missing > 1 else left
        found.append(_like(counts, drawn))
        left = left - drawn
    return found


def of_these(modality: Modality, values: sp.csr_matrix) -> Modality:
    """Return a modality with other values of the same cells and features."""
    return replace(modality, values=values)


def _like(counts: sp.csr_matrix, data: np.ndarray) -> sp.csr_matrix:
    part = sp.csr_matrix((data.astype(np.float32), counts.indices.copy(), counts.indptr.copy()), shape=counts.shape)
    part.eliminate_zeros()
    return part
