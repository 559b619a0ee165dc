"""What the pages say of two modalities: the answer in words, its figure, and the cells without counterpart."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from monae_app.jobs.surveys import Survey
from monae_app.web.components.alignment_words import alignment_list, counterpart_box, evidence_notice
from monae_app.web.components.shared_structure import NOTHING, _told, answers
from monae_app.web.figures.alignment import null_figure
from monae_app.web.figures.style import style

SHARED = {
    "modalities": ["rna", "atac"],
    "answer": "shared",
    "aligned": True,
    "verdict": "RNA and ATAC share structure: under the guidance their programs agree 5 times as well.",
    "similarity": 0.2,
    "permutations": 999,
    "genes": 1200,
    "null": {"low": 0.01, "high": 0.05, "counts": [1, 5, 3]},
}
CHANCE = SHARED | {
    "modalities": ["rna", "protein"],
    "answer": "chance",
    "aligned": False,
    "verdict": "RNA and protein share no more than chance: under the guidance they agree no better.",
}
COUNTED = {
    "verdict": "40 of 100 cells of rna have no counterpart in atac. A kind of cell …",
    "clusters": [
        {"cluster": "0", "modality": "rna", "cells": 60, "without": {"atac": 1}},
        {"cluster": "0", "modality": "atac", "cells": 50, "without": {"rna": 0}},
        {"cluster": "1", "modality": "rna", "cells": 40, "without": {"atac": 39}},
    ],
}


def text_of(part) -> str:
    return json.dumps(part, default=lambda each: each.to_plotly_json(), ensure_ascii=False)


@pytest.mark.parametrize(("evidence", "tone"), [(SHARED, "notice-good"), (CHANCE, "notice-warning")])
def test_the_answer_stands_first_and_what_it_rests_on_below(evidence, tone):
    told = text_of(evidence_notice(evidence))
    assert tone in told
    assert f'"{evidence["verdict"].partition(":")[0]}."' in told
    assert "Under the guidance" in told
    # as an earlier version reported it
    assert tone in text_of(evidence_notice({"aligned": evidence["aligned"], "verdict": evidence["verdict"]}))


def test_every_pair_of_a_report_is_told():
    after = {"modalities": ["rna", "protein"], "verdict": "Linked features vary together.", "warning": False}
    report = {"alignment": SHARED, "alignment_rna_protein": CHANCE, "consistency_rna_protein": after}
    told = text_of(alignment_list(report))
    assert "RNA and ATAC share structure" in told
    assert "RNA and protein share no more than chance" in told
    assert "After training, RNA and Protein: " in told
    assert "counterpart" not in told
    assert alignment_list({})[0].children == []


def test_cells_without_counterpart_stand_by_cluster():
    told = text_of(alignment_list({"counterparts": COUNTED}, "run-1"))
    assert "Cells without a counterpart: 40 of 150" in told
    assert "/?run=run-1&colour=obs:has_counterpart" in told
    rows = counterpart_box(COUNTED).children[3].children.children[1].children
    assert [cell.children for cell in rows[0].children] == ["0", "60", "1", "50", "0"]
    # most of the cells of a cluster stand out; a modality that is not there has none
    assert rows[1].children[2].children.children == "39"
    assert [cell.children for cell in rows[1].children[3:]] == ["0", "–"]


def test_the_figure_shows_the_null_and_where_the_links_lie():
    figure = null_figure(0.01, 0.04, [1, 5, 3], 0.2, style("dark"))
    assert list(figure.data[0].y) == [1, 5, 3]
    assert figure.data[0].x[0] == pytest.approx(0.015)
    assert figure.layout.shapes[0].x0 == figure.layout.annotations[0].x == 0.2
    low, high = figure.layout.xaxis.range
    assert low < 0.01
    assert high > 0.2


def test_an_answer_is_drawn_once_and_a_process_that_works_is_asked_again():
    done = Survey("done", "", Path("abc"), {"pairs": [SHARED, CHANCE]})
    assert len(answers(done, "light")) == 2
    assert "999 maps whose links are put at random" in text_of(answers(done, "light"))
    shown = _told(done, "light", None)
    assert shown[-1] == ["abc", "light"]
    assert shown[3] is True
    assert _told(done, "light", shown[-1])[2] != shown[2]
    running = _told(Survey("running", "Comparing", Path("abc")), "light", None)
    assert running[3] is False
    assert "Comparing …" in text_of(running[1])
    assert NOTHING in text_of(answers(Survey("done", "", Path("abc"), {"pairs": []}), "light"))
