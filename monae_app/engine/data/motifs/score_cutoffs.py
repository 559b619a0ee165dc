"""From which score on a motif fits better than chance: exact p-values under a background of bases.

B backgrounds, S scores. A score is the sum over positions of log2(probability in the motif / probability by chance),
rounded to steps at each position, so that its distribution by chance is found by adding up one position after another.
Source: Grant et al. 2011 (FIMO), Staden 1989.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

    from monae_app.engine.data.motifs.motif import Motif

# bits
STEP = 0.1
NEVER = np.iinfo(np.int64).max


def strands_alike(gc: npt.ArrayLike) -> npt.NDArray[np.float64]:
    """Return the probabilities of A, C, G, T for shares of G and C, shape (B, 4): the same on both strands."""
    strong = np.atleast_1d(np.asarray(gc, dtype=np.float64))[:, None] / 2
    return np.hstack([0.5 - strong, strong, strong, 0.5 - strong])


def steps_of(motif: Motif, background: npt.NDArray[np.float64]) -> npt.NDArray[np.int64]:
    """Return the log odds of a motif against a background (4,), in steps of :data:`STEP`, shape (L, 4)."""
    return np.rint(np.log2(motif.probabilities() / background) / STEP).astype(np.int64)


def survival(steps: npt.NDArray[np.int64], backgrounds: npt.NDArray[np.float64]) -> tuple[int, npt.NDArray[np.float64]]:
    """Return the chance of each score or a higher one at one place.

    Parameters
    ----------
    steps
        Log odds in steps, shape (L, 4).
    backgrounds
        Probabilities of the bases, shape (B, 4).

    Returns
    -------
    tuple
        The lowest score in steps, and the chances from there on, shape (B, S).
    """
    lowest = steps.min(axis=1)
    above = steps - lowest[:, None]
    chances = np.zeros((len(backgrounds), int(above.max(axis=1).sum()) + 1))
    chances[:, 0] = 1
    reach = 1
    for position in above:
        before = chances[:, :reach].copy()
        chances[:, :reach] = 0
        for base, shift in enumerate(position):
            chances[:, shift : shift + reach] += backgrounds[:, base, None] * before
        reach += int(position.max())
    return int(lowest.sum()), np.cumsum(chances[:, ::-1], axis=1)[:, ::-1]


def cutoffs(
    steps: npt.NDArray[np.int64], backgrounds: npt.NDArray[np.float64], p: float
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float64]]:
    """Return the lowest score whose p-value is at most p, and how likely a score just below it is on even bases.

    Returns
    -------
    tuple
        By background, scores in steps, (B,), :data:`NEVER` where no sequence reaches p; and the chance under equal
        probabilities of all bases of the score one step lower, (B,).
    """
    even = np.full((1, 4), 0.25)
    lowest, chances = survival(steps, np.vstack([backgrounds, even]))
    reached = chances[:-1] <= p * (1 + 1e-9)
    # chances fall with the score; zero is what cannot be reached
    first = np.argmax(reached, axis=1)
    possible = reached.any(axis=1)
    return (
        np.where(possible, lowest + first, NEVER),
        np.where(possible, chances[-1][np.maximum(first - 1, 0)], 0.0),
    )
