"""From what training found to the two tables that a run keeps: cells and features.

N cells, V features of all modalities, D_s shared and D_p private axes, b batches.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from monae_app.engine.analysis.cluster_certainty import centres_of, cluster_probabilities
from monae_app.engine.analysis.counterparts import Counterparts, find_counterparts
from monae_app.engine.analysis.imputation import BATCH
from monae_app.engine.analysis.integration import map_cells
from monae_app.engine.analysis.landmark_fitting import keep
from monae_app.engine.analysis.landmarks import Landmarks, across
from monae_app.engine.analysis.linear_decoding import normaliser
from monae_app.engine.analysis.local_mixing import local_mixing
from monae_app.engine.analysis.motif_rows import with_motifs
from monae_app.engine.analysis.refined_graph import guidance_matrix, refined_matrix
from monae_app.engine.analysis.run_batches import batches_in_words
from monae_app.engine.analysis.tables import (
    HAS_COUNTERPART,
    HELD_OUT,
    LOCAL_MIXING,
    cell_table,
    feature_table,
    table_of,
)
from monae_app.engine.kept_stages import in_shards, kept
from monae_app.engine.result import Result
from monae_app.engine.telling import SILENT, Telling

if TYPE_CHECKING:
    import anndata as ad

    from monae_app.engine.config import RunConfig
    from monae_app.engine.data.dataset import Dataset
    from monae_app.engine.data.guidance import GuidanceGraph
    from monae_app.engine.training.decoded import DecodedFeatures
    from monae_app.engine.training.motif_vectors import MotifRows

# decoded between two results that are kept: some seconds
VALUES_A_SHARD = 2**29


@dataclass(frozen=True)
class Trained:
    """A dataset and what was learned about it, by modality.

    Parameters
    ----------
    dataset, graph
        What was trained on.
    located
        Coordinates of all features.
    modelled
        Positions of the features that were modelled jointly.
    latent
        Of the cells, shared axes first, (N_k, D_s + D_p).
    decoded
        All features, rows as in the dataset.
    held_out
        Rows of the cells that training did not see; a modality that is not named has none.
    confidence
        Of every feature, NaN where it is not known; a modality that is not named has none.
    centres
        Of the clusters learned in training, (C, D_s); None where there are none.
    landmarks
        Of the modalities that have some.
    motifs
        That were vertices of the graph; None without any.
    """

    dataset: Dataset
    graph: GuidanceGraph
    located: dict[str, pd.DataFrame]
    modelled: dict[str, np.ndarray]
    latent: dict[str, np.ndarray]
    decoded: dict[str, DecodedFeatures]
    held_out: dict[str, np.ndarray] = field(default_factory=dict)
    confidence: dict[str, np.ndarray] = field(default_factory=dict)
    centres: np.ndarray | None = None
    landmarks: dict[str, Landmarks] = field(default_factory=dict)
    motifs: MotifRows | None = None

    @property
    def n_cells(self) -> int:
        """Rows of all modalities."""
        return sum(len(cells) for cells in self.latent.values())


def cells_of(trained: Trained, config: RunConfig, tell: Telling = SILENT) -> tuple[ad.AnnData, Counterparts | None]:
    """Build the table of cells with embedding, clusters, map and normalisers; and say which have a counterpart."""
    shared = config.latent_shared
    obs, everything = _decoding_columns(trained, shared, tell), np.concatenate(list(trained.latent.values()))
    cell_map = map_cells(
        everything[:, :shared],
        n_neighbors=config.umap_neighbors,
        min_dist=config.umap_min_dist,
        resolution=config.leiden_resolution,
        seed=config.seed,
        on_gpu=config.device in ("auto", "cuda"),
        tell=tell,
    )
    tell("Asking how surely each cell belongs to its cluster")
    obs["leiden"] = cell_map.leiden
    kinds, clusters_of = (obs[name].astype(str).tolist() for name in ("modality", "leiden"))
    ask = partial(find_counterparts, cell_map.neighbours, kinds, clusters_of, seed=config.seed)
    counterparts = kept("counterparts of cells", ask, made_of=(Counterparts,))
    if counterparts is not None:
        obs[HAS_COUNTERPART] = counterparts.has_any
        obs[LOCAL_MIXING] = local_mixing(cell_map.nearest, kinds)
    centres, clusters = trained.centres, "learned in training"
    if centres is None:
        centres, clusters = centres_of(everything[:, :shared], cell_map.leiden), "leiden"
    obsm = {
        "X_monae": everything[:, :shared],
        "X_private": everything[:, shared:],
        "X_umap": cell_map.umap,
        "cluster_probabilities": cluster_probabilities(everything[:, :shared], centres),
    }
    cells = table_of(obs, obsm)
    cells.uns["clusters"] = clusters
    return cells, counterparts


def imputing_result(trained: Trained, config: RunConfig, report: dict[str, Any], tell: Telling = SILENT) -> Result:
    """Build what imputation reads of a result: embedding, normalisers and features; no clusters, map and scores."""
    shared = config.latent_shared
    everything = np.concatenate(list(trained.latent.values()))
    obsm = {"X_monae": everything[:, :shared], "X_private": everything[:, shared:]}
    cells = table_of(_decoding_columns(trained, shared, tell), obsm)
    return Result(config, cells, features_of(trained, config, tell, refine=False), report)


def _decoding_columns(trained: Trained, n_shared: int, tell: Telling) -> pd.DataFrame:
    obs = _run_columns(cell_table(trained.dataset), trained)
    for target, modality in trained.dataset.modalities.items():
        counted = tell.counting(f"Computing how {trained.n_cells:,} cells are decoded as {target}")
        obs[f"normaliser_{target}"] = (
            normalisers(trained, target, n_shared, counted) if modality.is_count else np.float32(np.nan)
        )
    return obs


def _run_columns(obs: pd.DataFrame, trained: Trained) -> pd.DataFrame:
    """Add which cells were held out and, where there are several batches, which one decodes a cell as its own."""
    dataset = trained.dataset
    out = [
        np.isin(np.arange(each.n_cells), trained.held_out.get(name, ())) for name, each in dataset.modalities.items()
    ]
    obs[HELD_OUT] = np.concatenate(out)
    if len(dataset.batch_names) > 1:
        codes = np.concatenate(list(dataset.batch_codes.values()))
        obs[BATCH] = pd.Categorical.from_codes(codes, categories=pd.Index(dataset.batch_names))
    return obs


def normalisers(trained: Trained, target: str, n_shared: int, tell: Telling = SILENT) -> np.ndarray:
    """Normaliser of every cell towards one target modality at the reference batch, (N,)."""
    decoded, reference = trained.decoded[target], trained.dataset.reference
    scale, bias = decoded.scale[:, reference], decoded.bias[:, reference]
    parts = []
    for name, cells in trained.latent.items():
        latent, vectors = cells, decoded.vectors
        if name != target:
            # a cell of another modality speaks through the shared axes alone
            latent, vectors = across(cells[:, :n_shared], vectors[:, :n_shared], scale, trained.landmarks.get(target))

        def some(rows: slice, latent: np.ndarray = latent, vectors: np.ndarray = vectors) -> np.ndarray:
            return normaliser(latent[rows], vectors, scale, bias, tell.quietly())

        rows = max(1, VALUES_A_SHARD // max(1, len(vectors)))
        parts.append(in_shards(f"normalisers of {name} as {target}", len(latent), rows, some, tell))
    return np.concatenate(parts)


def features_of(trained: Trained, config: RunConfig, tell: Telling = SILENT, *, refine: bool = True) -> ad.AnnData:
    """Build the table of features with vectors, decoder, guidance and, unless told otherwise, the refined graph."""
    dataset, shared = trained.dataset, config.latent_shared
    tell("Gathering the features")
    joined = {
        name: np.concatenate([getattr(each, name) for each in trained.decoded.values()])
        for name in ("vectors", "vectors_sd", "scale", "bias", "dispersion")
    }
    vectors = joined.pop("vectors")
    obsm = {"X_monae": vectors[:, :shared], "X_private": vectors[:, shared:], "posterior_sd": joined.pop("vectors_sd")}
    obs = feature_table(dataset, trained.located, trained.modelled)
    unknown = {name: np.full(each.n_features, np.nan, np.float32) for name, each in dataset.modalities.items()}
    obs["confidence"] = np.concatenate(list((unknown | trained.confidence).values()))
    features = table_of(obs, obsm | joined)
    keep(features, trained.landmarks)
    features.uns |= batches_in_words(dataset.batches, dataset.reference)
    features.uns["refined_neighbourhood"] = (
        f"gene-peak pairs within {config.refined_window} bp of gene body and promoter"
    )
    starts = np.cumsum([0, *(each.n_features for each in dataset.modalities.values())])
    rows = np.concatenate(
        [positions + start for positions, start in zip(trained.modelled.values(), starts, strict=False)]
    )
    features.obsp["guidance"] = guidance_matrix(trained.graph, rows, len(vectors))
    if trained.graph.inferred is not None:
        features.obsp["guidance_inferred"] = guidance_matrix(
            trained.graph.edges(trained.graph.inferred), rows, len(vectors)
        )
    if refine:
        tell(f"Refining the graph: pairs of features within {config.refined_window:,} bp")
        refined = partial(
            refined_matrix,
            vectors[:, :shared],
            trained.located,
            promoter=config.promoter,
            window=config.refined_window,
        )
        features.obsp["refined"] = kept("refined graph", refined)
    return with_motifs(features, trained.motifs)
