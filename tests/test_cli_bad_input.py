"""What the command line says to files and settings that it cannot use: one message, exit status 2, nothing left."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import anndata as ad
import numpy as np
import pytest
import scipy.sparse as sp

from monae_app.cli import main
from tests.conftest import run_arguments as arguments

if TYPE_CHECKING:
    from collections.abc import Callable


def edited(name: str, edit: Callable[[ad.AnnData], ad.AnnData | None]) -> Callable[[Path, Path], dict[str, Path]]:
    def make(data: Path, folder: Path) -> dict[str, Path]:
        table = ad.read_h5ad(data / f"{name}.h5ad")
        changed = edit(table)
        (table if changed is None else changed).write_h5ad(folder / f"{name}.h5ad")
        return {name: folder / f"{name}.h5ad"}

    return make


def plain_text(data: Path, folder: Path) -> dict[str, Path]:
    (folder / "rna.h5ad").write_text("gene,cell\n")
    return {"rna": folder / "rna.h5ad"}


def missing(data: Path, folder: Path) -> dict[str, Path]:
    return {"rna": folder / "nowhere.h5ad"}


def cut_off(data: Path, folder: Path) -> dict[str, Path]:
    content = (data / "rna.h5ad").read_bytes()
    (folder / "rna.h5ad").write_bytes(content[: len(content) // 2])
    return {"rna": folder / "rna.h5ad"}


def without_x(table: ad.AnnData) -> None:
    table.X = None


def with_nan(table: ad.AnnData) -> None:
    table.X = table.X.toarray()
    table.X[3, 4] = np.nan


def with_negatives(table: ad.AnnData) -> None:
    table.X = sp.csr_matrix(table.X.toarray() - 1)


def with_empty_cells(table: ad.AnnData) -> None:
    keep = np.ones(table.n_obs)
    keep[[5, 9]] = 0
    table.X = sp.csr_matrix(sp.diags(keep) @ table.X)


def without_counts(table: ad.AnnData) -> None:
    table.X = sp.csr_matrix(table.shape)


def with_twin_cells(table: ad.AnnData) -> None:
    table.obs_names = ["twin", "twin", *table.obs_names[2:]]


def with_odd_peaks(table: ad.AnnData) -> None:
    table.var_names = [f"peak number {i}" for i in range(table.n_vars)]


def with_foreign_genes(table: ad.AnnData) -> None:
    table.var_names = [f"Foreign{i}" for i in range(table.n_vars)]


def without_cells(table: ad.AnnData) -> ad.AnnData:
    return table[:0].copy()


@pytest.mark.filterwarnings("ignore:Observation names are not unique")
@pytest.mark.parametrize(
    ("make", "words"),
    [
        (plain_text, "is no .h5ad"),
        (missing, "There is no file"),
        (cut_off, "cut off or damaged"),
        (edited("rna", without_x), "has no matrix X (layers: none; raw: no)"),
        (edited("rna", with_nan), "1 values are NaN or infinite, first in cell 'r3'"),
        (edited("rna", with_negatives), "values are negative, the lowest -1"),
        (edited("atac", without_counts), "none of the 80 cells has any count"),
        (edited("rna", with_twin_cells), "1 cell names stand more than once, such as 'twin'"),
        (edited("atac", with_odd_peaks), "peak number 0"),
        (edited("rna", with_foreign_genes), "None of the 100 genes"),
        (edited("rna", without_cells), "0 cells x 100 features"),
    ],
)
def test_bad_input_ends_in_one_message_and_leaves_nothing(make, words, data, tmp_path, capsys):
    files = make(data, tmp_path)
    out = tmp_path / "deeper" / "run"
    assert main(arguments(data, out, **files)) == 2
    said = capsys.readouterr().err
    message = [line for line in said.splitlines() if line.startswith("monae:")]
    assert len(message) == 1
    assert words in message[0]
    assert "Expected:" in message[0]
    assert "To do:" in message[0]
    assert "Traceback" not in said
    assert not out.parent.exists()


def test_empty_cells_can_be_left_out(data, tmp_path, capsys):
    files = edited("atac", with_empty_cells)(data, tmp_path)
    assert main([*arguments(data, tmp_path / "run", **files), "--set", "min_counts=1"]) == 0
    assert "158 cells" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("extra", "words"),
    [
        (["--set", "batch_size=0"], "batch_size"),
        (["--set", "bach_size=9"], "no setting called 'bach_size'"),
        (["--set", "steps=9"], "use --steps"),
        (["--batch-key", "nothing"], "no obs column 'nothing'"),
        (["--paired"], "no cell name stands in both"),
        (["--device", "cuda"], "This machine has no cuda device"),
        (["lipids=x.h5ad"], "names no input"),
    ],
)
def test_wrong_settings_are_named(extra, words, data, tmp_path, capsys):
    if "cuda" in extra and Path("/dev/nvidia0").exists():
        extra = ["--device", "mps"]
        words = "This machine has no mps device"
    assert main([*arguments(data, tmp_path / "run"), *extra]) == 2
    assert words in capsys.readouterr().err
    assert not (tmp_path / "run").exists()


def test_without_a_genome_the_message_says_so(data, tmp_path, capsys):
    call = ["run", f"rna={data / 'rna.h5ad'}", f"atac={data / 'atac.h5ad'}", "--out", str(tmp_path / "run")]
    assert main(call) == 2
    assert "--genome hg38, hg19 or mm10" in capsys.readouterr().err
