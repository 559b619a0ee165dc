"""Programs that make anew what a page shows: each runs in a fresh process, and finds the numbers of the page."""

from __future__ import annotations

import ast
import io
import json
from typing import TYPE_CHECKING
from urllib.parse import urlencode

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from monae_app.engine.analysis.cells_as_text import from_text, to_text
from monae_app.engine.errors import InputError
from monae_app.jobs import bitsets
from monae_app.jobs.archive import export_run
from monae_app.jobs.archive_import import import_run
from monae_app.jobs.gene_sets import GeneSet, GeneSets
from monae_app.jobs.part_maps import order_of
from monae_app.jobs.registry import LOCAL, Registry
from monae_app.jobs.short_work import Tickets, perform
from monae_app.web.app import create_app
from monae_app.web.group_choice import GroupChoice
from monae_app.web.pages.differential.over_groups import _data
from monae_app.web.selections import Selections
from monae_app.web.settings import Settings
from monae_app.web.snippets.program import literal
from tests.web.test_short_jobs_of_users import browser, user_of
from tests.web.tiny_sample import CELLS

if TYPE_CHECKING:
    from pathlib import Path

N = 2 * CELLS
RUN = "sample-tiny"
API = f"/api/runs/{RUN}"


def code(client, name: str, **asked) -> str:
    answer = client.get(f"{API}/code/{name}.py", query_string=urlencode(asked, doseq=True))
    assert answer.status_code == 200, answer.text
    assert answer.mimetype == "text/x-python"
    return answer.text


def done(settings, work: str, order: dict) -> dict:
    outcome = perform(settings.store, Tickets(settings.store).issue(work, LOCAL, order), lambda _share, _text: None)
    assert outcome["state"] == "done", outcome
    return outcome["result"]


def same_table(made: Path, client, url: str, **asked) -> None:
    mine = pd.read_csv(made)
    shown = pd.read_csv(io.StringIO(client.get(f"{API}/{url}", query_string=urlencode(asked)).text), comment="#")
    pd.testing.assert_frame_equal(mine, shown, check_exact=True)


@pytest.mark.parametrize(
    "asked",
    [{"colour": "obs:cell_type"}, {"colour": "rna:Gene7", "values": "measured", "panel": "split"},
     {"colour": "atac:chr1:100000-100500"}],
    ids=["column", "measured", "imputed"],
)  # fmt: skip
def test_a_map(client, ran, tmp_path, asked):
    made = ran("map", code(client, "map", **asked), tmp_path)
    same_table(made / "map.csv", client, "map.csv", **asked)
    assert "plotly" in (made / "map.html").read_text()


def test_a_blend_of_a_gene_set_and_a_gene(client, ran, tmp_path, settings):
    chosen = GeneSet.of('my "set"\n', ["Gene1", "Gene2"])
    GeneSets(settings.store, LOCAL).add(chosen)
    made = ran("map", code(client, "map", colour=f"set:{chosen.id}", **{"with": "rna:Gene9"}), tmp_path)
    table = pd.read_csv(made / "map.csv")
    for column, key in ((4, f"set:{chosen.id}"), (5, "rna:Gene9")):
        shown = pd.read_csv(io.StringIO(client.get(f"{API}/map.csv", query_string={"colour": key}).text))
        assert table.columns[column] == shown.columns[4]
        np.testing.assert_array_equal(table.iloc[:, column], shown.iloc[:, 4])
    assert {"map_1.html", "map_2.html"} <= {path.name for path in made.iterdir()}


def test_cells_alone_by_their_clusters(client, ran, tmp_path, settings, services):
    view, annotations = services.view(RUN), Selections(services).of(RUN).annotations
    chosen = np.arange(N) % 4 < 2
    order = order_of(view.folder, chosen, 0.7, "two types")
    made = done(settings, "map", order | {"annotations": str(annotations.folder), "column": "x\"y'z"})
    asked = {"colour": f"note:{made['column']}", "part": made["part"]}
    folder = ran("map", code(client, "map", **asked), tmp_path)
    same_table(folder / "map.csv", client, "map.csv", **asked)
    assert len(pd.read_csv(folder / "map.csv")) == chosen.sum()


@pytest.mark.parametrize("second", [[], ["obs:cell_type=Endo", "obs:cell_type=L2/3"]], ids=["rest", "groups"])
@pytest.mark.parametrize("saved", [False, True], ids=["column", "selection"])
def test_a_comparison(client, ran, tmp_path, settings, services, *, saved, second):
    view, selections = services.view(RUN), Selections(services)
    keys = ["obs:cell_type=Astro"]
    if saved:
        kept = selections.own(RUN).annotations.sets.add("mine", bitsets.pack(np.arange(N) % 4 == 0))
        keys = [f"set:{kept.id}"]
    choice = GroupChoice(view, RUN, selections)
    order = {
        "folder": str(view.folder), "version": view.version, "modality": "rna",
        "first": bitsets.written(choice.cells(keys)),
        "second": bitsets.written(choice.cells(second)) if second else None, "names": ["one", "other"],
        "chosen": [keys, second], "samples": None,
    }  # fmt: skip
    key = done(settings, "compare", order)["key"]
    program = code(client, "differential", key=key)
    assert ("from_text" in program) == saved
    made = ran("differential", program, tmp_path)
    shown = pd.read_csv(io.StringIO(client.get(f"/api/comparisons/{key}.csv").text), comment="#")
    pd.testing.assert_frame_equal(pd.read_csv(made / "differential.csv"), shown, check_exact=True)
    assert (made / "volcano.html").exists()


@pytest.mark.parametrize("kind", ["dot", "violin", "heat", "composition"])
def test_features_over_groups(client, ran, tmp_path, services, kind):
    features = ["rna:Gene3", "rna:Gene20"]
    program = code(client, "groups", kind=kind, column="cell_type", part="modality", feature=features)
    made = ran("groups", program, tmp_path)
    shown = _data(services.view(RUN), features, "cell_type", "modality", kind).to_csv()
    assert (made / f"{kind}.csv").read_text() == shown
    assert (made / f"{kind}.html").exists()


def test_labels(client, ran, tmp_path, settings, services):
    order = {"folder": str(services.view(RUN).folder), "source": "rna", "column": "cell_type", "target": "atac"}
    done(settings, "labels", order)
    token = done(settings, "labels_file", order | {"threshold": 0.6})["token"]
    with client.get(f"/api/downloads/{token}") as answer:
        shown = pd.read_csv(io.BytesIO(answer.data))
    asked = {"from": "rna", "label": "cell_type", "to": "atac", "threshold": 0.6}
    mine = pd.read_csv(ran("labels", code(client, "labels", **asked), tmp_path) / "labels.csv")
    assert mine["label"].tolist() == shown["label"].tolist()
    # the page keeps probabilities in half precision
    pd.testing.assert_frame_equal(mine, shown, check_exact=False, atol=1e-3)


def test_a_verdict(client, ran, tmp_path):
    made = ran("verdict", code(client, "verdict"), tmp_path)
    same_table(made / "verdict.csv", client, "verdict.csv")


def test_losses(client, ran, tmp_path, services):
    made = ran("losses", code(client, "losses"), tmp_path)
    shown, _ = services.losses.read(services.registry.get(RUN).files)
    pd.testing.assert_frame_equal(pd.read_csv(made / "losses.csv"), shown, check_dtype=False)


def test_who_shares_a_server_learns_no_path_and_can_run_it_on_an_export(ran, tmp_path, samples_root):
    settings = Settings(store=tmp_path / "store", single_user=False)
    app = create_app(settings, samples_root)
    one, other = browser(app), browser(app)
    export_run(samples_root / "tiny" / "run", tmp_path / "run.zip")
    record = import_run(Registry(settings.store, user_of(one)), tmp_path / "run.zip", room=10**9)
    url = f"/api/runs/{record.id}/code/verdict.py"
    program = one.get(url).text
    assert str(tmp_path) not in program
    assert other.get(url).status_code == 404
    ran("verdict", program, tmp_path / "elsewhere", str(record.folder))
    assert (tmp_path / "elsewhere" / "verdict.csv").exists()


@pytest.mark.parametrize(
    ("name", "asked"),
    [("map", {"colour": "rna:Nope"}), ("map", {"part": "0" * 40}), ("differential", {"key": "0" * 40}),
     ("differential", {}), ("groups", {"kind": "dot", "column": "cell_type"}),
     ("groups", {"kind": "pie", "column": "cell_type", "feature": "rna:Gene1"}),
     ("groups", {"kind": "composition", "column": "cell_type", "part": "nope"}), ("labels", {"from": "rna"})],
)  # fmt: skip
def test_of_what_is_not_there_no_program_is_written(client, name, asked):
    answer = client.get(f"{API}/code/{name}.py", query_string=asked)
    assert answer.status_code == 404
    assert set(json.loads(answer.text)) == {"found", "expected", "todo"}


@given(st.text() | st.lists(st.text()) | st.floats(allow_nan=False, allow_infinity=False))
def test_what_is_said_comes_into_a_program_as_a_literal(value):
    assert ast.literal_eval(literal(value)) == value


@given(st.lists(st.integers(0, 255)))
def test_cells_written_as_text_come_back(codes):
    assert from_text(to_text(np.array(codes, np.uint8))).tolist() == codes


def test_text_that_was_cut_is_said_to_be():
    with pytest.raises(InputError, match="cannot be read"):
        from_text(to_text(np.arange(200))[:-20])
