from __future__ import annotations

import os
import subprocess
import sys

import numpy as np
import pytest
import scipy.sparse as sp

from monae_app.engine.data.preprocess import (
    latent_semantic_index,
    log_normalised,
    prepare,
    principal_components,
    select_genes,
    unit_columns,
)


def correlation(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    first, second = first - first.mean(axis=0), second - second.mean(axis=0)
    return np.abs(second @ first) / (np.linalg.norm(first, axis=0) * np.linalg.norm(second) + 1e-12)


def typed_counts(n_cells: int, n_features: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    types = rng.integers(0, 3, n_cells)
    profile = np.exp(rng.normal(0, 1, (3, n_features)))
    depth = np.exp(rng.normal(0, 0.8, (n_cells, 1)))
    return rng.poisson(depth * profile[types]).astype(np.float32) + np.eye(n_cells, n_features, dtype=np.float32), types


def test_log_normalised_gives_every_cell_the_same_total_and_leaves_the_input():
    counts = sp.csr_matrix(typed_counts(30, 40, 0)[0])
    before = counts.copy()
    found = log_normalised(counts)
    np.testing.assert_allclose(np.expm1(found.toarray()).sum(axis=1), 1e4, rtol=1e-6)
    assert (found.toarray() == 0).sum() == (counts.toarray() == 0).sum()
    assert (counts != before).nnz == 0


def test_log_normalised_leaves_an_empty_row_empty():
    values = sp.csr_matrix(np.array([[0, 0], [1, 3]], np.float32))
    np.testing.assert_allclose(log_normalised(values).toarray(), [[0, 0], np.log1p([2500, 7500])], rtol=1e-6)


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_lsi_leaves_out_the_component_that_follows_depth(seed):
    counts, types = typed_counts(200, 150, seed)
    values = sp.csr_matrix(counts)
    found = latent_semantic_index(values, 5, 0)
    depth = np.log1p(counts.sum(axis=1))
    assert found.shape == (200, 5)
    assert (correlation(found, depth) < 0.9).all()
    # two of the axes that are left tell three types apart
    centres = np.stack([found[types == each].mean(axis=0) for each in range(3)])
    nearest = ((found[:, None] - centres) ** 2).sum(axis=2).argmin(axis=1)
    assert (nearest == types).mean() > 0.9


def test_the_component_that_lsi_leaves_out_follows_depth_most():
    from monae_app.engine.data import preprocess

    counts, _ = typed_counts(150, 120, 4)
    seen = {}

    def spy(matrix, n_components, seed):
        seen["left"] = preprocess_components(matrix, n_components, seed)[0]
        return seen["left"], np.ones(n_components), np.empty((n_components, 0))

    preprocess_components = preprocess.leading_components
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(preprocess, "leading_components", spy)
        found = latent_semantic_index(sp.csr_matrix(counts), 4, 0)
    follows = correlation(seen["left"], np.log1p(counts.sum(axis=1)))
    kept = np.delete(seen["left"], follows.argmax(), axis=1)
    expected = (kept - kept.mean(axis=1, keepdims=True)) / kept.std(axis=1, keepdims=True)
    np.testing.assert_allclose(found, expected)


@pytest.mark.parametrize("name", ["rna", "atac"])
def test_the_representation_follows_its_rows(modality, planted_config, name):
    counts, _ = typed_counts(80, 60, 0)
    order = np.random.default_rng(1).permutation(80)
    features = np.arange(60)
    straight = prepare(modality(counts, name), features, planted_config).representation
    shuffled = prepare(modality(counts[order], name), features, planted_config).representation
    np.testing.assert_allclose(shuffled, straight[order], atol=1e-3)


@pytest.mark.parametrize(("name", "likelihood"), [("rna", "nb"), ("atac", "nb"), ("rna", "normal"), ("atac", "normal")])
def test_the_representation_has_columns_of_mean_0_and_variance_1(modality, planted_config, name, likelihood):
    counts, _ = typed_counts(70, 50, 0)
    values = counts if likelihood == "nb" else np.random.default_rng(0).normal(3, 2, counts.shape)
    modelled = np.arange(0, 50, 2)
    found = prepare(modality(values, name, likelihood=likelihood), modelled, planted_config)
    assert found.representation.shape == (70, 12)
    assert found.representation.dtype == np.float32
    np.testing.assert_allclose(found.representation.mean(axis=0), 0, atol=1e-5)
    np.testing.assert_allclose(found.representation.std(axis=0), 1, atol=1e-4)
    np.testing.assert_array_equal(found.values.toarray(), values[:, ::2].astype(np.float32))


def test_unit_columns_turns_constants_to_zero():
    scores = np.column_stack([np.full(9, 3.3), np.arange(9) * 1e6])
    found = unit_columns(scores)
    np.testing.assert_allclose(found[:, 0], 0, atol=1e-12)
    np.testing.assert_allclose(found[:, 1], (np.arange(9) - 4) / np.arange(9).std(), rtol=1e-6)


def test_principal_components_find_a_planted_axis():
    rng = np.random.default_rng(0)
    axis = rng.normal(size=300)
    values = np.maximum(axis[:, None] * (np.arange(20) < 8) + rng.normal(3, 0.5, (300, 20)), 0)
    found = principal_components(sp.csr_matrix(values), 3, 0)
    assert correlation(found, axis)[0] > 0.97
    assert (correlation(found, axis)[1:] < 0.2).all()


def variable_and_dull(n_cells: int = 300) -> np.ndarray:
    rng = np.random.default_rng(0)
    mean = np.tile(np.exp(rng.normal(1.5, 0.5, 300)), (n_cells, 1))
    mean[: n_cells // 2, :10] *= 1.9
    mean[n_cells // 2 :, :10] *= 0.1
    return rng.poisson(mean)


@pytest.mark.parametrize("likelihood", ["nb", "normal"])
def test_variable_genes_are_selected(modality, likelihood):
    counts = variable_and_dull()
    values = counts if likelihood == "nb" else np.sqrt(counts)  # the root of a Poisson count varies alike at every mean
    chosen = select_genes(modality(values, likelihood=likelihood), 10, (), seed=0)
    np.testing.assert_array_equal(chosen, np.arange(10))


def test_kept_genes_are_selected_whatever_their_variance(modality):
    values = variable_and_dull()
    values[:, 255] = 1
    chosen = select_genes(modality(values), 10, {"feature255", "feature3", "no such gene"}, seed=0)
    np.testing.assert_array_equal(chosen, [*range(10), 255])


def test_few_genes_are_all_selected(modality):
    np.testing.assert_array_equal(select_genes(modality(variable_and_dull()), 300, (), seed=0), np.arange(300))


def test_selection_works_on_very_thin_data(modality):
    values = np.zeros((8, 30))
    values[np.arange(8), np.arange(8) % 5] = 1
    chosen = select_genes(modality(values), 5, (), seed=0)
    assert set(chosen) == set(range(5))


def test_selection_does_not_depend_on_the_order_of_cells(modality):
    values = np.random.default_rng(3).negative_binomial(1, 0.2, (100, 80)) + 1
    order = np.random.default_rng(1).permutation(100)
    np.testing.assert_array_equal(
        select_genes(modality(values), 20, (), seed=0), select_genes(modality(values[order]), 20, (), seed=0)
    )


def test_selection_leaves_the_number_of_threads_alone():
    # in a process of its own: what sets it does so once
    code = """
import sys, numpy as np, pandas as pd, scipy.sparse as sp, torch
from monae_app.engine.data.dataset import Modality
from monae_app.engine.data.preprocess import select_genes
values = sp.csr_matrix(np.random.default_rng(0).poisson(np.linspace(1, 20, 60), (200, 60)) + 1, dtype=np.float32)
names = [pd.DataFrame(index=list(map(str, range(size)))) for size in values.shape]
select_genes(Modality("rna", values, *names, "nb"), 10, (), seed=0)
sys.exit(torch.get_num_threads())
"""
    environment = {**os.environ, "NUMBA_NUM_THREADS": "2", "OMP_NUM_THREADS": "1"}
    assert subprocess.run([sys.executable, "-c", code], env=environment, check=False).returncode == 1
