"""Motifs as rows of the table of features: they lie on the shared axes, and no value is decoded from them.

M motifs, V features, D_s shared axes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import anndata as ad
import numpy as np
import pandas as pd
import scipy.sparse as sp

if TYPE_CHECKING:
    from monae_app.engine.training.motif_vectors import MotifRows

MOTIF = "motif"


def with_motifs(features: ad.AnnData, motifs: MotifRows | None) -> ad.AnnData:
    """Put a row a motif, ``motif:<name>`` of the modality ``motif``, below the features; nothing else changes.

    What a motif does not have (private axes, scale, bias, dispersion, deviations) is 0, its place is empty, and no edge
    of the guidance or of the refined graph leads to it.
    """
    if motifs is None or not motifs.names:
        return features
    number = len(motifs.names)
    obs = pd.DataFrame(index=pd.Index([f"{MOTIF}:{name}" for name in motifs.names]))
    for name, column in features.obs.items():
        obs[name] = _column(str(name), column, motifs)
    joined = pd.concat([features.obs.astype({"modality": object, "chrom": object}), obs])
    kinds = [*features.obs["modality"].cat.categories, MOTIF]
    joined["modality"] = pd.Categorical(joined["modality"], categories=kinds)
    joined["chrom"] = joined["chrom"].astype("category")
    obsm = {name: np.pad(each, ((0, number), (0, 0))) for name, each in features.obsm.items()}
    obsm["X_monae"][-number:] = motifs.vectors
    found = ad.AnnData(obs=joined, obsm=obsm, uns=dict(features.uns))
    for name, each in features.obsp.items():
        padded = sp.csr_matrix(each)
        padded.resize((len(joined), len(joined)))
        found.obsp[name] = padded
    return found


def _column(name: str, column: pd.Series, motifs: MotifRows) -> Any:
    known: dict[str, Any] = {
        "modality": MOTIF,
        "name": list(motifs.names),
        "chromStart": -1,
        "chromEnd": -1,
        "modelled": True,
    }
    if name in known:
        return known[name]
    return np.nan if pd.api.types.is_float_dtype(column.dtype) else ""
