"""Which groups of cells of two modalities correspond, by their geometry alone: no feature of the one is in the other.

Metacells of each modality lie at certain distances from each other. Those of the other modality are matched to them
such that distances agree: an entropic Gromov-Wasserstein coupling, begun anew several times, the best one kept.
Source: Memoli 2011, Found Comput Math 11:417; Peyre et al. 2016, ICML (the algorithm); Demetci et al. 2022,
J Comput Biol 29:3 (SCOT, for single cells).

Geometry can be ambiguous, and something always fits best. How well it fits is held against surrogates: the same
components, each shuffled over the metacells by itself, so that their spread stays and their shape is lost.

m, n metacells; k components.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from monae_app.engine.telling import Telling

RESTARTS, SURROGATES = 8, 19
# entropy, as shares of the largest cost; from soft to sharp
EPSILONS = (0.05, 0.02, 0.01, 0.005)
ROUNDS, SINKHORN = 10, 30
SIGNIFICANCE = 0.05
# two couplings are one if most of their mass is in common
AGREE = 0.5
NEAR_BEST = 0.02


@dataclass(frozen=True)
class Matching:
    """How metacells of two modalities correspond.

    Parameters
    ----------
    coupling
        Mass that goes from each to each, (m, n); sums to 1.
    similarity
        Correlation of the distances within the first with those of their matches in the second.
    surrogates
        The same for shuffled geometries, best of as many starts each.
    consensus
        Of the starts that fit nearly as well as the best, the share that found the same matches.
    """

    coupling: np.ndarray
    similarity: float
    surrogates: tuple[float, ...]
    consensus: float

    @property
    def p(self) -> float:
        """Rank of the similarity among surrogates."""
        return (1 + sum(each >= self.similarity for each in self.surrogates)) / (1 + len(self.surrogates))

    @property
    def is_clear(self) -> bool:
        """Whether geometry says which metacells correspond."""
        return self.p <= SIGNIFICANCE and self.consensus >= AGREE


def match_geometries(first: np.ndarray, second: np.ndarray, *, seed: int, tell: Telling) -> Matching:
    """Match metacells by the distances among them.

    Parameters
    ----------
    first, second
        Metacells along the components of their own modality, (m, k) and (n, k).
    seed
        Of starts and surrogates.
    tell
        Told the progress.
    """
    rng = np.random.default_rng(seed)
    here, there = _distances(first), _distances(second)
    tried = [_couple(here, there, rng) for _ in range(RESTARTS)]
    fits = np.array([_similarity(here, there, each) for each in tried])
    best = tried[int(fits.argmax())]
    near = [each for each, fit in zip(tried, fits, strict=True) if fit >= fits.max() - NEAR_BEST]
    consensus = float(np.mean([_overlap(best, each) > AGREE for each in near]))
    surrogates = []
    for number in range(SURROGATES):
        tell.part(number, SURROGATES)
        shuffled = _distances(np.column_stack([rng.permutation(column) for column in second.T]))
        best_fit = max(_similarity(here, shuffled, _couple(here, shuffled, rng)) for _ in range(RESTARTS))
        surrogates.append(best_fit)
    return Matching(best, float(fits.max()), tuple(surrogates), consensus)


def _distances(points: np.ndarray) -> np.ndarray:
    """Euclidean distances, of mean 1, (m, m)."""
    square = (points**2).sum(axis=1)
    distances = np.sqrt(np.maximum(square[:, None] + square[None] - 2 * points @ points.T, 0))
    return np.asarray(distances / max(float(distances.mean()), 1e-12))


def _couple(here: np.ndarray, there: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Gromov-Wasserstein with squared loss, from a random start, annealed."""
    m, n = len(here), len(there)
    coupling = _sinkhorn(rng.normal(0, 1, (m, n)))
    constant = (here**2).mean(axis=1)[:, None] + (there**2).mean(axis=1)[None]
    for epsilon in EPSILONS:
        for _ in range(ROUNDS):
            cost = constant - 2 * here @ coupling @ there
            cost = cost - cost.min()
            coupling = _sinkhorn(cost / (epsilon * max(float(cost.max()), 1e-12)))
    return coupling


def _sinkhorn(cost: np.ndarray) -> np.ndarray:
    """Scale exp(-cost) to equal rows and equal columns; costs of some hundreds at most, so that nothing vanishes."""
    m, n = cost.shape
    kernel = np.exp(-cost)
    right = np.ones(n)
    for _ in range(SINKHORN):
        left = 1 / (m * (kernel @ right))
        right = 1 / (n * (left @ kernel))
    return np.asarray(left[:, None] * kernel * right)


def _similarity(here: np.ndarray, there: np.ndarray, coupling: np.ndarray) -> float:
    weights = coupling / coupling.sum(axis=1, keepdims=True)
    matched = weights @ there @ weights.T
    above = np.triu_indices(len(here), 1)
    return float(np.corrcoef(here[above], matched[above])[0, 1])


def _overlap(one: np.ndarray, other: np.ndarray) -> float:
    return float(np.minimum(one, other).sum())
