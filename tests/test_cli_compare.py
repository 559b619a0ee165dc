"""``monae compare``: two runs, and a run beside methods, as text and as JSON."""

from __future__ import annotations

import json

import pytest

from monae_app.cli import main
from monae_app.jobs.comparing import _recovery_as_text
from monae_app.jobs.kept_holdout import KeptHoldout, version_of_cells
from tests.web.tiny_sample import write_sample


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return write_sample(tmp_path_factory.mktemp("samples")) / "run"


def test_a_run_differs_in_nothing_from_itself(run, capsys):
    assert main(["compare", str(run), str(run), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["settings"] == []
    assert {row["better"] for row in found["scores"]} <= {"alike"}
    assert found["agreement"]["overlap"] == found["agreement"]["clusters_ari"] == 1
    assert all(row["purity_first"] == row["purity_second"] for row in found["agreement"]["types"])
    assert found["agreement"]["types"]
    main(["compare", str(run), str(run)])
    assert "No setting differs." in capsys.readouterr().out


def test_a_run_stands_beside_methods_raw_and_scaled(run, capsys):
    assert main(["compare", str(run), "--methods", "pca,cca", "--json"]) == 0
    ours, pca, cca = json.loads(capsys.readouterr().out)
    assert [ours["method"], pca["method"], cca["method"]] == ["monae", "pca", "cca"]
    for name in ("biology_conservation", "omics_mixing"):
        # the best of those compared is one, the worst zero: components are scaled, so means of them stay between
        assert all(0 <= each["scaled"][name] <= 1 for each in (ours, pca, cca))
    assert cca["scores"]["omics_mixing"] > pca["scores"]["omics_mixing"]
    assert pca["scores"]["foscttm"] < 0.5


def test_within_a_modality_the_check_that_is_kept_is_printed(run, tmp_path):
    assert "no hold-out check is kept" in _recovery_as_text(run)
    own = tmp_path / "users" / "local" / "runs" / "r1"
    own.mkdir(parents=True)
    (own / "cells.h5ad").write_text("cells")
    found = {"version": version_of_cells(own), "modalities": {"rna": {
        "methods": {"own": "Monae + own counts", "magic": "MAGIC"}, "summary": [{"own": 0.71, "magic": None}],
    }}}  # fmt: skip
    KeptHoldout(tmp_path, "local").write(own, found)
    said = _recovery_as_text(own).splitlines()
    assert [line.split()[-1] for line in said if line.startswith(("Monae + own", "MAGIC"))] == ["0.71", "-"]
    # of cells that are there no more nothing is said
    (own / "cells.h5ad").write_text("other cells")
    assert "no hold-out check is kept" in _recovery_as_text(own)


@pytest.mark.parametrize(
    ("more", "said"),
    [([], "not one thing beside"), (["--methods", "magik"], "no method 'magik'"), (["elsewhere"], "no cells.h5ad")],
)
def test_what_cannot_be_compared_is_said(run, capsys, more, said):
    assert main(["compare", str(run), *more]) == 2
    message = capsys.readouterr().err
    assert said in message
    assert "Traceback" not in message
