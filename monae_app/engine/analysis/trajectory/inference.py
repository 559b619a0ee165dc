"""Pseudotime and branches of cells in a space, from a root. N cells, D axes, B branches, K groups."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from monae_app.engine.analysis.trajectory.abstraction import connected_part
from monae_app.engine.analysis.trajectory.branches import STEM, branch_names, grow_tree
from monae_app.engine.analysis.trajectory.diffusion import diffusion_axes, distances_from, smoothed
from monae_app.engine.analysis.trajectory.neighbours import balanced_neighbours, kernel, neighbourhood_size
from monae_app.engine.analysis.trajectory.roots import central_cell, extreme_cell
from monae_app.engine.errors import InputError
from monae_app.engine.telling import SILENT, Telling

FEWEST_CELLS = 50
# More are placed by the nearest of these.
MOST_CELLS = 20_000
NEAREST, AROUND_TIP = 10, 50


@dataclass(frozen=True)
class Trajectory:
    """Pseudotime of cells.

    Parameters
    ----------
    pseudotime
        (N,) from 0 at the root to 1 at the farthest cell; NaN where a cell is not connected with the root.
    branch
        (N,) numbers into ``names``; -1 where there is no pseudotime.
    names
        The stem first, if there is a fork; then branches.
    root
        Row of the root.
    edges
        (E, 2) rows of cells that are neighbours, the graph over which groups are connected.
    """

    pseudotime: np.ndarray
    branch: np.ndarray
    names: list[str]
    root: int
    edges: np.ndarray = field(repr=False)

    @property
    def branch_text(self) -> np.ndarray:
        """Name of the branch of each cell, (N,); empty where there is none."""
        return np.array([*self.names, ""], object)[self.branch]


@dataclass(frozen=True)
class Beginning:
    """Where pseudotime begins.

    Parameters
    ----------
    rows
        Of one cell, or of the cells of a group.
    extreme
        Take the end of the group rather than its middle.
    """

    rows: np.ndarray
    extreme: bool = True


def infer(
    space: np.ndarray,
    modality: np.ndarray,
    begin: Beginning,
    *,
    labels: np.ndarray | None = None,
    branches: int | None = None,
    seed: int = 0,
    tell: Telling = SILENT,
) -> Trajectory:
    """Work out diffusion pseudotime and branches.

    Parameters
    ----------
    space
        (N, D) in which near cells are alike, whatever their modality.
    modality
        (N,) of each cell.
    begin
        The root.
    labels
        (N,) groups that branches are named after; empty text for none.
    branches
        How many ends the lineage has; None to find out.
    seed
        Of all that is random.

    Raises
    ------
    InputError
        If there are too few cells, or too few that are connected with the root.
    """
    if len(space) < FEWEST_CELLS:
        raise InputError(f"Only {len(space)} cells are chosen.", f"at least {FEWEST_CELLS}.", "choose more groups.")
    drawn = _drawn(len(space), begin.rows, seed)
    place = np.full(len(space), -1)
    place[drawn] = np.arange(len(drawn))
    tell("Finding neighbours")
    points, kind = np.asarray(space[drawn], np.float64), modality[drawn]
    distances, neighbours = balanced_neighbours(points, kind, neighbourhood_size(len(drawn)))
    graph = kernel(distances, neighbours)
    root_rows = place[begin.rows]
    root_rows = root_rows[root_rows >= 0]
    tell("Finding what is connected with the root")
    inside = np.flatnonzero(connected_part(graph, neighbours, root_rows, seed))
    if len(inside) < FEWEST_CELLS:
        raise InputError(
            f"Only {len(inside)} cells are connected with the root.", f"at least {FEWEST_CELLS}.",
            "choose another root, or cells that go over into each other.",
        )  # fmt: skip
    part = graph[inside][:, inside].tocsr()
    within = np.full(len(drawn), -1)
    within[inside] = np.arange(len(inside))
    starts = within[root_rows][within[root_rows] >= 0]
    tell("Working out the diffusion map")
    axes = diffusion_axes(part, seed)
    root = central_cell(axes, starts)
    tree = grow_tree(axes, part, root, branches)
    if begin.extreme and len(starts) > 1:
        places = smoothed(part, axes)
        outside = tree.tips[~np.isin(tree.tips, starts)]
        if len(outside):
            root = extreme_cell(places, starts, outside)
            tree = grow_tree(axes, part, root, branches)
    time = distances_from(axes, axes[root])
    branch = tree.branch_of_cells()
    places = smoothed(part, axes)
    around = np.array(
        [np.argsort(distances_from(places, places[tip]), kind="stable")[:AROUND_TIP] for tip in tree.tips]
    )
    text = None if labels is None else labels[drawn[inside]]
    names = branch_names(branch, len(tree.tips), text, around)
    forked = len(tree.tips) > 1
    names = [STEM, *names] if forked else names
    number = branch + 1 if forked else np.zeros(len(inside), int)
    rows = drawn[inside]
    pseudotime, of_cell = np.full(len(space), np.nan), np.full(len(space), -1)
    pseudotime[rows] = time / max(float(time.max()), 1e-12)
    of_cell[rows] = number
    left = np.flatnonzero(place < 0)
    if len(left):
        tell("Placing the other cells")
        _place_others(space, modality, drawn, left, (pseudotime, of_cell))
    edges = graph.tocoo()
    once = edges.row < edges.col
    return Trajectory(pseudotime, of_cell, names, int(rows[root]),
                      np.column_stack([drawn[edges.row[once]], drawn[edges.col[once]]]))  # fmt: skip


def _drawn(n_cells: int, root: np.ndarray, seed: int) -> np.ndarray:
    """Rows of the cells on which the map is worked out: all, or a sample that holds some of the root."""
    if n_cells <= MOST_CELLS:
        return np.arange(n_cells)
    random = np.random.default_rng(seed)
    sample = random.choice(n_cells, MOST_CELLS, replace=False)
    few = root if len(root) <= NEAREST else random.choice(root, NEAREST, replace=False)
    return np.unique(np.concatenate([sample, few]))


def _place_others(
    space: np.ndarray, modality: np.ndarray, drawn: np.ndarray, left: np.ndarray, found: tuple[np.ndarray, np.ndarray]
) -> None:
    """Give cells that were not drawn the mean time, and the branch of most, of the nearest that were."""
    from sklearn.neighbors import NearestNeighbors

    pseudotime, branch = found
    for name in np.unique(modality[left]):
        known = drawn[modality[drawn] == name]
        known = known if len(known) > NEAREST else drawn
        mine = left[modality[left] == name]
        near = NearestNeighbors(n_neighbors=NEAREST).fit(space[known])
        for start in range(0, len(mine), MOST_CELLS):
            rows = mine[start : start + MOST_CELLS]
            nearest = known[near.kneighbors(space[rows], return_distance=False)]
            branches = branch[nearest]
            counts = (branches[:, :, None] == np.arange(-1, branch.max() + 1)).sum(axis=1)
            branch[rows] = counts.argmax(axis=1) - 1
            times = pseudotime[nearest]
            mean = np.nanmean(np.where(np.isnan(times).all(axis=1, keepdims=True), 0, times), axis=1)
            pseudotime[rows] = np.where(branch[rows] >= 0, mean, np.nan)
