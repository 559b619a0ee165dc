"""Files of methylation, in every form that the field writes them: the same covered places come out of all."""

from __future__ import annotations

import anndata as ad
import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp

from monae_app.engine.config import make_config
from monae_app.engine.data.reading import read_dataset
from monae_app.engine.data.understanding.appearance import look_into
from monae_app.engine.errors import InputError
from monae_app.jobs.checking import line

N, G = 40, 16


@pytest.fixture(scope="module")
def total():
    rng = np.random.default_rng(0)
    return (rng.poisson(4, (N, G)) + 1) * (rng.random((N, G)) < 0.4)


@pytest.fixture(scope="module")
def methylated(total):
    return np.random.default_rng(1).binomial(total, np.linspace(0.05, 0.8, G))


@pytest.fixture(scope="module")
def levels(methylated, total):
    return np.where(total > 0, methylated / np.maximum(total, 1), np.nan)


@pytest.fixture
def write(tmp_path):
    def file(x=None, name="cells.h5ad", var=None, **layers):
        table = ad.AnnData(
            x,
            obs=pd.DataFrame(index=[f"cell{i}" for i in range(N)]),
            var=pd.DataFrame(index=[f"chr1:{1000 * i}-{1000 * i + 500}" for i in range(G)]) if var is None else var,
            layers=layers,
        )
        table.write_h5ad(tmp_path / name)
        return tmp_path / name

    return file


def read(path, **settings):
    dataset = read_dataset(make_config(inputs={"methylation": path}, **settings))
    return dataset.modalities["methylation"], dataset


@pytest.mark.parametrize(("one", "all_reads"), [("methylated", "total"), ("mc", "cov"), ("Meth", "Coverage")])
@pytest.mark.parametrize("form", [np.asarray, sp.csr_matrix, sp.csc_matrix])
def test_layers_of_reads(write, methylated, total, levels, one, all_reads, form):
    found, dataset = read(write(**{one: form(methylated), all_reads: form(total)}))
    np.testing.assert_allclose(found.values.dense_levels(), levels)
    np.testing.assert_array_equal(found.values.totals.toarray(), total)
    assert found.likelihood == "beta_binomial"
    np.testing.assert_array_equal(found.library_size, (total > 0).sum(axis=1))
    coverage = dataset.findings["methylation"]["coverage"]
    assert coverage["share"] == pytest.approx((total > 0).mean())
    assert coverage["contexts"] == {"CG": {"regions": G, "level": pytest.approx(methylated.sum() / total.sum())}}


def test_levels_with_coverage_become_reads(write, methylated, total, levels):
    for x in (levels, np.nan_to_num(levels), sp.csr_matrix(np.nan_to_num(levels))):
        found, _ = read(write(x.astype(np.float32), cov=total))
        np.testing.assert_array_equal(found.values.values.toarray(), methylated)
        np.testing.assert_array_equal(found.values.totals.toarray(), total)


def test_what_is_stored_at_uncovered_places_does_not_count(write, methylated, total):
    stray = np.where(total > 0, np.nan_to_num(methylated / np.maximum(total, 1)), 0.7).astype(np.float32)
    found, _ = read(write(stray, cov=total))
    np.testing.assert_array_equal(found.values.values.toarray(), methylated)


def test_levels_alone_with_nan_or_sparse(write, levels):
    covered = ~np.isnan(levels)
    # as np.nan was kept when a dense table was made sparse
    with_nan = sp.csr_matrix(levels.astype(np.float32))
    rows, columns = np.nonzero(covered)
    explicit = sp.csr_matrix((levels[covered].astype(np.float32), (rows, columns)), shape=levels.shape)
    assert (explicit.data == 0).any()
    for x in (levels.astype(np.float32), with_nan, explicit):
        found, dataset = read(write(x))
        np.testing.assert_allclose(found.values.dense_levels(), levels, rtol=1e-6)
        assert found.likelihood == "normal"
        assert any("count as not covered" in note for note in dataset.notes)


def test_a_zero_that_is_dropped_becomes_a_gap_and_one_that_is_stored_does_not(write, levels):
    dropped = sp.csr_matrix(np.nan_to_num(levels).astype(np.float32))
    found, _ = read(write(dropped))
    np.testing.assert_array_equal(np.isnan(found.values.dense_levels()), np.isnan(levels) | (levels == 0))


def test_a_dense_table_without_gaps_is_covered_everywhere(write):
    x = np.random.default_rng(0).random((N, G)).astype(np.float32) * (np.random.default_rng(1).random((N, G)) < 0.3)
    found, _ = read(write(x))
    assert found.values.nnz == N * G


def test_a_text_table_of_levels(tmp_path, levels):
    path = tmp_path / "meth.csv"
    names = [f"chr1:{1000 * i}-{1000 * i + 500}" for i in range(G)]
    pd.DataFrame(levels, [f"cell{i}" for i in range(N)], names).to_csv(path, na_rep="NA")
    found, _ = read(path)
    np.testing.assert_allclose(found.values.dense_levels(), levels, rtol=1e-5)


@pytest.mark.filterwarnings("ignore:Variable names are not unique")  # which is what is tested
def test_two_contexts_of_one_region_get_names_of_their_own(write, methylated, total, levels):
    names = [f"chr1:{1000 * i}-{1000 * i + 500}" for i in range(G // 2)] * 2
    var = pd.DataFrame({"context": np.repeat(["CGN", "CHN"], G // 2)}, index=names)
    found, dataset = read(write(var=var, mc=methylated, cov=total))
    assert found.var.index[0] == "chr1:0-500_CG"
    assert found.var.index[G // 2] == "chr1:0-500_CH"
    assert found.var["context"].tolist() == ["CG"] * (G // 2) + ["CH"] * (G // 2)
    np.testing.assert_allclose(found.values.dense_levels(), levels)
    assert set(dataset.findings["methylation"]["coverage"]["contexts"]) == {"CG", "CH"}


def test_samples_are_stacked_and_a_region_that_one_lacks_is_not_covered_there(write, methylated, total):
    names = np.array([f"chr1:{1000 * i}-{1000 * i + 500}" for i in range(G)])
    one = write(name="one.h5ad", mc=methylated, cov=total)
    few = np.arange(G)[::-1][: G - 3]
    other = write(name="two.h5ad", var=pd.DataFrame(index=names[few]), mc=methylated[:, few], cov=total[:, few])
    config = make_config(inputs={"methylation": (one, other)}, join_genes="union")
    found = read_dataset(config).modalities["methylation"]
    both = np.vstack([total, np.where(np.isin(np.arange(G), few), total, 0)])
    assert found.var.index.tolist() == names.tolist()
    np.testing.assert_array_equal(found.values.totals.toarray(), both)
    common = read_dataset(make_config(inputs={"methylation": (one, other)})).modalities["methylation"]
    assert common.var.index.tolist() == names[np.sort(few)].tolist()


def test_cells_that_cover_too_little_are_left_out_if_asked_for(write, methylated, total):
    path = write(mc=methylated, cov=total)
    least = int(np.median((total > 0).sum(axis=1))) + 1
    found, dataset = read(path, methylation_min_regions=least, min_counts=5)
    assert (found.library_size >= least).all()
    assert 0 < found.n_cells < N
    assert any(f"with fewer than {least} covered regions" in note for note in dataset.notes)


def test_likelihoods_by_choice(write, methylated, total, levels):
    path = write(mc=methylated, cov=total)
    assert read(path, methylation_likelihood="binomial")[0].likelihood == "binomial"
    found, _ = read(path, methylation_likelihood="normal")
    assert (found.values.totals.data == 1).all()
    np.testing.assert_allclose(found.values.dense_levels(), levels, rtol=1e-6)
    with pytest.raises(InputError, match="nothing says how many reads"):
        read(write(levels.astype(np.float32)), methylation_likelihood="beta_binomial")


def test_bad_files_are_refused_with_what_to_do(write, methylated, total, levels):
    cases = [
        ({"mc": methylated + (total > 3), "cov": total}, {}, "more methylated reads"),
        ({"mc": total, "cov": methylated}, {}, "more methylated reads"),
        ({"mc": methylated + 0.5 * (total > 0), "cov": total + 1}, {}, "not whole"),
        ({"mc": -methylated, "cov": total}, {}, "negative"),
        ({"x": (100 * levels).astype(np.float32)}, {}, "divide the percentages by 100"),
        ({"x": (levels - 0.5).astype(np.float32)}, {}, "outside of 0 to 1"),
        ({"x": np.full((N, G), np.nan, np.float32)}, {}, "covers any region"),
        ({"mc": methylated, "cov": total}, {"methylation_matrix": "mc+total"}, "'total'"),
        ({"cov": total}, {}, "no methylated"),
    ]
    for content, settings, message in cases:
        with pytest.raises(InputError, match=message):
            read(write(**content), **settings)


def test_the_modality_is_recognised_and_told_in_a_line(write, methylated, total, levels):
    for content in ({"mc": methylated, "cov": total}, {"x": levels.astype(np.float32)}):
        path = write(**content)
        (part,) = look_into(path, thoroughly=True)["parts"]
        assert part["modality"]["value"] == "methylation"
        assert part["error"] is None
        text = line({"path": "x.h5ad", "format": "AnnData", "parts": [part]})
        assert f"{(total > 0).mean():.1%} of the places covered" in text
        assert "regions in CG, mean level" in text


def test_peaks_are_not_taken_for_methylation(write, total):
    for x in (total.astype(np.float32), np.log1p(total).astype(np.float32), total / 20):
        (part,) = look_into(write(x))["parts"]
        assert part["modality"]["value"] == "atac"
