"""`monae motifs` as others script against it: peaks and a genome or a table in, one file of hits or one message out."""

from __future__ import annotations

import shutil
from pathlib import Path

import anndata as ad
import numpy as np
import pandas as pd
import pytest

from monae_app.cli import main
from monae_app.engine.data.motifs.hits import MotifHits
from monae_app.engine.data.motifs.meme_text import write_meme
from tests.engine.data.motifs.genomes import Planted, planted

SAMPLE = Path(__file__).resolve().parents[1] / "data_samples" / "mouse_cortex"


@pytest.fixture(scope="module")
def made() -> Planted:
    return planted(5, peaks_each=40)


@pytest.fixture
def folder(made: Planted, tmp_path: Path) -> Path:
    made.write(tmp_path / "made.fa")
    (tmp_path / "made.meme").write_text(write_meme(made.motifs.motifs))
    made.peaks.to_csv(tmp_path / "peaks.bed", sep="\t", header=False, index=False)
    var = made.peaks.set_axis([f"peak_{at}" for at in range(len(made.peaks))])
    cells = pd.DataFrame(index=["a", "b"])
    ad.AnnData(np.ones((2, len(var)), np.float32), obs=cells, var=var).write_h5ad(tmp_path / "atac.h5ad")
    return tmp_path


def ask(folder: Path, peaks: str, *flags: str, out: str = "hits.npz") -> int:
    return main(["motifs", str(folder / peaks), *flags, "--out", str(folder / out)])


def scan(folder: Path) -> list[str]:
    return ["--motifs", str(folder / "made.meme"), "--fasta", str(folder / "made.fa")]


def test_peaks_are_scanned_once_and_keep_their_names(made, folder, capsys):
    assert ask(folder, "peaks.bed", *scan(folder)) == 0
    said = capsys.readouterr()
    assert "80 peaks x 4 motifs" in said.out
    assert "p <= 0.0001" in said.out
    assert "motifs: Scanning 80 peaks for 4 motifs" in said.err
    found = MotifHits.load(folder / "hits.npz")
    assert list(found.peaks) == list(made.peaks.index)
    assert (found.counts.toarray() > 0)[made.truth].mean() > 0.95
    assert found.provenance["motif_source"] == "made.meme"
    assert ask(folder, "atac.h5ad", *scan(folder)) == 0
    said = capsys.readouterr()
    assert "nothing was scanned" in said.out
    assert "Scanning" not in said.err


def test_a_table_is_laid_over_the_peaks_of_a_run(folder, capsys):
    run = folder / "run"
    run.mkdir()
    for name in ("config.json", "report.json", "cells.h5ad", "features.h5ad", "status.json"):
        shutil.copy(SAMPLE / "run" / name, run / name)
    obs = ad.read_h5ad(run / "features.h5ad", backed="r").obs
    peaks = obs[obs["modality"] == "atac"]
    rows = peaks[["chrom", "chromStart", "chromEnd"]].head(50).assign(motif="CTCF_MA0139.1")
    rows.to_csv(folder / "peak_motif_mapping.bed", sep="\t", header=False, index=False)
    table = ["--motif-peaks", str(folder / "peak_motif_mapping.bed"), "--organism", "mouse"]
    assert main(["motifs", str(run), *table, "--out", str(folder / "new" / "hits.npz")]) == 0
    found = MotifHits.load(folder / "new" / "hits.npz")
    assert list(found.peaks) == peaks["name"].astype(str).tolist()
    assert found.genes == [("Ctcf",)]
    assert found.counts[:50].sum() == 50
    assert f"50 of {len(peaks):,} peaks have a counterpart" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("peaks", "flags", "out", "said"),
    [
        ("peaks.bed", [], "hits.npz", "Neither a genome nor a table"),
        ("peaks.bed", ["--fasta", "FOLDER/made.fa", "--motif-peaks", "FOLDER/peaks.bed"], "hits.npz", "were named"),
        ("peaks.bed", ["--fasta", "FOLDER/none.fa"], "hits.npz", "cannot be opened"),
        ("peaks.bed", ["--fasta", "FOLDER/peaks.bed", "--motifs", "FOLDER/made.meme"], "hits.npz", "no FASTA"),
        ("peaks.bed", ["--fasta", "FOLDER/made.fa", "--motifs", "FOLDER/peaks.bed"], "hits.npz", "holds no motifs"),
        ("peaks.bed", ["--fasta", "FOLDER/made.fa", "--motifs", "FOLDER/none"], "hits.npz", "no file none"),
        ("peaks.bed", ["--motif-peaks", "FOLDER/none"], "hits.npz", "no file none"),
        ("peaks.bed", ["--fasta", "FOLDER/made.fa", "--p", "2"], "hits.npz", "no threshold"),
        ("peaks.bed", ["--motif-peaks", "FOLDER/made.fa"], "hits.npz", "is no table of motifs and peaks"),
        ("none.bed", ["--fasta", "FOLDER/made.fa"], "hits.npz", "is not there"),
        ("made.meme", ["--fasta", "FOLDER/made.fa"], "hits.npz", "made.meme"),
        ("peaks.bed", ["--fasta", "FOLDER/made.fa"], "atac.h5ad", "does not end in .npz"),
        ("peaks.bed", ["--fasta", "FOLDER/made.fa"], "mine.npz", "holds no motif hits"),
    ],
)
def test_what_cannot_be_used_is_said_in_one_message(folder, capsys, peaks, flags, out, said):
    (folder / "mine.npz").write_bytes(b"mine")
    before = {path.name for path in folder.iterdir()}
    assert ask(folder, peaks, *(flag.replace("FOLDER", str(folder)) for flag in flags), out=out) == 2
    message = capsys.readouterr().err.splitlines()[-1]
    assert said in message
    assert "Expected: " in message or "To do: " in message
    assert {path.name for path in folder.iterdir()} - {"made.fa.fai"} == before
    assert (folder / "mine.npz").read_bytes() == b"mine"
