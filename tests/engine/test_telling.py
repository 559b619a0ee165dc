"""What a run says while it computes."""

from __future__ import annotations

import json
from functools import partial
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest
import scanpy as sc

from monae_app.engine.config import make_config
from monae_app.engine.data.planted import make_planted
from monae_app.engine.errors import Stopped
from monae_app.engine.pipeline import run
from monae_app.engine.telling import SILENT, Telling
from monae_app.web.components.progress_panel import STAGES

if TYPE_CHECKING:
    from pathlib import Path


def test_parts_are_counted_under_the_sentence_they_belong_to():
    told: list[dict] = []
    tell = Telling("read", told.append)
    counted = tell.counting("Opening files")
    counted.part(0, 2)
    counted.part(0, 1)  # of one part there is nothing to count
    tell("Closing them")
    tell.at("save").warn("It is late.")
    assert told == [
        {"stage": "read", "message": "Opening files"},
        {"stage": "read", "message": "Opening files", "done": 0, "total": 2},
        {"stage": "read", "message": "Closing them"},
        {"stage": "save", "message": "It is late.", "warning": "It is late."},
    ]


def test_a_stop_is_heard_before_anything_is_said():
    told: list[dict] = []
    tell = Telling("analyse", told.append, lambda: True, step=12)
    for heard in (lambda: tell("Scoring"), lambda: tell.counting("Scoring"), tell.heed):
        with pytest.raises(Stopped) as stopped:
            heard()
        assert stopped.value.step == 12
    assert tell.at("save").step == 12
    assert tell.at("train", step=20).step == 20
    assert told == []
    SILENT.counting("Nobody hears it").part(1, 2)


@pytest.fixture(scope="module")
def events(tmp_path_factory: pytest.TempPathFactory) -> list[dict]:
    """Of a run with three files, cut-offs, and features that are not modelled jointly."""
    folder: Path = tmp_path_factory.mktemp("small")
    planted = make_planted(n_cells=110, n_genes=100, n_peaks=300, n_types=3, seed=2)
    planted.write(folder)
    planted.rna[:60].write_h5ad(folder / "one.h5ad")
    planted.rna[60:].write_h5ad(folder / "two.h5ad")
    inputs = {"rna": [folder / "one.h5ad", folder / "two.h5ad"], "atac": folder / "atac.h5ad"}
    config = make_config(
        inputs=inputs, bed=folder / "genes.bed.gz", steps=4, batch_size=32, n_top_genes=40, rna_min_counts=1
    )
    told: list[dict] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sc.tl, "umap", partial(sc.tl.umap, maxiter=10))
        run(config, folder / "run", on_event=told.append)
    return told


def test_stages_are_those_that_the_page_shows_and_come_in_their_order(events):
    assert list(dict.fromkeys(event["stage"] for event in events)) == list(STAGES)
    places = [list(STAGES).index(event["stage"]) for event in events]
    assert places == sorted(places)


def test_every_event_says_something_and_counts_within_its_bounds(events):
    assert json.dumps(events)
    for event in events:
        assert ("message" in event) != ("step" in event)
        assert ("done" in event) == ("total" in event)
        assert 0 <= event.get("done", 0) <= event.get("total", 0)


@pytest.mark.parametrize(
    "said",
    [
        "Opening one.h5ad, file 1 of 3",
        "Reading rna from two.h5ad, file 2 of 3",
        "Stacking 2 samples of rna",
        "Opening atac.h5ad, file 3 of 3",
        "Measuring the quality of 110 cells of rna",
        "Choosing the most variable of 100 genes",
        "PCA of 110 cells",
        "LSI of 110 cells",
        "Asking whether the links join",
        "Canonical correlation of rna with atac",
        "Looking for mutual neighbours",
        "Weighing",
        "Embedding 110 cells of rna",
        "features of rna that were not modelled jointly",
        "(Leiden)",
        "(UMAP)",
        "Refining the graph",
        "vary together over the cells",
        "Scoring: clusters against labels",
        "Writing cells.h5ad",
    ],
)
def test_every_long_step_is_said(said, events):
    assert [event for event in events if said in event.get("message", "")], said


def test_files_are_counted_over_all_modalities(events):
    read = [(event["done"], event["total"]) for event in events if event["stage"] == "read" and "total" in event]
    assert {total for _, total in read} == {3}
    assert all(later >= earlier for (earlier, _), (later, _) in pairwise(read))
    assert read[-1][0] == 2
