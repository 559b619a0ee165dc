"""Inferred links on the pages: the choice becomes a setting, and what a run inferred is named as inferred."""

from __future__ import annotations

import json

from monae_app.engine.config import RunConfig
from monae_app.web.components.inferred_links import CHOICES, SETTING, STANDARD, inferred_list

FOUND = {
    "modalities": ["rna", "atac"],
    "count": 1495,
    "verdict": "1,495 links between RNA and atac are inferred from the data, not from annotation: …",
    "strongest": [{"gene": "Gad1", "feature": "chr2:1-500", "correlation": 0.9123, "q": 0.0004}],
}


def text_of(part) -> str:
    return json.dumps(part, default=lambda each: each.to_plotly_json(), ensure_ascii=False)


def test_the_choices_are_those_of_a_run():
    field = RunConfig.model_fields[SETTING]
    assert set(CHOICES) == set(field.annotation.__args__)
    assert field.default == STANDARD


def test_the_strongest_links_stand_with_correlation_and_q():
    told = text_of(inferred_list({"guidance_inferred": [FOUND]}))
    assert "In the chosen run: RNA and ATAC" in told
    assert "inferred from the data, not from annotation" in told
    assert "The strongest 1 of 1,495 inferred links" in told
    assert all(each in told for each in ("Gad1", "chr2:1-500", "0.912", "0.0004"))
    assert inferred_list({}) == []


def test_links_that_could_not_be_inferred_are_a_warning():
    none = FOUND | {"count": 0, "strongest": [], "verdict": "No links between RNA and atac were inferred: …"}
    told = text_of(inferred_list({"guidance_inferred": [none]}))
    assert "notice-warning" in told
    assert "The strongest" not in told
