"""Labels from the cells of one side to those of another, each with a confidence, and "unassigned" where none fits.

Four steps. The nearest labelled cells in the shared space vote; their votes become probabilities by a softening that
is learned on the labelled cells themselves. Half of each probability comes from the nearest cells of the target's own
side: what neighbours of one kind disagree on is not certain. What may be of a kind that the source lacks
(:mod:`monae_app.engine.analysis.label_transfer.novelty`) is taken off. No label of the target is ever looked at.

N source and M target cells, C classes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from monae_app.engine.analysis.label_transfer.linked_levels import LinkedLevels
from monae_app.engine.analysis.label_transfer.novelty import apart, contradicted, contradiction
from monae_app.engine.analysis.label_transfer.unassigned import THRESHOLD, UNASSIGNED
from monae_app.engine.analysis.label_transfer.votes import (
    NEIGHBORS,
    OWN_NEIGHBORS,
    Near,
    Softening,
    averaged,
    nearest,
    votes,
)
from monae_app.engine.errors import InputError
from monae_app.engine.telling import SILENT, Telling

if TYPE_CHECKING:
    import anndata as ad
    import pandas as pd

    from monae_app.engine.analysis.label_transfer.sides import Side

# So many labelled cells, and so many of the target's own side, are looked among for neighbours.
MOST_CELLS = 50_000
# Those beyond take from so many of them what was found for these.
FEW = 5
NO_LINKS = (
    "Too few links join the two sides to tell whether the features of a cell contradict its place: a kind of cell that "
    "the source lacks is noticed only where it lies apart."
)
LOOSE_LINKS = (
    "The linked features follow the places of the cells too loosely to contradict them: a kind of cell that the source "
    "lacks is noticed only where it lies apart. One that was laid onto a relative keeps the relative's label."
)
TRUSTED = 0.5


@dataclass(frozen=True)
class Transfer:
    """Labels for cells.

    Parameters
    ----------
    names
        Of the cells, (M,).
    classes
        Names of the labels, (C,).
    probabilities
        Of each class, (M, C), float32; with ``novelty`` a row sums to 1.
    novelty
        Probability that the cell is of a kind that the source lacks, (M,), float32.
    notes
        What is to be known, in words.
    """

    names: np.ndarray
    classes: np.ndarray
    probabilities: np.ndarray
    novelty: np.ndarray
    notes: tuple[str, ...] = ()

    @property
    def best(self) -> np.ndarray:
        """Code of the likeliest class, (M,)."""
        return np.asarray(self.probabilities.argmax(axis=1))

    @property
    def confidence(self) -> np.ndarray:
        """Probability of the likeliest class, (M,)."""
        return np.asarray(self.probabilities.max(axis=1))

    @property
    def second(self) -> np.ndarray:
        """Code of the class that is likeliest but one, (M,)."""
        return np.asarray(np.argsort(-self.probabilities, axis=1, kind="stable")[:, 1])

    def assigned(self, threshold: float = THRESHOLD) -> np.ndarray:
        """Which cells are sure enough to be given a label, (M,)."""
        return np.asarray(self.confidence >= threshold)

    def labels(self, threshold: float = THRESHOLD) -> np.ndarray:
        """Label of each cell, "unassigned" below the threshold, (M,)."""
        named = self.classes.astype(object)[self.best]
        named[~self.assigned(threshold)] = UNASSIGNED
        return np.asarray(named)


def transfer(
    source: Side,
    labels: pd.Categorical,
    target: Side,
    features: ad.AnnData,
    *,
    seed: int,
    tell: Telling = SILENT,
) -> Transfer:
    """Give the labels of the source to the cells of the target.

    Parameters
    ----------
    source
        Cells that have labels, or some of them.
    labels
        Of the source, (N,); cells without one are left out.
    target
        Cells to be labelled.
    features
        Of the run, with ``guidance`` in obsp.
    seed
        Of the sample where there are very many cells.
    tell
        Told the progress.

    Raises
    ------
    InputError
        If fewer than two classes are left, or too few cells.
    """
    rng = np.random.default_rng(seed)
    known = _sample(np.flatnonzero(labels.codes >= 0), rng)
    source, labels = source.some(known), labels[known].remove_unused_categories()
    classes, codes = labels.categories.to_numpy(str), labels.codes.astype(np.int64)
    if len(classes) < 2 or len(source) < 3:
        raise InputError(
            f"{len(source):,} cells of {source.modality} have labels, of {len(classes)} kinds.",
            "at least three cells of two kinds.",
            "choose a column that labels more of them.",
        )
    tell("Comparing with the labelled cells")
    near = nearest(source.shared, target.shared)
    softening = Softening.learned(source.shared, codes, len(classes), rng)
    tell("Asking the neighbours of each cell")
    own = _own_neighbours(target, rng)
    found = softening.softened(votes(near, codes, len(classes)), None if own is None else own.rows[:, :OWN_NEIGHBORS])
    tell("Looking for kinds of cells that the source lacks")
    novelty, notes = _novelty(source, target, (near, own), features, rng)
    return Transfer(
        target.names,
        classes,
        (found * (1 - novelty)[:, None]).astype(np.float32),
        novelty.astype(np.float32),
        notes,
    )


def _novelty(
    source: Side,
    target: Side,
    neighbours: tuple[Near, Near | None],
    features: ad.AnnData,
    rng: np.random.Generator,
) -> tuple[np.ndarray, tuple[str, ...]]:
    near, own = neighbours
    if own is None:
        return np.zeros(len(target)), (NO_LINKS,)
    lies_apart = apart(near.distances.mean(axis=1), own.distances.mean(axis=1))
    levels = LinkedLevels.of(features, source.modality, target.modality)
    if levels is None:
        return lies_apart, (NO_LINKS,)
    chosen = _sample(np.arange(len(target)), rng)
    some = target.some(chosen)
    contradictions, trust = contradiction(source, some, levels)
    found = trust * contradicted(contradictions, some.groups)
    if len(chosen) < len(target):
        found = averaged(found[:, None], nearest(some.whole, target.whole, FEW).rows)[:, 0]
    return 1 - (1 - lies_apart) * (1 - found), () if trust >= TRUSTED else (LOOSE_LINKS,)


def _own_neighbours(target: Side, rng: np.random.Generator) -> Near | None:
    """Find the nearest cells of the target's own side; None where there are too few to ask."""
    if len(target) <= OWN_NEIGHBORS:
        return None
    if len(target) <= MOST_CELLS:
        return nearest(target.shared, None)
    chosen = _sample(np.arange(len(target)), rng)
    near = nearest(target.shared[chosen], target.shared, NEIGHBORS + 1)
    # a cell of the sample is its own nearest
    return Near(chosen[near.rows[:, 1:]], near.distances[:, 1:])


def _sample(rows: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    return rows if len(rows) <= MOST_CELLS else np.sort(rng.choice(rows, MOST_CELLS, replace=False))
