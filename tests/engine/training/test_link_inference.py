"""Guidance from the data: true links are found far beyond chance, marked, and never used as evidence for themselves."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest

from monae_app.engine.config import RunConfig, make_config
from monae_app.engine.data.coordinates import locate_features
from monae_app.engine.data.linking import link, modelled_features
from monae_app.engine.data.planted import Planted, make_planted
from monae_app.engine.data.preprocess import Prepared, prepare
from monae_app.engine.data.reading import read_dataset
from monae_app.engine.errors import InputError
from monae_app.engine.training import link_inference
from monae_app.engine.training.alignment_null import alignment_evidence
from monae_app.engine.training.correspondence import correspond
from monae_app.engine.training.geometry_matching import Matching
from monae_app.engine.training.groundwork import borne_out
from monae_app.engine.training.link_inference import Inferred, inference_record, with_inferred_links

if TYPE_CHECKING:
    from pathlib import Path

    from monae_app.engine.data.dataset import Dataset
    from monae_app.engine.data.guidance import GuidanceGraph

GENES, PEAKS = 200, 700
TIMES_CHANCE = 5


@pytest.fixture(scope="module")
def planted() -> Planted:
    return make_planted(n_cells=500, n_genes=GENES, n_peaks=PEAKS, regime="standard", seed=0)


@pytest.fixture(scope="module")
def folder(planted: Planted, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Files with and, in ``paired``, without names that say which cells are the same."""
    folder = tmp_path_factory.mktemp("inferred")
    planted.write(folder)
    (folder / "paired").mkdir()
    for name, table in (("rna", planted.rna), ("atac", planted.atac)):
        named = table.copy()
        named.obs_names = [f"cell {pair}" for pair in named.obs["pair_id"]]
        named.write_h5ad(folder / "paired" / f"{name}.h5ad")
    return folder


Parts = tuple["Dataset", dict[str, Prepared], "GuidanceGraph", RunConfig]


def parts_of(folder: Path, files: str = ".", **settings: object) -> Parts:
    inputs = {name: folder / files / f"{name}.h5ad" for name in ("rna", "atac")}
    config = make_config(inputs=inputs, **({"bed": folder / "genes.bed.gz"} | settings))
    dataset = read_dataset(config)
    graph = link(dataset, locate_features(dataset, config), config)
    modelled = modelled_features(dataset, graph)
    return (
        dataset,
        {name: prepare(each, modelled[name], config) for name, each in dataset.modalities.items()},
        graph,
        config,
    )


def times_chance(planted: Planted, graph: GuidanceGraph) -> float:
    """How much likelier than a random pair of a gene and a peak an inferred link is a true one."""
    owner = planted.atac.var["owner"].where(planted.atac.var["true_link"], "").to_numpy(str)
    edges = graph.edges(graph.is_inferred)
    genes = graph.vertices["name"].to_numpy(str)[edges.source]
    hit = genes == owner[edges.target - graph.block("atac").start]
    return float(hit.mean() / ((owner != "").sum() / (GENES * PEAKS)))


def with_few_links(parts: Parts) -> Parts:
    """An annotation that knows a tenth of the genes."""
    dataset, prepared, graph, config = parts
    known = np.random.default_rng(0).choice(GENES, GENES // 5, replace=False)
    return dataset, prepared, graph.edges(np.isin(graph.source, known)), config


@pytest.fixture(scope="module")
def extended(folder: Path) -> tuple[Parts, GuidanceGraph, tuple[Inferred, ...]]:
    parts = with_few_links(parts_of(folder, infer_links="extend"))
    return parts, *with_inferred_links(*parts)


def test_an_annotation_that_knows_little_is_extended(planted, extended):
    (_, _, before, config), graph, (found,) = extended
    assert found.way == "links"
    assert graph.inferred is not None
    assert graph.inferred.sum() > 100
    assert (~graph.inferred).sum() == len(before.source)
    np.testing.assert_array_equal(graph.stated().source, before.source)
    assert times_chance(planted, graph) > TIMES_CHANCE
    assert (graph.weight > 0).all()
    assert np.bincount(graph.edges(graph.inferred).target).max() <= config.inferred_per_feature


def test_known_pairs_need_no_annotation(planted, folder):
    parts = parts_of(folder, "paired", bed=None, infer_links="only", paired=True)
    assert len(parts[2].source) == 0
    graph, (found,) = with_inferred_links(*parts)
    assert found.way == "pairs"
    assert graph.inferred.all()
    assert times_chance(planted, graph) > TIMES_CHANCE


def test_unpaired_cells_are_matched_by_geometry_where_it_is_clear(planted, folder):
    parts = parts_of(folder, bed=None, infer_links="only")
    assert correspond(*parts) is None
    graph, (found,) = with_inferred_links(*parts)
    assert found.way == "geometry"
    # whether it is clear is up to the data: what is said of it must hold
    assert found.matching.is_clear == bool(len(found.links))
    if found.matching.is_clear:
        assert times_chance(planted, graph) > TIMES_CHANCE
    else:
        assert "No links between RNA and ATAC were inferred" in found.verdict


def test_geometry_that_is_not_clear_gives_no_links_and_says_why(folder, monkeypatch):
    coupling = np.full((40, 40), 1 / 1600)
    vague = Matching(coupling, 0.6, (0.5,) * 10 + (0.7,) * 9, 1.0)
    monkeypatch.setattr(link_inference, "match_geometries", lambda *_, **__: vague)
    parts = parts_of(folder, bed=None, infer_links="only")
    graph, (found,) = with_inferred_links(*parts)
    assert len(graph.source) == 0
    assert "match no better than shuffled ones" in found.verdict
    assert "p = 0.5" in found.verdict
    record = inference_record((found,), graph)["guidance_inferred"][0]
    assert record["count"] == 0
    assert record["geometry"]["p"] == 0.5


def test_inferred_links_are_no_evidence_for_themselves(extended):
    (dataset, prepared, before, config), graph, _ = extended
    modelled = {name: each.modelled for name, each in prepared.items()}
    alone = alignment_evidence(dataset, modelled, before, config)
    assert alignment_evidence(dataset, modelled, graph, config) == alone
    only = graph.edges(graph.inferred)
    assert alignment_evidence(dataset, modelled, only, config) == {}
    weighed = borne_out(graph, prepared, correspond(dataset, prepared, graph, config), seed=0)
    np.testing.assert_array_equal(weighed.weight[graph.inferred], graph.weight[graph.inferred])
    assert (weighed.weight[~graph.inferred] < graph.weight[~graph.inferred]).any()


def test_the_record_names_the_strongest_and_claims_no_precision(extended):
    _, graph, found = extended
    (record,) = inference_record(found, graph)["guidance_inferred"]
    assert record["count"] == len(found[0].links)
    assert record["precision"] is None
    assert record["strongest"][0]["correlation"] >= record["strongest"][-1]["correlation"]
    assert record["strongest"][0]["gene"] in set(graph.vertices["name"])
    assert "inferred from the data, not from annotation" in record["verdict"]
    assert inference_record((), graph) == {}


def test_nothing_is_inferred_unless_asked(folder):
    parts = parts_of(folder)
    graph, found = with_inferred_links(*parts)
    assert graph is parts[2]
    assert found == ()


def test_without_a_genome_the_refusal_names_the_way_out(folder):
    with pytest.raises(InputError, match="infer_links=only"):
        parts_of(folder, bed=None)


def test_peaks_without_places_are_taken_where_links_come_from_the_data(folder, planted, tmp_path):
    nameless = planted.atac.copy()
    nameless.var = nameless.var[[]].set_axis([f"peak {i}" for i in range(PEAKS)])
    nameless.write_h5ad(tmp_path / "atac.h5ad")
    planted.rna.write_h5ad(tmp_path / "rna.h5ad")
    inputs = {name: tmp_path / f"{name}.h5ad" for name in ("rna", "atac")}
    config = make_config(inputs=inputs, infer_links="only")
    dataset = read_dataset(config)
    located = locate_features(dataset, config)
    assert located["atac"]["chrom"].isna().all()
    assert len(link(dataset, located, config).source) == 0
    with pytest.raises(InputError):
        locate_features(dataset, config.model_copy(update={"infer_links": "no"}))


def test_a_graph_keeps_the_mark_of_its_edges(extended):
    _, graph, _ = extended
    again = graph.with_inferred("atac", graph.source[:5], graph.target[:5] - graph.block("atac").start, np.ones(5))
    assert len(again.source) == len(graph.source)
    with pytest.raises(ValueError, match="lengths differ"):
        replace(graph, inferred=graph.inferred[1:])
