"""How well an integration did, by definitions that others can check.

``score`` is everything at once; the functions behind it stand in one file an idea. Every score says what it needs:
pairs, labels, batches or none of them.
"""

from monae_app.engine.analysis.metrics.batches import ilisi, kbet, kbet_p, lisi
from monae_app.engine.analysis.metrics.clusters import cluster_agreement
from monae_app.engine.analysis.metrics.conservation import mean_average_precision, neighbor_conservation
from monae_app.engine.analysis.metrics.imputation import (
    centred_pearson,
    log_normalised,
    noise_ceiling,
    share_of_ceiling,
)
from monae_app.engine.analysis.metrics.mixing import graph_connectivity, same_modality, seurat_alignment_score
from monae_app.engine.analysis.metrics.neighbors import neighbor_ids, other_neighbors
from monae_app.engine.analysis.metrics.pairs import foscttm, paired_rows
from monae_app.engine.analysis.metrics.rare import OwnCluster, open_set_auroc, own_cluster
from monae_app.engine.analysis.metrics.silhouette import silhouettes
from monae_app.engine.analysis.metrics.table import Scores, rounded, score
from monae_app.engine.analysis.metrics.transfer import label_transfer
from monae_app.engine.analysis.overall import overall_scores, scaled
from monae_app.engine.data.leiden import leiden_clusters, neighbor_graph

__all__ = [
    "OwnCluster",
    "Scores",
    "centred_pearson",
    "cluster_agreement",
    "foscttm",
    "graph_connectivity",
    "ilisi",
    "kbet",
    "kbet_p",
    "label_transfer",
    "leiden_clusters",
    "lisi",
    "log_normalised",
    "mean_average_precision",
    "neighbor_conservation",
    "neighbor_graph",
    "neighbor_ids",
    "noise_ceiling",
    "open_set_auroc",
    "other_neighbors",
    "overall_scores",
    "own_cluster",
    "paired_rows",
    "rounded",
    "same_modality",
    "scaled",
    "score",
    "seurat_alignment_score",
    "share_of_ceiling",
    "silhouettes",
]
