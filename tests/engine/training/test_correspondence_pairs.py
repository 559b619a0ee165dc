"""Known pairs, mosaics of paired and unpaired cells, and a third modality, on cells whose hidden axes are known."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp

from monae_app.engine.data.dataset import Dataset, Modality
from monae_app.engine.data.guidance import GuidanceGraph
from monae_app.engine.model.anchors import unit_rows
from monae_app.engine.training.correspondence import correspond

if TYPE_CHECKING:
    from monae_app.engine.config import RunConfig
    from monae_app.engine.training.correspondence import Correspondence

N_CELLS, AXES, FEATURES = 200, 4, 6
WIDTHS = {"rna": 10, "atac": 8, "protein": 5}


class Measured:
    """One cell a row in every modality, each of which reads the hidden axes and noise through loadings of its own.

    Only the first ``paired`` cells of a modality bear a name that tells which cell they are; the rows are shuffled.
    """

    def __init__(self, **paired: int) -> None:
        rng = np.random.default_rng(5)
        self.hidden = rng.normal(size=(N_CELLS, AXES))
        self.cell = {name: rng.permutation(N_CELLS) for name in paired}
        modalities, self.prepared = {}, {}
        for name, n_named in paired.items():
            cell = self.cell[name]
            read = np.hstack([self.hidden[cell], 0.3 * rng.normal(size=(N_CELLS, WIDTHS[name]))])
            read = read @ rng.normal(size=(read.shape[1], WIDTHS[name]))
            read = ((read - read.mean(axis=0)) / read.std(axis=0)).astype(np.float32)
            names = [f"cell {i}" if i < n_named else f"{name} {i}" for i in cell]
            var = pd.DataFrame(index=[f"{name}{i}" for i in range(FEATURES)])
            values = sp.csr_matrix(np.ones((N_CELLS, FEATURES), np.float32))
            modalities[name] = Modality(name, values, pd.DataFrame(index=names), var, "nb")
            self.prepared[name] = SimpleNamespace(modality=modalities[name], representation=read, values=values)
        self.dataset = Dataset(modalities, use_pairs=True)
        none = np.empty(0, np.int64)
        vertices = pd.DataFrame({"modality": np.repeat(list(paired), FEATURES), "name": "feature"})
        self.graph = GuidanceGraph(vertices, none, none, none.astype(np.float32), none.astype(np.int8))

    def correspond(self, config: RunConfig) -> Correspondence | None:
        return correspond(self.dataset, self.prepared, self.graph, config)

    def same_cell(self, first: str, second: str, rows: np.ndarray) -> np.ndarray:
        return self.cell[first][rows[:, 0]] == self.cell[second][rows[:, 1]]

    def closer(self, found: Correspondence, first: str, second: str) -> float:
        """Share of the cells of another modality that lie farther than the same cell does, at the mean."""
        order = [np.argsort(self.cell[name]) for name in (first, second)]
        one, other = (found.start[name][rows] for name, rows in zip((first, second), order, strict=True))
        cosine = one @ other.T
        return float((cosine < np.diag(cosine)[:, None]).mean())

    def hidden_distance(self, rows: np.ndarray) -> np.ndarray:
        pair = [self.hidden[self.cell[name][rows[:, side]]] for side, name in enumerate(("rna", "atac"))]
        return np.linalg.norm(pair[0] - pair[1], axis=1)


def test_known_pairs_are_the_anchors_and_align_the_cells(planted_config):
    data = Measured(rna=N_CELLS, atac=N_CELLS)
    found = data.correspond(planted_config.model_copy(update={"lambda_adversarial": 0.05}))
    (anchors,) = found.anchors
    assert set(found.balance) == {"rna", "atac"}
    assert len(anchors.rows) == found.n_anchors == N_CELLS
    assert data.same_cell("rna", "atac", anchors.rows).all()
    assert data.closer(found, "rna", "atac") > 0.95
    for balance in found.balance.values():
        np.testing.assert_allclose(balance, 1)


def test_pairs_are_used_only_when_declared(planted_config):
    data = Measured(rna=N_CELLS, atac=N_CELLS)
    data.dataset = Dataset(data.dataset.modalities, use_pairs=False)
    assert data.correspond(planted_config) is None


def test_in_a_mosaic_cells_without_a_partner_get_inferred_anchors_among_themselves(planted_config):
    data = Measured(rna=80, atac=80)
    found = data.correspond(planted_config)
    (anchors,) = found.anchors
    known = data.same_cell("rna", "atac", anchors.rows) & (data.cell["rna"][anchors.rows[:, 0]] < 80)
    assert known.sum() == 80
    inferred = anchors.rows[~known]
    assert len(inferred) > 40
    for side, name in enumerate(("rna", "atac")):
        assert (data.cell[name][inferred[:, side]] >= 80).all()
    alone = [np.flatnonzero(data.cell[name] >= 80) for name in ("rna", "atac")]
    rng = np.random.default_rng(0)
    by_chance = np.column_stack([rng.choice(each, 500) for each in alone])
    assert np.median(data.hidden_distance(inferred)) < 0.5 * np.median(data.hidden_distance(by_chance))
    # what 80 pairs tell holds for the cells that have none
    assert data.closer(found, "rna", "atac") > 0.9


def test_no_anchor_stands_twice(planted_config):
    (anchors,) = Measured(rna=80, atac=80).correspond(planted_config).anchors
    assert len(np.unique(anchors.rows, axis=0)) == len(anchors.rows)


def test_a_third_modality_follows_onto_the_same_axes(planted_config):
    """Proteins are paired with RNA alone, and come to lie where their cells' peaks lie all the same."""
    data = Measured(rna=N_CELLS, atac=N_CELLS, protein=N_CELLS)
    found = data.correspond(planted_config)
    pairs = [("rna", "atac"), ("rna", "protein"), ("atac", "protein")]
    assert [(each.first, each.second) for each in found.anchors] == pairs
    assert found.n_anchors == 3 * N_CELLS
    two = Measured(rna=N_CELLS, atac=N_CELLS)
    assert set(two.correspond(planted_config).maps) == {"rna", "atac"}
    for first, second in (("rna", "protein"), ("atac", "protein")):
        assert data.closer(found, first, second) > 0.9
    for name in WIDTHS:
        assert found.start[name].shape == (N_CELLS, planted_config.latent_shared)
        mapped = found.maps[name](data.prepared[name].representation)
        np.testing.assert_allclose(unit_rows(mapped), found.start[name], atol=1e-5)


def test_a_modality_that_nothing_joins_to_the_others_stays_apart(planted_config):
    data = Measured(rna=N_CELLS, atac=N_CELLS, protein=0)
    found = data.correspond(planted_config.model_copy(update={"lambda_adversarial": 0.05}))
    assert set(found.maps) == set(found.start) == {"rna", "atac"}
    assert [each.second for each in found.anchors] == ["atac"]
    np.testing.assert_array_equal(found.balance["protein"], np.ones(N_CELLS))


def test_more_shared_axes_than_components_are_empty(planted_config):
    data = Measured(rna=N_CELLS, atac=N_CELLS)
    found = data.correspond(planted_config.model_copy(update={"latent_shared": 12}))
    for start in found.start.values():
        assert start.shape == (N_CELLS, 12)
        assert not start[:, min(WIDTHS["rna"], WIDTHS["atac"]) :].any()
        assert np.abs(start[:, 0]).max() > 0.1


@pytest.mark.parametrize("order", [("atac", "rna"), ("protein", "atac", "rna")])
def test_rna_is_what_others_are_aligned_to_wherever_it_stands(planted_config, order):
    found = Measured(**dict.fromkeys(order, N_CELLS)).correspond(planted_config)
    assert found.anchors[0].first == "rna"
    assert all("rna" in (each.first, each.second) for each in found.anchors[: len(order) - 1])


def test_without_rna_the_first_modality_takes_its_place(planted_config):
    data = Measured(protein=N_CELLS, atac=N_CELLS)
    found = data.correspond(planted_config)
    (anchors,) = found.anchors
    assert (anchors.first, anchors.second) == ("protein", "atac")
    assert data.closer(found, "protein", "atac") > 0.9


def test_a_modality_may_be_joined_by_its_pairs_with_another_than_rna(planted_config):
    data = Measured(rna=N_CELLS, atac=N_CELLS, protein=N_CELLS)
    # RNA and proteins share no name any more; both share them with ATAC
    rna = data.dataset.modalities["rna"]
    names = [f"cell {i}" if i < N_CELLS // 2 else f"rna {i}" for i in data.cell["rna"]]
    protein = data.dataset.modalities["protein"]
    others = [f"cell {i}" if i >= N_CELLS // 2 else f"protein {i}" for i in data.cell["protein"]]
    data.dataset = Dataset(
        data.dataset.modalities
        | {
            "rna": replace(rna, obs=rna.obs.set_axis(names, axis=0)),
            "protein": replace(protein, obs=protein.obs.set_axis(others, axis=0)),
        },
        use_pairs=True,
    )
    found = data.correspond(planted_config)
    assert {(each.first, each.second) for each in found.anchors} == {("rna", "atac"), ("atac", "protein")}
    assert data.closer(found, "rna", "protein") > 0.9


def rest_closer(data: Measured, found: Correspondence, known: int) -> float:
    """FOSCTTM of the cells without a known partner, by the cosine to all cells of the other modality."""
    order = [np.argsort(data.cell[name]) for name in ("rna", "atac")]
    one, other = (found.start[name][rows] for name, rows in zip(("rna", "atac"), order, strict=True))
    cosine = one @ other.T
    true = np.diag(cosine)
    closer = [(cosine > true[:, None]).mean(axis=1), (cosine > true).mean(axis=0)]
    return float(np.mean([each[known:] for each in closer]))


def test_pairs_of_some_cells_align_the_others_too(planted_config):
    """Of 200 cells 60 are known; without links there is nothing else to go by, and chance would bring .5."""
    data = Measured(rna=60, atac=60)
    known, few = (rest_closer(data, data.correspond(planted_config), 60) for data in (data, Measured(rna=20, atac=20)))
    assert known < 0.12
    assert known < few
