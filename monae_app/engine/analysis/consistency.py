"""Integration consistency: do linked features vary together over the integrated cells? Needs no labels and no pairs.

Cells of both modalities are clustered together in the embedding into metacells; over these the measured values of two
linked features, one of each modality, are correlated, and compared with the sign of the link. The score is the mean of
correlation x sign, weighted by the links. Two nulls stand beside it: the same links between other features, and the
same metacells with their halves matched at random. The first tells a map that means something, the second cells that
were put in the right place; few axes of variation make the second much wider.

Beware: an embedding that was fitted to the links scores above that null even if the links are nonsense, since it was
pulled there. Closed-form alignments on randomly rewired links reach .06 to .09 on the cortex sample and on planted
data, where the true ones score .08 to .25. Whether the links mean anything is therefore asked before training, see
:mod:`monae_app.engine.training.alignment_null`.

Source: Cao and Gao 2022, Nat Biotechnol (GLUE), integration consistency score, as in scglue 0.4; the nulls are ours.

N cells, F features, E links, M metacells.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import scipy.sparse as sp
from scipy.stats import rankdata
from sklearn.cluster import MiniBatchKMeans

from monae_app.engine.kept_stages import kept
from monae_app.engine.telling import SILENT, Telling

if TYPE_CHECKING:
    from collections.abc import Sequence

    from monae_app.engine.analysis.linked_features import Links, Measured

METACELLS = (10, 20, 50, 100, 200)
FEWEST_METACELLS = 5
PERMUTATIONS = 100
# the mean of 10,000 correlations is known to a few thousandths
MOST_LINKS = 10_000
MOST_CLUSTERED = 20_000
ABUNDANCE_CLASSES, FEWEST_IN_CLASS = 10, 20
SIGNIFICANCE = 0.05
# Above chance can still be next to nothing. True alignments of thin data exceed the null by .05 and more. The authors
# of GLUE draw their line at a raw score of .05, which one axis that all features share reaches without any link.
LEAST_EXCESS = 0.02


@dataclass(frozen=True)
class Consistency:
    """How far linked features vary together.

    Parameters
    ----------
    score
        Weighted mean of correlation x sign, from -1 to 1, mean over the numbers of metacells; 0 if no metacell holds
        cells of both modalities.
    null_mean, null_sd
        Of the same score over rewired links.
    z
        (score - null_mean) / null_sd.
    p
        Rank of the score among rewired links: (1 + scores as high) / (1 + scores).
    p_cells
        The same among metacells whose halves are matched at random.
    curve
        Number of metacells that were asked for -> score, those alone that could be used.
    links
        Number of links that were used.
    """

    score: float
    null_mean: float
    null_sd: float
    z: float
    p: float
    p_cells: float
    curve: dict[int, float]
    links: int

    @classmethod
    def from_null(cls, curve: dict[int, float], null: np.ndarray, links: int) -> Consistency:
        """Compare the mean of a curve with scores of rewired links and of shuffled metacells, (permutations, 2)."""
        if not curve:
            return cls(0.0, 0.0, 0.0, 0.0, 1.0, 1.0, {}, links)
        score, rewired = float(np.mean(list(curve.values()))), null[:, 0]
        mean, sd = float(rewired.mean()), float(rewired.std(ddof=1))
        p, p_cells = ((1 + (null >= score).sum(axis=0)) / (1 + len(null))).tolist()
        return cls(score, mean, sd, (score - mean) / max(sd, 1e-12), p, p_cells, curve, links)

    @property
    def is_warning(self) -> bool:
        """Whether the verdict is a warning."""
        return not self.is_significant or self.score - self.null_mean < LEAST_EXCESS

    @property
    def is_significant(self) -> bool:
        """Whether the score is outside both nulls."""
        return max(self.p, self.p_cells) <= SIGNIFICANCE

    @property
    def numbers(self) -> str:
        """Score and null, as they stand in a sentence."""
        return f"{self.score:.3f}; {self.null_mean:.3f} ± {self.null_sd:.3f} where links are rewired"

    @property
    def verdict(self) -> str:
        """What the numbers mean for an integration, in one sentence."""
        if not self.curve:
            return (
                "The modalities share no region of the embedding, or no link, so that nothing can be compared: they "
                "are not integrated."
            )
        if not self.is_significant:
            other = "unlinked ones do" if self.p > SIGNIFICANCE else "they do in cells matched at random"
            return (
                f"Linked features vary together no more than {other} ({self.numbers}): nothing in the data shows that "
                "the modalities were matched rightly, or that they have anything in common."
            )
        if self.is_warning:
            return f"Linked features vary together, but hardly ({self.numbers}): check the map by known markers."
        return f"Linked features vary together over the integrated cells ({self.numbers})."

    def record(self) -> dict[str, Any]:
        """Everything as plain values, for report.json."""
        plain = {name: round(value, 4) if isinstance(value, float) else value for name, value in asdict(self).items()}
        curve = {str(number): round(score, 4) for number, score in self.curve.items()}
        return plain | {"curve": curve, "warning": self.is_warning, "verdict": self.verdict}


def integration_consistency(
    embeddings: tuple[np.ndarray, np.ndarray],
    cells: tuple[Measured, Measured],
    links: Links,
    *,
    seed: int,
    metacells: Sequence[int] = METACELLS,
    permutations: int = PERMUTATIONS,
    tell: Telling = SILENT,
) -> Consistency:
    """Score two integrated modalities by the features that should vary together, against both nulls.

    Correlations are Spearman's, over the metacells that hold cells of both modalities, at each number of metacells
    that neither modality is too small for. To rewire, the features of the first modality trade their links, whole and
    with features of like abundance, so that the map keeps its shape.

    Parameters
    ----------
    embeddings
        (N, D) of each modality, the same axes.
    cells
        What was measured in them.
    links
        At most 10,000 are used, drawn by the seed.
    seed
        Of metacells and permutations.
    metacells
        Numbers of metacells.
    permutations
        Number of rewired maps, and of shuffles of the metacells.
    tell
        Told the progress.
    """
    rng = np.random.default_rng(seed)
    if len(links) > MOST_LINKS:
        links = links.at(np.sort(rng.choice(len(links), MOST_LINKS, replace=False)))
    first, second, links = links.renumbered()
    profiles: dict[int, tuple[np.ndarray, np.ndarray]] = {}
    for done, number in enumerate(metacells if len(links) else ()):
        tell.part(done, len(metacells))
        profile = partial(_profiles, embeddings, cells, (first, second), number, seed)
        found = kept(f"{number} metacells", profile)
        if found is not None:
            profiles[number] = found[0], _carry(links) @ found[1]
    curve = {number: float(np.vdot(own, partners)) for number, (own, partners) in profiles.items()}
    null = {number: np.empty((permutations, 2)) for number in profiles}
    between = {number: own.T @ partners for number, (own, partners) in profiles.items()}  # (M, M)
    classes = _abundance_classes(cells[0].abundance(first))
    for draw in range(permutations if profiles else 0):
        tell.heed()
        moved = _permuted_within(classes, rng)
        for number, (own, partners) in profiles.items():
            matched = rng.permutation(len(between[number]))
            shuffled = between[number][matched, np.arange(len(matched))].sum()
            null[number][draw] = np.vdot(own[moved], partners), shuffled
    for draws in null.values():
        # Cells in the wrong place are so at every number of metacells alike: high goes with high in the mean over them.
        draws[:, 1].sort()
    over_numbers = np.mean(list(null.values()), axis=0) if null else np.zeros((0, 2))
    return Consistency.from_null(curve, over_numbers, len(links))


def _profiles(
    embeddings: tuple[np.ndarray, np.ndarray],
    cells: tuple[Measured, Measured],
    columns: tuple[np.ndarray, np.ndarray],
    number: int,
    seed: int,
) -> tuple[np.ndarray, np.ndarray] | None:
    """Standardised ranks of the linked features over the metacells that both modalities share, (F, M) each."""
    size = len(embeddings[0])
    if number > min(map(len, embeddings)):
        return None
    metacell = assign_metacells(np.vstack(embeddings), number, seed)
    parts = metacell[:size], metacell[size:]
    shared = np.intersect1d(*parts)
    if len(shared) < FEWEST_METACELLS:
        return None
    profiles = []
    for measured, of_modality, part in zip(cells, columns, parts, strict=True):
        member = sp.csr_array((np.ones(len(part)), (part, np.arange(len(part)))), shape=(number, len(part)))
        profiles.append(_standard_ranks(measured.normalised(of_modality, member[shared]).toarray()))
    return profiles[0], profiles[1]


def assign_metacells(embedding: np.ndarray, number: int, seed: int) -> np.ndarray:
    """Cluster cells (N, D) by k-means into so many metacells, (N,); learned on at most 20,000 cells."""
    rows = np.random.default_rng(seed).permutation(len(embedding))[:MOST_CLUSTERED]
    means = MiniBatchKMeans(number, random_state=seed, n_init=1, max_iter=20, compute_labels=False)
    return np.asarray(means.fit(embedding[rows]).predict(embedding))


def _standard_ranks(values: np.ndarray) -> np.ndarray:
    """Ranks over metacells with mean 0 and length 1, zeros where a feature does not vary; (M, F) to (F, M)."""
    ranks = rankdata(values, axis=0).T
    ranks -= ranks.mean(axis=1, keepdims=True)
    length = np.sqrt((ranks**2).sum(axis=1, keepdims=True))
    return np.ascontiguousarray(ranks / np.where(length > 0, length, 1))


def _carry(links: Links) -> sp.csr_array:
    """Bring second features to the first ones that they are linked to, (F, F').

    With profiles X and Y of standardised ranks and this matrix C, the weighted mean of correlation x sign over all
    links is the sum of X * (C Y): one product for all permutations.
    """
    return sp.csr_array((links.sign * links.weight / links.weight.sum(), (links.first, links.second)))


def _abundance_classes(abundance: np.ndarray) -> list[np.ndarray]:
    """Features in classes of like abundance."""
    number = max(1, min(ABUNDANCE_CLASSES, len(abundance) // FEWEST_IN_CLASS))
    return np.array_split(np.argsort(abundance, kind="stable"), number)


def _permuted_within(classes: list[np.ndarray], rng: np.random.Generator) -> np.ndarray:
    moved = np.empty(sum(map(len, classes)), np.int64)
    for members in classes:
        moved[members] = rng.permutation(members)
    return moved
