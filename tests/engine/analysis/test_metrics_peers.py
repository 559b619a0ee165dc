"""Every metric against an implementation of others, on the arrays of metric_arrays.py.

tests/data/peer_metrics.json was made by make_peer_values.py and says with which versions.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import chisquare
from sklearn.metrics import accuracy_score, balanced_accuracy_score
from sklearn.neighbors import KNeighborsClassifier, NearestNeighbors

from monae_app.engine.analysis.consistency import integration_consistency
from monae_app.engine.analysis.linked_features import Links, Measured
from monae_app.engine.analysis.metrics import (
    cluster_agreement,
    foscttm,
    graph_connectivity,
    kbet,
    kbet_p,
    label_transfer,
    lisi,
    mean_average_precision,
    neighbor_conservation,
    neighbor_graph,
    neighbor_ids,
    other_neighbors,
    seurat_alignment_score,
    silhouettes,
)
from monae_app.engine.data.leiden import leiden_clusters
from tests.engine.analysis.metric_arrays import BLOBS, Drawn, drawn, linked

STORED = json.loads((Path(__file__).parents[2] / "data" / "peer_metrics.json").read_text(encoding="utf-8"))
PEERS = STORED["embedding"]


@pytest.fixture(scope="module")
def data() -> Drawn:
    return drawn()


def test_the_arrays_are_those_that_the_others_saw(data):
    assert data.cells.sum() + data.before.sum() == pytest.approx(PEERS["checksum"], abs=1e-9)


def test_conservation_equals_scglue(data):
    assert mean_average_precision(data.cells, data.label) == pytest.approx(PEERS["map"], abs=1e-12)
    reference = {name: data.before[data.modality == name] for name in ("rna", "atac")}
    assert neighbor_conservation(data.cells, data.modality, reference) == pytest.approx(PEERS["nc"], abs=1e-12)


def test_silhouettes_equal_scglue(data):
    found = silhouettes(data.cells, data.modality, data.label, 0)
    assert found["asw_label"] == pytest.approx(PEERS["asw_label"], abs=1e-12)
    assert found["asw_batch"] == pytest.approx(PEERS["asw_batch"], abs=1e-12)
    # the type of one modality counts as 1 there, and not at all here
    assert found["asw_modality"] == pytest.approx((5 * PEERS["asw_batch"] - 1) / 4, abs=1e-12)


def test_mixing_equals_scglue(data):
    assert seurat_alignment_score(data.cells, data.modality) == pytest.approx(PEERS["sas"], abs=1e-12)
    # the larger modality is sampled, by other generators here and there
    found = seurat_alignment_score(data.cells, data.uneven, repeats=300)
    assert found == pytest.approx(PEERS["sas_uneven"], abs=0.006)


def test_graph_connectivity_equals_scglue(data):
    neighbors = other_neighbors(data.cells, 20)
    assert graph_connectivity(neighbors, data.label) == pytest.approx(PEERS["graph_connectivity"], abs=1e-12)
    found = graph_connectivity(neighbors, data.batch)
    assert found == pytest.approx(PEERS["graph_connectivity_of_batch"], abs=1e-12)


def test_foscttm_equals_scglue_but_for_the_cell_itself(data):
    first, second = (data.cells[data.modality == name] for name in ("rna", "atac"))
    assert foscttm(first, second) * (len(first) - 1) / len(first) == pytest.approx(PEERS["foscttm"], abs=1e-12)


def test_nmi_is_near_that_of_scglue(data):
    # there on a weighted graph, with another implementation of Leiden
    resolutions = tuple(np.arange(1, 21) / 10)
    found = cluster_agreement(other_neighbors(data.cells, 15), data.label, 0, resolutions)
    assert found["nmi_best"] == pytest.approx(PEERS["nmi_best"], abs=0.03)


def test_lisi_equals_harmonypy(data):
    found = lisi(data.cells, data.batch)
    np.testing.assert_allclose(found[:20], PEERS["lisi"], atol=2e-5)
    assert np.median(found) == pytest.approx(PEERS["lisi_median"], abs=1e-5)


def test_kbet_is_a_chi_square_of_every_neighbourhood(data):
    near = neighbor_ids(data.cells, data.cells, 33)
    names, counts = np.unique(data.batch, return_counts=True)
    expected = [
        chisquare([(data.batch[row] == name).sum() for name in names], 33 * counts / counts.sum()).pvalue
        for row in near
    ]
    np.testing.assert_allclose(kbet_p(data.batch, near), expected, atol=1e-12)
    # 400 cells of three batches: a quarter of the mean batch is 33
    assert kbet(data.cells, data.batch) == pytest.approx(np.mean(np.array(expected) >= 0.05))


def test_label_transfer_equals_a_classifier_of_scikit_learn(data):
    reference, query = data.modality == "atac", data.modality == "rna"
    voted = KNeighborsClassifier(15).fit(data.cells[reference], data.label[reference]).predict(data.cells[query])
    found = label_transfer(data.cells[reference], data.label[reference], data.cells[query], data.label[query])
    known = np.isin(data.label[query], data.label[reference])
    assert known.sum() == 188
    true, voted = data.label[query][known], voted[known]
    assert found["label_transfer"] == pytest.approx(accuracy_score(true, voted))
    assert found["label_transfer_balanced"] == pytest.approx(balanced_accuracy_score(true, voted))


def by_counting(label: np.ndarray, cluster: np.ndarray) -> dict[str, float]:
    """ARI, NMI and homogeneity from the table of counts."""
    table = np.array([[((label == a) & (cluster == b)).sum() for b in np.unique(cluster)] for a in np.unique(label)])
    share, of_label, of_cluster = table / table.sum(), table.sum(1) / table.sum(), table.sum(0) / table.sum()

    def entropy(p: np.ndarray) -> float:
        return float(-(p[p > 0] * np.log(p[p > 0])).sum())

    def choose(n: np.ndarray) -> float:
        return float((n * (n - 1) / 2).sum())

    information = entropy(of_label) + entropy(of_cluster) - entropy(share)
    rows, columns, together = choose(table.sum(1)), choose(table.sum(0)), choose(table)
    chance = rows * columns / choose(np.array([table.sum()]))
    return {
        "ari": (together - chance) / ((rows + columns) / 2 - chance),
        "nmi": 2 * information / (entropy(of_label) + entropy(of_cluster)),
        "homogeneity": information / entropy(of_label),
    }


def test_cluster_agreement_is_counted_right_at_both_resolutions(data):
    near = other_neighbors(data.cells, 15)
    found = cluster_agreement(near, data.label, 3)
    for ending, resolution in (("", found["resolution"]), ("_res1", 1.0)):
        clusters = leiden_clusters(neighbor_graph(near), resolution, 3)
        for name, value in by_counting(data.label, clusters).items():
            assert found[name + ending] == pytest.approx(value), name
        # chance is taken off
        assert 0 < found["ami" + ending] < found["nmi" + ending]
    assert found["resolution"] != 1.0
    assert found["nmi_best"] >= found["nmi"]


def test_consistency_equals_scglue():
    known = linked()
    links = Links(known.first, known.second, known.weight, known.sign)
    cells = Measured(known.counts[0]), Measured(known.counts[1])
    found = integration_consistency(known.places, cells, links, seed=0, metacells=(BLOBS,))
    assert found.curve == {BLOBS: pytest.approx(STORED["consistency"], abs=1e-6)}
    assert found.z > 4


def test_neighbours_are_those_of_scikit_learn(data):
    expected = NearestNeighbors(n_neighbors=7).fit(data.cells).kneighbors(return_distance=False)
    np.testing.assert_array_equal(other_neighbors(data.cells, 7), expected)
