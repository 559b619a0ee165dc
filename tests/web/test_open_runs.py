"""Runs that are looked at: opened once, anew when they change, forgotten when they go."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

import pytest

from monae_app.engine.errors import InputError
from monae_app.engine.result import Result
from monae_app.web import open_runs
from monae_app.web.open_runs import OpenRuns


@pytest.fixture
def folder(samples_root, tmp_path):
    return shutil.copytree(samples_root / "tiny" / "run", tmp_path / "run")


def test_a_run_is_opened_once_and_anew_when_it_changes(folder):
    runs = OpenRuns()
    first = runs.view(folder)
    first.colouring("rna:Gene0")
    assert runs.view(folder) is first
    kept = runs.kept.size
    assert kept > 0
    os.utime(folder / "cells.h5ad", ns=(1, 1))
    assert runs.view(folder) is not first
    assert runs.kept.size < kept


def test_a_run_that_is_gone_takes_no_memory(folder, samples_root):
    runs = OpenRuns()
    runs.view(folder).colouring("rna:Gene0")
    shutil.rmtree(folder)
    with pytest.raises(InputError):
        runs.view(folder)
    runs.view(samples_root / "tiny" / "run")
    assert runs.kept.size == 0


def test_only_the_last_few_are_kept(folder, tmp_path, monkeypatch):
    monkeypatch.setattr(open_runs, "KEPT_VIEWS", 2)
    runs = OpenRuns()
    others = [shutil.copytree(folder, tmp_path / f"run{number}") for number in range(3)]
    views = [runs.view(other) for other in others]
    assert runs.view(others[2]) is views[2]
    assert runs.view(others[0]) is not views[0]


def test_the_map_never_reads_a_run_whole(client, monkeypatch):
    monkeypatch.setattr(Result, "load", lambda _: pytest.fail("read whole"))
    for path in (
        "map.json",
        "map.xy",
        "map.colour",
        "map.colour?key=rna:Gene0",
        "map.colour?key=rna:Gene0&values=measured",
        "map.colour?key=atac:chr1:100000-100500&with=rna:Gene5",
        "map.csv?colour=rna:Gene0",
        "cells/3.json?key=rna:Gene0",
        "search.json?text=gene1",
    ):
        assert client.get(f"/api/runs/sample-tiny/{path}").status_code == 200


def test_answering_loads_nothing_heavy(samples_root, tmp_path):
    code = f"""
import sys
from pathlib import Path
from monae_app.web.app import create_app
from monae_app.web.settings import Settings
client = create_app(Settings(store=Path({str(tmp_path)!r})), Path({str(samples_root)!r})).server.test_client()
for path in ("map.xy", "map.colour?key=rna:Gene0", "map.colour?key=rna:Gene0&values=measured", "cells/3.json"):
    assert client.get("/api/runs/sample-tiny/" + path).status_code == 200
found = {{"torch", "umap", "numba", "scanpy"}} & set(sys.modules)
assert not found, found
"""
    subprocess.run([sys.executable, "-c", code], check=True)
