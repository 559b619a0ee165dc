"""Pieces of pages, without a browser."""

from __future__ import annotations

import json
from copy import deepcopy
from typing import get_args

import pytest

from monae_app.engine.config import LikelihoodName
from monae_app.web.components.scores import MORE, score_list
from monae_app.web.components.summary_table import LIKELIHOODS, summary_table


@pytest.fixture
def report(view) -> dict:
    return deepcopy(view.result.report)


def text_of(parts: list) -> str:
    return json.dumps([part.to_plotly_json() for part in parts], default=lambda part: part.to_plotly_json())


def test_every_likelihood_has_a_name_for_people(report):
    assert set(LIKELIHOODS) == set(get_args(LikelihoodName)) - {"auto"}
    for name, told in LIKELIHOODS.items():
        report["dataset"]["modalities"]["rna"]["likelihood"] = name
        assert f"Counts ({told} likelihood)" in text_of(summary_table(report["dataset"]))


def test_only_scores_that_were_computed_are_shown_and_the_rest_is_folded(report):
    shown = text_of(score_list(report))
    assert "FOSCTTM" in shown
    assert "Mean average precision" not in shown
    report["metrics"] |= {"map": 0.912, "graph_connectivity": 0.8, "sas": 0.95}
    assert [name in text_of(score_list(report)) for name in ("0.912", "0.800", "0.950")] == [True] * 3
    assert len(MORE) <= 8
    assert "was not scored" in text_of(score_list({"metrics": {"cells": 5}}))
