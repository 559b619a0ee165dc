"""Answers on data sets: found out by a child process, kept, and asked for anew when a file changes."""

from __future__ import annotations

import gc
import os
import signal
import string
import subprocess
import sys
import time

import anndata as ad
import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from monae_app.engine.errors import InputError
from monae_app.jobs import surveys as module
from monae_app.jobs.columns import read_columns, write_columns
from monae_app.jobs.survey import main
from monae_app.jobs.surveys import Surveys


@pytest.fixture
def values(data):
    inputs = {name: str(data / f"{name}.h5ad") for name in ("rna", "atac")}
    return {"inputs": inputs, "bed": str(data / "genes.bed.gz")}


@pytest.fixture
def answers(tmp_path):
    made = Surveys(tmp_path / "surveys")
    yield made
    made.close()


def test_places_and_quality_of_a_data_set(answers, values, data, tmp_path):
    asked = values | {"rna_min_counts": 10_000_000}
    first = answers.ask("places", asked)
    assert first.state == "running"
    found = answers.wait("places", asked)
    assert found.said == {"modalities": ["rna", "atac"]}
    genes, peaks = (read_columns(found.folder / f"places-{name}.npz") for name in ("rna", "atac"))
    tables = {name: ad.read_h5ad(data / f"{name}.h5ad") for name in ("rna", "atac")}
    assert genes["name"].tolist() == tables["rna"].var_names.tolist()
    assert (peaks["start"] < peaks["end"]).all()
    # answered from now on without a process
    assert Surveys(tmp_path / "surveys", (sys.executable, "-c", "1/0")).ask("places", asked) == found
    # cut-offs do not matter, the genome matters to some
    assert answers.ask("places", values | {"bed": None}).folder == found.folder
    main([str(tmp_path), "quality", module.json.dumps(values)])
    quality = read_columns(tmp_path / "quality-atac.npz")
    np.testing.assert_array_equal(quality["counts"], tables["atac"].X.sum(1).A1)
    assert quality["tss_share"].between(0, 1).all()


def test_whether_modalities_share_structure(values, tmp_path):
    assert main([str(tmp_path), "alignment", module.json.dumps(values)]) == 0
    state = module._read_state(tmp_path, "alignment")
    assert state.said["modalities"] == ["rna", "atac"]
    (pair,) = state.said["pairs"]
    assert pair["modalities"] == ["rna", "atac"]
    assert pair["answer"] == "shared"
    assert sum(pair["null"]["counts"]) == pair["permutations"]
    # genes and peaks cannot meet without their places
    assert main([str(tmp_path), "alignment", module.json.dumps(values | {"bed": None})]) == 2
    assert "No genome was named" in module._read_state(tmp_path, "alignment").error.found


def test_doublets_and_proteins(tmp_path):
    generator = np.random.default_rng(0)
    tables = {
        "rna": ["Cd4", "Ptprc", *(f"Gene{i}" for i in range(40))],
        "protein": ["CD4_TotalSeqB", "PTPRC", "IgG1", "A", "B", "C"],
    }
    inputs = {}
    for name, features in tables.items():
        counts = sp.csr_matrix(generator.poisson(3, (60, len(features))).astype(np.float32))
        inputs[name] = str(tmp_path / f"{name}.h5ad")
        obs = pd.DataFrame(index=[f"cell{i}" for i in range(60)])
        ad.AnnData(counts, obs=obs, var=pd.DataFrame(index=features)).write_h5ad(inputs[name])
    text = module.json.dumps({"inputs": inputs})
    assert main([str(tmp_path), "places", text]) == 0
    proteins = read_columns(tmp_path / "places-protein.npz")
    assert proteins["gene"].tolist() == ["Cd4", "Ptprc", "", "", "", ""]
    assert main([str(tmp_path), "doublets", text]) == 0
    assert read_columns(tmp_path / "doublets-rna.npz")["doublet_score"].between(0, 1).all()
    assert not (tmp_path / "doublets-protein.npz").exists()
    state = module._read_state(tmp_path, "doublets")
    assert list(state.said["thresholds"]) == ["rna"]


def test_a_changed_file_is_looked_at_anew(answers, values):
    first = answers.ask("places", values).folder
    path = values["inputs"]["rna"]
    os.utime(path, (time.time() + 5, time.time() + 5))
    assert answers.ask("places", values).folder != first


def test_a_bad_file_is_explained_and_can_be_tried_again(answers, tmp_path):
    bad = tmp_path / "bad.h5ad"
    bad.write_text("no table")
    values = {"inputs": {"rna": str(bad)}}
    with pytest.raises(InputError, match=r"bad\.h5ad"):
        answers.wait("quality", values)
    assert answers.ask("quality", values).state == "failed"
    assert answers.ask("quality", values, again=True).state == "running"


def test_a_process_that_dies_or_hangs_is_explained(tmp_path, values, monkeypatch):
    died = Surveys(tmp_path / "a", (sys.executable, "-c", "import os; os.abort()"))
    with pytest.raises(InputError, match="ended before its time"):
        died.wait("places", values)
    monkeypatch.setattr(module, "LIMIT_SECONDS", 0.3)
    hangs = Surveys(tmp_path / "b", (sys.executable, "-c", "import time; time.sleep(60)"))
    with pytest.raises(InputError, match="took longer"):
        hangs.wait("places", values, seconds=20)


def test_no_more_than_two_at_once(tmp_path, values):
    busy = Surveys(tmp_path / "s", (sys.executable, "-c", "import time; time.sleep(60)"))
    try:
        assert busy.ask("places", values).message == "Starting"
        assert busy.ask("quality", values).message == "Starting"
        assert "Waiting" in busy.ask("doublets", values).message
    finally:
        busy.close()


def test_what_was_asked_goes_with_whoever_asked(tmp_path, values, monkeypatch):
    started = []
    begin = subprocess.Popen
    monkeypatch.setattr(subprocess, "Popen", lambda *args, **how: started.append(begin(*args, **how)) or started[-1])
    asked = Surveys(tmp_path / "s", (sys.executable, "-c", "import time; time.sleep(60)"))
    asked.ask("places", values)
    assert started[0].poll() is None
    del asked
    gc.collect()
    assert started[0].returncode == -signal.SIGKILL


def test_old_answers_are_forgotten(tmp_path, values, monkeypatch):
    monkeypatch.setattr(module, "KEPT", 2)
    kept = Surveys(tmp_path, (sys.executable, "-c", "0"))
    for number in range(4):
        (tmp_path / f"old{number}").mkdir()
        os.utime(tmp_path / f"old{number}", (number, number))
    folder = kept.ask("places", values).folder
    kept.close()
    assert sorted(each.name for each in tmp_path.iterdir()) == sorted([folder.name, "old3"])


text = st.text(string.printable + "é", max_size=6)


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(text, st.integers(-(2**40), 2**40), st.floats(allow_nan=True, width=64)), max_size=5))
def test_columns_come_back(tmp_path, rows):
    table = pd.DataFrame(
        {"name": pd.Series([row[0] for row in rows], dtype=object), "n": np.array([r[1] for r in rows], np.int64)}
    ).assign(x=np.array([row[2] for row in rows], float))
    write_columns(table, tmp_path / "t.npz")
    found = read_columns(tmp_path / "t.npz")
    assert found["name"].tolist() == table["name"].tolist()
    pd.testing.assert_frame_equal(found[["n", "x"]], table[["n", "x"]])
