"""A trajectory: pseudotime and branches of the cells of a run, from a root. N cells of the run, n that are followed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from sklearn.neighbors import NearestNeighbors

from monae_app.engine.analysis.metrics.neighbors import sampled_rows
from monae_app.engine.analysis.trajectory.abstraction import cells_connected, group_connectivities
from monae_app.engine.analysis.trajectory.branches import grow, places, smooth_over
from monae_app.engine.analysis.trajectory.diffusion import diffusion_coordinates, distances_from
from monae_app.engine.analysis.trajectory.neighbours import find_neighbours
from monae_app.engine.analysis.trajectory.root import root_of_group
from monae_app.engine.analysis.trajectory.support import often, support_of
from monae_app.engine.errors import InputError
from monae_app.engine.telling import SILENT, Telling

if TYPE_CHECKING:
    from collections.abc import Sequence

STEM = "stem"
MOST_CELLS = 20_000
FEWEST_CELLS = 30
NEIGHBOURS, NEAREST = 60, 5


@dataclass(frozen=True)
class Trajectory:
    """What was found.

    Parameters
    ----------
    pseudotime
        (N,), 0 at the root and 1 at the farthest cell; NaN of cells that are not connected with the root.
    branch
        (N,) number of the name of each cell's branch, negative where there is no pseudotime.
    branches
        Their names, the stem first; a way that some tips share is named by these.
    tips
        For each name the numbers of the tips that lie ahead.
    root
        Row of the root.
    connectivities
        How strongly groups are connected, (K, K); see ``group_connectivities``.
    support
        By tip, the share of halves of the cells in which an end is found there too; 1 where there is one tip.
    doubtful
        Groups in which an end was found, with that share, that were left out for it is too small.
    """

    pseudotime: np.ndarray
    branch: np.ndarray
    branches: list[str]
    tips: list[tuple[int, ...]]
    root: int
    connectivities: np.ndarray
    support: tuple[float, ...] = ()
    doubtful: tuple[tuple[str, float], ...] = ()

    @property
    def ends(self) -> list[str]:
        """Names of the branches that end, by number of their tip."""
        alone = {each[0]: name for each, name in zip(self.tips, self.branches, strict=True) if len(each) == 1}
        return [alone[tip] for tip in sorted(alone)]

    @property
    def ahead(self) -> np.ndarray:
        """Tips that each cell may still reach, (N, T) bool; none where there is no pseudotime."""
        count = len(self.ends)
        of_name = np.array([[tip in each for tip in range(count)] for each in [*self.tips, ()]])
        found: np.ndarray = of_name[self.branch]
        return found

    @property
    def tip(self) -> np.ndarray:
        """The one tip that lies ahead of each cell, (N,); negative where there are several or none."""
        single = np.array([*(each[0] if len(each) == 1 else -1 for each in self.tips), -1])
        found: np.ndarray = single[self.branch]
        return found

    @property
    def names(self) -> np.ndarray:
        """Name of each cell's branch, (N,), empty where there is no pseudotime."""
        found: np.ndarray = np.array([*self.branches, ""], object)[self.branch]
        return found


@dataclass(frozen=True)
class Start:
    """Where to begin: at cells, of which the root is chosen.

    Parameters
    ----------
    rows
        Cells; one alone is the root itself.
    told
        What they are, for messages.
    """

    rows: np.ndarray
    told: str


def follow(
    points: np.ndarray,
    modality: np.ndarray,
    groups: tuple[np.ndarray, Sequence[str]],
    start: Start,
    *,
    seed: int,
    tell: Telling = SILENT,
) -> Trajectory:
    """Follow cells from a root.

    Parameters
    ----------
    points
        Cells in the space, (N, D); NaN in those that are to be left out.
    modality
        (N,) of each cell.
    groups
        Code of each cell (N,), negative for none, and the K names: they name branches, and are asked how they are
        connected.
    start
        Where to begin.
    seed
        Of all that is drawn.
    tell
        Told of each stage.

    Raises
    ------
    InputError
        If there are too few cells, or the root is none of them.
    """
    chosen = np.flatnonzero(np.isfinite(points).all(axis=1))
    _check(chosen, start)
    # the root is always there
    rows = chosen[sampled_rows(len(chosen), MOST_CELLS, seed)]
    wanted = start.rows[np.isin(start.rows, chosen)]
    rows = np.union1d(rows, wanted[:FEWEST_CELLS])
    tell("Finding neighbours")
    wide = find_neighbours(points[rows], modality[rows])
    # what hangs together is told by the nearest: the wider, the larger the clusters, and the fewer edges leave them
    near = wide.nearest(NEIGHBOURS)
    begin = np.flatnonzero(np.isin(rows, wanted))
    clusters = _clusters(near.ids, seed)
    kept = np.flatnonzero(cells_connected(near.directed, clusters, begin))
    if len(kept) < FEWEST_CELLS:
        raise InputError(
            f"Only {len(kept)} cells hang together with {start.told}.",
            f"at least {FEWEST_CELLS}.",
            "choose another root.",
        )
    tell("Diffusing from the root")
    weights = wide.weights[kept][:, kept]
    coordinates = diffusion_coordinates(weights, seed)
    begin = np.searchsorted(kept, begin[np.isin(begin, kept)])
    smooth = smooth_over(coordinates, weights)
    codes, names = groups
    mine = _ends(_known(codes, clusters, rows), kept)
    root = int(begin[0]) if len(begin) == 1 else root_of_group(smooth, begin, mine)
    tell("Finding branches")
    time = distances_from(coordinates, root)
    tree, support = grow(smooth, root, mine), np.ones(1)
    if len(tree.tips) > 1:
        tell("Finding ends again in halves of the cells")
        support = support_of(points[rows[kept]], modality[rows[kept]], mine, root, tree.tips, seed)
    ends = [str(names[mine[tip]]) if mine[tip] < len(names) else "branch" for tip in tree.tips]
    tree, sure = often(tree, support)
    branches, tip_sets, number = _named(places(tree), _told_apart([ends[each] for each in np.flatnonzero(sure)]))
    pseudotime, branch = np.full(len(points), np.nan), np.full(len(points), -1)
    pseudotime[rows[kept]], branch[rows[kept]] = time / time.max(), number
    _extend(points, rows, kept, np.setdiff1d(chosen, rows), pseudotime, branch)
    return Trajectory(
        pseudotime,
        branch,
        branches,
        tip_sets,
        int(rows[kept[root]]),
        group_connectivities(near.directed, codes[rows], len(names)),
        tuple(support[sure].tolist()),
        tuple((ends[each], float(support[each])) for each in np.flatnonzero(~sure)),
    )


def _check(chosen: np.ndarray, start: Start) -> None:
    if len(chosen) < FEWEST_CELLS:
        raise InputError(
            f"A trajectory of {len(chosen)} cells was asked for.", f"at least {FEWEST_CELLS}.", "choose more cells."
        )
    if not np.isin(start.rows, chosen).any():
        raise InputError(
            f"{start.told} is not among the cells that were chosen.", "a root among them.", "choose another root."
        )


def _clusters(ids: np.ndarray, seed: int) -> np.ndarray:
    # igraph is no business of a process that only shows
    from monae_app.engine.data.leiden import leiden_clusters, neighbor_graph

    return leiden_clusters(neighbor_graph(ids), seed=seed)


def _known(codes: np.ndarray, clusters: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """Group of each cell that is followed; clusters where there are no groups."""
    mine = codes[rows]
    return mine if len(np.unique(mine[mine >= 0])) > 1 else clusters + (int(codes.max()) + 1)


def _ends(codes: np.ndarray, kept: np.ndarray) -> np.ndarray:
    """Group of each cell that is kept; no branch ends in one of which most cells are not connected with the root."""
    size = int(codes.max()) + 1
    here, all_ = (np.bincount(each[each >= 0], minlength=size) for each in (codes[kept], codes))
    mine = codes[kept]
    return np.where((mine >= 0) & (2 * here[mine] > all_[mine]), mine, -1)


def _told_apart(found: list[str]) -> list[str]:
    """Tell apart names that stand for several tips, by numbers."""
    return [
        f"{name} {found[: place + 1].count(name)}" if found.count(name) > 1 else name
        for place, name in enumerate(found)
    ]


def _named(ahead: np.ndarray, tips: list[str]) -> tuple[list[str], list[tuple[int, ...]], np.ndarray]:
    """Name every set of tips that lies ahead of some cell, the largest first, and number the cells by it."""
    every = tuple(range(len(tips)))
    kinds = {tuple(np.flatnonzero(each).tolist()) for each in np.unique(ahead, axis=0)}
    kinds |= {every, *((tip,) for tip in every)}
    sets = sorted(kinds, key=lambda each: (-len(each), each))
    names = [STEM if each == every and len(every) > 1 else " + ".join(tips[tip] for tip in each) for each in sets]
    power = 1 << np.arange(len(tips))
    place = {int(power[list(each)].sum()): number for number, each in enumerate(sets)}
    return names, sets, np.array([place[int(code)] for code in ahead @ power])


def _extend(
    points: np.ndarray, rows: np.ndarray, kept: np.ndarray, rest: np.ndarray, pseudotime: np.ndarray, branch: np.ndarray
) -> None:
    """Give cells that were not drawn the mean of their nearest ones that were."""
    if not len(rest):
        return
    for _, near in _blocks(points, rows, rest):
        mine, ids = near
        ids = rows[ids]
        there = np.isfinite(pseudotime[ids])
        # most of them have to be connected with the root
        good = there.sum(axis=1) > NEAREST / 2
        pseudotime[mine[good]] = np.nanmean(pseudotime[ids[good]], axis=1)
        first = there.argmax(axis=1)
        branch[mine[good]] = branch[ids[np.arange(len(ids)), first]][good]


def _blocks(points: np.ndarray, rows: np.ndarray, rest: np.ndarray) -> list[tuple[int, tuple[np.ndarray, np.ndarray]]]:
    fitted = NearestNeighbors(n_neighbors=NEAREST).fit(points[rows])
    step = 10_000
    return [
        (first, (rest[first : first + step], fitted.kneighbors(points[rest[first : first + step]])[1]))
        for first in range(0, len(rest), step)
    ]
