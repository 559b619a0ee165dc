"""Groups of cells are compared as scanpy and scipy do, and what was planted is found."""

from __future__ import annotations

import warnings

import anndata as ad
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from scipy.stats import false_discovery_control, mannwhitneyu

from monae_app.engine.analysis.differential.comparison import Measured, compare
from monae_app.engine.analysis.differential.discoveries import false_discovery_rates
from monae_app.engine.analysis.differential.measured_run import measured_of
from monae_app.engine.analysis.differential.pseudobulk import compare_samples
from monae_app.engine.analysis.differential.rank_sums import rank_sums
from monae_app.engine.analysis.kept_arrays import KeptArrays
from monae_app.engine.analysis.run_slices import RunSlices
from monae_app.engine.errors import InputError
from monae_app.web.bundled import folder

SAMPLE = folder("data_samples") / "mouse_cortex"
# few values, so that many are tied; negative ones stand below the zeros
TIED = st.sampled_from([-2.0, -0.5, 0.0, 0.0, 0.0, 1.0, 1.5, 7.0])


@given(arrays.arrays(np.float32, st.tuples(st.integers(4, 30), st.just(3)), elements=TIED), st.integers(2, 28))
def test_rank_sums_are_those_of_scipy(values, cut):
    first = np.arange(len(values)) < min(cut, len(values) - 2)
    found = rank_sums(values, first)
    for j in range(3):
        one, other = values[first, j].astype(np.float64), values[~first, j].astype(np.float64)
        assert found.auroc[j] == pytest.approx(mannwhitneyu(one, other).statistic / (len(one) * len(other)), abs=1e-9)
        if len(np.unique(values[:, j])) > 1:
            wanted = mannwhitneyu(one, other, use_continuity=False, method="asymptotic").pvalue
            assert found.p[j] == pytest.approx(wanted, abs=1e-9)
        else:
            assert (found.score[j], found.p[j]) == (0, 1)


def test_a_missing_value_takes_no_part():
    values = np.array([[0.1], [np.nan], [0.9], [0.8], [0.7], [np.nan]], np.float32)
    first = np.array([True, True, True, False, False, False])
    found = rank_sums(values, first)
    assert (found.first[0], found.second[0]) == (2, 2)
    assert found.auroc[0] == pytest.approx(0.5)


@given(st.lists(st.floats(0, 1), min_size=1, max_size=30))
def test_discovery_rates_are_those_of_scipy(p):
    np.testing.assert_allclose(false_discovery_rates(np.array(p)), false_discovery_control(p), atol=1e-12)


def test_a_missing_p_is_no_test():
    found = false_discovery_rates(np.array([0.01, np.nan, 0.04]))
    np.testing.assert_allclose(found, [0.02, np.nan, 0.04])


@pytest.fixture(scope="module")
def bundled() -> tuple[RunSlices, Measured]:
    run = RunSlices(SAMPLE / "run", KeptArrays(2**26))
    return run, measured_of(run, "rna")


def test_a_group_of_the_sample_has_scanpys_table(bundled):
    import scanpy as sc

    run, measured = bundled
    table = ad.read_h5ad(SAMPLE / "rna.h5ad")
    sc.pp.normalize_total(table, target_sum=1e4)
    sc.pp.log1p(table)
    label = run.column("cell_type").astype(str).to_numpy()[: table.n_obs]
    table.obs["label"] = label
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        sc.tl.rank_genes_groups(table, "label", groups=["Astro"], method="wilcoxon", tie_correct=True, pts=True)
    wanted = sc.get.rank_genes_groups_df(table, "Astro").set_index("names")
    ours = compare(measured, *(np.flatnonzero(mask) for mask in (label == "Astro", label != "Astro")))
    ours = ours.set_index("feature").loc[wanted.index]
    # scanpy keeps scores and fold changes in float32
    np.testing.assert_allclose(ours["score"], wanted["scores"], rtol=1e-6, atol=1e-6)
    np.testing.assert_allclose(ours["p"], wanted["pvals"], atol=1e-6)
    np.testing.assert_allclose(ours["fdr"], wanted["pvals_adj"], atol=1e-6)
    np.testing.assert_allclose(ours["log2_fold_change"], wanted["logfoldchanges"], rtol=1e-4, atol=1e-4)
    np.testing.assert_allclose(ours["share_first"], wanted["pct_nz_group"], atol=1e-6)


def planted(n: int = 120) -> tuple[Measured, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    counts = rng.poisson(1.5, (n, 50)).astype(np.float32)
    counts[: n // 3, 7] += rng.poisson(4, n // 3)
    measured = Measured([f"g{i}" for i in range(50)], lambda numbers: counts[:, numbers].copy(), counts.sum(axis=1))
    return measured, np.arange(n // 3), np.arange(n // 3, n)


def test_a_planted_marker_comes_first_and_a_shuffled_one_does_not():
    measured, first, second = planted()
    found = compare(measured, first, second)
    assert found["feature"].iloc[0] == "g7"
    assert found["fdr"].iloc[0] < 1e-6
    assert (found["fdr"].iloc[1:] > 0.01).all()
    mixed = np.random.default_rng(1).permutation(120)
    shuffled = compare(measured, np.sort(mixed[:40]), np.sort(mixed[40:]))
    assert (shuffled["fdr"] > 0.05).all()


def test_samples_are_repeats_and_cells_are_not():
    measured, first, second = planted()
    sample = np.array(["a", "b", "c", "d"])[np.arange(120) % 4]
    found, told = compare_samples(measured, first, second, sample)
    assert "paired t test over 4 samples" in told
    assert found["feature"].iloc[0] == "g7"
    apart = np.where(
        np.arange(120) < 40, np.where(np.arange(120) % 2, "a", "b"), np.where(np.arange(120) % 2, "c", "d")
    )
    found, told = compare_samples(measured, first, second, apart)
    assert "Welch's t test, 2 against 2 samples" in told
    assert found["feature"].iloc[0] == "g7"
    with pytest.raises(InputError, match="at least 2 samples"):
        compare_samples(measured, first, second, np.full(120, "one"))


def test_groups_that_cannot_be_compared_are_refused_with_a_reason():
    measured, first, second = planted()
    with pytest.raises(InputError, match="at least 3 cells"):
        compare(measured, first[:2], second)
    with pytest.raises(InputError, match="5 cells are in both groups"):
        compare(measured, first, np.r_[first[:5], second])
