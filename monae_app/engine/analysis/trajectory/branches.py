"""Branches of a trajectory: its tips, and which of them a cell is on the way to. n cells, T tips.

The way that a cell shares with a tip, both seen from the root, is their Gromov product in diffusion coordinates:
(distance of the cell + distance of the tip - distance of the two) / 2. In a tree it is exactly the length of the common
way. The second tip is the cell that shares the least with the first, and so on; a cell has left the stem once it shares
more with its tip than any other tip does. A branch ends in a group of cells, most of which are on it: no group is the
end of two, and one that others pass through is the end of none.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.stats import gaussian_kde

# a tip stands out by this share of the longest way, and cells on both sides leave a gap between them
OUTSTANDING, GAP = 0.05, 0.75
# noise of many axes makes two tips share more than they do
TOLERANCE = 0.85
FEWEST_CELLS = 0.02
ROUNDS = 2
OWN = 2 / 3


@dataclass(frozen=True)
class Tree:
    """Tips seen from a root.

    Parameters
    ----------
    tips
        Cells at the T tips.
    shared
        Length of the way that each cell shares with each tip, (n, T).
    """

    tips: list[int]
    shared: np.ndarray

    @property
    def forks(self) -> np.ndarray:
        """Length of the way that two tips share, (T, T); on the diagonal that to the tip itself."""
        found = self.shared[self.tips]
        forks: np.ndarray = (found + found.T) / 2
        return forks


def smooth_over(coordinates: np.ndarray, weights: np.ndarray, rounds: int = ROUNDS) -> np.ndarray:
    """Average coordinates over neighbours, so that no single cell is a tip; (n, D)."""
    total = np.asarray(weights.sum(axis=1)).reshape(-1, 1)
    for _ in range(rounds):
        coordinates = (weights @ coordinates) / total
    return coordinates


def grow(smooth: np.ndarray, root: int, codes: np.ndarray) -> Tree:
    """Find tips one after the other, the one that stands out most first.

    Parameters
    ----------
    smooth
        From :func:`smooth_over`.
    root
        Cell that the trajectory begins at; no branch ends in its group.
    codes
        Group of each cell, (n,), negative for none.
    """
    from_root = _apart(smooth, root)
    outside = (codes >= 0) & (codes != codes[root])
    ends = np.flatnonzero(outside) if outside.any() else np.arange(len(codes))
    found = [int(ends[from_root[ends].argmax()])]
    shared = [_shared(smooth, from_root, found[0])]
    refused = {int(codes[found[0]]), int(codes[root])}
    while len(ends := np.flatnonzero((codes >= 0) & ~np.isin(codes, list(refused)))):
        rest = from_root[ends] - np.max([each[ends] for each in shared], axis=0)
        tip = int(ends[rest.argmax()])
        if rest.max() <= OUTSTANDING * from_root.max():
            break
        refused.add(int(codes[tip]))
        both = np.array([*shared, _shared(smooth, from_root, tip)])
        if _gap(both, tip) and _own_ends(Tree([*found, tip], both.T), codes):
            found.append(tip)
            shared = list(both)
    return Tree(found, np.array(shared).T)


def places(tree: Tree) -> np.ndarray:
    """Tips that each cell may still reach, (n, T) bool: all of them on the stem, one on a branch, some in between."""
    mine = tree.shared.argmax(axis=1)
    reached = tree.shared.max(axis=1)[:, None]
    ahead: np.ndarray = reached <= TOLERANCE * _nested(tree.forks)[mine]
    ahead[np.arange(len(mine)), mine] = True
    return ahead


def _nested(forks: np.ndarray) -> np.ndarray:
    """Raise lengths of common ways until they are those of a tree: of three tips, the two shortest are equal."""
    for middle in range(len(forks)):
        forks = np.maximum(forks, np.minimum(forks[:, middle, None], forks[None, middle]))
    return forks


def _own_ends(tree: Tree, codes: np.ndarray) -> bool:
    """Whether most cells of the group of each tip are on its branch and on no other."""
    ahead = places(tree)
    alone = ahead.sum(axis=1) == 1
    return all((ahead[:, place] & alone)[codes == codes[tip]].mean() >= OWN for place, tip in enumerate(tree.tips))


def _apart(points: np.ndarray, row: int) -> np.ndarray:
    found: np.ndarray = np.sqrt(((points - points[row]) ** 2).sum(axis=1))
    return found


def _shared(smooth: np.ndarray, from_root: np.ndarray, tip: int) -> np.ndarray:
    found: np.ndarray = (from_root + from_root[tip] - _apart(smooth, tip)) / 2
    return found


def _gap(shared: np.ndarray, tip: int) -> bool:
    """Whether cells behind the fork fall into two heaps; one heap is the width of a single branch."""
    partner = int(shared[:-1, tip].argmax())
    one, other = shared[-1], shared[partner]
    behind = np.maximum(one, other) > shared[partner, tip]
    behind &= shared.max(axis=0) <= np.maximum(one, other)
    side = (one - other)[behind]
    fewest = max(10, FEWEST_CELLS * shared.shape[1])
    if min((side > 0).sum(), (side < 0).sum()) < fewest:
        return False
    grid = np.linspace(side.min(), side.max(), 200)
    density = gaussian_kde(side)(grid)
    left, right = density[grid <= 0].max(initial=0.0), density[grid >= 0].max(initial=0.0)
    between = density[density[grid <= 0].argmax() : (grid <= 0).sum() + density[grid >= 0].argmax() + 1]
    return bool(between.min() < GAP * min(left, right))
