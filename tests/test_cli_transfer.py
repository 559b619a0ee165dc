"""`monae transfer` as others script against it: a run in, one table or one message out."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING

import anndata as ad
import pandas as pd
import pytest

from monae_app.cli import main
from tests.conftest import run_arguments
from tests.web.tiny_sample import CELLS, TYPES, write_sample

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_sample(tmp_path_factory.mktemp("samples")) / "run"


def ask(run: Path, out: Path, *extra: str, label: str = "cell_type", source: str = "rna", target: str = "atac") -> list:
    return ["transfer", str(run), "--label", label, "--from", source, "--to", target, "--out", str(out), *extra]


def test_labels_are_written_and_counted(tiny, tmp_path, capsys):
    out = tmp_path / "on the way" / "labels.csv"
    assert main(ask(tiny, out)) == 0
    said = capsys.readouterr()
    assert said.out.startswith(f"{out}: {CELLS} cells of atac, 4 labels from rna, 0 unassigned, mean confidence ")
    assert all(line.startswith("transfer: ") for line in said.err.splitlines())
    table = pd.read_csv(out)
    truth = pd.Series([TYPES[number % len(TYPES)] for number in range(CELLS)])
    assert table["cell"].tolist() == [f"atac:cell{number}" for number in range(CELLS)]
    assert (table["label"] == truth).all()
    assert [name for name in table if name.startswith("p_")] == [f"p_{name}" for name in TYPES]
    assert main(ask(tiny, tmp_path / "labels.tsv", "--json", "--threshold", "1", source="atac", target="rna")) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["unassigned"] == told["cells"] == CELLS
    assert told["labels"].keys() == set(TYPES)
    assert set(pd.read_csv(tmp_path / "labels.tsv", sep="\t")["label"]) == {"unassigned"}


@pytest.mark.parametrize(
    ("extra", "names", "words"),
    [
        ([], {"label": "cell_typ"}, "no column 'cell_typ'. Expected: one of: cell_type, modality"),
        ([], {"label": "modality"}, "1 different values in the cells of rna. Expected: 2 to 200 labels"),
        ([], {"source": "protein"}, "There is no modality 'protein'. Expected: one of: rna, atac."),
        ([], {"target": "protein"}, "There is no modality 'protein'"),
        ([], {"target": "rna"}, "from the cells of rna to themselves"),
        (["--threshold", "2"], {}, "The threshold is 2.0"),
        (["--cells", "nowhere.h5ad"], {}, "embedded"),
    ],
)
def test_what_cannot_be_done_is_one_sentence(tiny, tmp_path, capsys, extra, names, words):
    out = tmp_path / "labels.csv"
    assert main(ask(tiny, out, *extra, **names)) == 2
    said = capsys.readouterr().err
    assert words in said
    assert len([line for line in said.splitlines() if line.startswith("monae:")]) == 1
    assert "Traceback" not in said
    assert not out.exists()


def test_nothing_of_others_is_replaced(tiny, tmp_path, capsys):
    out = tmp_path / "mine.csv"
    out.write_text("precious\n")
    assert main(ask(tiny, out)) == 2
    assert "holds no labels of Monae's" in capsys.readouterr().err
    assert out.read_text() == "precious\n"
    assert main(ask(tmp_path, tmp_path / "labels.csv")) == 2
    assert "is no run" in capsys.readouterr().err


def test_a_run_needs_no_torch(tiny, tmp_path):
    code = f"""
import sys
from monae_app.cli import main
assert main({ask(tiny, tmp_path / "labels.csv")!r}) == 0
sys.exit("torch" in sys.modules)
"""
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)


def test_a_reference_file_and_new_cells_are_embedded_on_the_way(data, tmp_path, capsys):
    assert main(run_arguments(data, tmp_path / "run")) == 0
    reference = ad.read_h5ad(data / "rna.h5ad")
    reference.obs["kind"] = "kind " + reference.obs["cell_type"].astype(str)
    reference.obs_names = [f"reference {name}" for name in reference.obs_names]
    reference.write_h5ad(tmp_path / "reference.h5ad")
    given = ["--reference", str(tmp_path / "reference.h5ad")]
    assert main(ask(tmp_path / "run", tmp_path / "a.csv", *given, label="kind", target="rna")) == 0
    found = pd.read_csv(tmp_path / "a.csv")
    truth = "kind " + ad.read_h5ad(tmp_path / "run" / "cells.h5ad").obs["cell_type"].astype(str)[:80]
    # twelve steps teach little, but each cell of the reference lies where its own copy does
    assert (found["best"].to_numpy() == truth.to_numpy()).mean() > 0.6
    given = ["--cells", str(tmp_path / "reference.h5ad")]
    assert main(ask(tmp_path / "run", tmp_path / "b.csv", *given, source="atac", target="rna")) == 0
    assert pd.read_csv(tmp_path / "b.csv")["cell"].iloc[0].startswith("rna:reference ")
    capsys.readouterr()
    assert main(ask(tmp_path / "run", tmp_path / "c.csv", *given, label="kind", source="atac", target="rna")) == 2
    assert "no column 'kind'" in capsys.readouterr().err
