"""Lists of markers: read from what people have, and scored so that planted types come out."""

from __future__ import annotations

import numpy as np
import pytest

from monae_app.engine.analysis.feature_search import FeatureSearch
from monae_app.engine.analysis.kept_arrays import KeptArrays
from monae_app.engine.analysis.label_transfer.marker_lists import MarkerList, read_marker_lists
from monae_app.engine.analysis.label_transfer.marker_scores import score_markers
from monae_app.engine.analysis.run_slices import RunSlices
from monae_app.engine.errors import InputError
from tests.web.tiny_sample import CELLS, GENES, TYPES, write_sample

LISTS = [MarkerList("T cell", ("CD3D", "CD3E")), MarkerList("B cell", ("CD79A",))]


@pytest.mark.parametrize(
    "text",
    [
        "T cell: CD3D, CD3E\nB cell: CD79A",
        "# markers\r\nT cell:CD3D CD3E CD3D\r\n\r\nB cell: CD79A\r\n",
        "cell_type,gene\nT cell,CD3D\nT cell,CD3E\nB cell,CD79A\n",
        "type\tgene\nT cell\tCD3D\nT cell\tCD3E\nB cell\tCD79A\n",
        '"T cell","CD3D"\n"T cell","CD3E"\n"B cell","CD79A"\n',
        "T cell\thttp://somewhere\tCD3D\tCD3E\nB cell\tna\tCD79A\n",
    ],
)
def test_all_that_people_have_is_read_alike(text: str):
    assert read_marker_lists(text) == LISTS


@pytest.mark.parametrize(
    ("text", "words"), [("", "0 types"), ("T cell: CD3D", "1 types"), ("T cell\nB cell: CD79A", "'T cell' names no")]
)
def test_what_cannot_be_read_is_said(text: str, words: str):
    with pytest.raises(InputError, match=words):
        read_marker_lists(text)


def test_planted_types_are_told_by_their_markers(tmp_path):
    folder = write_sample(tmp_path) / "run"
    run = RunSlices(folder, KeptArrays(2**26))
    quarter = GENES // len(TYPES)
    lists = [
        MarkerList(name, tuple(f"Gene{place * quarter + i}" for i in range(3))) for place, name in enumerate(TYPES)
    ]
    lists[0] = MarkerList(TYPES[0], (*lists[0].genes, "Nope1", "gene3"))
    counted: list[tuple[int, int]] = []
    marked = score_markers(run, FeatureSearch(run), lists, lambda *each: counted.append(each))
    assert marked.missing == {TYPES[0]: ["Nope1"]} | {name: [] for name in TYPES[1:]}
    assert marked.found[TYPES[0]] == 4
    truth = run.column("cell_type").astype(str).to_numpy()
    assert (marked.types[marked.best] == truth).all()
    assert len(truth) == 2 * CELLS
    assert counted[-1][0] == counted[-1][1] == sum(marked.found.values())
    of_clusters = marked.by_group(run.column("leiden").astype(str).tolist())
    assert of_clusters["label"].tolist() == list(TYPES)
    assert (of_clusters["agreeing"] == 1).all()
    assert (of_clusters["margin"] > 0.5).all()
    # a cluster of everything is no type
    assert marked.by_group(["all"] * 2 * CELLS)["label"].tolist() == ["unassigned"]
    np.testing.assert_allclose(marked.scores.mean(axis=0), 0, atol=1e-5)
    with pytest.raises(InputError, match="1 of 2 types have markers in this run; not in it: Nope1"):
        score_markers(run, FeatureSearch(run), [lists[1], MarkerList("other", ("Nope1",))])
