"""Planted data are told from data that have nothing in common, by the links between their features alone."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest
import scipy.sparse as sp

from monae_app.engine.config import RunConfig, make_config
from monae_app.engine.data.coordinates import locate_features
from monae_app.engine.data.dataset import Modality
from monae_app.engine.data.linking import link, modelled_features
from monae_app.engine.data.planted import make_planted
from monae_app.engine.data.preprocess import Prepared, log_normalised, prepare
from monae_app.engine.data.reading import read_dataset
from monae_app.engine.training import alignment_null
from monae_app.engine.training.alignment_null import ALIGNED_FROM, AlignmentEvidence, alignment_evidence

if TYPE_CHECKING:
    from pathlib import Path

    from monae_app.engine.data.dataset import Dataset
    from monae_app.engine.data.guidance import GuidanceGraph


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Two planted data sets whose genes have the same names and places, and nothing else in common."""
    folders = tuple(tmp_path_factory.mktemp(f"seed-{seed}") for seed in (0, 1))
    for seed, folder in enumerate(folders):
        make_planted(n_cells=300, n_genes=250, n_peaks=900, seed=seed).write(folder)
    return folders


def config_of(rna: Path, atac: Path, **changes: object) -> RunConfig:
    inputs = {"rna": rna / "rna.h5ad", "atac": atac / "atac.h5ad"}
    return make_config(inputs=inputs, bed=rna / "genes.bed.gz", **changes)


def prepared_of(config: RunConfig, dataset: Dataset) -> tuple[dict[str, Prepared], GuidanceGraph]:
    graph = link(dataset, locate_features(dataset, config), config)
    modelled = modelled_features(dataset, graph)
    return {name: prepare(each, modelled[name], config) for name, each in dataset.modalities.items()}, graph


def evidence_of(config: RunConfig, **instead: Modality) -> AlignmentEvidence | None:
    """Evidence on the files of a run, with other values in place of theirs if given."""
    prepared, graph = prepared_of(config, read_dataset(config))
    for name, modality in instead.items():
        prepared[name] = replace(prepared[name], modality=modality)
    return alignment_evidence(prepared, graph, config)


def values_of(config: RunConfig, name: str) -> np.ndarray:
    return read_dataset(config).modalities[name].values.toarray()


def with_values(config: RunConfig, name: str, values: np.ndarray, likelihood: str = "nb") -> Modality:
    old = read_dataset(config).modalities[name]
    return Modality(name, sp.csr_matrix(values, dtype=np.float32), old.obs, old.var, likelihood)


@pytest.fixture(scope="module")
def found(folders: tuple[Path, Path]) -> AlignmentEvidence:
    return evidence_of(config_of(folders[0], folders[0]))


def test_what_follows_common_axes_lies_far_outside_the_null(found):
    assert found.aligned
    assert found.z > 2 * ALIGNED_FROM
    assert found.similarity > 5 * found.null_mean > 0
    assert found.p == pytest.approx(1 / 201)
    assert found.shared_axes >= 3  # 5 types lie in 4 axes
    assert found.anchor_support > found.anchor_support_null
    assert found.warning is None
    assert "have something to align" in found.verdict


@pytest.mark.parametrize("seed", [0, 1, 2])
@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_what_has_nothing_in_common_lies_inside_the_null(folders, order, seed):
    other = evidence_of(config_of(folders[order[0]], folders[order[1]], seed=seed))
    assert not other.aligned
    assert abs(other.z) < ALIGNED_FROM - 1
    assert other.p > 0.01
    assert other.shared_axes <= 2
    assert other.warning == other.verdict
    assert "nothing to align" in other.verdict


def test_genes_at_foreign_places_bring_no_alignment(folders):
    """The guidance is what is tested: the same counts under links to other genes are as good as none."""
    config = config_of(folders[0], folders[0])
    prepared, graph = prepared_of(config, read_dataset(config))
    elsewhere = np.random.default_rng(1).permutation(250)
    assert not alignment_evidence(prepared, replace(graph, source=elsewhere[graph.source]), config).aligned


def test_depth_and_quality_of_cells_are_nothing_to_align():
    """In some cells abundant genes and peaks take up more than in others; abundant genes have abundant peaks."""
    rng = np.random.default_rng(0)
    share = np.sort(rng.dirichlet(np.full(400, 0.5))) + 1e-5

    def drawn() -> sp.csr_matrix:
        depth, steepness = np.exp(rng.normal(6.5, 0.6, (300, 1))), rng.uniform(0.6, 1.4, (300, 1))
        profile = share**steepness
        return sp.csr_matrix(rng.poisson(depth * profile / profile.sum(axis=1, keepdims=True)).astype(np.float32))

    rna, activity = drawn(), drawn()
    seen = np.asarray((rna.sum(axis=0) > 20) & (activity.sum(axis=0) > 20)).ravel()
    n_genes = int(seen.sum())
    programs = [alignment_null._programs(log_normalised(each[:, seen]), 0) for each in (rna, activity)]

    def z(strata: list[np.ndarray]) -> float:
        observed = alignment_null._agreement(*programs, np.arange(n_genes))
        orders = [alignment_null._permuted(strata, n_genes, rng) for _ in range(200)]
        null = np.stack([alignment_null._agreement(*programs, order) for order in orders])
        return alignment_null._evidence(observed, null, (0.0, 0.0), n_genes).z

    assert z([np.arange(n_genes)]) > 3 * ALIGNED_FROM
    assert z(alignment_null._strata(np.asarray(rna[:, seen].sum(axis=0)).ravel())) < ALIGNED_FROM


def test_one_seed_gives_one_answer_and_rows_do_not_matter(folders, found):
    config = config_of(folders[0], folders[0])
    assert evidence_of(config) == found
    order = np.random.default_rng(0).permutation(300)
    turned = evidence_of(config, atac=with_values(config, "atac", values_of(config, "atac")[order]))
    assert turned.similarity == pytest.approx(found.similarity, rel=1e-3)
    assert evidence_of(config_of(folders[0], folders[0], seed=7)).aligned


def test_a_sample_of_the_cells_suffices(folders, monkeypatch):
    monkeypatch.setattr(alignment_null, "CELLS_AT_MOST", 150)
    assert evidence_of(config_of(folders[0], folders[0])).aligned
    assert not evidence_of(config_of(folders[0], folders[1])).aligned


def test_only_close_links_are_looked_at_unless_there_are_none(folders):
    """Under a wide window neighbouring genes share peaks, which would be evidence of their neighbourhood alone."""
    config = config_of(folders[0], folders[0], window=1_000_000)
    prepared, graph = prepared_of(config, read_dataset(config))
    close = graph.weight >= 0.5

    def with_links(keep: np.ndarray) -> AlignmentEvidence:
        parts = {name: getattr(graph, name)[keep] for name in ("source", "target", "weight", "sign")}
        return alignment_evidence(prepared, replace(graph, **parts), config)

    assert 0 < close.sum() < len(close) / 2
    assert with_links(close) == alignment_evidence(prepared, graph, config)
    assert with_links(~close).genes > 0


def test_cells_without_counts_and_constant_features_change_little(folders, found):
    config = config_of(folders[0], folders[0])
    rna, atac = values_of(config, "rna"), values_of(config, "atac")
    rna[:, 3], rna[:, 4], atac[::9] = 2, 0, 0
    other = evidence_of(config, rna=with_values(config, "rna", rna), atac=with_values(config, "atac", atac))
    assert other.similarity == pytest.approx(found.similarity, rel=0.1)
    assert other.genes <= found.genes


def test_continuous_values_are_judged_as_well(folders):
    config = config_of(folders[0], folders[0])
    logs = np.log1p(values_of(config, "rna")) * 1.3 - 0.5
    assert evidence_of(config, rna=with_values(config, "rna", logs, "normal")).aligned


def test_what_cannot_be_judged_is_said(folders):
    config = config_of(folders[0], folders[0])
    empty = values_of(config, "rna")
    empty[4:] = 0
    for values, words in (
        (empty, "fewer than 10 cells with counts"),
        (np.ones(empty.shape), "only 0 genes are linked and vary in both"),
    ):
        told = evidence_of(config, rna=with_values(config, "rna", values))
        assert not told.aligned
        assert words in told.warning
        assert json.loads(json.dumps(told.as_report(), allow_nan=False)) == told.as_report()


def test_where_nothing_is_inferred_there_is_no_answer(folders):
    config = config_of(folders[0], folders[0])
    prepared, graph = prepared_of(config, read_dataset(config))
    none = np.empty(0, np.int64)
    bare = replace(graph, source=none, target=none, weight=none.astype(np.float32), sign=none.astype(np.int8))
    assert alignment_evidence(prepared, bare, config) is None
    assert alignment_evidence({"rna": prepared["rna"]}, graph, config) is None
    assert alignment_evidence(prepared, graph, config.model_copy(update={"paired": True})) is None


def test_the_report_can_be_written(found):
    report = found.as_report()
    assert json.loads(json.dumps(report, allow_nan=False)) == report
    assert report["z"] == pytest.approx(found.z, abs=1e-4)
    assert {"similarity", "null_mean", "null_sd", "z", "p", "shared_axes", "verdict", "aligned"} <= set(report)
