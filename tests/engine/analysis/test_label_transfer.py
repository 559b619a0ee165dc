"""Labels of one side for the cells of another: right, calibrated, and withheld from kinds that the source lacks."""

from __future__ import annotations

from dataclasses import replace

import anndata as ad
import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score

from monae_app.engine.analysis.label_transfer.linked_levels import LinkedLevels
from monae_app.engine.analysis.label_transfer.novelty import apart, contradicted, contradiction
from monae_app.engine.analysis.label_transfer.sides import Side, labels_of, side_of
from monae_app.engine.analysis.label_transfer.transfer import LOOSE_LINKS, NO_LINKS, transfer
from monae_app.engine.analysis.label_transfer.unassigned import UNASSIGNED
from monae_app.engine.analysis.label_transfer.votes import Softening, averaged, nearest, votes
from monae_app.engine.analysis.label_transfer.written import check_table, summary, write_table
from monae_app.engine.errors import InputError

AXES, KINDS, GENES = 8, 6, 200
BINS = np.linspace(0, 1, 16)


def calibration_error(confidence: np.ndarray, right: np.ndarray) -> float:
    """Expected calibration error of 15 bins."""
    places = np.clip(np.digitize(confidence, BINS) - 1, 0, 14)
    return sum(
        (places == place).mean() * abs(confidence[places == place].mean() - right[places == place].mean())
        for place in np.unique(places)
    )


class Planted:
    """Kinds of cells around centres, whose true places genes and peaks read; a source that is noisy in its own way."""

    def __init__(self, seed: int = 0, spread: float = 0.35, n: int = 600) -> None:
        self.rng = np.random.default_rng(seed)
        self.n, self.spread = n, spread
        self.centres = self.rng.normal(0, 1, (KINDS, AXES))
        self.loadings = self.rng.normal(0, 1, (GENES, AXES))

    def side(self, modality: str, kinds: np.ndarray, laid: dict[int, int] | None = None) -> Side:
        """Cells of these kinds; some kinds are laid onto the place of others in the shared space."""
        places = self.centres[kinds] + self.rng.normal(0, self.spread, (len(kinds), AXES))
        shared = places.copy()
        for kind, onto in (laid or {}).items():
            shared[kinds == kind] += self.centres[onto] - self.centres[kind]
        # what the private axes add brings the true place back
        private = places - shared
        names = np.array([f"{modality}:{number}" for number in range(len(kinds))])
        return Side(modality, names, shared, private, kinds.astype(str))

    def features(self) -> ad.AnnData:
        """One peak a gene, which follows it; private axes are read like shared ones."""
        obs = pd.DataFrame({"modality": np.repeat(["rna", "atac"], GENES)}, index=[f"f{i}" for i in range(2 * GENES)])
        table = ad.AnnData(obs=obs)
        noise = self.rng.normal(0, 0.3, (GENES, AXES))
        vectors = np.vstack([self.loadings, self.loadings + noise])
        table.obsm["X_monae"] = table.obsm["X_private"] = vectors
        table.obsm["scale"] = np.ones((2 * GENES, 1))
        corner, eye = sp.csr_matrix((GENES, GENES)), sp.identity(GENES)
        table.obsp["guidance"] = sp.csr_matrix(sp.bmat([[corner, eye], [eye, corner]]))
        return table

    def kinds(self, of: list[int]) -> np.ndarray:
        return self.rng.choice(of, self.n)


def given_labels(kinds: np.ndarray) -> pd.Categorical:
    return pd.Categorical([f"kind {kind}" for kind in kinds])


@pytest.mark.parametrize("spread", [0.35, 0.7, 1.0])
def test_labels_are_right_and_confidence_keeps_its_word(spread: float):
    planted = Planted(spread=spread)
    kinds, wanted = planted.kinds(list(range(KINDS))), planted.kinds(list(range(KINDS)))
    source, target = planted.side("rna", kinds), planted.side("atac", wanted)
    found = transfer(source, given_labels(kinds), target, planted.features(), seed=0)
    right = found.classes[found.best] == np.array([f"kind {kind}" for kind in wanted])
    nearest_centre = ((target.shared[:, None] - planted.centres) ** 2).sum(axis=2).argmin(axis=1)
    assert right.mean() >= (nearest_centre == wanted).mean() - 0.04
    assert calibration_error(found.confidence, right) <= 0.06
    np.testing.assert_allclose(found.probabilities.sum(axis=1) + found.novelty, 1, atol=1e-5)


def test_a_kind_that_lies_apart_is_not_given_a_label():
    planted = Planted()
    kinds, wanted = planted.kinds([0, 1, 2, 3, 4]), planted.kinds(list(range(KINDS)))
    source, target = planted.side("rna", kinds), planted.side("atac", wanted)
    lacking = ad.AnnData(obs=planted.features().obs, obsm=dict(planted.features().obsm))
    found = transfer(source, given_labels(kinds), target, lacking, seed=0)
    assert found.notes == (NO_LINKS,)
    assert roc_auc_score(wanted == 5, -found.confidence) >= 0.95
    assert (found.labels()[wanted == 5] == UNASSIGNED).mean() > 0.6
    assert (found.labels()[wanted != 5] == UNASSIGNED).mean() < 0.1


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_a_kind_laid_onto_a_relative_is_noticed_by_its_features(seed: int):
    planted = Planted(seed)
    kinds, wanted = planted.kinds([0, 1, 2, 3, 4]), planted.kinds([0, 1, 2, 3, 5])
    source, target = planted.side("rna", kinds), planted.side("atac", wanted, laid={5: 4})
    found = transfer(source, given_labels(kinds), target, planted.features(), seed=0)
    assert roc_auc_score(wanted == 5, found.novelty) >= 0.9
    # distance alone cannot tell it
    levels = LinkedLevels.of(planted.features(), "rna", "atac")
    near, own = nearest(source.shared, target.shared), nearest(target.shared, None)
    lies_apart = apart(near.distances.mean(axis=1), own.distances.mean(axis=1))
    assert roc_auc_score(wanted == 5, lies_apart) < 0.75
    # links at random tell nothing, and are not believed
    shuffled = replace(levels, target=levels.target[planted.rng.permutation(len(levels.target))])
    trust = [contradiction(source, target, each)[1] for each in (levels, shuffled)]
    assert trust[0] > 0.7
    assert trust[1] < 0.5


def test_links_that_say_nothing_take_no_label_away():
    planted = Planted()
    kinds = planted.kinds(list(range(KINDS)))
    source, target = planted.side("rna", kinds), planted.side("atac", kinds)
    features = planted.features()
    features.obsp["guidance"] = sp.csr_matrix(features.obsp["guidance"][:, planted.rng.permutation(2 * GENES)])
    found = transfer(source, given_labels(kinds), target, features, seed=0)
    assert found.notes == (LOOSE_LINKS,)
    assert (found.labels() == UNASSIGNED).mean() < 0.05


def test_order_and_names_of_cells_change_nothing():
    planted = Planted(n=200)
    kinds = planted.kinds(list(range(KINDS)))
    source, target, features = planted.side("rna", kinds), planted.side("atac", kinds), planted.features()
    first = transfer(source, given_labels(kinds), target, features, seed=0)
    order, other = planted.rng.permutation(200), planted.rng.permutation(200)
    again = transfer(source.some(order), given_labels(kinds)[order], target.some(other), features, seed=0)
    np.testing.assert_allclose(again.probabilities, first.probabilities[other], atol=1e-5)
    assert again.names.tolist() == first.names[other].tolist()


def test_very_many_cells_are_sampled_by_the_seed(monkeypatch):
    planted = Planted()
    kinds = planted.kinds(list(range(KINDS)))
    source, target, features = planted.side("rna", kinds), planted.side("atac", kinds), planted.features()
    whole = transfer(source, given_labels(kinds), target, features, seed=0)
    monkeypatch.setattr("monae_app.engine.analysis.label_transfer.transfer.MOST_CELLS", 300)
    some = [transfer(source, given_labels(kinds), target, features, seed=seed) for seed in (0, 0, 1)]
    np.testing.assert_array_equal(some[0].probabilities, some[1].probabilities)
    assert not np.array_equal(some[0].probabilities, some[2].probabilities)
    assert (some[0].best == whole.best).mean() > 0.95


@given(st.integers(0, 10_000))
def test_votes_are_shares_and_softening_keeps_their_order(seed: int):
    rng = np.random.default_rng(seed)
    places, codes = rng.normal(0, 1, (40, 3)), rng.integers(0, 3, 40)
    codes[:3] = [0, 1, 2]
    near = nearest(places, rng.normal(0, 1, (7, 3)), 5)
    voted = votes(near, codes, 3)
    np.testing.assert_allclose(voted.sum(axis=1), 1)
    sure = Softening(np.full(3, 1 / 3), 1.0).probabilities(voted)
    np.testing.assert_allclose(sure.sum(axis=1), 1)
    assert (np.argsort(sure, axis=1, kind="stable") == np.argsort(voted, axis=1, kind="stable")).all()
    np.testing.assert_allclose(averaged(places, near.rows), places[near.rows].mean(axis=1))


def test_cells_at_one_place_are_no_neighbours_of_themselves():
    near = nearest(np.zeros((30, 2)), None, 5)
    assert (near.rows != np.arange(30)[:, None]).all()
    assert near.rows.shape == (30, 5)
    told = contradicted(np.r_[np.ones(95), np.full(5, 9.0)], np.full(100, "all"))
    assert told[:95].max() < 0.01
    assert told[95:].min() > 0.9


def table(labels: list[str | None]) -> ad.AnnData:
    obs = pd.DataFrame(
        {"modality": ["rna"] * len(labels), "kind": labels}, index=[f"rna:{i}" for i in range(len(labels))]
    )
    return ad.AnnData(obs=obs, obsm={"X_monae": np.zeros((len(labels), 2)), "X_private": np.zeros((len(labels), 1))})


def test_what_is_no_label_is_said():
    cells = table(["a", "b", None, "nan"])
    assert labels_of(cells, "rna", "kind").codes.tolist() == [0, 1, -1, -1]
    for column, words in (("modality", "1 different values"), ("nothing", "no column 'nothing'")):
        with pytest.raises(InputError, match=words):
            labels_of(cells, "rna", column)
    with pytest.raises(InputError, match="There is no modality 'protein'"):
        side_of(cells, "protein", ["rna"])
    with pytest.raises(InputError, match="There are no cells of atac"):
        side_of(cells, "atac", ["rna", "atac"])
    two = side_of(cells, "rna", ["rna"])
    with pytest.raises(InputError, match="at least three cells"):
        transfer(two, labels_of(cells, "rna", "kind"), two, ad.AnnData(), seed=0)


def test_the_table_has_what_the_summary_counts(tmp_path):
    planted = Planted(n=120)
    kinds = planted.kinds(list(range(KINDS)))
    found = transfer(
        planted.side("rna", kinds), given_labels(kinds), planted.side("atac", kinds), planted.features(), seed=0
    )
    write_table(found, tmp_path / "labels.csv", 0.9)
    read, told = pd.read_csv(tmp_path / "labels.csv"), summary(found, 0.9)
    assert read.columns[:6].tolist() == ["cell", "label", "confidence", "best", "second", "unassigned_novel"]
    assert (read["label"] == UNASSIGNED).sum() == told["unassigned"]
    assert {name: each["cells"] for name, each in told["labels"].items()} == {
        name: int((read["label"] == name).sum()) for name in found.classes
    }
    np.testing.assert_allclose(read.filter(like="p_").sum(axis=1) + read["unassigned_novel"], 1, atol=2e-3)
    assert (read["best"] != read["second"]).all()
    check_table(tmp_path / "labels.csv")
    (tmp_path / "other.csv").write_text("mine\n")
    for path, words in ((tmp_path / "other.csv", "no labels of Monae's"), (tmp_path, "is a folder")):
        with pytest.raises(InputError, match=words):
            check_table(path)
