from __future__ import annotations

import os
import subprocess
import sys

import numpy as np
import pytest

from monae_app.engine.data.preprocess import prepare, select_genes


def typed_counts(n_cells: int, n_features: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    types = rng.integers(0, 3, n_cells)
    profile = np.exp(rng.normal(0, 1, (3, n_features)))
    depth = np.exp(rng.normal(0, 0.8, (n_cells, 1)))
    return rng.poisson(depth * profile[types]).astype(np.float32) + np.eye(n_cells, n_features, dtype=np.float32), types


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
    np.testing.assert_array_equal(found.projection.transform(found.values), found.representation)


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
