from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import scipy.sparse as sp

from monae_app.engine.data.guidance import GuidanceGraph
from monae_app.engine.data.linked_projection import LinkedProjection
from monae_app.engine.data.preprocess import prepare
from monae_app.engine.training.linked_view import with_linked_genes


@pytest.fixture(scope="module")
def bare(graph) -> GuidanceGraph:
    none = np.empty(0, np.int64)
    return GuidanceGraph(graph.vertices, none, none, none.astype(np.float32), none.astype(np.int8))


def test_peaks_are_read_with_their_genes_beside_their_own_components(prepared, linked, planted_config):
    own, wider = prepared["atac"], linked["atac"]
    assert isinstance(wider.projection, LinkedProjection)
    width = own.representation.shape[1]
    np.testing.assert_array_equal(wider.representation[:, :width], own.representation)
    added = wider.representation[:, width:]
    assert added.shape == (120, planted_config.n_components)
    np.testing.assert_allclose(added.mean(axis=0), 0, atol=1e-4)
    np.testing.assert_allclose(added.std(axis=0), 1, atol=1e-3)
    np.testing.assert_array_equal(wider.projection.transform(own.values), wider.representation)
    assert wider.modality is own.modality
    assert wider.modelled is own.modelled


def test_through_genes_peaks_tell_what_the_rna_of_the_partner_cell_tells(dataset, prepared, linked):
    """The first component of the genes of a cell's peaks goes with its RNA; of a shuffled partner's RNA it does not."""
    pair = {name: dataset.modalities[name].obs["pair_id"].to_numpy(str) for name in ("rna", "atac")}
    order = {name: np.argsort(each) for name, each in pair.items()}
    rna = prepared["rna"].representation[order["rna"]][:, :3]
    genes = linked["atac"].representation[order["atac"]][:, prepared["atac"].representation.shape[1] :][:, :2]

    def explained(rows: np.ndarray | slice) -> float:
        design = np.column_stack([rna[rows], np.ones(len(rna))])
        rest = genes - design @ np.linalg.lstsq(design, genes, rcond=None)[0]
        return float(1 - rest.var() / genes.var())

    assert explained(slice(None)) > 0.6
    assert explained(np.random.default_rng(0).permutation(len(rna))) < 0.15


def test_genes_stay_as_they_are(prepared, linked):
    assert linked["rna"] is prepared["rna"]


def test_without_links_or_without_genes_nothing_changes(prepared, graph, bare, planted_config):
    atac = prepared["atac"]
    assert with_linked_genes(atac, bare, planted_config) is atac
    peaks = graph.vertices[graph.vertices["modality"] == "atac"].reset_index(drop=True)
    alone = replace(bare, vertices=peaks)
    assert with_linked_genes(atac, alone, planted_config) is atac


def test_continuous_values_are_not_summed(prepared, graph, planted_config):
    atac = prepared["atac"]
    modality = replace(atac.modality, values=sp.csr_matrix(atac.modality.values * 0.5), likelihood="normal")
    continuous = prepare(modality, atac.modelled, planted_config)
    assert with_linked_genes(continuous, graph, planted_config) is continuous


def test_doing_it_twice_is_doing_it_once(linked, graph, planted_config):
    assert with_linked_genes(linked["atac"], graph, planted_config) is linked["atac"]


def test_one_linked_gene_has_no_components_to_add(prepared, graph, planted_config):
    one = graph.source == graph.source[0]
    assert 0 < one.sum() < len(one)
    lone = GuidanceGraph(graph.vertices, graph.source[one], graph.target[one], graph.weight[one], graph.sign[one])
    assert with_linked_genes(prepared["atac"], lone, planted_config) is prepared["atac"]
