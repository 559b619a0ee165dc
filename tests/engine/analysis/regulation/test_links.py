from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from scipy.stats import false_discovery_control, kstest
from sklearn.metrics import roc_auc_score

from monae_app.engine.analysis.differential.discoveries import false_discovery_rates
from monae_app.engine.analysis.regulation.candidate_pairs import candidate_pairs
from monae_app.engine.analysis.regulation.links import score_links
from monae_app.engine.analysis.regulation.matched_null import (
    FEWEST_PEAKS,
    null_peaks,
    p_values,
    strata_of,
)
from monae_app.engine.analysis.regulation.measured_directions import directions_of, fit_vectors, space_of


def test_true_links_are_found_and_false_ones_have_uniform_p(known):
    links = known.regulation.links
    inside = links["in_guidance"].to_numpy()
    assert roc_auc_score(known.true[inside], links["score"][inside]) > 0.8
    assert roc_auc_score(known.true, links["score"]) > 0.8
    rng = np.random.default_rng(0)
    for rows in (inside & ~known.true, ~inside & ~known.true):
        false = links[rows].dropna(subset=["p"])
        one = false.iloc[rng.permutation(len(false))].drop_duplicates("gene")
        assert len(one) > 200
        assert kstest(one["p"], "uniform").pvalue > 0.001
    sure = (links["q"] <= 0.05).to_numpy()
    assert sure.sum() > 50
    assert (~known.true[sure]).mean() < 0.1


def test_shuffled_cells_link_nothing(known):
    rna = sp.csr_matrix(known.planted.rna.X)
    shuffled = rna[np.random.default_rng(1).permutation(rna.shape[0])]
    batch = np.zeros(rna.shape[0], int)
    latent = {"rna": known.planted.latent_rna, "atac": known.planted.latent_atac}
    space = space_of(np.vstack(list(latent.values())))
    directions = [
        directions_of(fit_vectors(values, latent[name], batch, counted=True), space, np.asarray(values.mean(0)).ravel())
        for name, values in (("rna", shuffled), ("atac", sp.csr_matrix(known.planted.atac.X)))
    ]
    pairs = known.regulation.links[["gene", "peak", "distance_bp", "weight", "in_guidance"]]
    chrom = known.genes["chrom"].to_numpy(object), known.peaks["chrom"].to_numpy(object)
    links = score_links(pairs, *directions, chrom, seed=0)
    inside = links["in_guidance"].to_numpy()
    assert abs(roc_auc_score(known.true[inside], links["score"][inside]) - 0.5) < 0.07
    assert (links["q"] <= 0.05).sum() <= 5


def test_pairs_lie_within_the_window_and_say_how_far(known):
    nothing = sp.csr_matrix((len(known.genes), len(known.peaks)))
    pairs = candidate_pairs(known.genes, known.peaks, nothing, promoter=2000, window=30_000)
    gene, peak = known.genes.iloc[pairs["gene"]], known.peaks.iloc[pairs["peak"]]
    assert (gene["chrom"].to_numpy() == peak["chrom"].to_numpy()).all()
    begins = np.where(gene["strand"] == "-", gene["end"], gene["start"])
    middle = (peak["start"].to_numpy() + peak["end"].to_numpy()) / 2
    half = (peak["end"].to_numpy() - peak["start"].to_numpy()) / 2
    assert np.abs(np.maximum(np.abs(middle - begins) - half, 0) - pairs["distance_bp"]).max() <= 1
    assert not pairs["in_guidance"].any()
    assert pairs["weight"].between(0, 1).all()


def test_on_one_chromosome_there_is_no_null(known):
    pairs = known.regulation.links[["gene", "peak", "distance_bp", "weight", "in_guidance"]].head(50)
    rng = np.random.default_rng(0)
    sides = [
        directions_of(rng.normal(size=(n, 4)), np.eye(4), np.ones(n)) for n in (len(known.genes), len(known.peaks))
    ]
    one = np.full(len(known.genes), "chr1", object), np.full(len(known.peaks), "chr1", object)
    links = score_links(pairs, *sides, one, seed=0)
    assert links["p"].isna().all()
    assert links["q"].isna().all()
    assert links["score"].between(0, 1.0001).all()


def test_features_that_were_never_seen_have_no_p():
    values = sp.random(300, 40, 0.3, random_state=0, data_rvs=lambda n: np.ones(n)).tolil()
    values[:, 7] = 0
    fitted = fit_vectors(values.tocsr(), np.random.default_rng(0).normal(size=(300, 3)), np.zeros(300), counted=True)
    assert (fitted[7] == 0).all()
    assert (np.abs(np.delete(fitted, 7, axis=0)).sum(axis=1) > 0).all()


@pytest.mark.parametrize("counted", [True, False])
def test_a_vector_points_where_the_values_change_whatever_the_batch(counted):
    rng = np.random.default_rng(5)
    latent, batch = rng.normal(size=(4000, 3)), np.repeat([0, 1], 2000)
    true = np.array([[0.8, 0, 0], [0, -0.6, 0.3]])
    level = latent @ true.T + np.where(batch == 1, 1.5, 0)[:, None]
    values = rng.poisson(np.exp(level - 1)) if counted else level + rng.normal(size=level.shape)
    others = rng.poisson(3, size=(4000, 6)) if counted else rng.normal(size=(4000, 6))
    fitted = fit_vectors(sp.csr_matrix(np.column_stack([values, others]).astype(float)), latent, batch, counted=counted)
    unit = fitted[:2] / np.linalg.norm(fitted[:2], axis=1, keepdims=True)
    assert ((unit * true).sum(axis=1) / np.linalg.norm(true, axis=1) > 0.97).all()


def test_p_values_of_what_is_like_the_null_are_uniform():
    rng = np.random.default_rng(2)
    strata = rng.integers(0, 4, 4000)
    null = rng.normal(size=4000) * (1 + strata) + strata
    own = rng.integers(0, 4, 2000)
    scores = rng.normal(size=2000) * (1 + own) + own
    p = p_values(null, strata, scores, own, 4)
    assert kstest(p, "uniform").pvalue > 0.01
    far = p_values(null, strata, np.array([100.0, -100.0]), np.array([1, 1]), 4)
    assert (far == 2 / 4001).all()
    assert np.isnan(p_values(null[: FEWEST_PEAKS - 1], strata[: FEWEST_PEAKS - 1], scores, own, 4)).all()


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 2000), st.integers(0, 5))
def test_every_peak_has_a_stratum_and_strata_are_even(n_peaks, seed):
    rng = np.random.default_rng(seed)
    strata = strata_of(rng.poisson(3, n_peaks).astype(float), rng.random(n_peaks))
    count = np.bincount(strata.of_peak, minlength=strata.n_strata)
    assert len(count) == strata.n_strata
    assert count.max() - count.min() <= 2


@settings(max_examples=50, deadline=None)
@given(arrays.arrays(float, st.integers(1, 60), elements=st.floats(1e-6, 1)))
def test_q_is_that_of_benjamini_and_hochberg(p):
    assert false_discovery_rates(p) == pytest.approx(false_discovery_control(p))
    gaps = np.insert(p, 0, np.nan)
    assert np.isnan(false_discovery_rates(gaps)[0])
    assert false_discovery_rates(gaps)[1:] == pytest.approx(false_discovery_control(p))


def test_null_peaks_lie_on_other_chromosomes():
    chrom = np.repeat(["chr1", "chr2"], 30_000)
    found = null_peaks(chrom, "chr1", 0)
    assert (chrom[found] == "chr2").all()
    assert len(found) == 10_000
    assert (np.diff(found) > 0).all()
    assert (found == null_peaks(chrom, "chr1", 0)).all()
