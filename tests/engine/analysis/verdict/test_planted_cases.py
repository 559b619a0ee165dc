"""Five planted runs whose truth is known: what the verdict says of each."""

from __future__ import annotations

import json

import anndata as ad
import numpy as np
import pytest

from monae_app.engine.analysis.local_mixing import local_mixing, nearest_cells
from monae_app.engine.analysis.verdict import TOPICS
from monae_app.engine.analysis.verdict.finding import ORDER
from tests.engine.analysis.verdict.planted_cases import CASES


def levels(verdict) -> dict[str, str]:
    return {each.topic: each.level for each in verdict.findings}


def finding(verdict, topic):
    return next(each for each in verdict.findings if each.topic == topic)


def test_a_good_run_is_called_good(verdict):
    found = verdict("good")
    assert found.headline == "Yes, it worked."
    assert set(levels(found)) == set(TOPICS)
    assert set(levels(found).values()) == {"good"}


def test_too_few_steps_are_told_and_a_longer_training_is_offered(verdict):
    found = verdict("short")
    assert found.headline.startswith("Not yet")
    training = finding(found, "training")
    assert training.level == "bad"
    assert "hardly begun: 15 steps" in training.sentence
    assert training.settings["steps"] > 100
    assert found.findings[0] is training


def test_two_tissues_are_told(verdict):
    found = verdict("mismatched")
    assert found.headline.startswith("No")
    assert "RNA and ATAC share no more than chance" in found.explanation
    assert levels(found)["structure"] == "bad"
    assert "genome" in finding(found, "structure").todo
    # linked features vary together in a map that was pulled there, which proves nothing
    assert levels(found)["consistency"] != "good"
    assert "no name in common" in finding(found, "one_sided").sentence


def test_a_type_in_one_modality_alone_is_named_with_its_cells(verdict, trained_cases):
    found = verdict("missing")
    alone = finding(found, "one_sided")
    assert alone.level == "caution"
    cells = ad.read_h5ad(trained_cases["missing"] / "cells.h5ad").obs
    by_type = cells.groupby("cell_type", observed=True)["modality"].nunique()
    lost = by_type[by_type == 1].index[0]
    assert lost in alone.sentence
    assert "RNA" in alone.sentence
    assert f"{lost}: lacking in ATAC" in alone.figures
    # what the other modality lacks cannot mix, and is not held against the rest
    assert levels(found)["mixing"] == "good"
    assert found.headline == "Yes, with one point to look at."


def test_batches_that_are_kinds_of_cells_are_told(verdict):
    found = verdict("confounded")
    batches = finding(found, "batches")
    assert batches.level == "bad"
    assert "cannot be told from kinds of cells" in batches.sentence
    assert "'batch'" in batches.sentence
    assert batches.settings == {"batch_key": ""}
    assert {level for topic, level in levels(found).items() if topic != "batches"} == {"good"}


@pytest.mark.parametrize("case", CASES)
def test_the_gravest_finding_comes_first_and_everything_is_plain(case, verdict):
    found = verdict(case)
    ranks = [ORDER.index(each.level) for each in found.findings]
    assert ranks == sorted(ranks)
    record = json.loads(json.dumps(found.record(), allow_nan=False))
    assert [each["sentence"] for each in record["findings"]] == [each.sentence for each in found.findings]
    for each in found.findings:
        assert each.sentence.endswith(".")
        assert each.level == "good" or each.todo or each.topic == "consistency"


def test_local_mixing_of_a_run_is_that_of_its_nearest_cells(trained_cases):
    cells = ad.read_h5ad(trained_cases["good"] / "cells.h5ad")
    again = local_mixing(nearest_cells(cells.obsm["X_monae"], 15), cells.obs["modality"].astype(str))
    np.testing.assert_allclose(cells.obs["local_mixing"], again, atol=1e-6)
    assert 0.7 < cells.obs["local_mixing"].mean() < 1.3
    missing = ad.read_h5ad(trained_cases["missing"] / "cells.h5ad").obs
    lone = missing.groupby("cell_type", observed=True)["modality"].transform("nunique") == 1
    assert missing.loc[lone, "local_mixing"].mean() < 0.3 < missing.loc[~lone, "local_mixing"].mean()
