"""How likely each label is at a place of the shared space: weighted votes of the nearest labelled cells.

N cells with labels, M cells without, C classes, D axes, k neighbours.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize_scalar
from sklearn.neighbors import NearestNeighbors

NEIGHBORS = 20
# Cells that the share of a class counts for beside the neighbours: no label is impossible.
PRIOR_CELLS = 0.5
# Above 1 a temperature tells the noise of the source's own cells, which says nothing of the target's.
COLDEST, WARMEST = 0.4, 1.0
# A share of each probability comes from so many neighbours on the cell's own side.
OWN_NEIGHBORS, OWN_SHARE = 15, 0.5
AT_ONCE = 10_000


@dataclass(frozen=True)
class Near:
    """The k nearest cells of others: their rows (M, k), closest first, and distances (M, k)."""

    rows: np.ndarray
    distances: np.ndarray


def nearest(places: np.ndarray, asked: np.ndarray | None, k: int = NEIGHBORS) -> Near:
    """Find the nearest of ``places`` (N, D) for each of ``asked`` (M, D); None: for themselves, without themselves."""
    own = asked is None
    k = min(k, len(places) - own)
    fitted = NearestNeighbors(n_neighbors=max(k, 1)).fit(places)
    found = []
    queries = places if asked is None else asked
    for first in range(0, len(queries), AT_ONCE):
        block = queries[first : first + AT_ONCE]
        if not own:
            found.append(fitted.kneighbors(block))
            continue
        distances, rows = fitted.kneighbors(block, n_neighbors=k + 1)
        found.append(_without_itself(distances, rows, np.arange(first, first + len(block))))
    distances, rows = (np.concatenate(each) for each in zip(*found, strict=True))
    return Near(rows, distances)


def votes(near: Near, codes: np.ndarray, n_classes: int) -> np.ndarray:
    """Share of each class among the neighbours, nearer ones counting more, (M, C).

    Weights are Gaussian in the distance; the bandwidth is the distance of the middle neighbour.
    """
    middle = near.distances[:, near.distances.shape[1] // 2][:, None]
    weights = np.exp(-0.5 * (near.distances / np.maximum(middle, 1e-9)) ** 2)
    weights /= weights.sum(axis=1, keepdims=True)
    found = np.zeros((len(weights), n_classes))
    for code in range(n_classes):
        found[:, code] = (weights * (codes[near.rows] == code)).sum(axis=1)
    return found


def averaged(values: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """Mean of values (N, C) over neighbours (M, k): (M, C), one neighbour at a time since M x k x C may be too many."""
    total = np.zeros((len(rows), values.shape[1]))
    for column in rows.T:
        total += values[column]
    return np.asarray(total / rows.shape[1])


@dataclass(frozen=True)
class Softening:
    """What makes probabilities of votes.

    Parameters
    ----------
    share
        Of each class among the labelled cells, (C,).
    temperature
        Below 1: neighbours are surer together than each alone.
    """

    share: np.ndarray
    temperature: float

    def probabilities(self, voted: np.ndarray) -> np.ndarray:
        """Turn votes (M, C) into probabilities (M, C)."""
        log = np.log(NEIGHBORS * voted + PRIOR_CELLS * self.share) / self.temperature
        odds = np.exp(log - log.max(axis=1, keepdims=True))
        return np.asarray(odds / odds.sum(axis=1, keepdims=True))

    def softened(self, voted: np.ndarray, own: np.ndarray | None) -> np.ndarray:
        """Turn votes (M, C) into probabilities (M, C), half of it from the cell's neighbours (M, k)."""
        found = self.probabilities(voted)
        return found if own is None else (1 - OWN_SHARE) * found + OWN_SHARE * averaged(found, own)

    @classmethod
    def learned(cls, places: np.ndarray, codes: np.ndarray, n_classes: int, rng: np.random.Generator) -> Softening:
        """Learn it where labels are known: each half of the labelled cells is labelled by the other.

        The temperature is the one of greatest likelihood.
        *Source:* Guo et al. 2017, "On calibration of modern neural networks", section 4.2.

        Parameters
        ----------
        places, codes
            Of the labelled cells, (N, D) and (N,).
        n_classes
            C.
        rng
            Draws the halves.
        """
        share = np.bincount(codes, minlength=n_classes) / len(codes)
        halves = np.array_split(rng.permutation(len(codes)), 2)
        asked = []
        for giving, taking in (halves, halves[::-1]):
            voted = votes(nearest(places[giving], places[taking]), codes[giving], n_classes)
            own = nearest(places[taking], None, OWN_NEIGHBORS).rows if len(taking) > OWN_NEIGHBORS else None
            asked.append((voted, own, codes[taking]))

        def loss(log_temperature: float) -> float:
            trial = cls(share, float(np.exp(log_temperature)))
            return sum(
                -float(np.log(trial.softened(voted, own)[np.arange(len(true)), true]).sum())
                for voted, own, true in asked
            )

        bounds = (np.log(COLDEST), np.log(WARMEST))
        best = minimize_scalar(loss, bounds=bounds, method="bounded").x
        return cls(share, float(np.exp(best)))


def _without_itself(distances: np.ndarray, rows: np.ndarray, own: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Leave each cell out of its own neighbours; among cells at one place it need not come first."""
    itself = rows == own[:, None]
    itself[~itself.any(axis=1), -1] = True
    shape = (len(rows), rows.shape[1] - 1)
    return distances[~itself].reshape(shape), rows[~itself].reshape(shape)
