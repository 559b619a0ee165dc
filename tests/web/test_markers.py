"""What the Markers page asks for: groups, features, places on the map, files, programs, and what is refused."""

from __future__ import annotations

import io
import json
import runpy
import shutil
import sys
from urllib.parse import urlencode

import anndata as ad
import numpy as np
import pandas as pd
import pytest

from monae_app.engine.analysis.coembedding.groups import Groups
from monae_app.engine.errors import InputError
from monae_app.jobs import bitsets
from monae_app.jobs.archive import export_run
from monae_app.jobs.archive_import import import_run
from monae_app.jobs.registry import LOCAL, Registry
from monae_app.jobs.short_work import perform
from monae_app.web.app import create_app
from monae_app.web.explore import RunView
from monae_app.web.figures.markers import agreement
from monae_app.web.figures.style import DARK
from monae_app.web.marker_groups import column_options, group_options, marker_groups, number_of
from monae_app.web.marker_map import shown_features
from monae_app.web.marker_view import MarkerView, Wanted
from monae_app.web.pages.markers.choosing import found_features
from monae_app.web.selections import Selections
from tests.web.test_comparing import sent
from tests.web.test_short_jobs_of_users import browser, issue
from tests.web.tiny_sample import CELLS, TYPES

RUN, TYPE = "sample-tiny", "obs:cell_type"
API = f"/api/runs/{RUN}"
OLIGO = TYPES.index("Oligo")


@pytest.fixture(scope="module")
def markers(view: RunView) -> MarkerView:
    return MarkerView.of(view, Groups.of(TYPES, view.run.column("cell_type").cat.codes.to_numpy()))


def of_type(names: pd.Series, modality: str) -> np.ndarray:
    """Type in which a feature of the sample was planted high."""
    if modality == "rna":
        return names.str.removeprefix("Gene").astype(int).to_numpy() * len(TYPES) // 60
    return np.array([(int(name[5:].split("-")[0]) // 100_000 - 1) // 15 for name in names])


def test_features_of_a_type_come_first_in_both_modalities(markers: MarkerView):
    table, note = markers.nearest_features(OLIGO, Wanted())
    assert note == ""
    assert len(table) == 100
    for modality, expected in (("rna", 15), ("atac", 30)):
        mine = table[table["modality"] == modality].head(expected)
        assert mine["rank"].tolist() == list(range(1, expected + 1))
        assert (of_type(mine["feature"], modality) == OLIGO).all()
        assert (mine["nearest"] == "Oligo").all()
        assert (mine["change"] > 1).all()
        assert (mine["mean"] > mine["rest"]).all()
        assert mine["share"].min() > 0.9
        assert mine["score"].is_monotonic_decreasing


def test_features_are_left_out_by_modality_specificity_and_share(markers: MarkerView):
    specific, _ = markers.nearest_features(OLIGO, Wanted("rna", 0.5))
    assert set(specific["modality"]) == {"rna"}
    assert specific["specificity"].min() >= 0.5
    often, note = markers.nearest_features(OLIGO, Wanted("rna", 0.0, 0.9))
    assert 15 <= len(often) < 60
    assert often["share"].min() >= 0.9
    assert note == ""
    none, _ = markers.nearest_features(OLIGO, Wanted("rna", 1.0, 1.0))
    assert none.empty
    assert {"rank", "key", "mean", "share"} <= set(none.columns)


def test_means_are_those_of_the_files(markers: MarkerView, samples_root):
    table = markers.nearest_groups("rna:Gene50")[0].set_index("group")
    counts = ad.read_h5ad(samples_root / "tiny" / "rna.h5ad")
    dense = counts.X.toarray()
    logs = np.log1p(1e4 * dense / dense.sum(axis=1, keepdims=True))[:, 50]
    for number, name in enumerate(TYPES):
        mine = np.arange(CELLS) % len(TYPES) == number
        assert table.loc[name, "mean"] == pytest.approx(logs[mine].mean(), rel=1e-5)
        assert table.loc[name, "share"] == pytest.approx((dense[mine, 50] > 0).mean())
    assert table.index[0] == "Oligo"
    assert table["part"].sum() == pytest.approx(1, abs=1e-6)
    with pytest.raises(InputError, match="no feature"):
        markers.nearest_groups("rna:Nobody")


def test_what_stands_on_the_map(markers: MarkerView):
    shown, every = shown_features(markers, "specific", Wanted(), ["rna:Gene0", "rna:gone"])
    assert shown["key"].iloc[0] == "rna:Gene0"
    assert shown["key"].is_unique
    assert set(shown["nearest"]) == set(TYPES)
    assert len(shown) == every
    xy = markers.view.xy
    cells = markers.found.groups.codes
    for _, each in shown.iterrows():
        nearest = np.square(xy - [each["x"], each["y"]]).sum(axis=1).argmin()
        assert TYPES[cells[nearest]] == each["nearest"]
    assert len(shown_features(markers, "all", Wanted("atac"), [])[0]) == 120
    assert shown_features(markers, "searched", Wanted(), ["atac:chr1:100000-100500"])[0]["modality"].tolist() == [
        "atac"
    ]
    assert shown_features(markers, "searched", Wanted(), [])[0].empty


def test_groups_on_offer_and_a_selection_beside_them(services):
    selections, view = Selections(services), services.view(RUN)
    assert [each["value"] for each in column_options(view, RUN, selections)] == [TYPE, "obs:leiden"]
    chosen = np.arange(2 * CELLS) % len(TYPES) == 0
    chosen[::8] = False
    kept = selections.own(RUN).annotations.sets.add("half of Astro", bitsets.pack(chosen))
    offered = group_options(view, RUN, selections, TYPE)
    assert [each["label"] for each in offered] == [*TYPES, "half of Astro (selection)"]
    found = marker_groups(view, RUN, selections, TYPE, f"set:{kept.id}")
    assert found.groups.names[number_of(found, f"set:{kept.id}")] == "half of Astro (selection)"
    assert found.groups.counts.tolist() == [30, 60, 60, 60, 30]
    assert found.version != marker_groups(view, RUN, selections, TYPE, "in:Astro").version
    with pytest.raises(InputError, match="not there any more"):
        marker_groups(view, RUN, selections, TYPE, "set:gone1")
    for column in ("obs:modality", "obs:none", "note:none", "x"):
        with pytest.raises(InputError, match="no groups"):
            marker_groups(view, RUN, selections, column, None)


def test_motifs_have_groups_and_no_measurement(tmp_path, samples_root):
    shutil.copytree(samples_root / "tiny", tmp_path / "tiny")
    path = tmp_path / "tiny" / "run" / "features.h5ad"
    table = ad.read_h5ad(path)
    motifs = table[table.obs["name"].isin(["Gene50", "Gene1"])].copy()
    motifs.obs["name"], motifs.obs["modality"] = ["MA1", "MA2"], "motif"
    motifs.obs_names = ["motif:MA1", "motif:MA2"]
    both = ad.concat([table, motifs], uns_merge="first")
    both.obs["modality"] = both.obs["modality"].astype(str)
    both.write_h5ad(path)
    view = RunView.open(tmp_path / "tiny" / "run")
    found = MarkerView.of(view, Groups.of(TYPES, view.run.column("cell_type").cat.codes.to_numpy()))
    assert found.modalities == ["rna", "atac", "motif"]
    assert found_features(view, "ma") == {"motif:MA1": "MA1 · motif", "motif:MA2": "MA2 · motif"}
    groups, note = found.nearest_groups("motif:MA2")
    assert groups["group"].iloc[0] == "Oligo"
    assert note == ""
    assert groups["mean"].isna().all()
    assert agreement(groups, "Oligo", DARK).data
    nearest, _ = found.nearest_features(OLIGO, Wanted("motif"))
    assert nearest["feature"].tolist() == ["MA2", "MA1"]
    assert nearest["mean"].isna().all()


def test_an_imported_run_says_that_nothing_was_measured_here(tmp_path, samples_root, settings):
    export_run(samples_root / "tiny" / "run", tmp_path / "run.zip")
    record = import_run(Registry(settings.store, LOCAL), tmp_path / "run.zip", room=10**9)
    view = RunView.open(record.folder)
    found = MarkerView.of(view, Groups.of(TYPES, view.run.column("cell_type").cat.codes.to_numpy()))
    table, note = found.nearest_features(OLIGO, Wanted("rna"))
    assert "imported" in note
    assert table["mean"].isna().all()
    assert table["feature"].notna().all()


def test_the_whole_table_is_a_file(settings, samples_root, markers: MarkerView):
    client = browser(create_app(settings, samples_root))
    ticket = issue(client, "markers-file", RUN, TYPE, "in:Oligo", "all")["markers-file-ticket"]["data"]
    outcome = perform(settings.store, ticket, lambda _share, _text: None)
    assert outcome["state"] == "done", outcome
    with client.get(f"/api/downloads/{outcome['result']['token']}") as answer:
        text = answer.data.decode()
    assert text.startswith("# features next to Oligo among the groups of cell_type")
    table = pd.read_csv(io.StringIO(text), comment="#")
    assert table["modality"].value_counts().to_dict() == {"atac": 120, "rna": 60}
    page, _ = markers.nearest_features(OLIGO, Wanted("rna"))
    mine = table[table["modality"] == "rna"].set_index("feature").loc[page["feature"]]
    for one, other in (("score", "score"), ("mean", "mean"), ("rest", "mean_rest"), ("change", "change"),
                       ("share", "share"), ("specificity", "specificity")):  # fmt: skip
        np.testing.assert_allclose(page[one], mine[other], rtol=1e-4, atol=1e-5)
    assert ((table["entropy"] >= 0) & (table["largest_part"] <= 1)).all()
    refused = issue(client, "markers-file", RUN, "obs:none", "in:Oligo", "all")
    assert "no groups" in json.dumps(refused)


@pytest.mark.parametrize(
    ("name", "asked", "file"),
    [
        ("markers", {"show": "specific", "specific": 0.2, "feature": ["rna:Gene7"]}, "markers.csv"),
        ("nearest_groups", {"feature": "atac:chr1:100000-100500"}, "nearest_groups.csv"),
        ("nearest_features", {"group": "in:L2/3", "modality": "rna"}, None),
    ],
)
def test_programs_make_the_tables_of_the_page_anew(client, tmp_path, monkeypatch, markers, name, asked, file):
    asked = {"column": TYPE, **asked}
    answer = client.get(f"{API}/code/{name}.py", query_string=urlencode(asked, doseq=True))
    assert answer.status_code == 200, answer.text
    (tmp_path / "program.py").write_text(answer.text)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["program.py", str(markers.view.folder)])
    runpy.run_path("program.py", run_name="__main__")
    made = pd.read_csv(next(tmp_path.glob("*.csv")))
    if file is None:
        assert made["feature"].tolist() == markers.nearest_features(2, Wanted("rna"))[0]["feature"].tolist()
        return
    shown = client.get(f"{API}/{file}", query_string=urlencode(asked, doseq=True))
    pd.testing.assert_frame_equal(made, pd.read_csv(io.StringIO(shown.text)), check_exact=False, rtol=1e-4)
    assert next(tmp_path.glob("*.html")).stat().st_size > 1000


def test_a_program_knows_the_cells_of_a_selection(client, services, tmp_path, monkeypatch, markers):
    chosen = np.arange(2 * CELLS) % len(TYPES) == 1
    chosen[1::8] = False
    kept = Selections(services).own(RUN).annotations.sets.add('a "b" \n c', bitsets.pack(chosen))
    asked = {"column": TYPE, "group": f"set:{kept.id}", "feature": "rna:Gene20"}
    text = client.get(f"{API}/code/nearest_groups.py", query_string=asked).text
    (tmp_path / "program.py").write_text(text)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["program.py", str(markers.view.folder)])
    runpy.run_path("program.py", run_name="__main__")
    made = pd.read_csv("nearest_groups.csv")
    shown = pd.read_csv(io.StringIO(client.get(f"{API}/nearest_groups.csv", query_string=asked).text))
    pd.testing.assert_frame_equal(made, shown, check_exact=False, rtol=1e-4)
    assert len(made) == len(TYPES) + 1


def test_what_is_asked_in_vain_is_said(client):
    for path, asked in (
        ("markers.csv", {"column": "obs:none"}),
        ("nearest_groups.csv", {"column": TYPE, "feature": "rna:none"}),
        ("code/markers.py", {"column": TYPE, "feature": "rna:none"}),
        ("code/nearest_features.py", {"column": TYPE, "specific": "x"}),
    ):
        answer = client.get(f"{API}/{path}", query_string=asked)
        assert answer.status_code == 404
        assert answer.get_json()["found"]


def offered(client, run: str | None) -> dict:
    """What the fields offer for a run, and what the page says in their place."""
    listed = json.loads(client.get("/_dash-dependencies").data)
    callback = next(each for each in listed if each["output"].startswith("..markers-column.options"))
    return sent(client, callback, {"run-picker": run})


def test_what_it_says_without_a_run_without_groups_and_with_one_modality(tmp_path, samples_root, settings):
    client = browser(create_app(settings, samples_root))
    assert "Choose data" in json.dumps(offered(client, None))
    assert offered(client, RUN)["markers-modality"]["value"] == "all"
    # a run of one modality, without columns
    export_run(samples_root / "tiny" / "run", tmp_path / "run.zip")
    record = import_run(Registry(settings.store, LOCAL), tmp_path / "run.zip", room=10**9)
    for name in ("cells", "features"):
        table = ad.read_h5ad(record.folder / f"{name}.h5ad")
        table[table.obs["modality"] == "rna"].copy().write_h5ad(record.folder / f"{name}.h5ad")
    settled = json.loads((record.folder / "config.json").read_text())
    settled["inputs"].pop("atac")
    (record.folder / "config.json").write_text(json.dumps(settled))
    one = offered(client, record.id)
    assert one["markers-modality"]["options"] == [{"value": "rna", "label": "RNA"}]
    assert one["markers-view"]["hidden"] is False
    bare = ad.read_h5ad(record.folder / "cells.h5ad")
    bare.obs = bare.obs.drop(columns=["cell_type", "leiden"])
    bare.write_h5ad(record.folder / "cells.h5ad")
    without = offered(client, record.id)
    assert "This run has no groups" in json.dumps(without["markers-message"])
    assert without["markers-view"]["hidden"] is True
