"""cellxgene opens what a user takes home; it lives in the environment that ``make cellxgene`` makes."""

from __future__ import annotations

import gzip
import json
import os
import socket
import subprocess
import time
import urllib.error
import urllib.request
from pathlib import Path

import anndata as ad
import numpy as np
import pytest

from monae_app.engine.result import Result
from monae_app.jobs.annotations import Annotations
from monae_app.jobs.bitsets import pack
from monae_app.jobs.downloads import Downloads
from monae_app.jobs.short_tables import export_tables
from monae_app.jobs.short_work import Bench

ROOT = Path(__file__).resolve().parents[1]
RUN = ROOT / "data_samples" / "pbmc_protein" / "run"
COMMAND = Path(os.environ.get("MONAE_CELLXGENE", ROOT / ".venv-cellxgene")).absolute() / "bin" / "cellxgene"
LONG = 120.0

pytestmark = [
    pytest.mark.long,
    pytest.mark.skipif(not COMMAND.is_file(), reason="cellxgene is not installed: make cellxgene, or MONAE_CELLXGENE"),
]


@pytest.fixture(scope="module")
def exported(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("export")
    cells = Result.load(RUN).cells.n_obs
    Annotations(folder / "notes", cells).columns.add("reviewed", "good", pack(np.arange(cells) % 3 == 0))
    bench = Bench(store=folder, user="local", folder=folder, tell=lambda *_: None)
    order = {"folder": str(RUN), "modality": "rna", "imputed": False, "notes": str(folder / "notes")}
    return Downloads(folder, "local").find(export_tables(order, bench)["token"])


@pytest.fixture(scope="module")
def opened(exported, tmp_path_factory):
    """Address of a cellxgene that shows the file."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    log = tmp_path_factory.mktemp("log") / "cellxgene.log"
    with log.open("wb") as out:
        process = subprocess.Popen(
            [COMMAND, "launch", exported, "--host", "127.0.0.1", "--port", str(port), "--disable-annotations"],
            stdout=out,
            stderr=subprocess.STDOUT,
        )
    address, until = f"http://127.0.0.1:{port}/api/v0.2/", time.monotonic() + LONG
    try:
        while True:
            assert process.poll() is None, log.read_text()
            assert time.monotonic() < until, log.read_text()
            try:
                asked(address + "config")
                break
            except (urllib.error.URLError, ConnectionError):
                time.sleep(0.5)
        yield address
    finally:
        process.terminate()
        process.wait(20)


def asked(url: str) -> bytes:
    """Ask as a browser does: cellxgene 1.3 fails where it may not pack its answers."""
    request = urllib.request.Request(url, headers={"Accept": "*/*", "Accept-Encoding": "gzip"})
    with urllib.request.urlopen(request, timeout=60) as answer:
        content = answer.read()
        return gzip.decompress(content) if answer.headers["Content-Encoding"] == "gzip" else content


def test_cellxgene_knows_cells_columns_notes_and_embeddings(opened, exported):
    table = ad.read_h5ad(exported)
    schema = json.loads(asked(opened + "schema"))["schema"]
    assert (schema["dataframe"]["nObs"], schema["dataframe"]["nVar"]) == table.shape
    columns = {each["name"]: each for each in schema["annotations"]["obs"]["columns"]}
    assert set(table.obs) <= set(columns)
    assert sorted(columns["cell_type"]["categories"]) == sorted(table.obs["cell_type"].cat.categories)
    assert "good" in columns["reviewed"]["categories"]
    layouts = {each["name"] for each in schema["layout"]["obs"]}
    assert {"umap", "monae"} <= layouts
    assert json.loads(asked(opened + "config"))["config"]["displayNames"]["dataset"]


def test_cellxgene_sends_annotations_places_and_counts(opened, exported):
    table = ad.read_h5ad(exported)
    index = json.loads(asked(opened + "schema"))["schema"]["annotations"]["var"]["index"]
    for path, names, least in (
        ("annotations/obs", ["cell_type", "reviewed"], 4 * table.n_obs),
        ("annotations/var", ["modelled"], 4 * table.n_vars),
        ("layout/obs?layout-name=umap", ["umap_0", "umap_1"], 8 * table.n_obs),
    ):
        content = asked(opened + path)
        assert len(content) >= least, path
        assert all(name.encode() in content for name in names), path
    most = int(np.asarray(table.X.sum(axis=0)).argmax())
    counts = table.X[:, [most]].toarray().astype("<f4")
    assert counts.tobytes() in asked(f"{opened}data/var?var:{index}={table.var_names[most]}")
