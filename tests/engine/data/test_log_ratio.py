"""Log-ratios of antibody tags: depth goes, what was not measured is no zero."""

from __future__ import annotations

import numpy as np
import scipy.sparse as sp
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from monae_app.engine.data.log_ratio import centred_log_ratio
from monae_app.engine.data.representation import fit_projection, kind_of

COUNTS = arrays(np.float32, st.tuples(st.integers(1, 6), st.integers(1, 8)), elements=st.integers(0, 5000))


@given(COUNTS)
def test_every_panel_has_mean_0_and_keeps_the_differences_of_logarithms(counts):
    found = centred_log_ratio(sp.csr_matrix(counts)).toarray()
    logs = np.log1p(counts)
    np.testing.assert_allclose(found.mean(axis=1), 0, atol=1e-4)
    np.testing.assert_allclose(found - found[:, :1], logs - logs[:, :1], atol=1e-4)


@given(COUNTS, st.randoms(use_true_random=False))
def test_an_antibody_that_was_not_measured_changes_nothing_for_the_others(counts, random):
    seen = np.array([random.random() < 0.6 for _ in range(counts.shape[1])])
    whole = centred_log_ratio(sp.csr_matrix(counts), seen).toarray()
    assert (whole[:, ~seen] == 0).all()
    if seen.any():
        alone = centred_log_ratio(sp.csr_matrix(counts[:, seen])).toarray()
        np.testing.assert_allclose(whole[:, seen], alone, atol=1e-5)


def test_proteins_are_read_as_tags_and_depth_is_not_among_their_components():
    assert kind_of("protein", "nb") == "tags"
    assert kind_of("protein", "normal") == "values"
    assert kind_of("rna", "nb") == "counts"
    rng = np.random.default_rng(0)
    group = np.repeat([0, 1], 200)
    level = np.where(group[:, None] == (np.arange(30) % 2), 300.0, 60.0)
    depth = np.exp(rng.normal(0, 1, len(group)))
    counts = sp.csr_matrix(rng.poisson(level * depth[:, None]).astype(np.float32))
    projection = fit_projection(counts, "tags", 5, 0)
    first = projection.transform(counts)[:, 0]
    assert abs(np.corrcoef(first, group)[0, 1]) > 0.95
    assert abs(np.corrcoef(first, np.log(depth))[0, 1]) < 0.2


def test_a_panel_of_which_some_antibodies_are_missing_lies_where_the_whole_one_lies():
    rng = np.random.default_rng(1)
    group = np.repeat([0, 1, 2], 100)
    level = np.where(group[:, None] == (np.arange(40) % 3), 200.0, 40.0)
    counts = rng.poisson(level).astype(np.float32)
    projection = fit_projection(sp.csr_matrix(counts), "tags", 2, 0)
    seen = rng.random(40) < 0.7
    whole = projection.transform(sp.csr_matrix(counts))
    part = projection.transform(sp.csr_matrix(counts * seen), seen)
    for axis in range(2):
        assert np.corrcoef(whole[:, axis], part[:, axis])[0, 1] > 0.95
