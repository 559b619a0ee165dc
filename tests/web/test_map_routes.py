"""The binary routes of the map, by what a browser decodes from them."""

from __future__ import annotations

import io
import json
import shutil

import anndata as ad
import numpy as np
import pandas as pd
import pytest

from monae_app.engine.analysis.part_map import PartMap
from monae_app.jobs.part_maps import KeptMap, PartMaps
from monae_app.jobs.registry import LOCAL
from monae_app.jobs.sharing import Shares
from monae_app.web.app import create_app
from monae_app.web.map_routes import register
from monae_app.web.settings import Settings
from tests.web.tiny_sample import CELLS, TYPES

RUN = "/api/runs/sample-tiny"
N = 2 * CELLS


def decode(data: bytes) -> tuple[dict, np.ndarray]:
    length = int(np.frombuffer(data, "<u4", count=1)[0])
    assert length % 4 == 0
    return json.loads(data[4 : 4 + length]), np.frombuffer(data, np.uint8, offset=4 + length)


def colour(client, run: str = RUN, **asked) -> tuple[dict, np.ndarray]:
    answer = client.get(f"{run}/map.colour", query_string=asked)
    assert answer.status_code == 200, answer.json
    assert answer.content_type == "application/octet-stream"
    return decode(answer.data)


def test_the_map_says_what_it_holds(client, view):
    said = client.get(f"{RUN}/map.json").json
    assert said["cells"] == N
    assert said["modalities"] == [
        {"key": "rna", "title": "RNA", "first": 0, "count": CELLS},
        {"key": "atac", "title": "ATAC", "first": CELLS, "count": CELLS},
    ]
    x, y = view.xy.T
    assert said["bounds"] == pytest.approx([x.min(), x.max(), y.min(), y.max()])


def test_places_come_back_within_one_step(client, view):
    bounds = client.get(f"{RUN}/map.json").json["bounds"]
    low, extent = np.array(bounds[::2]), np.array(bounds[1::2]) - np.array(bounds[::2])
    sent = np.frombuffer(client.get(f"{RUN}/map.xy").data, "<u2").reshape(N, 2)
    assert sent.min(axis=0).tolist() == [0, 0]
    assert sent.max(axis=0).tolist() == [65535, 65535]
    assert (np.abs(low + sent / 65535 * extent - view.xy) <= extent / 65535).all()


def test_groups_have_a_byte_each(client, view):
    header, codes = colour(client, key="obs:cell_type")
    about = [header[name] for name in ("kind", "key", "title", "unit", "missing")]
    assert about == ["groups", "obs:cell_type", "cell_type", "", 0]
    assert [group["name"] for group in header["groups"]] == list(TYPES)
    assert [group["count"] for group in header["groups"]] == np.bincount(codes).tolist()
    names = np.array(TYPES)[codes]
    assert (names == view.colouring("obs:cell_type").values.astype(str)).all()


def test_without_a_key_the_label_is_shown(client):
    assert colour(client)[0]["key"] == "obs:cell_type"


def test_an_imputed_gene_is_spread_over_its_percentiles(client, view):
    header, codes = colour(client, key="rna:Gene0", low=5, high=90)
    values = view.colouring("rna:Gene0").values.to_numpy()
    low, high = np.percentile(values, [5, 90])
    assert (header["low"], header["high"]) == pytest.approx((low, high))
    assert (header["least"], header["most"]) == pytest.approx((values.min(), values.max()))
    assert (np.abs(low + codes / 254 * (high - low) - np.clip(values, low, high)) <= (high - low) / 254).all()
    assert header["unit"] == "imputed, ln(1 + CP10k)"


def test_a_measured_gene_has_no_value_in_the_other_modality(client, view):
    header, codes = colour(client, key="rna:Gene0", values="measured", nonzero=1)
    values = view.colouring("rna:Gene0", measured=True).values.to_numpy()
    assert header["missing"] == CELLS
    assert (codes[CELLS:] == 255).all()
    assert header["zeros"] == (values == 0).sum() > 0
    assert ((codes == 0) == (values == 0)).all()


def test_two_features_share_a_byte(client):
    header, codes = colour(client, key="rna:Gene0", **{"with": "rna:Gene59"})
    assert (header["kind"], header["titles"]) == ("blend", ["Gene0", "Gene59"])
    first, second = codes // 16, codes % 16
    assert first.max() == second.max() == 14
    assert np.corrcoef(first, second)[0, 1] < 0
    header, codes = colour(client, key="rna:Gene0", values="measured", **{"with": "atac:chr1:100000-100500"})
    assert header["missing"] == N
    assert (codes == 255).all()


def test_what_is_unchanged_is_not_sent_again(client):
    tags = set()
    for path in ("map.json", "map.xy", "map.colour?key=rna:Gene0", "map.colour?key=rna:Gene0&low=3"):
        answer = client.get(f"{RUN}/{path}")
        assert answer.headers["Cache-Control"] == "private, no-cache"
        again = client.get(f"{RUN}/{path}", headers={"If-None-Match": answer.headers["ETag"]})
        assert (again.status_code, again.data) == (304, b"")
        assert client.get(f"{RUN}/{path}", headers={"If-None-Match": '"other"'}).status_code == 200
        tags.add(answer.headers["ETag"])
    assert len(tags) == 4
    assert not any(tag.startswith("W/") for tag in tags)


def test_a_cell_says_who_it_is(client, view):
    row = CELLS + 7
    said = client.get(f"{RUN}/cells/{row}.json?key=rna:Gene0").json
    assert (said["row"], said["id"], said["modality"]) == (row, "cell7", "ATAC")
    assert said["labels"]["cell_type"] == view.colouring("obs:cell_type").values[row]
    assert said["value"] == pytest.approx(view.colouring("rna:Gene0").values[row])
    assert client.get(f"{RUN}/cells/{row}.json?key=rna:Gene0&values=measured").json["value"] is None
    assert client.get(f"{RUN}/cells/{row}.json?key=obs:cell_type").json["value"] in TYPES
    assert client.get(f"{RUN}/cells/{row}.json").json["value"] is None


def test_the_search_answers_keys(client):
    hits = client.get(f"{RUN}/search.json?text=gene59").json
    assert hits == [{"key": "rna:Gene59", "name": "Gene59", "kind": "gene", "note": ""}]
    assert len(client.get(f"{RUN}/search.json?text=chr1&limit=7").json) == 7
    assert len(client.get(f"{RUN}/search.json?text=chr1&limit=100000").json) == 50


@pytest.mark.parametrize(
    "path",
    [
        "map.colour?key=rna:Nope",
        "map.colour?key=note:nope",
        "map.colour?key=set:nope",
        "map.colour?key=rna:Gene0&values=guessed",
        "map.colour?key=rna:Gene0&low=99&high=1",
        "map.colour?key=rna:Gene0&high=x",
        "map.colour?key=rna:Gene0&with=obs:cell_type",
        "map.xy?part=Astro",
        f"cells/{N}.json",
        "cells/0.json?key=rna:Nope",
    ],
)
def test_what_is_not_there_is_one_clear_message(client, path):
    answer = client.get(f"{RUN}/{path}")
    assert answer.status_code == 404
    assert set(answer.json) == {"found", "expected", "todo"}
    assert "Traceback" not in answer.text


def laid_out(settings, view, rows: np.ndarray, xy: np.ndarray) -> dict[str, str]:
    """Keep a map of some cells; return the query that asks for it."""
    maps = PartMaps(settings.store, LOCAL)
    key = maps.key(view.folder, rows, 1.0)
    maps.write(view.folder, key, KeptMap(PartMap(rows, xy, np.zeros(len(rows), np.int32)), "some cells", 1.0))
    return {"part": key}


def test_cells_laid_out_alone_have_rows_of_their_own(client, view, settings):
    kind = view.colouring("obs:cell_type").values
    rows = np.flatnonzero(kind == "Astro")
    xy = np.random.default_rng(0).normal(size=(len(rows), 2))
    alone = laid_out(settings, view, rows, xy)
    said = client.get(f"{RUN}/map.json", query_string=alone).json
    half = len(rows) // 2
    assert [(each["first"], each["count"]) for each in said["modalities"]] == [(0, half), (half, half)]
    assert len(client.get(f"{RUN}/map.xy", query_string=alone).data) == 4 * len(rows)
    header, codes = colour(client, key="obs:cell_type", **alone)
    assert {group["name"]: group["count"] for group in header["groups"] if group["count"]} == {"Astro": len(rows)}
    assert len(codes) == len(rows)
    cell = client.get(f"{RUN}/cells/{len(rows) - 1}.json", query_string=alone).json
    assert cell["id"] == view.identity(int(rows[-1]))["id"]
    assert client.get(f"{RUN}/cells/{len(rows)}.json", query_string=alone).status_code == 404
    for other in (alone["part"][::-1], "../" + alone["part"], "x" * 40):
        assert client.get(f"{RUN}/map.json", query_string={"part": other}).status_code == 404


class Notes:
    """Annotation columns as another part of the app keeps them."""

    text = ["kept"] * 10 + [None] * (N - 10)

    def names(self, run: str) -> list[str]:
        return ["mine"]

    def values(self, run: str, name: str) -> pd.Series | None:
        return pd.Series(self.text, dtype="category") if name == "mine" else None

    def version(self, run: str, name: str) -> str:
        return str(hash(tuple(self.text)))


def test_added_columns_are_colours_too(services, samples_root, settings):
    from flask import Flask  # a bare server, with these routes alone

    notes, server = Notes(), Flask("bare")
    register(server, services, notes)
    client = server.test_client()
    header, codes = colour(client, key="note:mine")
    assert header["groups"] == [{"name": "kept", "count": 10}]
    assert (codes[:10] == 0).all()
    assert header["missing"] == N - 10
    assert client.get(f"{RUN}/search.json?text=MIN").json[0]["key"] == "note:mine"
    tag = client.get(f"{RUN}/map.colour?key=note:mine").headers["ETag"]
    notes.text = ["kept"] * 20 + [None] * (N - 20)
    assert client.get(f"{RUN}/map.colour?key=note:mine", headers={"If-None-Match": tag}).status_code == 200


@pytest.fixture
def two_users(tmp_path, samples_root):
    """A server of two browsers, the first with a run: clients, its id, and the shares."""
    settings = Settings(store=tmp_path / "store", single_user=False)
    server = create_app(settings, samples_root).server
    clients = [server.test_client() for _ in range(2)]
    for client in clients:
        client.get("/")
    clients[0].post("/api/uploads", json={"name": "a", "files": [{"path": "a", "size": 0}]}, headers={"X-Monae": "1"})
    user = next((settings.store / "users").glob("*/uploads")).parent
    shutil.copytree(samples_root / "tiny" / "run", user / "runs" / "mine")
    (user / "runs" / "mine" / "status.json").write_text('{"state": "done"}')
    return clients, Shares(settings.store).share(user.name, "mine")


def test_runs_of_others_are_refused_and_shared_ones_open(two_users):
    (owner, other), token = two_users
    for path in ("map.json", "map.xy", "map.colour", "cells/0.json", "search.json?text=a"):
        assert owner.get(f"/api/runs/mine/{path}").status_code == 200
        assert other.get(f"/api/runs/mine/{path}").status_code == 404
        assert other.get(f"/api/runs/shared-{token}/{path}").status_code == 200


@pytest.fixture
def odd_client(tmp_path, samples_root):
    """A run with columns as nobody wishes for them, and no cell of ATAC."""
    folder = tmp_path / "samples" / "odd"
    shutil.copytree(samples_root / "tiny", folder)
    cells = ad.read_h5ad(folder / "run" / "cells.h5ad")[:CELLS].copy()
    generator = np.random.default_rng(0)
    cells.obs["same"] = np.full(CELLS, 2.5)
    cells.obs["nothing"] = np.full(CELLS, np.nan)
    cells.obs["broken"] = np.where(np.arange(CELLS) == 3, np.inf, generator.normal(size=CELLS))
    cells.obs["zeros"] = np.zeros(CELLS)
    cells.write_h5ad(folder / "run" / "cells.h5ad")
    return create_app(Settings(store=tmp_path / "store"), tmp_path / "samples").server.test_client()


def test_odd_columns_and_an_empty_modality_do_no_harm(odd_client):
    run = "/api/runs/sample-odd"
    assert odd_client.get(f"{run}/map.json").json["modalities"][1]["count"] == 0
    header, codes = colour(odd_client, run, key="obs:same")
    assert (header["low"], header["high"], header["missing"], set(codes)) == (2.5, 2.5, 0, {0})
    header, codes = colour(odd_client, run, key="obs:nothing")
    assert (header["low"], header["most"], header["missing"], set(codes)) == (None, None, CELLS, {255})
    header, codes = colour(odd_client, run, key="obs:broken")
    assert header["missing"] == 1
    assert np.flatnonzero(codes == 255).tolist() == [3]
    assert np.isfinite(header["most"])
    header, codes = colour(odd_client, run, key="obs:zeros", nonzero=1)
    assert (header["zeros"], set(codes)) == (CELLS, {0})
    assert odd_client.get(f"{run}/cells/3.json?key=obs:broken").json["value"] is None


def test_the_table_is_whole_however_it_is_cut(client, view, monkeypatch):
    whole = client.get(f"{RUN}/map.csv?colour=rna:Gene0").text
    monkeypatch.setattr("monae_app.web.map_table.ROWS_AT_ONCE", 37)
    assert client.get(f"{RUN}/map.csv?colour=rna:Gene0").text == whole
    assert len(whole.splitlines()) == 1 + N


def test_the_table_of_cells_alone_holds_their_places(client, view, settings):
    rows = np.flatnonzero(view.colouring("obs:cell_type").values == "Endo")
    xy = np.arange(2.0 * len(rows)).reshape(-1, 2)
    answer = client.get(f"{RUN}/map.csv", query_string=laid_out(settings, view, rows, xy))
    table = pd.read_csv(io.StringIO(answer.text))
    assert table["umap_1"].tolist() == xy[:, 0].tolist()
    assert set(table["cell_type"]) == {"Endo"}
    assert table["cell"].tolist() == view.run.names(rows)
