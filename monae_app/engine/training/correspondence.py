"""Which cells of two modalities correspond, before anything is learned: anchors, a linear alignment, and balance.

In closed form and in seconds: canonical correlation of genes with what is linked to them gives first anchors; canonical
correlation of all that the encoders read, over these anchors, gives a linear map of every modality into shared axes;
mutual neighbours in both together are the anchors of training, which starts from the maps. On thin data this alone
aligns better than what was learned from first anchors (foscttm .126 against .200 on mouse cortex).

N cells, D_s shared axes, A anchors.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np

from monae_app.engine.kept_stages import kept
from monae_app.engine.model.alignment import LinearMap, align_by_anchors, follow_by_anchors
from monae_app.engine.model.anchors import find_anchors, nearest, unit_rows
from monae_app.engine.telling import SILENT, Telling
from monae_app.engine.training.anchoring import aligned_scores, links_to_genes
from monae_app.engine.training.few_links import ROUNDS, TIMES_MORE_NEIGHBORS, has_few_links, linked_scores, pull_of

if TYPE_CHECKING:
    from monae_app.engine.config import RunConfig
    from monae_app.engine.data.dataset import Dataset, Modality
    from monae_app.engine.data.guidance import GuidanceGraph
    from monae_app.engine.data.preprocess import Prepared

DENSITY_NEIGHBORS = 30
FEWEST_ANCHORS = 10
PAIRS_PER_COMPONENT = (
    3  # planted, 150 components: with 200 pairs links still help (foscttm .051 -> .018), with 400 no more
)


@dataclass(frozen=True)
class Anchors:
    """Anchored cells of two modalities.

    Parameters
    ----------
    first, second
        Of the two.
    rows
        (A, 2).
    pull
        How strongly they are drawn together, as a multiple of ``lambda_anchor``.
    """

    first: str
    second: str
    rows: np.ndarray
    pull: float = 1.0


@dataclass(frozen=True)
class Correspondence:
    """What is known of corresponding cells when training starts.

    Parameters
    ----------
    anchors
        Of every pair of modalities that has any.
    maps
        From what the encoder of a modality reads to the shared axes, (k, D_s).
    start
        Cells on the shared axes, rows of length 1, (N, D_s), by modality.
    balance
        How much every cell weighs in the mixing of modalities: as much as there are anchors around it, mean 1, (N,).
        Kinds of cells that one modality lacks, or has less of, weigh less, so that they are not pulled onto others.
    """

    anchors: tuple[Anchors, ...]
    maps: dict[str, LinearMap]
    start: dict[str, np.ndarray]
    balance: dict[str, np.ndarray]

    @property
    def n_anchors(self) -> int:
        """Of all pairs of modalities."""
        return sum(len(each.rows) for each in self.anchors)


def correspond(
    dataset: Dataset,
    prepared: dict[str, Prepared],
    graph: GuidanceGraph,
    config: RunConfig,
    tell: Telling = SILENT,
) -> Correspondence | None:
    """Find corresponding cells of the first modality (RNA, where there is RNA) and every other one.

    Known pairs are anchors with certainty; cells without a partner get inferred anchors, as far as features are linked.
    The modality with the most links comes first: it settles with the reference what the shared axes are, and the others
    follow.

    Returns
    -------
    Correspondence or None
        None where there is one modality, or nothing to go by.
    """
    names = list(dataset.modalities)
    reference = "rna" if "rna" in names else names[0]
    others = sorted((name for name in names if name != reference), key=lambda name: -_n_links(graph, reference, name))
    anchors: list[Anchors] = []
    maps: dict[str, LinearMap] = {}
    for other in others:
        of_pair = partial(_of_pair, dataset, prepared, graph, (reference, other), maps.get(reference), config, tell)
        found = kept(f"anchors of {reference} and {other}", of_pair, (Anchors, LinearMap))
        if found is not None:
            anchors.append(found[0])
            maps |= found[1]
    for pair in combinations(others, 2) if dataset.use_pairs else ():
        _join_known_pairs(dataset, prepared, pair, anchors, maps)
    if not anchors:
        return None
    start = {name: unit_rows(each(prepared[name].representation)) for name, each in maps.items()}
    balance = {}
    if config.balance and config.lambda_adversarial > 0:
        balance = kept("balance of cells", partial(_balance, anchors, start, dataset))
    return Correspondence(tuple(anchors), maps, start, balance)


def _join_known_pairs(
    dataset: Dataset,
    prepared: dict[str, Prepared],
    pair: tuple[str, str],
    anchors: list[Anchors],
    maps: dict[str, LinearMap],
) -> None:
    """Add known pairs of two modalities, neither the reference; one may have no other way to the axes."""
    first, second = pair if pair[0] in maps else pair[::-1]
    rows = dataset.known_pairs(first, second)
    if len(rows) < FEWEST_ANCHORS or first not in maps:
        return
    if second not in maps:
        along = maps[first](prepared[first].representation)
        maps[second] = follow_by_anchors(along, prepared[second].representation, rows)
    anchors.append(Anchors(first, second, rows))


def _n_links(graph: GuidanceGraph, reference: str, other: str) -> int:
    return len(links_to_genes(graph, other)[0]) if reference == "rna" else 0


def _of_pair(
    dataset: Dataset,
    prepared: dict[str, Prepared],
    graph: GuidanceGraph,
    pair: tuple[str, str],
    known_map: LinearMap | None,
    config: RunConfig,
    tell: Telling,
) -> tuple[Anchors, dict[str, LinearMap]] | None:
    known = dataset.known_pairs(*pair) if dataset.use_pairs else np.empty((0, 2), np.int64)
    # in a mosaic some cells have a partner, and the others look for one among themselves
    rows = [np.setdiff1d(_with_evidence(dataset.modalities[name]), known[:, side]) for side, name in enumerate(pair)]
    views = _Views.of(prepared, graph, pair, known, config, tell)
    if views.few:
        config = config.model_copy(update={"anchor_neighbors": TIMES_MORE_NEIGHBORS * config.anchor_neighbors})
    anchors = known
    if views.scores is not None:
        first = kept("first anchors", partial(_anchors_among, rows, views.scores, config, tell))
        anchors = np.concatenate([known, first])
    maps = None
    for number in range(views.rounds):
        if len(anchors) < FEWEST_ANCHORS:
            break
        tell(f"Aligning {pair[0]} and {pair[1]} by {len(anchors):,} first anchors")
        maps = views.maps(anchors, known_map, config.latent_shared)
        again = partial(_anchors_among, rows, views.aligned(maps), config, tell)
        anchors = np.concatenate([known, kept(f"anchors once aligned, {number + 1}", again)])
    if maps is None:
        return None
    found = Anchors(*pair, anchors, pull_of(prepared, pair, config) if views.few else 1.0)
    return found, dict(zip(pair, maps, strict=True))


@dataclass(frozen=True)
class _Views:
    """What two modalities are compared by: all that encoders read, and linked features.

    Parameters
    ----------
    representations
        (N, k) and (M, l).
    scores
        Of linked features, rows of length 1; None where known pairs say more.
    few
        Whether few features are linked, and their scores are averages over neighbours.
    """

    representations: tuple[np.ndarray, np.ndarray]
    scores: tuple[np.ndarray, np.ndarray] | None
    few: bool

    @classmethod
    def of(
        cls,
        prepared: dict[str, Prepared],
        graph: GuidanceGraph,
        pair: tuple[str, str],
        known: np.ndarray,
        config: RunConfig,
        tell: Telling,
    ) -> _Views:
        both = prepared[pair[0]], prepared[pair[1]]
        first, second = (each.representation for each in both)
        linked = pair[0] == "rna" and len(links_to_genes(graph, pair[1])[0]) > 0
        few = linked and has_few_links(graph, pair[1])
        if not linked or len(known) >= PAIRS_PER_COMPONENT * (first.shape[1] + second.shape[1]):
            scores = None
        elif few:
            scores = kept("scores", partial(linked_scores, both, graph, tell))
        else:
            scores = kept("scores", partial(aligned_scores, prepared, graph, pair[1], config, tell))
        return cls((first, second), scores, few)

    @property
    def rounds(self) -> int:
        """How often anchors and maps are found from one another."""
        return ROUNDS if self.few else 1

    def maps(self, anchors: np.ndarray, known_map: LinearMap | None, n_axes: int) -> tuple[LinearMap, LinearMap]:
        """Map both by their anchors; the first follows the axes that are settled already, if they are."""
        first, second = self.representations
        if known_map is not None:
            return known_map, follow_by_anchors(known_map(first), second, anchors)
        of_first, of_second = align_by_anchors(first, second, anchors, n_axes)[:2]
        return _widened(of_first, n_axes), _widened(of_second, n_axes)

    def aligned(self, maps: tuple[LinearMap, LinearMap]) -> list[np.ndarray]:
        """Cells where the maps put them, beside their linked features."""
        cells = [unit_rows(linear(each)) for linear, each in zip(maps, self.representations, strict=True)]
        if self.scores is None:
            return cells
        return [np.hstack(each) for each in zip(cells, self.scores, strict=True)]


def _widened(linear: LinearMap, n_axes: int) -> LinearMap:
    """Add axes on which all cells are 0, where a modality has fewer components than there are shared axes."""
    missing = n_axes - linear.weights.shape[1]
    return LinearMap(linear.centre, np.pad(linear.weights, ((0, 0), (0, missing)))) if missing else linear


def _anchors_among(rows: list[np.ndarray], scores: object, config: RunConfig, tell: Telling) -> np.ndarray:
    if min(map(len, rows)) <= config.anchor_neighbors:
        return np.empty((0, 2), np.int64)
    first, second = (each[chosen] for each, chosen in zip(scores, rows, strict=True))  # type: ignore[call-overload]
    found = find_anchors(
        first, second, n_neighbors=config.anchor_neighbors, keep=config.anchor_keep, tell=tell, kept=kept
    )
    return np.column_stack([rows[0][found[:, 0]], rows[1][found[:, 1]]])


def _with_evidence(modality: Modality) -> np.ndarray:
    """Rows of cells that say anything: the others lie in one spot, close to each other for no reason."""
    return modality.informative


def _balance(anchors: list[Anchors], start: dict[str, np.ndarray], dataset: Dataset) -> dict[str, np.ndarray]:
    weights = {name: np.ones(each.n_cells, np.float32) for name, each in dataset.modalities.items()}
    for name, cells in start.items():
        mine = [each.rows[:, 0 if each.first == name else 1] for each in anchors if name in (each.first, each.second)]
        counts = np.bincount(np.concatenate(mine), minlength=len(cells)).astype(np.float32)
        around = counts[nearest(cells, cells, DENSITY_NEIGHBORS)].mean(axis=1)
        weights[name] = np.asarray(around / max(float(around.mean()), 1e-12), np.float32)
    return weights
