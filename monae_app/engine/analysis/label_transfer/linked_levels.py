"""The features that links join, as vectors whose product with a cell is its level. L of them, D axes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import scipy.sparse as sp

if TYPE_CHECKING:
    import anndata as ad

GUIDANCE = "guidance"
# With fewer, what links say is mostly noise.
FEWEST = 30


@dataclass(frozen=True)
class LinkedLevels:
    """Vectors of features of the source and of what they are linked to in the target, (L, D) each.

    A level is log-linear for counts: the product of a vector with the axes of a cell, but for a constant.
    """

    source: np.ndarray
    target: np.ndarray

    @classmethod
    def of(cls, features: ad.AnnData, source: str, target: str) -> LinkedLevels | None:
        """Read them from the features of a run.

        The partner of a feature is the mean of all that it is linked to, by the weight and sign of the links; within
        one modality it is the feature itself.

        Parameters
        ----------
        features
            Of the run.
        source, target
            Modalities.

        Returns
        -------
        LinkedLevels or None
            None where too few features are linked.
        """
        modality = features.obs["modality"].to_numpy(str)
        scale = np.asarray(features.obsm["scale"], np.float64).mean(axis=1, keepdims=True)
        vectors = np.hstack([np.asarray(features.obsm[name], np.float64) for name in ("X_monae", "X_private")]) * scale
        of_source, of_target = (np.flatnonzero(modality == name) for name in (source, target))
        if source == target:
            links = sp.identity(len(of_source), format="csr")
        elif GUIDANCE in features.obsp:
            links = sp.csr_matrix(features.obsp[GUIDANCE])[of_source][:, of_target]
        else:
            return None
        total = np.asarray(abs(links).sum(axis=1)).ravel()
        linked = total > 0
        if linked.sum() < FEWEST:
            return None
        partners = sp.diags(1 / total[linked]) @ links[linked] @ vectors[of_target]
        return cls(vectors[of_source][linked], np.asarray(partners))
