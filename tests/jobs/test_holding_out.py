"""The hold-out check end to end, on the tiny sample: all methods are scored on the same counts, and it is kept."""

from __future__ import annotations

import json
import sys

import pandas as pd
import pytest

from monae_app.cli import main
from monae_app.engine.errors import InputError
from monae_app.jobs.holding_out import DECODED, LIKE, LOW_RANK, MAGIC, OWN, TITLES, hold_out
from monae_app.jobs.kept_holdout import KeptHoldout
from monae_app.jobs.long_holdout import check_imputation
from monae_app.jobs.peers.catalogue import Peer
from monae_app.jobs.short_work import Bench
from tests.web.tiny_sample import write_sample

FAKE_MAGIC = """
import numpy as np
class MAGIC:
    def __init__(self, **given): self.given = given
    def fit(self, values): self.values = values; return self
    def transform(self, values, genes): return np.asarray(values.todense())[:, genes]
"""


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = write_sample(tmp_path_factory.mktemp("check")) / "run"
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | {"steps": 15, "epochs": None}))
    return folder


@pytest.fixture
def peers(tmp_path, monkeypatch):
    """An environment whose MAGIC returns what it is given."""
    (tmp_path / "peers" / "bin").mkdir(parents=True)
    (tmp_path / "peers" / "magic.py").write_text(FAKE_MAGIC)
    python = tmp_path / "peers" / "bin" / "python"
    start = "import sys; sys.path.insert(0, sys.argv[1]); sys.argv = sys.argv[2:]; import runpy; "
    start += "runpy.run_path(sys.argv[0], run_name='__main__')"
    python.write_text(f'#!/bin/sh\nshift\nexec {sys.executable} -c "{start}" {tmp_path / "peers"} "$@"\n')
    python.chmod(0o755)
    monkeypatch.setattr(Peer, "interpreter", lambda _self: str(python))


def test_every_method_is_scored_and_the_page_finds_it(run, peers, tmp_path):
    told = []
    bench = Bench(tmp_path, "a" * 32, tmp_path, lambda share, text: told.append((share, text)))
    assert check_imputation({"folder": str(run)}, bench) == {"modalities": ["rna", "atac"]}
    found = KeptHoldout(tmp_path, "a" * 32).read(run)
    assert found is not None
    assert found["cells"] == {"rna": 120, "atac": 120}
    for said in found["modalities"].values():
        assert list(said["methods"]) == [OWN, DECODED, LOW_RANK, LIKE, MAGIC]
        every = said["summary"][0]
        # planted types are clear: everybody finds most of what there is
        assert every["features"] > 30
        assert every[LOW_RANK] > 0.5
        assert every[LIKE] > 0.5
        assert len(said["features"]["feature"]) == len(said["features"][OWN])
        # the fake returns the counts of the training part: worse than a mean of like cells
        assert 0.1 < every[MAGIC] < every[LIKE]
    shares = [share for share, _ in told if share is not None]
    assert shares == sorted(shares)
    assert KeptHoldout(tmp_path, "b" * 32).read(run) is None


def test_without_magic_it_is_said_how_to_get_it(run, monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(Peer, "interpreter", lambda _self: None)
    assert main(["holdout", str(run), "--out", str(tmp_path / "table.tsv")]) == 0
    said = capsys.readouterr().out
    assert "make peers" in said
    assert TITLES[OWN] in said
    table = pd.read_csv(tmp_path / "table.tsv", sep="\t")
    assert set(table["modality"]) == {"rna", "atac"}
    assert {"feature", "level", "ceiling", OWN, DECODED, LOW_RANK, LIKE} <= set(table.columns)


def test_files_that_are_gone_are_said(run, tmp_path):
    path = run.parent / "rna.h5ad"
    path.rename(tmp_path / "rna.h5ad")
    try:
        with pytest.raises(InputError, match="put it back"):
            hold_out(run, lambda _share, _text: None)
    finally:
        (tmp_path / "rna.h5ad").rename(path)
