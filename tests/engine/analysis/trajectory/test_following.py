"""A planted tree in two modalities: its order, its branches, its parts, and what does not hang together with it."""

from __future__ import annotations

import numpy as np
import pytest
import scanpy as sc
from scipy.stats import spearmanr

from monae_app.engine.analysis.trajectory.abstraction import group_connectivities
from monae_app.engine.analysis.trajectory.branches import Tree
from monae_app.engine.analysis.trajectory.diffusion import diffusion_coordinates, distances_from
from monae_app.engine.analysis.trajectory.following import Start, follow
from monae_app.engine.analysis.trajectory.neighbours import find_neighbours
from monae_app.engine.analysis.trajectory.support import often, support_of
from monae_app.engine.errors import InputError

CELLS, AXES = 700, 8
NAMES = ["root", "middle", "left", "right", "far"]


@pytest.fixture(scope="module")
def tree() -> dict[str, np.ndarray]:
    """A stem that forks at half of the time, in two modalities that lie a little apart, and 100 cells far away."""
    rng = np.random.default_rng(0)
    time = rng.uniform(0, 1, CELLS)
    side = rng.choice([-1, 1], CELLS)
    points = rng.normal(0, 0.12, (CELLS, AXES))
    points[:, 0] += 6 * time
    points[:, 1] += 6 * side * np.maximum(time - 0.5, 0)
    modality = np.where(rng.random(CELLS) < 0.7, "rna", "atac")
    points[:, 2] += np.where(modality == "rna", 0.25, -0.25)
    points[-100:] = rng.normal(40, 0.1, (100, AXES))
    codes = np.select([time < 0.2, time < 0.55, side < 0], [0, 1, 2], 3)
    codes[-100:] = 4
    return {"points": points, "modality": modality, "codes": codes, "time": time, "side": side}


def followed(tree: dict[str, np.ndarray], **more: np.ndarray):
    part = tree | more
    start = Start(np.flatnonzero(part["codes"] == 0), "the group root")
    return follow(part["points"], part["modality"], (part["codes"], NAMES), start, seed=0)


def test_order_branches_and_what_lies_apart(tree):
    found = followed(tree)
    inside = np.arange(CELLS) < CELLS - 100
    assert np.isnan(found.pseudotime[-100:]).all()
    assert (found.names[-100:] == "").all()
    # a cell far from all others may stand apart
    assert np.isnan(found.pseudotime[inside]).mean() < 0.01
    inside &= np.isfinite(found.pseudotime)
    assert spearmanr(found.pseudotime[inside], tree["time"][inside])[0] > 0.97
    assert found.pseudotime[found.root] == 0
    assert found.branches[0] == "stem"
    assert sorted(found.ends) == ["left", "right"]
    late = inside & (tree["time"] > 0.65)
    truth = np.where(tree["side"] < 0, "left", "right")
    assert (found.names[late] == truth[late]).mean() > 0.95
    assert (found.names[inside & (tree["time"] < 0.4)] == "stem").mean() > 0.95


def test_a_single_way_has_no_fork(tree):
    points = tree["points"].copy()
    points[(tree["time"] > 0.5) & (tree["side"] < 0)] = np.nan
    found = followed(tree, points=points)
    assert found.branches == ["right"]
    assert np.isnan(found.pseudotime[np.isnan(points[:, 0])]).all()


def test_neither_the_order_of_cells_nor_the_seed_of_another_draw_matters(tree):
    order = np.random.default_rng(1).permutation(CELLS)
    moved = {name: each[order] for name, each in tree.items()}
    one, other = followed(tree).pseudotime[order], followed(moved).pseudotime
    known = np.isfinite(one)
    assert np.array_equal(known, np.isfinite(other))
    assert spearmanr(one[known], other[known])[0] > 0.99


def test_each_cell_has_neighbours_of_every_modality(tree):
    near = find_neighbours(tree["points"], tree["modality"], 10)
    assert near.ids.shape == (CELLS, 10)
    assert ((tree["modality"][near.ids] == "rna").sum(axis=1) == 5).all()
    assert (near.ids != np.arange(CELLS)[:, None]).all()


def test_connectivities_are_those_of_scanpy(tree):
    table = sc.AnnData(tree["points"][:-100].astype(np.float32))
    table.obs["group"] = np.array(NAMES)[tree["codes"][:-100]]
    table.obs["group"] = table.obs["group"].astype("category")
    sc.pp.neighbors(table, n_neighbors=15, use_rep="X")
    sc.tl.paga(table, groups="group")
    edges = table.obsp["distances"].copy()
    edges.data[:] = 1
    codes = table.obs["group"].cat.codes.to_numpy()
    ours = group_connectivities(edges, codes, 4)
    assert np.allclose(ours, table.uns["paga"]["connectivities"].toarray(), atol=1e-6)


def test_distances_are_those_of_all_steps_of_a_random_walk(tree):
    some = np.flatnonzero(tree["codes"] < 4)[::4]
    near = find_neighbours(tree["points"][some], tree["modality"][some], 20)
    weights = near.weights.toarray()
    kernel = weights / np.outer(weights.sum(axis=1), weights.sum(axis=1))
    walk, steady = kernel / kernel.sum(axis=1, keepdims=True), kernel.sum(axis=1) / kernel.sum()
    # the sum of all steps that are yet to come, less where the walk ends
    accumulated = np.linalg.inv(np.eye(len(some)) - walk + steady) - np.eye(len(some))
    truth = np.sqrt(((accumulated - accumulated[0]) ** 2 / steady).sum(axis=1))
    ours = distances_from(diffusion_coordinates(near.weights, 0, len(some)), 0)
    assert np.allclose(ours, truth, rtol=1e-2, atol=1e-2 * truth.max())


def test_pseudotime_goes_with_that_of_scanpy(tree):
    table = sc.AnnData(tree["points"][:-100].astype(np.float32))
    sc.pp.neighbors(table, n_neighbors=30, use_rep="X", method="gauss")
    table.uns["iroot"] = int(tree["time"][:-100].argmin())
    sc.tl.diffmap(table, n_comps=15)
    sc.tl.dpt(table, n_dcs=15)
    ours = distances_from(diffusion_coordinates(table.obsp["connectivities"], 0, 15), table.uns["iroot"])
    assert spearmanr(ours, table.obs["dpt_pseudotime"])[0] > 0.98


def test_an_end_that_other_cells_do_not_show_is_no_end(tree):
    codes = tree["codes"].copy()
    found = followed(tree)
    assert found.support == (1.0, 1.0)
    assert found.doubtful == ()
    # the middle of the way is no end of the halves, whatever is asked about
    middle = int(np.flatnonzero(codes == 1)[0])
    inside = np.flatnonzero(codes < 4)
    tips = [int(np.flatnonzero(codes == each)[0]) for each in (2, 3)]
    asked = (tree["points"][inside], tree["modality"][inside], codes[inside], found.root)
    support = support_of(*asked, [*tips, middle], seed=1)
    assert support[:2].min() >= 0.95
    assert support[2] <= 0.1
    tree_of = Tree([*tips, middle], np.arange(9.0).reshape(3, 3))
    kept, sure = often(tree_of, support)
    assert kept.tips == tips
    assert sure.tolist() == [True, True, False]
    assert kept.shared.shape == (3, 2)
    # one end is always left
    assert often(tree_of, np.zeros(3))[0].tips == tips[:1]


def test_what_cannot_be_followed_is_refused(tree):
    rootless, few = tree["points"].copy(), tree["points"].copy()
    rootless[tree["codes"] == 0] = np.nan
    few[5:] = np.nan
    with pytest.raises(InputError, match="is not among the cells"):
        followed(tree, points=rootless)
    with pytest.raises(InputError, match="5 cells"):
        followed(tree, points=few)
