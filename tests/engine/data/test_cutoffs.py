from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from monae_app.engine.config import RunConfig, make_config
from monae_app.engine.data.cutoffs import CUTOFFS, MOST_LEFT_OUT, OF_ANY, left_out, note_of, suggest_cutoffs


def table(n=400, seed=0):
    generator = np.random.default_rng(seed)
    counts = np.round(np.exp(generator.normal(8, 0.4, n)))
    return pd.DataFrame(
        {
            "counts": counts,
            "features": np.round(counts**0.9),
            "mito_share": generator.beta(2, 60, n),
            "tss_share": generator.beta(30, 60, n),
            "doublet_score": generator.beta(1, 20, n),
        }
    )


def gone(masks):
    return np.logical_or.reduce(list(masks.values()))


def test_every_cutoff_is_a_setting():
    known = {cutoff.setting for each in CUTOFFS.values() for cutoff in each} | {cutoff.setting for cutoff in OF_ANY}
    of_config = {
        name
        for name, field in RunConfig.model_fields.items()
        if (field.json_schema_extra or {}).get("group") == "quality"
    }
    assert known == of_config


def test_suggestions_can_be_run():
    for name in CUTOFFS:
        make_config(inputs={"rna": "a.h5ad"}, **suggest_cutoffs(table(), name, 0.3))


def test_planted_broken_cells_are_found():
    quality = table()
    quality.loc[:9, "mito_share"] = 0.6
    quality.loc[10:19, ["counts", "features"]] = [40, 30]
    found = suggest_cutoffs(quality, "rna")
    masks = left_out(quality, "rna", found)
    assert masks["rna_max_mito"][:10].all()
    assert masks["rna_min_counts"][10:20].all()
    assert gone(masks)[20:].mean() < 0.05


def test_cells_without_counts_in_peaks_of_starts_are_found():
    quality = table()
    quality.loc[:9, "tss_share"] = 0.01
    masks = left_out(quality, "atac", suggest_cutoffs(quality, "atac"))
    assert masks["atac_min_tss"][:10].all()
    assert masks["atac_min_tss"][10:].mean() < 0.05


def test_no_suggestion_where_all_cells_are_alike_or_few():
    alike = pd.DataFrame({"counts": np.full(100, 500.0), "features": np.full(100, 300)})
    assert suggest_cutoffs(alike, "rna") == {}
    assert suggest_cutoffs(table(5), "rna") == {}


def test_a_threshold_that_would_leave_out_most_is_not_suggested():
    assert "rna_max_doublet" in suggest_cutoffs(table(), "rna", 0.2)
    assert "rna_max_doublet" not in suggest_cutoffs(table(), "rna", 0.001)


column = hnp.arrays(np.float64, 60, elements=st.floats(0, 1e6, allow_nan=False))
share = hnp.arrays(np.float64, 60, elements=st.one_of(st.floats(0, 1), st.just(np.nan)))


@settings(max_examples=60, deadline=None)
@given(column, column, share, st.one_of(st.none(), st.floats(0, 1)), st.sampled_from(sorted(CUTOFFS)), st.randoms())
def test_a_suggestion_keeps_most_cells_whatever_the_data(counts, features, shares, threshold, name, random):
    quality = pd.DataFrame(
        {"counts": counts, "features": features, "mito_share": shares, "tss_share": shares, "doublet_score": shares}
    )
    found = suggest_cutoffs(quality, name, threshold)
    masks = left_out(quality, name, found)
    assert set(masks) == set(found)
    assert all(mask.any() for mask in masks.values())
    if masks:
        assert gone(masks).mean() <= MOST_LEFT_OUT
    # the order of the cells says nothing
    order = random.sample(range(60), 60)
    assert suggest_cutoffs(quality.iloc[order].reset_index(drop=True), name, threshold) == found
    make_config(inputs={"rna": "a.h5ad"}, **found)


@settings(max_examples=40, deadline=None)
@given(st.floats(0, 20_000), st.floats(0, 1), st.floats(0, 1))
def test_a_stricter_cutoff_leaves_out_more(counts, mito, more):
    quality = table(100)
    mild = left_out(quality, "rna", {"rna_min_counts": counts, "rna_max_mito": mito})
    strict = left_out(quality, "rna", {"rna_min_counts": counts * (1 + more), "rna_max_mito": mito * (1 - more)})
    for name, mask in mild.items():
        assert (strict[name] >= mask).all()


def test_what_is_not_known_leaves_no_cell_out():
    quality = pd.DataFrame({"counts": [10.0, 20.0], "mito_share": [np.nan, 0.5]})
    masks = left_out(quality, "rna", {"rna_max_mito": 0.1, "rna_max_doublet": 0.1, "rna_min_counts": None})
    assert {name: mask.tolist() for name, mask in masks.items()} == {"rna_max_mito": [False, True]}


def test_the_note_says_how_many_and_why():
    quality = pd.DataFrame({"counts": [10.0, 600.0, 700.0], "features": 5, "mito_share": [0.5, 0.3, 0.01]})
    asked = {"rna_min_counts": 500, "rna_max_mito": 0.2}
    masks = left_out(quality, "rna", asked)
    assert note_of("rna", masks, asked, 3) == (
        "rna: 2 of 3 cells were left out: 1 with fewer than 500 counts and 2 with more than 20 % mitochondrial counts."
    )
    assert note_of("rna", left_out(quality, "rna", {"rna_min_counts": 5}), {"rna_min_counts": 5}, 3) == ""


@pytest.mark.parametrize("mads", [0.5, 2.0, 3.0])
def test_low_counts_are_judged_on_the_log_scale(mads):
    counts = np.array([5.0, 100, 110, 120, 130, 140, 9000])
    logs = np.log1p(counts)
    expected = logs < np.median(logs) - mads * 1.4826 * np.median(np.abs(logs - np.median(logs)))
    found = left_out(pd.DataFrame({"counts": counts}), "rna", {"low_count_mads": mads})
    assert found["low_count_mads"].tolist() == expected.tolist()
    assert found["low_count_mads"][0]
    assert not found["low_count_mads"][3]
