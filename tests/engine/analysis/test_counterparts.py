"""Cells without counterpart are counted where a kind is missing, and next to none where modalities are mixed."""

from __future__ import annotations

import json

import numpy as np
import pytest
from scipy.sparse import csr_matrix
from sklearn.neighbors import kneighbors_graph

from monae_app.engine.analysis.counterparts import find_counterparts

CENTRES = np.random.default_rng(0).normal(0, 5, (4, 6))
NAMES = {"rna": 300, "atac": 200, "protein": 250}


def cells_of(kinds: dict[str, tuple[int, ...]], seed: int = 0) -> tuple[np.ndarray, list[str], list[str]]:
    """Cells of every modality, of the kinds that it has; each kind is its own cluster."""
    rng = np.random.default_rng(seed)
    places, modality, cluster = [], [], []
    for name, mine in kinds.items():
        kind = rng.choice(mine, NAMES[name])
        places.append(CENTRES[kind] + rng.normal(0, 1, (NAMES[name], 6)))
        modality += [name] * NAMES[name]
        cluster += kind.astype(str).tolist()
    return np.vstack(places), modality, cluster


def graph_of(places: np.ndarray) -> csr_matrix:
    near = kneighbors_graph(places, 15)
    return csr_matrix(near.maximum(near.T))


def counted(found, cluster: str, modality: str) -> dict:
    rows = found.record()["clusters"]
    return next(each for each in rows if (each["cluster"], each["modality"]) == (cluster, modality))


def test_a_kind_that_one_modality_lacks_is_counted_and_no_other():
    places, modality, cluster = cells_of({"rna": (0, 1, 2, 3), "atac": (0, 1, 2)})
    found = find_counterparts(graph_of(places), modality, cluster, seed=0)
    lone = counted(found, "3", "rna")
    assert lone["without"] == {"atac": lone["cells"]}
    for kind in "012":
        for name, other in (("rna", "atac"), ("atac", "rna")):
            mixed = counted(found, kind, name)
            assert mixed["without"][other] <= 0.03 * mixed["cells"]
    assert found.by_chance < 0.001
    assert f"{lone['cells']:,} of 300 cells of rna have no counterpart in atac" in found.verdict
    assert "laid onto a relative" in found.verdict
    assert (~found.has_any).sum() == sum(sum(each["without"].values()) for each in found.record()["clusters"])


def test_unequal_shares_are_no_lack():
    rng = np.random.default_rng(1)
    kind = [rng.choice(2, size, p=p) for size, p in ((600, (0.8, 0.2)), (60, (0.3, 0.7)))]
    places = CENTRES[np.concatenate(kind)] + rng.normal(0, 1, (660, 6))
    modality = ["rna"] * 600 + ["atac"] * 60
    found = find_counterparts(graph_of(places), modality, np.concatenate(kind).astype(str), seed=0)
    assert found.has_any.mean() > 0.98
    assert "Next to all cells" in found.verdict


def test_three_modalities_are_counted_two_by_two():
    places, modality, cluster = cells_of({"rna": (0, 1, 2, 3), "atac": (0, 1, 2), "protein": (0, 1, 3)})
    found = find_counterparts(graph_of(places), modality, cluster, seed=0)
    third, fourth = counted(found, "2", "rna"), counted(found, "3", "protein")
    assert third["without"]["protein"] == third["cells"]
    assert third["without"]["atac"] == 0
    assert fourth["without"] == {"rna": 0, "atac": fourth["cells"]}
    # in one other modality is enough
    assert found.has_any.mean() > 0.99
    assert [each["modality"] for each in found.record()["clusters"][:3]] == ["rna", "atac", "protein"]


def test_clusters_stand_in_their_order_and_the_record_can_be_written():
    places, modality, _ = cells_of({"rna": (0, 1), "atac": (0, 1)})
    cluster = [str(each % 12) for each in range(len(places))]
    record = find_counterparts(graph_of(places), modality, cluster, seed=0).record()
    assert [each["cluster"] for each in record["clusters"][::2]] == [str(each) for each in range(12)]
    assert json.loads(json.dumps(record, allow_nan=False)) == record


def test_one_modality_has_no_counterparts_and_a_lonely_cell_is_not_counted():
    places, modality, cluster = cells_of({"rna": (0, 1)})
    assert find_counterparts(graph_of(places), modality, cluster, seed=0) is None
    alone = find_counterparts(csr_matrix((3, 3)), ["rna", "atac", "atac"], ["0", "0", "0"], seed=0)
    assert alone.has_any.all()


@pytest.mark.parametrize("seed", [0, 1])
def test_one_seed_gives_one_answer(seed):
    places, modality, cluster = cells_of({"rna": (0, 1, 2), "atac": (0, 1)}, seed)
    one, two = (find_counterparts(graph_of(places), modality, cluster, seed=seed) for _ in range(2))
    assert one.record() == two.record()
