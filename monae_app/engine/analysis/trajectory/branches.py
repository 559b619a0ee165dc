"""Where a lineage forks: its tips, and the branch of each cell.

In a tree, two paths from the root run together for (d(r, x) + d(r, y) - d(x, y)) / 2, their Gromov product. Distances of
diffusion are nearly those of a tree, so that tips, forks and branches can be read off them. N cells, C axes, B tips.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from monae_app.engine.analysis.trajectory.diffusion import distances_from, smoothed

if TYPE_CHECKING:
    import scipy.sparse as sp

# A tip stands out from the paths to the others by so much of the longest path,
LEAST_BRANCH = 0.08
# and by so much of what the second tip does: noise grows with the lineage.
LEAST_OF_SECOND = 0.55
# Cells that lie so near before a fork have chosen already: tips are extreme, and their paths part a little late.
BEFORE_FORK = 0.9
FEWEST_SHARE = 0.03
MOST_TIPS = 8
STEM = "stem"


@dataclass(frozen=True)
class Tree:
    """Tips of a lineage.

    Parameters
    ----------
    tips
        (B,) rows, the farthest first.
    shared
        (N, B) how long each cell's path runs with that of a tip.
    """

    tips: np.ndarray
    shared: np.ndarray

    @property
    def forks(self) -> np.ndarray:
        """How long the paths of two tips run together, (B, B); diagonal -inf."""
        between = self.shared[self.tips]
        between = (between + between.T) / 2
        np.fill_diagonal(between, -np.inf)
        return between

    def branch_of_cells(self) -> np.ndarray:
        """Number of the tip on whose own path each cell lies, (N,); -1 on the stem, before the last fork of it."""
        if len(self.tips) < 2:
            return np.full(len(self.shared), -1)
        nearest = self.shared.argmax(axis=1)
        leaves = BEFORE_FORK * self.forks.max(axis=1)
        return np.where(self.shared.max(axis=1) > leaves[nearest], nearest, -1)

    def parents(self) -> np.ndarray:
        """Return how long the own part of each tip is, (B,), from its last fork on."""
        return np.asarray(self.forks.max(axis=1))


def grow_tree(axes: np.ndarray, graph: sp.csr_matrix, root: int, branches: int | None = None) -> Tree:
    """Find the tips of a lineage, one after the other: that which stands out most from the paths found so far.

    Parameters
    ----------
    axes
        (N, C) of the diffusion map.
    graph
        Over which they are smoothed, so that no single cell is a tip.
    root
        Row of the root.
    branches
        How many tips; None to find out.
    """
    places = smoothed(graph, axes)
    length = distances_from(places, places[root])
    tips: list[int] = [int(length.argmax())]
    shared = [_together(places, length, tips[0])]
    second = 0.0
    while len(tips) < (branches or MOST_TIPS):
        own = length - np.max(shared, axis=0)
        tip = int(own.argmax())
        share = float(own[tip] / max(length.max(), 1e-12))
        more = np.vstack([*shared, _together(places, length, tip)]).T
        if branches is None and (
            share < LEAST_BRANCH
            or share < LEAST_OF_SECOND * second
            or not _has_cells(Tree(np.array([*tips, tip]), more))
        ):
            break
        second = second or share
        tips.append(tip)
        shared.append(more[:, -1])
    return Tree(np.array(tips), np.vstack(shared).T)


def _together(places: np.ndarray, length: np.ndarray, tip: int) -> np.ndarray:
    return np.asarray((length + length[tip] - distances_from(places, places[tip])) / 2)


def _has_cells(tree: Tree) -> bool:
    counts = np.bincount(tree.branch_of_cells() + 1, minlength=len(tree.tips) + 1)[1:]
    return bool((counts >= max(10, FEWEST_SHARE * len(tree.shared))).all())


def branch_names(branch: np.ndarray, n_tips: int, labels: np.ndarray | None, tips: np.ndarray) -> list[str]:
    """Name branches after the group that is most of the cells around their tip; numbered where there are no groups.

    Parameters
    ----------
    branch
        (N,) as :meth:`Tree.branch_of_cells` returns it.
    n_tips
        Of all branches.
    labels
        (N,) text, empty where a cell has none; None without groups.
    tips
        (B, n) rows around the tips.
    """
    found: list[str] = []
    for number in range(n_tips):
        name = str(number + 1)
        if labels is not None:
            around = labels[tips[number]]
            known, count = np.unique(around[around != ""], return_counts=True)
            name = str(known[count.argmax()]) if len(known) else name
        name = f"branch {name}"
        again = sum(each == name or each.startswith(f"{name} (") for each in found)
        found.append(f"{name} ({again + 1})" if again else name)
    return found if len(np.unique(branch)) > 1 or n_tips > 1 else [STEM]
