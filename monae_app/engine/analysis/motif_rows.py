"""Motifs as rows of the table of features: they lie on the shared axes, and no value is decoded from them.

M motifs, V features, D_s shared axes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import anndata as ad
import numpy as np
import pandas as pd
import scipy.sparse as sp

from monae_app.engine.training.motif_vectors import on_axes_of_training

if TYPE_CHECKING:
    from collections.abc import Mapping

    from monae_app.engine.training.decoded import DecodedFeatures
    from monae_app.engine.training.groundwork import Groundwork

MOTIF = "motif"


@dataclass(frozen=True)
class MotifRows:
    """Motifs that were vertices of the graph: names, each once, and vectors on the shared axes (M, D_s)."""

    names: tuple[str, ...]
    vectors: np.ndarray


def motif_rows(ground: Groundwork, decoded: Mapping[str, DecodedFeatures], n_shared: int) -> MotifRows | None:
    """Carry the motifs of the graph stage to the axes that training ended with; None if there are none.

    Parameters
    ----------
    ground
        With what the graph stage found, if there was one.
    decoded
        All features, by modality.
    n_shared
        D_s.
    """
    embedded = ground.embedded
    if embedded is None or not embedded.motifs[0]:
        return None
    names, vectors = embedded.motifs
    after = [decoded[name].vectors[each.modelled, :n_shared] for name, each in ground.prepared.items()]
    before = [embedded.features[ground.graph.block(name), :n_shared] for name in ground.prepared]
    return MotifRows(names, on_axes_of_training(vectors[:, :n_shared], np.concatenate(before), np.concatenate(after)))


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
    joined["modality"] = pd.Categorical(joined["modality"], categories=[*features.obs["modality"].cat.categories, MOTIF])
    joined["chrom"] = joined["chrom"].astype("category")
    obsm = {name: np.vstack([each, np.zeros((number, each.shape[1]), each.dtype)]) for name, each in features.obsm.items()}
    obsm["X_monae"][-number:] = motifs.vectors
    found = ad.AnnData(obs=joined, obsm=obsm, uns=dict(features.uns))
    for name, each in features.obsp.items():
        padded = sp.csr_matrix(each)
        padded.resize((len(joined), len(joined)))
        found.obsp[name] = padded
    return found


def _column(name: str, column: pd.Series, motifs: MotifRows) -> object:
    known = {"modality": MOTIF, "name": list(motifs.names), "chromStart": -1, "chromEnd": -1, "modelled": True}
    if name in known:
        return known[name]
    return np.nan if pd.api.types.is_float_dtype(column.dtype) else ""
