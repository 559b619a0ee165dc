"""What the server sends for the page Compare: maps of the same cells, tables as files, refusals in words."""

from __future__ import annotations

import io
import json
import shutil
from typing import TYPE_CHECKING

import anndata as ad
import numpy as np
import pandas as pd
import pytest

from monae_app.jobs.kept_methods import with_run
from monae_app.web import compare_tables as tables
from monae_app.web.app import create_app
from monae_app.web.components.compared import compared_table
from monae_app.web.pages.compare.showing import matched_words
from monae_app.web.services import Services
from monae_app.web.settings import Settings
from monae_app.web.two_runs import candidates, pair_of, side_key, side_of
from tests.web.tiny_sample import CELLS, write_sample

if TYPE_CHECKING:
    from pathlib import Path

RUN, OTHER, FOREIGN = "sample-tiny", "sample-tiny-half", "sample-tiny-foreign"


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make three runs of one sample: whole, every second RNA cell in reversed order, and cells of other names."""
    root = tmp_path_factory.mktemp("compared")
    sample = write_sample(root)
    rows = np.r_[np.arange(0, CELLS, 2)[::-1], CELLS + np.arange(CELLS)]
    for name, taken in (("half", rows), ("foreign", np.arange(2 * CELLS))):
        folder = sample / f"run_{name}"
        shutil.copytree(sample / "run", folder)
        cells = ad.read_h5ad(folder / "cells.h5ad")[taken].copy()
        if name == "foreign":
            cells.obs_names = [f"{each}x" for each in cells.obs_names]
        cells.write_h5ad(folder / "cells.h5ad")
    scores = {"biology_conservation": 0.5, "omics_mixing": 0.5, "overall": 0.5, "foscttm": 0.1, "map": 0.5,
              "asw_label": 0.5, "nc": 0.5, "sas": 0.5, "asw_batch": 0.5, "graph_connectivity": 0.5}  # fmt: skip
    for method, value in (("pca", 0.2), ("cca", 0.8)):
        path = with_run(sample / "run", method, "cell_type")
        path.parent.mkdir(exist_ok=True)
        found = {"method": method, "scores": scores | {"map": value}, "imputation": {}, "cpu_s": 1.0}
        path.write_text(json.dumps(found))
    return root


@pytest.fixture
def services(root: Path, tmp_path: Path) -> Services:
    return Services(Settings(store=tmp_path / "store"), root)


@pytest.fixture
def client(root: Path, tmp_path: Path):
    return create_app(Settings(store=tmp_path / "store"), root).server.test_client()


def test_runs_that_overlap_in_part_go_on_with_what_they_share(services: Services):
    assert {each for each, _ in candidates(services, RUN)} == {OTHER, FOREIGN}
    pair = pair_of(services, RUN, OTHER, None)
    words = matched_words(pair)
    assert f"RNA: {CELLS // 2} in both, of {CELLS} here and {CELLS // 2} there" in words
    assert f"ATAC: all {CELLS}" in words


def test_both_maps_show_the_same_cells_in_the_same_order(client, services: Services):
    pair = pair_of(services, RUN, OTHER, None)
    version = pair.second.version
    found = {}
    for side in ("first", "second"):
        said = client.get(f"/api/runs/{RUN}/map.json", query_string={"part": side_key(side, OTHER, version)})
        assert said.status_code == 200, said.json
        found[side] = said.json
    assert [each["cells"] for each in found.values()] == [CELLS // 2 + CELLS] * 2
    # both runs are one, so that a cell that has another place in the file keeps its place on the map
    assert found["first"]["bounds"] == pytest.approx(found["second"]["bounds"])
    assert np.allclose(pair.first.xy[pair.cells.first], pair.second.xy[pair.cells.second])


def test_tables_are_files_and_scaled_values_run_from_worst_to_best(client):
    answer = client.get(f"/api/runs/{RUN}/compare/integration.csv", query_string={"label": "cell_type"})
    frame = pd.read_csv(io.StringIO(answer.text)).set_index("method")
    assert list(frame.index) == ["PCA", "CCA + 30-NN"]
    # only MAP differs: it is 0 and 1 of three thirds of biology
    assert frame["biology_conservation_scaled"].diff().iloc[1] == pytest.approx(1 / 3)
    assert (frame["biology_conservation"] == 0.5).all()
    scores = client.get(f"/api/runs/{RUN}/compare/scores.csv", query_string={"second": OTHER})
    assert {"score", "first", "second", "better"} <= set(pd.read_csv(io.StringIO(scores.text)).columns)


@pytest.mark.parametrize(
    ("path", "asked", "said"),
    [
        ("compare/scores.csv", {"second": FOREIGN}, "no cell in common"),
        ("compare/scores.csv", {"second": "../../run"}, ""),
        ("compare/secrets.csv", {"second": OTHER}, "no such table"),
        ("map.json", {"part": "second~../../run~1"}, ""),
        ("code/compare.py", {"second": OTHER, "label": "import os"}, "no such column"),
    ],
)
def test_what_cannot_be_compared_is_refused(client, path: str, asked: dict[str, str], said: str):
    answer = client.get(f"/api/runs/{RUN}/{path}", query_string=asked)
    assert 400 <= answer.status_code < 500
    assert said in answer.text
    assert "Traceback" not in answer.text


def test_names_of_maps_are_taken_apart_and_others_are_not():
    assert side_of(side_key("second", OTHER, "v1")) == ("second", OTHER)
    assert side_of("third~a~b") is None
    assert side_of("0123abcd") is None


def test_a_column_without_figures_and_ties_for_the_best_are_shown():
    frame = pd.DataFrame({"method": ["a", "b", "c"], "map": [0.5, 0.9, 0.9], "nc": [None, np.nan, 0.1]})
    assert "'1,234'" in str(compared_table(frame.assign(cells=1234), {}))
    text = str(compared_table(frame, {"map": "MAP"}, best={"map": 1.0, "nc": 1.0}))
    assert text.count("Strong('0.900')") == 2
    assert "Strong('0.100')" not in text
    assert text.count("'–'") == 2
    assert tables.title_of("overall_scaled") == "Overall, scaled"
