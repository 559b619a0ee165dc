"""Planted data are told from data that have nothing in common, by the links between their features alone."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING
from unittest import mock

import numpy as np
import pytest
import scipy.sparse as sp

from monae_app.engine.config import RunConfig, make_config
from monae_app.engine.data.coordinates import locate_features
from monae_app.engine.data.dataset import Modality
from monae_app.engine.data.linking import link, modelled_features
from monae_app.engine.data.planted import make_planted, whole
from monae_app.engine.data.preprocess import log_normalised
from monae_app.engine.data.reading import read_dataset
from monae_app.engine.training import alignment_null
from monae_app.engine.training.alignment_evidence import ALIGNED_FROM, AlignmentEvidence, evidence_from
from monae_app.engine.training.alignment_null import alignment_evidence
from monae_app.engine.training.linked_programs import abundance_strata, agreement, permuted_within, programs_of

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


def linked_of(config: RunConfig) -> tuple[Dataset, dict[str, np.ndarray], GuidanceGraph]:
    dataset = read_dataset(config)
    graph = link(dataset, locate_features(dataset, config), config)
    return dataset, modelled_features(dataset, graph), graph


def evidence_of(config: RunConfig, **instead: Modality) -> AlignmentEvidence | None:
    """Evidence on the files of a run, with other values in place of theirs if given."""
    dataset, modelled, graph = linked_of(config)
    dataset = replace(dataset, modalities=dataset.modalities | instead)
    return alignment_evidence(dataset, modelled, graph, config).get(("rna", "atac"))


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
    assert found.p == pytest.approx(1 / 1000)
    assert found.shared_axes >= 3  # 5 types lie in 4 axes
    assert found.anchor_support > found.anchor_support_null
    assert found.warning is None
    assert "RNA and ATAC share structure" in found.verdict


@pytest.mark.parametrize("seed", [0, 1, 2])
@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_what_has_nothing_in_common_lies_inside_the_null(folders, order, seed):
    other = evidence_of(config_of(folders[order[0]], folders[order[1]], seed=seed))
    assert not other.aligned
    assert abs(other.z) < ALIGNED_FROM - 1
    assert other.p > 0.01
    assert other.shared_axes <= 2
    assert other.warning == other.verdict
    assert "share no more than chance" in other.verdict or "share hardly more than chance" in other.verdict


def test_genes_at_foreign_places_bring_no_alignment(folders):
    """The guidance is what is tested: the same counts under links to other genes are as good as none."""
    config = config_of(folders[0], folders[0])
    dataset, modelled, graph = linked_of(config)
    elsewhere = np.random.default_rng(1).permutation(250)
    wrong = replace(graph, source=elsewhere[graph.source])
    assert not alignment_evidence(dataset, modelled, wrong, config)["rna", "atac"].aligned


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
    programs = [programs_of(log_normalised(each[:, seen]), 0) for each in (rna, activity)]

    def z(strata: list[np.ndarray]) -> float:
        observed = agreement(*programs, np.arange(n_genes))
        null = np.stack([agreement(*programs, permuted_within(strata, rng)) for _ in range(200)])
        return evidence_from(("rna", "atac"), observed, null, (0.0, 0.0), n_genes).z

    assert z([np.arange(n_genes)]) > 3 * ALIGNED_FROM
    assert z(abundance_strata(np.asarray(rna[:, seen].sum(axis=0)).ravel())) < ALIGNED_FROM


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
    dataset, modelled, graph = linked_of(config)
    close = graph.weight >= 0.5

    def with_links(keep: np.ndarray) -> AlignmentEvidence:
        parts = {name: getattr(graph, name)[keep] for name in ("source", "target", "weight", "sign")}
        return alignment_evidence(dataset, modelled, replace(graph, **parts), config)["rna", "atac"]

    assert 0 < close.sum() < len(close) / 2
    assert with_links(close) == alignment_evidence(dataset, modelled, graph, config)["rna", "atac"]
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
        (np.ones(empty.shape), "only 0 features are linked and vary in both"),
    ):
        told = evidence_of(config, rna=with_values(config, "rna", values))
        assert not told.aligned
        assert words in told.warning
        assert json.loads(json.dumps(told.as_report(), allow_nan=False)) == told.as_report()


def test_without_links_there_is_no_question(folders):
    config = config_of(folders[0], folders[0])
    dataset, modelled, graph = linked_of(config)
    none = np.empty(0, np.int64)
    bare = replace(graph, source=none, target=none, weight=none.astype(np.float32), sign=none.astype(np.int8))
    assert alignment_evidence(dataset, modelled, bare, config) == {}
    alone = replace(dataset, modalities={"rna": dataset.modalities["rna"]})
    assert alignment_evidence(alone, modelled, graph, config) == {}


def test_known_pairs_do_not_answer_the_question_and_are_told(folders, found):
    config = config_of(folders[0], folders[0])
    dataset, modelled, graph = linked_of(config)
    same = {
        name: replace(each, obs=each.obs.set_axis([f"cell {i}" for i in range(300)]))
        for name, each in dataset.modalities.items()
    }
    paired = replace(dataset, modalities=same, use_pairs=True)
    true = alignment_evidence(paired, modelled, graph, config)["rna", "atac"]
    assert (true.z, true.paired, found.paired) == (found.z, True, False)
    assert "Known pairs" in true.verdict
    wrong = replace(graph, source=np.random.default_rng(1).permutation(250)[graph.source])
    told = alignment_evidence(paired, modelled, wrong, config)["rna", "atac"]
    assert not told.aligned
    assert "Known pairs of cells align them all the same" in told.warning
    assert "The map mixes" not in told.warning


def test_links_of_negative_sign_turn_their_features_round(folders, found):
    """Peaks that fall when their genes rise are as good evidence, if the links say so, and none if they do not."""
    config = config_of(folders[0], folders[0])
    dataset, modelled, graph = linked_of(config)
    values = dataset.modalities["atac"].values.toarray()
    half = np.arange(values.shape[1]) % 2 == 1
    logs = np.log1p(values / values.sum(axis=1, keepdims=True) * 1e3)
    logs[:, half] = logs[:, half].max(axis=0) - logs[:, half]
    turned = with_values(config, "atac", logs, "normal")
    mixed = replace(dataset, modalities=dataset.modalities | {"atac": turned})
    signed = replace(graph, sign=np.where(half[graph.target - graph.block("atac").start], -1, 1).astype(np.int8))
    told = alignment_evidence(mixed, modelled, signed, config)["rna", "atac"]
    untold = alignment_evidence(mixed, modelled, graph, config)["rna", "atac"]
    assert told.aligned
    assert told.z > 2 * untold.z


@pytest.mark.parametrize("size", [8, 30])
def test_small_panels_are_judged_by_their_rank_among_permutations(size, tmp_path):
    """Proteins of cells of their own, under the genes that code for them and under those of other proteins."""
    with mock.patch.object(whole, "PROTEINS", size):
        make_planted(n_cells=400, n_genes=200, n_peaks=200, regime="standard", protein="own", seed=2).write(tmp_path)
    config = make_config(inputs={name: tmp_path / f"{name}.h5ad" for name in ("protein", "rna")})
    dataset, modelled, graph = linked_of(config)

    def under(order: np.ndarray) -> AlignmentEvidence:
        return alignment_evidence(dataset, modelled, replace(graph, source=graph.source[order]), config)[
            "protein", "rna"
        ]

    true = under(np.arange(size))
    assert true.aligned
    assert true.verdict.startswith("RNA and protein share structure")
    assert ("little to go by" in true.verdict) == (size == 8)
    rng = np.random.default_rng(0)
    false = [under(rng.permutation(size)) for _ in range(8)]
    assert sum(each.aligned for each in false) <= 1
    assert np.mean([each.p for each in false]) > 0.2


def test_p_is_a_rank_and_the_bars_hold_the_null():
    rng = np.random.default_rng(0)
    null = np.column_stack([rng.lognormal(-3, 0.2, 999), rng.random((999, 4))])
    p = []
    for observed in rng.lognormal(-3, 0.2, 200):
        one = evidence_from(("rna", "atac"), np.array([observed, 0.0, 0.0, 0.0, 0.0]), null, (0.0, 0.0), 100)
        p.append(one.p)
        assert not one.aligned
        assert sum(one.null.counts) == 999
        assert one.null.low <= one.null_mean <= one.null.high
    assert np.mean(np.asarray(p) <= 0.05) == pytest.approx(0.05, abs=0.04)
    weak = evidence_from(("rna", "atac"), np.array([np.exp(-2.4), 0, 0, 0, 0]), null, (0.0, 0.0), 100)
    assert (weak.answer, weak.aligned) == ("weak", False)
    assert "share hardly more than chance" in weak.warning


def test_the_report_can_be_written(found):
    report = found.as_report()
    assert json.loads(json.dumps(report, allow_nan=False)) == report
    assert report["z"] == pytest.approx(found.z, abs=1e-4)
    assert {"similarity", "null_mean", "null_sd", "z", "p", "shared_axes", "verdict", "aligned", "null"} <= set(report)
