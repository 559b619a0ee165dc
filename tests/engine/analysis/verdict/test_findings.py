"""What a verdict says of tables and losses made by hand."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st

from monae_app.engine.analysis.local_mixing import expected_share, local_mixing
from monae_app.engine.analysis.verdict import RunFacts, judge
from monae_app.engine.analysis.verdict.facts import read_losses
from monae_app.engine.analysis.verdict.glossary import GLOSSARY
from monae_app.engine.analysis.verdict.health import course_of
from monae_app.engine.config import make_config

SHARED = {"modalities": ["rna", "atac"], "answer": "shared", "verdict": "RNA and ATAC share structure: so."}


def losses(values: np.ndarray, *, every: int = 10) -> pd.DataFrame:
    return pd.DataFrame({"step": every * np.arange(1, len(values) + 1), "loss": values})


def at_rest(points: int = 60) -> pd.DataFrame:
    return losses(1 + np.exp(-np.arange(points) / 6) + np.random.default_rng(0).normal(0, 0.01, points))


def facts(table: dict[str, list[int]] | None = None, labels: list[tuple] = (), **more) -> RunFacts:
    clusters = pd.DataFrame(table or {"rna": [50, 50], "atac": [50, 50]})
    clusters.index = clusters.index.map(str)
    report = {"alignment": SHARED, "metrics": {"cells": int(clusters.to_numpy().sum())}} | more.pop("report", {})
    return RunFacts(
        report,
        make_config(inputs={"rna": "a.h5ad", "atac": "b.h5ad"}, **more.pop("config", {})),
        clusters,
        pd.DataFrame(labels, columns=["label", "cluster", "modality", "cells"]),
        more.pop("losses", at_rest()),
        more.pop("batches", {}),
        more.pop("mixing", {}),
    )


def finding(run: RunFacts, topic: str):
    return next(each for each in judge(run).findings if each.topic == topic)


@pytest.mark.parametrize(
    ("curve", "level", "words"),
    [
        (at_rest(), "good", "came to rest"),
        (losses(np.linspace(2, 1, 40)), "bad", "Too few steps"),
        (losses(1 + np.exp(-np.arange(40) / 22)), "caution", "still fell"),
        (losses(np.r_[np.linspace(2, 1, 30), np.linspace(1, 1.6, 30)]), "bad", "rose again"),
        (losses(np.r_[np.linspace(2, 1, 5), np.full(95, 1.0)]), "good", "a shorter training would do"),
        (losses(np.full(3, 2.0), every=100), "unknown", "too few reports"),
        (losses(np.r_[np.linspace(2, 1, 30), np.nan]), "bad", "diverged"),
        (losses(np.zeros(0)), "unknown", "not kept"),
    ],
)
def test_losses_are_judged(curve, level, words):
    found = finding(facts(losses=curve), "training")
    assert (found.level, words in found.sentence) == (level, True), found.sentence
    if words in ("Too few steps", "still fell"):
        assert found.settings["steps"] == 4 * curve["step"].iloc[-1]
    if words in ("rose again", "diverged"):
        assert found.settings["learning_rate"] < 0.003


@given(
    level=st.floats(-50, 50), scale=st.floats(0.01, 100), points=st.integers(30, 200), noise=st.floats(0, 0.02),
)  # fmt: skip
def test_a_course_does_not_depend_on_scale_and_level(level, scale, points, noise):
    drawn = np.random.default_rng(points).normal(0, noise, points)
    curve = np.exp(-np.arange(points) / (points / 10)) + drawn
    one, other = course_of(losses(curve)), course_of(losses(level + scale * curve))
    assert one.late == pytest.approx(other.late, abs=1e-6)
    assert one.late < 0.1 or one.late < 2 * one.noise
    falling = course_of(losses(np.linspace(1, 0, points) + drawn))
    assert falling.late > 0.2


def test_losses_of_a_resumed_training_count_once(tmp_path):
    lines = [
        '{"stage": "read", "message": "Starting"}',
        *(f'{{"stage": "train", "step": {step}, "loss": 9, "loss_discriminator": 1}}' for step in (10, 20, 30)),
        "no json",
        *(f'{{"stage": "train", "step": {step}, "loss": 5}}' for step in (20, 25)),
        '{"stage": "train", "step": 30',
    ]
    (tmp_path / "progress.jsonl").write_text("\n".join(lines))
    found = read_losses(tmp_path)
    assert found["step"].tolist() == [10, 20, 25]
    assert found["loss"].tolist() == [8, 5, 5]
    assert len(read_losses(tmp_path / "nowhere")) == 0


def test_modalities_of_unequal_size_are_mixed_where_they_are_equally_dense():
    assert finding(facts({"rna": [900, 100], "atac": [90, 10]}), "mixing").level == "good"
    apart = facts({"rna": [100, 0], "atac": [0, 100]})
    assert finding(apart, "mixing").level == "bad"
    assert judge(apart).headline.startswith("No")
    found = finding(apart, "one_sided")
    assert "cluster 0 of RNA and cluster 1 of ATAC" in found.sentence


def test_clusters_that_are_shared_but_not_within_are_told():
    found = finding(facts(mixing={None: 0.3, "0": 0.3, "1": 0.3}), "mixing")
    assert found.level == "caution"
    assert "within these they lie apart" in found.sentence
    assert found.settings == {"lambda_anchor": 0.009}


def test_a_type_that_was_laid_onto_a_relative_is_told():
    labels = [("A", "0", "rna", 50), ("A", "0", "atac", 50), ("B", "1", "rna", 50), ("C", "1", "atac", 48)]
    labels += [("A", "1", "atac", 2)]
    found = finding(facts(labels=labels, report={"label": "cell_type"}), "one_sided")
    assert "'B' (RNA only)" in found.sentence
    assert "laid onto relatives" in found.sentence
    assert found.level == "bad"


def batches(*rows: tuple[str, str, str, int]) -> dict[str, pd.DataFrame]:
    return {"donor": pd.DataFrame(rows, columns=["modality", "cluster", "batch", "cells"])}


def test_batches_that_were_not_corrected_and_split_clusters_are_offered():
    rows = [(name, str(k), f"d{k}", 50) for name in ("rna", "atac") for k in (0, 1)]
    found = finding(facts(batches=batches(*rows)), "batches")
    assert found.level == "caution"
    assert found.settings == {"batch_key": "donor"}
    mixed = [(name, str(k), f"d{j}", 25) for name in ("rna", "atac") for k in (0, 1) for j in (0, 1)]
    assert finding(facts(batches=batches(*mixed)), "batches").level == "good"
    assert finding(facts(), "batches").level == "unknown"


def test_batches_that_are_modalities_are_told():
    rows = [("rna", str(k), f"r{j}", 25) for k in (0, 1) for j in (0, 1)]
    rows += [("atac", str(k), f"a{j}", 25) for k in (0, 1) for j in (0, 1)]
    report = {"batches": {"columns": ["donor"], "number": 4}}
    found = finding(facts(batches=batches(*rows), report=report), "batches")
    assert found.level == "caution"
    assert "of one modality alone" in found.sentence


def test_missing_labels_and_pairs_are_said_with_the_scores_that_need_them():
    found = finding(facts(), "scores")
    assert found.level == "unknown"
    for word in ("FOSCTTM", "ARI", "pair_id", "cell_type"):
        assert word in found.sentence + found.todo
    known = {"cells": 200, "foscttm": 0.45, "pairs": 100}
    wrong = facts(report={"metrics": known})
    assert finding(wrong, "accuracy").level == "bad"
    assert judge(wrong).headline.startswith("No")


def test_cells_of_one_modality_are_not_asked_for_counterparts():
    alone = finding(facts({"rna": [50, 50]}, config={}), "scores")
    assert "pair_id" not in alone.todo
    assert "cell_type" in alone.todo
    assert "linked features" not in alone.todo


def test_nothing_that_could_be_asked_is_no_praise():
    run = facts(report={"alignment": SHARED | {"answer": "unknown"}})
    assert judge(run).headline == "It cannot be told."


def test_each_score_of_the_glossary_says_everything():
    keys = [each.key for each in GLOSSARY]
    assert len(set(keys)) == len(keys)
    for each in GLOSSARY:
        assert all((each.title, each.meaning, each.span, each.good, each.needs, each.source))


@settings(max_examples=20)
@given(st.integers(0, 2**32 - 1), st.integers(2, 4))
def test_random_modalities_mix_as_chance_would(seed, kinds):
    rng = np.random.default_rng(seed)
    size, k = 400, 20
    near = np.array([rng.choice(size, k, replace=False) for _ in range(size)])
    nearest = sp.csr_matrix((np.zeros(near.size), near.ravel(), np.arange(0, near.size + 1, k)), shape=(size, size))
    codes = rng.integers(0, kinds, size)
    codes[:kinds] = np.arange(kinds)
    mixing = local_mixing(nearest, codes.astype(str))
    assert mixing.mean() == pytest.approx(1, abs=0.1)
    assert expected_share(codes).max() <= 1
    assert np.isnan(local_mixing(nearest, np.full(size, "rna"))).all()


@pytest.mark.parametrize(
    ("report", "level"),
    [
        ({"confounding": [{"column": "lane", "label": "cell_type", "strength": 0.85}]}, "bad"),
        ({"confounding": [{"column": "lane", "label": "cell_type", "strength": 0.6}]}, "caution"),
        ({"confounding": [{"column": "lane", "label": None, "strength": 0.6}]}, "bad"),
        ({"confounding": [{"column": "donor", "label": "cell_type", "strength": 0.9}]}, "caution"),
        ({}, "caution"),
    ],
)
def test_how_strongly_batches_go_with_kinds_is_read_from_the_report_and_of_old_ones_from_the_sentence(report, level):
    said = "rna: batches by 'lane' cannot well be told from the types in 'cell_type': x; Cramér's V is 0.70 of 1."
    known = {"batches": {"columns": ["lane"]}, "warnings": [said]}
    # by the cells that were trained on, or by all
    for each in (report, {"dataset": report}):
        found = finding(facts(report=known | each), "batches")
        assert found.level == level
        assert "cannot be told from kinds of cells" in found.sentence
