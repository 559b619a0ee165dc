"""Matrices of a user's files lie with that user, and go when the file goes."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import anndata as ad
import numpy as np
import pytest
import scipy.sparse as sp

from monae_app.cli import main
from monae_app.engine.data import on_disk
from monae_app.engine.data.contents import ReadingOptions
from monae_app.engine.data.readers import open_file
from monae_app.engine.data.store.kept import for_once
from monae_app.jobs.kept_matrices import matrices_kept, matrices_of, sweep_matrices
from monae_app.jobs.sweeping import sweep
from tests.conftest import run_arguments

if TYPE_CHECKING:
    from pathlib import Path

ONE, OTHER = "1" * 32, "2" * 32


@pytest.fixture(autouse=True)
def _everything_is_large(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(on_disk, "LARGE", 0)


def write(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    values = np.random.default_rng(0).poisson(0.3, (40, 20)).astype(np.float32)
    ad.AnnData(sp.csr_matrix(values)).write_h5ad(path)
    return path


def read(path: Path) -> None:
    open_file(path, ReadingOptions()).parts[0].matrices["X"].read()


def kept(store: Path, user: str) -> list[Path]:
    return list((store / "users" / user / "matrices").glob("*"))


def test_an_upload_is_kept_with_its_owner_whoever_looks(tmp_path: Path):
    upload = write(tmp_path / "users" / ONE / "uploads" / ("a" * 32) / "rna.h5ad")
    with matrices_kept(matrices_of(tmp_path / "users" / OTHER / "runs" / "r1")):
        read(upload)
    assert len(kept(tmp_path, ONE)) == 1
    assert kept(tmp_path, OTHER) == []


def test_another_file_is_kept_with_the_one_who_reads_it_or_nowhere(tmp_path: Path):
    common = write(tmp_path / "data" / "rna.h5ad")
    with matrices_kept():
        read(common)
    assert {each.name for each in tmp_path.iterdir()} == {"data"}
    with matrices_kept(matrices_of(tmp_path / "users" / OTHER / "runs" / "r1")):
        read(common)
    assert len(kept(tmp_path, OTHER)) == 1
    assert matrices_of(common) is None


@pytest.mark.parametrize("end", ["removed", "changed", "unused"])
def test_what_belongs_to_no_file_goes(end: str, tmp_path: Path):
    one, other = (write(tmp_path / "users" / ONE / "uploads" / (each * 32) / "rna.h5ad") for each in "ab")
    with matrices_kept():
        read(one)
        read(other)
    sweep(tmp_path)
    assert len(kept(tmp_path, ONE)) == 2
    if end == "removed":
        one.unlink()
    elif end == "changed":
        os.utime(one, ns=(1, 1))
    else:
        former = time.time() - 40 * 24 * 3600
        for each in kept(tmp_path, ONE):
            if str(one) in (each / "source.json").read_text(encoding="utf-8"):
                os.utime(each / "source.json", (former, former))
    sweep(tmp_path)
    (left,) = kept(tmp_path, ONE)
    assert str(other) in (left / "source.json").read_text(encoding="utf-8")
    # a folder without its note is nobody's
    (left / "source.json").unlink()
    sweep_matrices(tmp_path)
    assert kept(tmp_path, ONE) == []


def test_a_run_that_is_nobodys_keeps_them_in_its_folder(data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """What the command line brings to disk is there for whoever resumes, though it is killed right after."""
    left: list[str] = []

    class Killed(BaseException):
        """Stands for a process that ends here."""

    def killed(*_: object) -> None:
        left.extend(path.name for path in (tmp_path / "run" / on_disk.OF_FILES).glob("*/by_cell/about.json"))
        raise Killed

    monkeypatch.setattr("monae_app.engine.pipeline.locate_features", killed)
    with pytest.raises(Killed):
        main(run_arguments(data, tmp_path / "run"))
    assert len(left) == 2
    assert not list((tmp_path / "run").glob(".matrix-*"))


def test_what_a_killed_process_left_goes_with_the_next(tmp_path: Path):
    dead = subprocess.Popen([sys.executable, "-c", ""])
    dead.wait()
    for pid in (dead.pid, os.getpid()):
        (tmp_path / f".matrix-{pid}-abc").mkdir()
    with on_disk.mapped_in(tmp_path), for_once(on_disk.folder()) as own:
        assert {each.name for each in tmp_path.iterdir()} == {f".matrix-{os.getpid()}-abc", own.name}
