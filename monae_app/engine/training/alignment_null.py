"""Is there anything to align? The links between features against the same links put at random.

Anchors always exist, and any two matrices have positive canonical correlations, even those of two organs. What chance
alone gives is measured: what is linked to a gene is handed to another gene, so that it keeps its peaks, its depth and
its correlations with the others, and only the claim which gene it belongs to is wrong. If two modalities vary along
common programs, they agree far better under the true names than under any other.

Three things that two modalities have in common without sharing any biology are taken out. Depth: the part of every gene
that follows the depth of the cells is removed. Abundance: genes change places only with genes of similar abundance, so
that whatever abundant, long or well covered genes have in common stays in the null. Neighbourhood: under a wide window
neighbouring genes share peaks, and gene families lie together, so only the closest links are used.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np

from monae_app.engine.data.covered import CoveredMatrix
from monae_app.engine.data.levels import LevelModel, context_codes
from monae_app.engine.kept_stages import kept
from monae_app.engine.model.anchors import mutual_neighbors, shared_neighbor_support, unit_rows
from monae_app.engine.telling import SILENT, Telling
from monae_app.engine.training.alignment_evidence import (
    AlignmentEvidence,
    NullBars,
    Pair,
    evidence_from,
    in_words,
    not_judged,
)
from monae_app.engine.training.anchoring import links_to_genes
from monae_app.engine.training.linked_programs import (
    Programs,
    abundance_strata,
    agreement,
    cross_programs,
    linked_views,
    permuted_within,
    programs_of,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    import scipy.sparse as sp

    from monae_app.engine.config import RunConfig
    from monae_app.engine.data.dataset import Dataset, Modality
    from monae_app.engine.data.guidance import GuidanceGraph

CELLS_AT_MOST = 1500
CELLS_FOR_ANCHORS = 1000
# six genes have 720 orders; fewer would leave no p below 5 % to be found
FEWEST_CELLS, FEWEST_GENES = 10, 6
PERMUTATIONS, ANCHOR_PERMUTATIONS = 999, 5
TOLD_EVERY = 100
CLOSE_WEIGHT = 0.5  # 1.5 kb from gene body and promoter


def alignment_evidence(
    dataset: Dataset,
    modelled: Mapping[str, np.ndarray],
    graph: GuidanceGraph,
    config: RunConfig,
    tell: Telling = SILENT,
) -> dict[Pair, AlignmentEvidence]:
    """Ask of every two modalities that links join whether they share structure.

    Parameters
    ----------
    dataset
        As read; at most 1,500 cells of each modality are looked at, drawn from the run's seed.
    modelled
        Positions of the features that are vertices of the graph.
    graph
        Which features are linked.
    config
        Of the run.
    tell
        Told the progress.

    Returns
    -------
    dict
        By the names of the two, in the order of the modalities; empty where nothing is linked.
    """
    # what was inferred from these data agrees with them by its making
    graph = _close_links(graph.stated())
    found = {}
    for pair in combinations(dataset.modalities, 2):
        if len(links_to_genes(graph, *_ordered(pair)[::-1])[0]):
            ask = partial(_evidence_of, pair, dataset, modelled, graph, config, tell)
            found[pair] = kept(f"evidence of {pair[0]} and {pair[1]}", ask, (AlignmentEvidence, NullBars))
    return found


def _evidence_of(
    pair: Pair,
    dataset: Dataset,
    modelled: Mapping[str, np.ndarray],
    graph: GuidanceGraph,
    config: RunConfig,
    tell: Telling,
) -> AlignmentEvidence:
    """Compare two modalities under the guidance with 999 permutations of it.

    Notes
    -----
    *Source:* RV coefficient: Robert and Escoufier 1976, Appl Stat 25:257. With X = U S V^T of RNA and Y = W T Z^T of
    gene activity, over the k leading components, it is |S V^T Z T|^2 / (|S^2| |T^2|). The singular values of S V^T Z T
    are the canonical correlations that anchors are found from. Permuting genes permutes the columns of Z^T alone, so
    that no permutation needs a decomposition of its own.
    """
    tell(f"Asking whether the links join what goes together: {in_words(pair)}")
    # each pair draws anew, so that a third modality changes nothing for the first two
    rng, modalities = np.random.default_rng(config.seed), dataset.modalities
    paired = dataset.use_pairs and len(dataset.known_pairs(*pair)) > 0
    rows = {name: _some_cells(modalities[name], rng) for name in _ordered(pair)}
    if min(map(len, rows.values())) < FEWEST_CELLS:
        reason = f"one of them has fewer than {FEWEST_CELLS} cells with counts"
        return not_judged(pair, reason, 0, paired=paired)
    values: dict[str, tuple[sp.csr_matrix, Modality]] = {
        name: (_profile(modalities[name], each, modelled[name]), modalities[name]) for name, each in rows.items()
    }
    views = linked_views(values, graph)
    n_genes = len(views.sign)
    if n_genes < FEWEST_GENES:
        return not_judged(pair, f"only {n_genes:,} features are linked and vary in both", n_genes, paired=paired)
    first, second = (programs_of(each, config.seed) for each in (views.first, views.second))
    second = replace(second, genes=second.genes * views.sign)
    counted = tell.counting(f"Comparing {in_words(pair)} with {PERMUTATIONS} maps whose links are put at random")
    strata = abundance_strata(np.asarray(views.first.sum(axis=0)).ravel())
    as_linked, *orders = np.arange(n_genes), *(permuted_within(strata, rng) for _ in range(PERMUTATIONS))
    support, *at_random = (_anchor_support(first, second, each) for each in (as_linked, *orders[:ANCHOR_PERMUTATIONS]))
    null = np.stack([_counted(first, second, order, done, counted) for done, order in enumerate(orders)])
    observed, expected = agreement(first, second, as_linked), float(np.mean(at_random))
    return evidence_from(pair, observed, null, (support, expected), n_genes, paired=paired)


def _profile(modality: Modality, rows: np.ndarray, columns: np.ndarray) -> sp.csr_matrix:
    """Values that can be summed over features, (n, G); of methylation how far levels lie off the expected ones."""
    values = modality.values[rows][:, columns]
    if isinstance(values, CoveredMatrix):
        return LevelModel.fit(values, context_codes(modality.var)[columns]).deviations(values)
    return values


def _ordered(pair: Pair) -> Pair:
    """Put the one first whose features are the columns: RNA, where it takes part."""
    return pair if pair[1] != "rna" else pair[::-1]


def _close_links(graph: GuidanceGraph) -> GuidanceGraph:
    # the weight of an antibody tells how many genes it is shared by, not how far away they are
    close = (graph.weight >= CLOSE_WEIGHT) | (graph.vertices["modality"].to_numpy()[graph.target] == "protein")
    return graph.edges(close) if close.any() else graph


def _some_cells(modality: Modality, rng: np.random.Generator) -> np.ndarray:
    """Draw rows of cells that have counts."""
    return np.sort(rng.permutation(modality.informative)[:CELLS_AT_MOST])


def _counted(first: Programs, second: Programs, order: np.ndarray, done: int, tell: Telling) -> np.ndarray:
    if done % TOLD_EVERY == 0:
        tell.part(done, PERMUTATIONS)
    return agreement(first, second, order)


def _anchor_support(first: Programs, second: Programs, order: np.ndarray) -> float:
    """Mean support of the anchors that this order of the genes gives."""
    left, _, right = np.linalg.svd(cross_programs(first, second, order), full_matrices=False)
    here, there = (
        unit_rows(cells[:CELLS_FOR_ANCHORS] @ turn) for cells, turn in ((first.cells, left), (second.cells, right.T))
    )
    anchors = mutual_neighbors(here, there, 5)
    return float(shared_neighbor_support(here, there, anchors).mean()) if len(anchors) else 0.0
