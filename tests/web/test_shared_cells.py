"""What the Data page says of cells that modalities share, and of batches that go together with types."""

from __future__ import annotations

import json

from dash.development.base_component import Component

from monae_app.web.components.shared_cells import set_title, shared_cells
from monae_app.web.components.summary_table import summary_table
from monae_app.web.components.training_choices import confounding_notes, training_choices

FOUND = {
    "sets": [
        {"in": ["rna", "protein"], "cells": 800},
        {"in": ["rna"], "cells": 400},
        {"in": ["protein"], "cells": 200},
    ],
    "pairs": {"rna+protein": {"both": 800, "only_rna": 400, "only_protein": 200, "used": False}},
    "rule": "names compared with all but the barcode left away",
    "examples": [{"rna": "s1_ACGT-1", "protein": "ACGT"}],
    "groups": {
        "column": "batch",
        "rows": [{"name": f"p{at}", "cells": [800 if at == 1 else 0, 400 * (at == 2), 20]} for at in range(14)],
        "more": 3,
    },
}
SUMMARY = {"modalities": {"rna": {}, "protein": {}}, "shared_cells": FOUND}


def text_of(part: object) -> str:
    """All that can be read of a component."""
    if isinstance(part, list | tuple):
        return " ".join(map(text_of, part))
    if isinstance(part, Component):
        return text_of(getattr(part, "children", None))
    return "" if part is None else str(part)


def test_shared_cells_are_told_in_words_and_bars():
    shown = shared_cells(SUMMARY)
    told = text_of(shown)
    assert "800 of 1,400 cells were measured in several of RNA and protein" in told
    assert "600 in one alone" in told
    assert "Names compared with all but the barcode left away" in told
    assert "s1_ACGT-1  =  ACGT" in told.replace("   ", "  ")
    bars = shown.children[2].children[1].children
    widths = [float(row.children[2].children.style["width"].rstrip("%")) for row in bars]
    assert widths == [100.0, 50.0, 25.0]
    # a dot where a modality is in the set
    dots = [[cell.children.className for cell in row.children[:2]] for row in bars]
    assert dots == [["on", "on"], ["on", "off"], ["off", "on"]]


def test_batches_have_a_row_each_up_to_a_dozen():
    table = shared_cells(SUMMARY).children[-1]
    rows = table.children[1].children
    assert len(rows) == 12 + 1
    assert "and 5 more" in text_of(rows[-1])
    second = rows[1].children[1].children.children
    assert [part.style["width"] for part in second] == ["97.6%", "2.4%"]
    assert "820" not in text_of(rows[1])
    assert "800" in text_of(rows[1])


def test_nothing_is_shown_of_one_modality_or_of_an_earlier_run():
    assert shared_cells({"modalities": {"rna": {}}, "shared_cells": {}}) is None
    assert shared_cells({"modalities": {"rna": {}, "atac": {}}, "coinciding_names": 5}) is None


def test_modalities_without_a_common_cell_say_so():
    apart = FOUND | {"sets": FOUND["sets"][1:], "examples": []}
    shown = shared_cells(SUMMARY | {"shared_cells": apart})
    assert "all are taken as different cells" in text_of(shown)
    assert len(shown.children) == 3


def test_sets_are_called_by_their_modalities():
    assert set_title(["rna"], 2).startswith("only ")
    assert not set_title(["rna", "atac"], 3).startswith("only ")


def test_a_batch_column_that_goes_with_types_is_warned_of_once_chosen():
    summary = {"modalities": {}, "labels": ["cell_type"], "confounded": {"donor": ["rna: they go together."]}}
    assert confounding_notes(summary, []) == []
    assert confounding_notes(summary, ["lane"]) == []
    assert "rna: they go together." in text_of(confounding_notes(summary, ["lane", "donor"]))
    # a run of an earlier version knows nothing of it, and data without labels not yet
    assert confounding_notes({"modalities": {}, "labels": []}, ["donor"]) == []
    assert "when the training begins" in text_of(confounding_notes(summary | {"labels": []}, ["lane"]))


def test_both_answers_on_pairs_say_what_they_mean():
    columns = {"obs_columns": [{"name": "donor", "n_unique": 2}]}
    summary = {"modalities": {"rna": columns, "protein": columns}, "coinciding_names": 800}
    pairs = training_choices(summary, {"paired": True}).children[1]
    answers = pairs.children[1]
    assert answers.value == "yes"
    assert [each["value"] for each in answers.options] == ["yes", "no"]
    told = [text_of(each["label"]) for each in answers.options]
    assert "Train with that" in told[0]
    assert "anchors" in told[0]
    assert "For checking only" in told[1]
    assert json.dumps(pairs.to_plotly_json(), default=lambda each: each.to_plotly_json())


def test_the_summary_counts_names_alone_for_earlier_runs():
    column = {"files": [], "path": "a.h5ad", "cells": 5, "features": 5, "nonzero_share": 0.5, "obs_columns": []}
    earlier = {"modalities": {"rna": column, "atac": column}, "coinciding_names": 5, "labels": [], "batches": []}
    assert "5 cells have the same name" in text_of(summary_table(earlier))
    assert "5 cells have the same name" not in text_of(summary_table(earlier | {"shared_cells": {}}))
