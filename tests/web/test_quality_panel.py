"""The quality panel: what is typed and moved becomes settings, and what would remain is counted right."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from monae_app.engine.config import make_config
from monae_app.engine.errors import InputError
from monae_app.web.components.quality_cards import cards, remaining, shown_measures
from monae_app.web.components.quality_panel import _moved
from monae_app.web.figures.quality import from_axis, quality_figure, to_axis
from monae_app.web.figures.style import style
from monae_app.web.quality_view import BY_SETTING, Measured, cutoffs_of, shown, typed


@pytest.fixture
def measured() -> Measured:
    counts = np.r_[np.full(90, 1000.0), np.full(10, 5.0)]
    mito = np.r_[np.full(95, 0.02), np.full(5, 0.4)]
    rna = pd.DataFrame({"counts": counts, "features": counts / 2, "mito_share": mito})
    return Measured({"rna": rna}, left_aside=("protein",))


def text_of(part) -> str:
    return json.dumps(part, default=lambda each: each.to_plotly_json(), ensure_ascii=False)


def test_what_stays_is_counted_with_the_reasons(measured):
    cutoffs = {"rna_min_counts": 100, "rna_max_mito": 0.1}
    assert measured.kept(cutoffs)["rna"].sum() == 90
    told = text_of(remaining(measured, "rna", cutoffs))
    assert "90 of 100 cells stay" in told
    assert "10 with fewer than 100 counts" in told
    assert "5 with more than 10 % mitochondrial counts" in told
    assert "100 of 100 cells stay" in text_of(remaining(measured, "rna", {}))
    assert "None of 100 cells stays" in text_of(remaining(measured, "rna", {"rna_min_counts": 10**6}))


def test_every_measure_has_its_card_and_what_is_not_judged_is_said(measured):
    assert shown_measures(measured) == [("rna", "counts"), ("rna", "features"), ("rna", "mito_share")]
    told = text_of(cards(measured, {"rna_max_mito": 0.1}))
    assert all(title in told for title in ("Counts of a cell", "Genes detected", "Mitochondrial counts", "Protein"))
    assert '"value": "10"' in told


def test_scores_that_do_not_part_are_told(measured):
    assert "one heap" not in text_of(cards(replace(measured, thresholds={"rna": 0.3}, doublets=True), {}))
    assert "RNA: the doublet scores form one heap" in text_of(cards(replace(measured, thresholds={"rna": None}), {}))


def test_shares_are_drawn_in_percent(measured):
    values, keep = measured.tables["rna"]["mito_share"].to_numpy(), np.ones(100, bool)
    figure = quality_figure(values, keep, [0.1], style("light"), log=False, title="share", percent=True)
    assert figure.layout.xaxis.tickformat == "~%"
    assert figure.layout.shapes[0].x0 == pytest.approx(0.1)


def test_suggestions_are_settings_of_a_run(measured):
    make_config(inputs={"rna": "rna.h5ad"}, **measured.suggested())


@given(st.sampled_from(sorted(BY_SETTING)), st.integers(1, 1000))
def test_what_is_shown_can_be_typed(setting, thousandths):
    share = BY_SETTING[setting].measure in ("mito_share", "tss_share", "doublet_score")
    value = thousandths / 1000 if share else thousandths
    assert typed(setting, shown(setting, value)) == pytest.approx(value)
    assert typed(setting, "") is None


@pytest.mark.parametrize("text", ["many", "-1", "101 %", "nan", "inf"])
def test_what_is_no_share_is_refused(text):
    with pytest.raises(InputError, match="is no cut-off"):
        typed("rna_max_mito", text)


def test_other_settings_are_no_cutoffs():
    assert cutoffs_of({"window": 5, "rna_max_mito": 0.1, "rna_min_genes": None}) == {"rna_max_mito": 0.1}
    assert cutoffs_of(None) == {}


@given(st.floats(0, 1e7))
def test_a_place_on_the_axis_is_a_value(value):
    for log in (False, True):
        assert from_axis(float(to_axis(value, log=log)), log=log) == pytest.approx(value, abs=1e-6, rel=1e-6)


def test_a_line_that_is_moved_moves_its_cutoff():
    where = {"name": "rna", "measure": "counts"}
    moved = {"shapes[1].x0": 3.0, "shapes[1].x1": 3.0, "shapes[1].y0": 0}
    assert _moved(where, moved, {"rna_min_counts": 10, "rna_max_counts": 500}) == {"rna_max_counts": 999}
    assert _moved(where, {"autosize": True}, {"rna_min_counts": 10}) == {}
    assert _moved(where, None, {}) == {}


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_histogram_counts_every_cell_once(measured, theme):
    keep = measured.kept({"rna_min_counts": 100})["rna"]
    values = measured.tables["rna"]["counts"].to_numpy()
    figure = quality_figure(values, keep, [100], style(theme), log=True, title="counts")
    assert [int(np.sum(trace.y)) for trace in figure.data] == [90, 10]
    assert len(figure.layout.shapes) == 1
    quality_figure(np.array([np.nan, np.nan]), np.array([True, True]), [], style(theme), log=False, title="empty")
