from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import roc_auc_score

from monae_app.engine.analysis.regulation.agreement import agreement
from monae_app.engine.analysis.regulation.evidence import Regulation
from monae_app.engine.analysis.regulation.targets import GeneSpace, TargetFinder
from monae_app.engine.errors import InputError

if TYPE_CHECKING:
    from monae_app.engine.data.motifs.hits import MotifHits


def mean_area(known, regulation) -> float:
    areas = []
    for tf, names in known.planted.rna.uns["tf_targets"].items():
        table = regulation.targets(tf)
        areas.append(roc_auc_score(table["target"].isin(list(names)), table["score"]))
    return float(np.mean(areas))


def shuffled(hits: MotifHits, seed: int) -> MotifHits:
    order = np.random.default_rng(seed).permutation(len(hits.peaks))
    return replace(hits, counts=hits.counts[order], scores=hits.scores[order])


def test_targets_are_found_and_motifs_raise_them_where_they_stand_right(known):
    hits = known.regulation.hits
    with_motifs = mean_area(known, known.regulation)
    without = mean_area(known, replace(known.regulation, hits=None))
    assert without > 0.8
    assert with_motifs > without + 0.02
    assert mean_area(known, replace(known.regulation, hits=shuffled(hits, 0))) < without + 0.01


def test_sure_targets_are_mostly_true_and_shuffled_motifs_make_few(known):
    def sure(regulation: Regulation) -> tuple[int, int]:
        right = wrong = 0
        for tf, names in known.planted.rna.uns["tf_targets"].items():
            table = regulation.targets(tf)
            found = table.loc[table["q"] <= 0.05, "target"].isin(list(names))
            right, wrong = right + int(found.sum()), wrong + int((~found).sum())
        return right, wrong

    right, wrong = sure(known.regulation)
    assert right > 40
    assert wrong / (right + wrong) < 0.15
    assert sum(sure(replace(known.regulation, hits=shuffled(known.regulation.hits, 1)))) < right / 4


def test_the_table_holds_every_other_gene_once_and_the_same_seed_gives_the_same(known):
    tf = next(iter(known.planted.rna.uns["tf_targets"]))
    table = known.regulation.targets(tf.lower())
    assert set(table["target"]) == set(known.regulation.genes) - {tf}
    assert (table["tf"] == tf).all()
    assert table["rank"].tolist() == list(range(1, len(known.regulation.genes)))
    assert table["score"].is_monotonic_decreasing
    assert table["p"].between(0, 1).all()
    assert (table["q"] >= table["p"] - 1e-12).all()
    pd.testing.assert_frame_equal(table, replace(known.regulation).targets(tf))
    blind = replace(known.regulation, hits=None).targets(tf)
    assert blind["motif"].isna().all()
    assert blind["motif_peaks"].isna().all()


def test_any_gene_can_be_asked_and_unknown_ones_are_refused(known):
    gene = known.regulation.genes[5]
    assert len(known.regulation.targets(str(gene))) == len(known.regulation.genes) - 1
    with pytest.raises(InputError, match="neither a gene nor motifs"):
        known.regulation.targets("nobody")
    with pytest.raises(InputError, match="no gene 'nobody'"):
        known.regulation.links_table("nobody")


def test_a_factor_that_was_not_measured_is_told_by_its_motifs(known):
    tf, names = next(iter(known.planted.rna.uns["tf_targets"].items()))
    kept = np.flatnonzero(known.regulation.genes != tf)
    moved = np.full(len(known.regulation.genes), -1)
    moved[kept] = np.arange(len(kept))
    links = known.regulation.links.assign(gene=moved[known.regulation.links["gene"]]).query("gene >= 0")
    without = replace(
        known.regulation,
        genes=known.regulation.genes[kept],
        vectors=known.regulation.vectors[kept],
        profiles=np.empty((0, len(kept))),
        links=links.reset_index(drop=True),
    )
    table = without.targets(tf)
    assert table["similarity"].isna().all()
    assert roc_auc_score(table["target"].isin(list(names)), table["score"]) > 0.7
    assert tf in set(without.factors()["tf"])


def test_a_hub_is_no_target_by_being_near_to_everything():
    rng = np.random.default_rng(0)
    vectors = rng.normal(size=(400, 6)) + 1
    space = GeneSpace(vectors, 0)
    alike = np.array([space.alike(space.unit[gene]) for gene in range(400)])
    np.fill_diagonal(alike, np.nan)
    assert np.nanstd(np.nanmean(alike, axis=0)) < 0.05
    assert np.nanmean(alike) == pytest.approx(0, abs=0.05)


def test_motifs_by_chance_speak_for_no_gene(known):
    support = known.regulation.finder.support
    tf = next(iter(known.planted.rna.uns["tf_targets"]))
    has = support.peaks_of(tf)
    rng = np.random.default_rng(0)
    chance = np.concatenate([support.over_genes(support.shuffled(has, rng)) for _ in range(20)])
    assert abs(chance.mean()) < 0.1
    assert chance.std() < 1.2
    assert support.shuffled(has, rng).sum() == has.sum()
    assert support.peaks_of("nobody") is None
    assert support.counted(has).sum() == (support.speaks[:, has] > 0).sum()


def test_genes_without_a_vector_and_tiny_sets_do_not_break():
    vectors = np.zeros((12, 3))
    vectors[:4] = np.random.default_rng(0).normal(size=(4, 3))
    _, score, p = TargetFinder(GeneSpace(vectors, 0), None, 0).score(2, None)
    assert np.isfinite(score).all()
    assert np.isnan(p[2])
    assert np.isfinite(np.delete(p, 2)).all()


def test_it_is_saved_and_read_whole(known, tmp_path):
    path = tmp_path / "regulation.npz"
    known.regulation.save(path)
    again = Regulation.load(path, known.regulation.hits)
    tf = next(iter(known.planted.rna.uns["tf_targets"]))
    pd.testing.assert_frame_equal(again.targets(tf), known.regulation.targets(tf))
    pd.testing.assert_frame_equal(again.links_table(), known.regulation.links_table())
    path.write_bytes(path.read_bytes()[:2000])
    with pytest.raises(InputError, match="holds no evidence"):
        Regulation.load(path)


def test_regulons_are_the_leading_targets(known):
    factors = list(known.planted.rna.uns["tf_targets"])[:3]
    members = known.regulation.regulons(factors, 20)
    assert members.shape == (len(known.regulation.genes), 3)
    assert (np.asarray(members.sum(axis=0)).ravel() == 20).all()
    true = np.isin(known.regulation.genes, list(known.planted.rna.uns["tf_targets"][factors[0]]))
    assert true[members[:, 0].nonzero()[0]].mean() > 5 * true.mean()


def test_ranked_targets_agree_with_the_truth_and_not_with_shuffled_tables(known):
    truth = known.planted.rna.uns["tf_targets"]
    edges = pd.DataFrame([(tf, name) for tf, names in truth.items() for name in names], columns=["tf", "target"])
    found = agreement(known.regulation, edges).table
    assert found.loc["auroc", "value"] > 0.85
    assert found.loc["auroc", "p"] < 0.01
    assert found.loc["early_precision", "value"] > 2 * found.loc["early_precision", "high"]
    shuffled_edges = edges.assign(target=np.random.default_rng(0).permutation(edges["target"].to_numpy()))
    by_chance = agreement(known.regulation, shuffled_edges).table
    assert by_chance.loc["auroc", "value"] < 0.6
    with pytest.raises(InputError, match="known"):
        agreement(known.regulation, edges.assign(tf="nobody"))
