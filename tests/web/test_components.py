"""Pieces of pages, without a browser."""

from __future__ import annotations

import gzip
import json
from copy import deepcopy
from types import SimpleNamespace
from typing import get_args

import pytest
from dash import no_update

from monae_app.engine.config import LikelihoodName, MethylationLikelihoodName
from monae_app.engine.data.readers import open_file
from monae_app.engine.errors import InputError
from monae_app.web.components.notice import refused
from monae_app.web.components.scores import MORE, score_list
from monae_app.web.components.summary_table import LIKELIHOODS, summary_table
from monae_app.web.pages.embedding import panel_choice


@pytest.fixture
def report(view) -> dict:
    return deepcopy(view.result.report)


def text_of(parts: list) -> str:
    return json.dumps([part.to_plotly_json() for part in parts], default=lambda part: part.to_plotly_json())


def test_every_likelihood_has_a_name_for_people(report):
    assert set(LIKELIHOODS) == {*get_args(LikelihoodName), *get_args(MethylationLikelihoodName)} - {"auto"}
    for name, told in LIKELIHOODS.items():
        report["dataset"]["modalities"]["rna"]["likelihood"] = name
        assert f"Counts ({told} likelihood)" in text_of(summary_table(report["dataset"]))


def test_only_scores_that_were_computed_are_shown_and_the_rest_is_folded(report):
    shown = text_of(score_list(report))
    assert "FOSCTTM" in shown
    assert "Mean average precision" not in shown
    report["metrics"] |= {"map": 0.912, "graph_connectivity": 0.8, "sas": 0.95}
    assert [name in text_of(score_list(report)) for name in ("0.912", "0.800", "0.950")] == [True] * 3
    # the two of batches are shown where there are batches
    assert len([each for each in MORE if each.key not in ("ilisi", "kbet")]) <= 8
    assert "was not scored" in text_of(score_list({"metrics": {"cells": 5}}))
    # of one modality, nothing is left to stand above a fold
    alone = text_of(score_list({"metrics": {"cells": 5, "map": 0.912}}))
    assert "0.912" in alone
    assert "More scores" not in alone


@pytest.mark.parametrize(
    ("modalities", "titles"),
    [
        (["rna"], ["Together"]),
        (["rna", "atac"], ["Together", "Side by side", "RNA | ATAC | Joint", "RNA", "ATAC"]),
        (["rna", "protein"], ["Together", "Side by side", "RNA | Protein | Joint", "RNA", "Protein"]),
    ],
)
def test_the_map_offers_a_panel_for_every_modality_of_the_run(modalities, titles):
    view = SimpleNamespace(modalities=modalities)
    options, chosen = panel_choice(view, "joint")
    assert [each["label"] for each in options] == titles
    assert chosen is no_update
    kept = panel_choice(view, "protein")[1]
    assert kept is no_update if "protein" in modalities else kept == "joint"


def test_lines_of_r_stand_apart_and_can_be_copied(tmp_path):
    (tmp_path / "a.rds").write_bytes(gzip.compress(b"X\n\0\0\0\3"))
    with pytest.raises(InputError) as caught:
        open_file(tmp_path / "a.rds")
    code = refused(caught.value).children[-1].children[-1]
    assert code.children[0].content == code.children[1]
    assert code.children[1].startswith("library(Seurat)")
    assert "a.rds" in code.children[1]


def test_hundreds_of_columns_are_folded_away_and_none_is_lost(report):
    said = deepcopy(report["dataset"])
    column = {"kind": "categorical", "n_unique": 3, "example": "a"}
    for each in said["modalities"].values():
        each["obs_columns"] = [{"name": f"column{number}", **column} for number in range(300)]
    told = text_of(summary_table(said))
    assert told.count("276 more") == len(said["modalities"])
    assert all(told.count(f'"column{number}"') == len(said["modalities"]) for number in (0, 23, 24, 299))
