"""Leiden clusters of an embedding, and how well they agree with labels."""

from __future__ import annotations

import numpy as np
from sklearn.metrics import (
    adjusted_mutual_info_score,
    adjusted_rand_score,
    homogeneity_score,
    normalized_mutual_info_score,
)

from monae_app.engine.data.leiden import FIXED_RESOLUTION, leiden_clusters, neighbor_graph
from monae_app.engine.telling import SILENT, Telling

RESOLUTIONS = (0.1, 0.2, 0.3, 0.5, 0.8, 1.0, 1.5)
CLUSTER_NEIGHBORS = 15
AGREEMENT = {
    "ari": adjusted_rand_score,
    "nmi": normalized_mutual_info_score,
    "ami": adjusted_mutual_info_score,
    "homogeneity": homogeneity_score,
}


def cluster_agreement(
    neighbors: np.ndarray,
    label: np.ndarray,
    seed: int,
    resolutions: tuple[float, ...] = RESOLUTIONS,
    tell: Telling = SILENT,
) -> dict[str, float]:
    """Leiden clusters against labels: at resolution 1, and at the best of several, which tunes on the label.

    Parameters
    ----------
    neighbors
        Nearest other cells, (N, k).
    label
        (N,).
    seed
        Of Leiden.
    resolutions
        To choose from.
    tell
        Told the progress.

    Returns
    -------
    dict
        ``ari`` (Hubert and Arabie 1985), ``nmi`` (arithmetic mean of the entropies), ``ami`` (Vinh et al. 2010) and
        ``homogeneity`` (Rosenberg and Hirschberg 2007), all at ``resolution``, the one of the highest ARI; the same at
        resolution 1 as ``ari_res1`` and so on; ``nmi_best``, the highest NMI over the resolutions, which is what
        scglue.metrics and OpenProblems call NMI (there over .1, .2, ... 2).
    """
    # numbers in place of names: the measures sort them again and again, which for strings takes a hundred times as long
    label = np.unique(label, return_inverse=True)[1]
    graph = neighbor_graph(neighbors)
    clusters = {}
    for resolution in dict.fromkeys((*resolutions, FIXED_RESOLUTION)):
        tell(f"Scoring: clusters against labels, at resolution {resolution:g}")
        clusters[resolution] = leiden_clusters(graph, resolution, seed)
    tell("Scoring: clusters against labels")
    rand = {resolution: float(adjusted_rand_score(label, clusters[resolution])) for resolution in resolutions}
    best = max(rand, key=lambda resolution: (rand[resolution], resolution))
    found = {name: float(agree(label, clusters[best])) for name, agree in AGREEMENT.items()}
    found |= {f"{name}_res1": float(agree(label, clusters[FIXED_RESOLUTION])) for name, agree in AGREEMENT.items()}
    found["nmi_best"] = max(float(normalized_mutual_info_score(label, clusters[each])) for each in resolutions)
    found["resolution"] = best
    return found
