"""The graph stage of Monae-E: cells, features and motifs in one space, before the networks are trained.

Vectors start in closed form; drawn edges of all relations then move them together. It is done anew when a run is
resumed: a step depends on the seed and its number alone, so that it ends where it ended before.

V vertices, D = D_s + D_p axes (shared first).
"""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from monae_app.engine.data.edge_weights import LEVELS, EdgeWeights, fit_edge_weights
from monae_app.engine.data.graph_projection import GraphProjection, fit_graph_projection
from monae_app.engine.data.level_projection import LevelProjection
from monae_app.engine.data.levels import LevelModel
from monae_app.engine.data.motif_edges import motif_edges
from monae_app.engine.data.representation import kind_of
from monae_app.engine.data.whole_graph import CELLS, WholeGraph, build_whole_graph
from monae_app.engine.kept_stages import keep_state, kept, last_state
from monae_app.engine.model.alignment import LinearMap
from monae_app.engine.model.edge_embedding import DrawnEdges, EdgeEmbedding
from monae_app.engine.training.graph_start import Start, start_vectors
from monae_app.engine.training.motif_vectors import start_of_motifs

if TYPE_CHECKING:
    from collections.abc import Mapping

    import scipy.sparse as sp

    from monae_app.engine.config import RunConfig
    from monae_app.engine.data.dataset import Dataset
    from monae_app.engine.data.motif_edges import MotifEdges
    from monae_app.engine.data.motifs.hits import MotifHits
    from monae_app.engine.data.preprocess import Prepared
    from monae_app.engine.data.whole_graph import Relation
    from monae_app.engine.telling import Telling
    from monae_app.engine.training.groundwork import Groundwork

STAGE = "graph"
EDGES_PER_STEP, EDGES_OF_OTHERS = 4096, 512
OTHER_ENDS = 64
LAST_RATE = 0.02  # share of the step size that is left at the end
DECAY = 0.02
WEIGHT_OF_OTHERS = 0.1  # beside cells and their features, of every other relation
STREAM = 7  # of the seed
ALL_AXES = 1 << 20
SECONDS_BETWEEN_REPORTS, SECONDS_BETWEEN_STATES = 1.0, 30.0
MOVED = "moved vectors"


@dataclass(frozen=True, eq=False)
class Embedded:
    """What the graph stage ends with.

    Parameters
    ----------
    features
        Vectors of all modelled features, as vertices of the guidance graph, (V, D).
    motifs
        Names of the motifs, and their vectors, (M, D).
    maps
        From what the encoder of a modality reads to the axes, by modality.
    edges
        Number of edges by relation.
    steps, seconds, loss
        How long it took, and the loss of the last step by relation.
    """

    features: np.ndarray
    motifs: tuple[tuple[str, ...], np.ndarray]
    maps: dict[str, LinearMap]
    edges: dict[str, int]
    steps: int
    seconds: float
    loss: dict[str, float]

    def record(self) -> dict[str, Any]:
        """Return what the report says of it."""
        return {
            "graph_stage": {
                "steps": self.steps,
                "seconds": round(self.seconds, 2),
                "edges": self.edges,
                "motifs": len(self.motifs[0]),
                "loss": {name: round(each, 4) for name, each in self.loss.items()},
            }
        }


def embed_whole_graph(
    dataset: Dataset, ground: Groundwork, config: RunConfig, hits: MotifHits | None, tell: Telling
) -> Groundwork:
    """Embed all vertices, and let the encoders read the vectors of the cells.

    Parameters
    ----------
    dataset
        What is trained on.
    ground
        Worked out before: its anchors and the weights of its links are edges.
    config
        Of the run.
    hits
        Of motifs in peaks; None without any.
    tell
        Told the progress.

    Returns
    -------
    Groundwork
        With other representations, and the vectors.

    Raises
    ------
    Stopped
        If asked to stop.
    """
    began = time.perf_counter()
    tell = tell.at(STAGE)
    work_out = partial(_worked_out, dataset, ground, config, hits, began, tell)
    embedded, read = kept("whole graph", work_out, (Embedded, LinearMap, GraphProjection, EdgeWeights, LevelModel))
    prepared = {
        name: replace(each, representation=read[name][0], projection=read[name][1])
        for name, each in ground.prepared.items()
    }
    return replace(ground, prepared=prepared, embedded=embedded)


def _worked_out(
    dataset: Dataset, ground: Groundwork, config: RunConfig, hits: MotifHits | None, began: float, tell: Telling
) -> tuple[Embedded, dict[str, tuple[np.ndarray, GraphProjection]]]:
    """Embed all vertices; what the encoders read of the cells, and what makes it of their values, by modality."""
    motifs = _motifs(ground, hits)
    weights = {name: _weights(each) for name, each in ground.prepared.items()}
    edges = {name: weights[name].of(each.values) for name, each in ground.prepared.items()}
    graph = _graph(dataset, ground, edges, motifs)
    tell(f"The whole graph: {graph.n_vertices:,} vertices; {_in_words(graph.edges_by_relation())}")
    starts = _starts(dataset, ground, edges, config, tell)
    embedding = _embedding(graph, starts, motifs, config)
    loss = _train(embedding, graph, dataset, config, tell)
    vectors = embedding.vectors.cpu().numpy()
    representations, maps = {}, {}
    for name in ground.prepared:
        cells, features = vectors[graph.cells[name]], vectors[graph.features[name]]
        projection, read = fit_graph_projection(weights[name], edges[name], features, cells)
        representations[name] = (read, projection)
        maps[name] = LinearMap(np.zeros(read.shape[1]), np.diag(projection.spread), projection.centre)
    named = () if motifs is None else motifs.names
    seconds = time.perf_counter() - began
    embedded = Embedded(
        vectors[: len(ground.graph.vertices)],
        (named, vectors[graph.motifs]),
        maps,
        graph.edges_by_relation(),
        config.graph_stage_steps,
        seconds,
        loss,
    )
    return embedded, representations


def _motifs(ground: Groundwork, hits: MotifHits | None) -> MotifEdges | None:
    if hits is None:
        return None
    names = {name: ground.graph.vertices["name"].iloc[ground.graph.block(name)].tolist() for name in ground.prepared}
    return motif_edges(hits, names["atac"], names.get("rna"))


def _in_words(edges: Mapping[str, int]) -> str:
    return ", ".join(f"{number:,} edges {name}" for name, number in edges.items())


def _weights(prepared: Prepared) -> EdgeWeights:
    projection = prepared.projection
    if isinstance(projection, LevelProjection):
        return fit_edge_weights(prepared.values, LEVELS, projection.levels)
    return fit_edge_weights(prepared.values, kind_of(prepared.modality.name, prepared.modality.likelihood))


def _graph(
    dataset: Dataset, ground: Groundwork, edges: dict[str, sp.csr_matrix], motifs: MotifEdges | None
) -> WholeGraph:
    found = () if ground.correspondence is None else ground.correspondence.anchors
    anchors = [(each.first, each.second, each.rows) for each in found]
    names = list(dataset.modalities)
    # an anchor has its modalities in an order of its own
    order = {frozenset(each[:2]): each[:2] for each in anchors}
    pairs = {}
    for number, first in enumerate(names if dataset.use_pairs else ()):
        for second in names[number + 1 :]:
            pair = order.get(frozenset((first, second)), (first, second))
            pairs[pair] = dataset.known_pairs(*pair)
    return build_whole_graph(ground.graph, edges, pairs, anchors, motifs)


def _starts(
    dataset: Dataset, ground: Groundwork, edges: dict[str, sp.csr_matrix], config: RunConfig, tell: Telling
) -> dict[str, Start]:
    aligned = {} if ground.correspondence is None else ground.correspondence.start
    found = {}
    for name, each in edges.items():
        counted = tell.counting(f"Starting vectors of {each.shape[0]:,} cells and {each.shape[1]:,} features of {name}")
        start = partial(
            start_vectors,
            each,
            aligned.get(name),
            dataset.batch_codes[name],
            len(dataset.batches),
            (config.latent_shared, config.latent_private),
            seed=config.seed,
            tell=counted,
        )
        found[name] = kept(f"starting vectors of {name}", start, made_of=(Start,))
    return found


def _embedding(
    graph: WholeGraph, starts: Mapping[str, Start], motifs: MotifEdges | None, config: RunConfig
) -> EdgeEmbedding:
    width = config.latent_shared + config.latent_private
    n_features = max(block.stop for block in graph.features.values())
    n_batches = next(iter(starts.values())).bias.shape[1]
    vectors = np.zeros((graph.n_vertices, width), np.float32)
    bias = np.zeros((n_features, n_batches), np.float32)
    for name, start in starts.items():
        vectors[graph.cells[name]], vectors[graph.features[name]] = start.cells, start.features
        bias[graph.features[name]] = start.bias
    if motifs is not None:
        shared = start_of_motifs(motifs.in_peaks, vectors[graph.features["atac"], : config.latent_shared])
        vectors[graph.motifs, : config.latent_shared] = shared
    return EdgeEmbedding(torch.from_numpy(vectors), torch.from_numpy(bias), DECAY)


def _train(
    embedding: EdgeEmbedding, graph: WholeGraph, dataset: Dataset, config: RunConfig, tell: Telling
) -> dict[str, float]:
    batch = np.zeros(graph.n_vertices, np.int64)
    for name, block in graph.cells.items():
        batch[block] = dataset.batch_codes[name]
    steps, told, loss, written = config.graph_stage_steps, 0.0, {}, time.perf_counter()
    first = 0
    if (saved := last_state(MOVED)) is not None:
        first, loss, state = saved
        embedding.restore(state)
    for step in range(first, steps):
        tell.heed()
        rng = np.random.default_rng([config.seed, STREAM, step])
        drawn = [_draw(each, batch, config.latent_shared, rng) for each in graph.relations]
        rate = config.graph_stage_rate * (1 - step / steps * (1 - LAST_RATE))
        found = embedding.step(drawn, rate)
        if (now := time.perf_counter()) - told > SECONDS_BETWEEN_REPORTS or step + 1 == steps:
            told = now
            loss = dict(zip((each.name for each in graph.relations), found, strict=True))
            tell.on_event(
                {
                    "stage": STAGE,
                    "message": "Moving vectors along drawn edges",
                    "done": step + 1,
                    "total": steps,
                    "graph_step": step + 1,
                    "loss": sum(found),
                }
            )
        if now - written > SECONDS_BETWEEN_STATES:
            keep_state(MOVED, (step + 1, loss, embedding.state()))
            written = now
    return loss


def _draw(relation: Relation, batch: np.ndarray, n_shared: int, rng: np.random.Generator) -> DrawnEdges:
    of_cells = relation.kind == CELLS
    heads, tails, sign = relation.draw(EDGES_PER_STEP if of_cells else min(EDGES_OF_OTHERS, relation.n_edges), rng)
    other_heads, other_tails = relation.draw_ends(OTHER_ENDS, rng)
    batches = (torch.from_numpy(batch[heads]), torch.from_numpy(batch[other_heads])) if of_cells else None
    return DrawnEdges(
        heads=torch.from_numpy(heads),
        tails=torch.from_numpy(tails),
        sign=torch.from_numpy(sign),
        other_heads=torch.from_numpy(other_heads),
        other_tails=torch.from_numpy(other_tails),
        axes=n_shared if relation.shared_only else ALL_AXES,
        weight=1.0 if of_cells else WEIGHT_OF_OTHERS,
        batches=batches,
    )
