"""The bundled cortex in two samples a modality, with peak sets that differ, is the cortex again when stacked."""

from __future__ import annotations

import anndata as ad
import numpy as np
import pytest
import scipy.sparse as sp
from scipy.sparse.csgraph import connected_components

from monae_app.engine.config import make_config
from monae_app.engine.data.coordinates import locate_features
from monae_app.engine.data.linking import link
from monae_app.engine.data.reading import read_dataset
from monae_app.engine.data.summary import describe
from tests.engine.data.cut_cortex import CORTEX, cut


@pytest.fixture(scope="module")
def samples(tmp_path_factory):
    return cut(tmp_path_factory.mktemp("cortex"))


@pytest.fixture(scope="module")
def stacked(samples):
    config = make_config(inputs={"rna": samples.rna, "atac": samples.atac}, genome="mm10")
    return config, read_dataset(config)


def test_the_samples_differ_as_planted(samples):
    first, second = samples.made_from
    assert len(first) != len(second)
    assert sum(len(group) > 1 for group in second) > 100
    assert {name for name in ad.read_h5ad(samples.atac[1]).var_names if name.startswith("chr")} == set()


def test_genes_are_those_of_the_single_file(stacked):
    whole = ad.read_h5ad(CORTEX / "rna.h5ad")
    rna = stacked[1].modalities["rna"]
    assert rna.var.index.tolist() == whole.var_names.tolist()
    rows = whole.obs_names.get_indexer(rna.obs.index)
    assert len(set(rows.tolist())) == whole.n_obs
    assert (rna.values != whole.X[rows]).nnz == 0
    assert rna.obs["cell_type"].astype(str).tolist() == whole.obs["cell_type"].iloc[rows].astype(str).tolist()


def test_peaks_are_united_as_planted_and_no_count_is_lost(samples, stacked):
    whole = ad.read_h5ad(CORTEX / "atac.h5ad")
    atac = stacked[1].modalities["atac"]
    # what belongs together: the original peaks from the first to the last that either sample calls as one
    groups = [group for of_sample in samples.made_from for group in of_sample]
    chain = np.array([(group[0], each) for group in groups for each in range(group[0], group[-1] + 1)])
    joined = sp.coo_matrix((np.ones(len(chain)), chain.T), shape=(whole.n_vars, whole.n_vars))
    _, component = connected_components(joined, directed=False)
    # components are numbered in the order of their first peak, and the file is in the order of the genome
    called = np.unique(component[[group[0] for group in groups]])
    sums = sp.identity(component.max() + 1, dtype=np.float32, format="csc")[:, called].tocsr()[component]
    assert atac.values.shape == (whole.n_obs, len(called))
    rows = whole.obs_names.get_indexer(atac.obs.index)
    for letter, of_sample in zip("ab", samples.made_from, strict=True):
        mine = (atac.obs["sample"] == f"peaks_{letter}").to_numpy()
        kept = np.zeros(whole.n_vars, bool)
        kept[[each for group in of_sample for each in group]] = True
        truth = whole.X[rows[mine]] @ sp.diags(kept.astype(np.float32)) @ sums
        assert (atac.values[mine] != truth).nnz == 0
    library = np.concatenate([ad.read_h5ad(path).X.sum(axis=1).A1 for path in samples.atac])
    np.testing.assert_array_equal(atac.library_size, library)


def test_what_was_found_is_said(stacked):
    config, dataset = stacked
    assert dataset.batch_names == ("cortex_a", "cortex_b", "peaks_a", "peaks_b")
    assert dataset.n_cells_in_several() == 5232
    located = locate_features(dataset, config)
    said = describe(dataset, located, config, link(dataset, located, config))
    found = said["modalities"]["atac"]["found"]
    assert [each["file"] for each in found["samples"]] == ["peaks_a.h5ad", "peaks_b.h5ad"]
    assert found["genome"]["value"] == "mm10"
    assert found["genome"]["certainty"] == "sure"
    assert said["labels"] == ["cell_type", "cell_type_fine"]
    assert set(said["batches"]) == {"batch", "sample"}
    assert any("overlapping ones merged into one" in note for note in said["warnings"])
