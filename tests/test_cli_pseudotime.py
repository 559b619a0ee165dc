"""`monae pseudotime` as others script against it: a run and a root in, one table or one message out."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.stats import spearmanr

from monae_app.cli import main
from monae_app.engine.analysis.kept_arrays import KeptArrays
from monae_app.engine.analysis.run_slices import RunSlices

MYELOID = Path(__file__).resolve().parents[1] / "data_samples" / "myeloid" / "run"


def test_the_two_lineages_of_the_sample_are_found(tmp_path, capsys):
    out = tmp_path / "on the way" / "time.tsv"
    asked = ["pseudotime", str(MYELOID), "--root-group", "1", "--out", str(out)]
    assert main(asked) == 0
    said = capsys.readouterr()
    assert said.out.startswith(f"{out}: 2,660 cells from rna:")
    assert all(line.startswith("pseudotime: ") for line in said.err.splitlines())
    table = pd.read_csv(out, sep="\t")
    assert list(table) == ["cell", "pseudotime", "branch"]
    run = RunSlices(MYELOID, KeptArrays(2**26))
    for number, least in ((1, 0.9), (2, 0.85)):
        mine = run.column(f"weight_lineage{number}").to_numpy() > 0.5
        theirs = run.column(f"pseudotime_lineage{number}").to_numpy()
        assert spearmanr(table["pseudotime"][mine], theirs[mine])[0] > least
    clusters = run.column("cluster_slingshot").astype(str).to_numpy()
    assert (table["branch"][clusters == "6"] == "6").mean() > 0.9
    assert not table["branch"][clusters == "5"].str.contains("6").any()
    # with or without its modality, a cell is the same root
    name = table["cell"][int(np.nanargmin(table["pseudotime"]))]
    times = []
    for each in (name, name.removeprefix("rna:")):
        assert main(["pseudotime", str(MYELOID), "--root-cell", each, "--out", str(tmp_path / "c.csv")]) == 0
        times.append(pd.read_csv(tmp_path / "c.csv")["pseudotime"])
    assert times[0].equals(times[1])
    assert times[0][table["cell"] == name].item() == 0


def test_cells_space_and_root_are_those_of_the_page(tmp_path, capsys):
    run = RunSlices(MYELOID, KeptArrays(2**26))
    clusters = run.column("cluster_slingshot").astype(str).to_numpy()
    chosen = np.isin(clusters, ["1", "2", "4", "6"])
    asked = [part for each in "1246" for part in ("--cells", f"cluster_slingshot={each}")]

    def ordered(*more: str) -> pd.DataFrame:
        out = tmp_path / "t.csv"
        assert main(["pseudotime", str(MYELOID), "--out", str(out), *more]) == 0
        return pd.read_csv(out)

    by_group = ordered("--root-group", "1", *asked)
    assert f"{chosen.sum():,} cells from rna:" in capsys.readouterr().out
    # all cells have a row; those left out have no time
    assert len(by_group) == run.n_cells
    assert by_group["pseudotime"].isna()[~chosen].all()
    assert by_group["pseudotime"].notna()[chosen].mean() > 0.99
    names = np.array(by_group["cell"])[chosen]
    # as a list, names are taken with and without their modality
    names[::2] = [each.removeprefix("rna:") for each in names[::2]]
    listed = tmp_path / "cells.txt"
    listed.write_text("\n".join([*names, "", names[0]]), encoding="utf-8")
    pd.testing.assert_frame_equal(by_group, ordered("--root-group", "1", "--cells-file", str(listed)))
    # from a marker of the end, along imputed values, the order is the other way round
    backwards = ordered("--root-marker", "rna:Hba-a2", "--along", "rna", *asked)
    assert spearmanr(by_group["pseudotime"], backwards["pseudotime"], nan_policy="omit")[0] < -0.5
    assert clusters[backwards["pseudotime"].argmin()] == "6"
    assert backwards.equals(ordered("--root-marker", "Hba-a2", "--along", "rna", *asked))


@pytest.mark.parametrize(
    ("extra", "words"),
    [
        (["--root-marker", "Nogene"], ("no feature 'Nogene'", "check the name")),
        (["--root-group", "1", "--along", "atac"], ("no atac", "rna")),
        (["--root-group", "1", "--cells", "7"], ("'7' names no group", "column=group")),
        (["--root-group", "1", "--cells", "cluster_slingshot=x"], ("No cell is in", "1, 2, 3, 4, 5, 6, 7")),
        (["--root-group", "1", "--cells", "cluster_slingshot=6"], ("the group 1 is not among the cells",)),
        (["--root-group", "1", "--cells-file", str(MYELOID / "config.json")], ("names are of no cell", "check")),
        (["--root-group", "1", "--cells-file", str(MYELOID / "cells.h5ad")], ("is no text",)),
        (["--root-group", "Nobody"], ("no group 'Nobody'", "1, 2, 3, 4, 5, 6, 7")),
        (["--root-cell", "rna:nobody"], ("no cell 'rna:nobody'", "check the name")),
        (["--root-group", "1", "--label", "nothing"], ("no column 'nothing'", "cluster_slingshot")),
    ],
)
def test_what_is_not_there_is_said(tmp_path, capsys, extra, words):
    assert main(["pseudotime", str(MYELOID), *extra, "--out", str(tmp_path / "t.tsv")]) == 2
    said = capsys.readouterr().err
    assert all(word in said for word in words)
    assert main(["pseudotime", str(MYELOID), "--root-group", "1", "--out", str(tmp_path / "t.txt")]) == 2
    assert ".tsv or .csv" in capsys.readouterr().err
