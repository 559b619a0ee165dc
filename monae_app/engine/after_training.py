"""What is asked of a network once it is trained: where all cells and all features lie, and how far to trust them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from monae_app.engine.analysis import confidence as trust
from monae_app.engine.analysis.landmark_fitting import find_landmarks
from monae_app.engine.analysis.outcome import Trained
from monae_app.engine.kept_stages import kept
from monae_app.engine.training.inference import CellEmbedder
from monae_app.engine.training.learned import cluster_centres, decode_all, embed_cells, motifs_of

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

    from monae_app.engine.config import RunConfig
    from monae_app.engine.data.guidance import GuidanceGraph
    from monae_app.engine.data.held_out import Split
    from monae_app.engine.telling import Telling
    from monae_app.engine.training.groundwork import Groundwork
    from monae_app.engine.training.session import Learned


def ask(
    parts: Split,
    graph: GuidanceGraph,
    located: dict[str, pd.DataFrame],
    ground: Groundwork,
    learned: Learned,
    config: RunConfig,
    tell: Telling,
) -> tuple[CellEmbedder, Trained]:
    """Ask the network for all cells and all features.

    Parameters
    ----------
    parts
        The cells that were trained on, and those held out.
    graph
        The guidance.
    located
        Coordinates of all features.
    ground, learned
        What training began and ended with; the network is on the CPU afterwards.
    config
        Of the run.
    tell
        Told the progress.

    Returns
    -------
    tuple
        What embeds new cells, and what was learned.
    """
    network, dataset = learned.network, parts.training
    modelled = {name: each.modelled for name, each in ground.prepared.items()}
    seen = embed_cells(network, learned.sampler.cells, next(network.parameters()).device, tell)
    embedder = CellEmbedder.of(network.encoders, ground.prepared, dataset.batches.parts)  # type: ignore[arg-type]
    latent = {}
    for name, rows in modelled.items():

        def embed(name: str = name, rows: np.ndarray = rows) -> np.ndarray:
            return embedder.embed(name, *parts.unseen(name, rows))

        latent[name] = parts.join(name, seen[name], kept(f"embedding of {name} held out", embed))
    tell("Describing every feature")
    decoded = decode_all(network.cpu(), dataset, modelled, seen, config, tell)
    confidence = trust.confidences(parts, decoded, embedder, seed=config.seed, tell=tell)
    centres = cluster_centres(network)
    found = find_landmarks(dataset, seen, decoded, n_shared=config.latent_shared, seed=config.seed)
    motifs = motifs_of(ground, decoded, config.latent_shared)
    known = (parts.held_out, confidence, centres, found, motifs)
    return embedder, Trained(parts.whole, graph, located, modelled, latent, decoded, *known)
