"""``monae links`` and ``monae regulate`` on a finished run."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pandas as pd
import pytest

from monae_app.cli import main
from tests.web.tiny_sample import GENES, write_sample

if TYPE_CHECKING:
    from pathlib import Path

LINKS = ["gene", "peak", "distance_bp", "score", "sign", "p", "q", "correlation", "in_guidance"]
TARGETS = ["tf", "target", "rank", "score", "sign", "p", "q", "similarity", "correlation", "motif", "motif_peaks"]


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_sample(tmp_path_factory.mktemp("samples"))


def refused(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> str:
    assert main(arguments) == 2
    return capsys.readouterr().err.splitlines()[-1]


def test_links_of_all_genes_and_of_one(sample, tmp_path, capsys):
    out = tmp_path / "links.tsv"
    assert main(["links", str(sample / "run"), "--window", "50000", "--out", str(out)]) == 0
    assert "pairs of genes and peaks" in capsys.readouterr().out
    table = pd.read_csv(out, sep="\t")
    assert table.columns.tolist() == LINKS
    assert table["gene"].nunique() == GENES
    assert table["distance_bp"].between(0, 72_000).all()
    # one chromosome has no other to be held against
    assert table["p"].isna().all()
    # peaks vary as the gene of their place does
    assert table.loc[table["in_guidance"], "score"].median() > 0.8
    assert main(["links", str(sample / "run"), "--gene", "gene7", "--out", str(tmp_path / "one.csv")]) == 0
    one = pd.read_csv(tmp_path / "one.csv")
    assert set(one["gene"]) == {"Gene7"}
    assert len(one) > 2


def test_targets_of_a_gene_with_and_without_motifs(sample, tmp_path, capsys):
    out = tmp_path / "targets.tsv"
    assert main(["regulate", str(sample / "run"), "--tf", "gene3", "--out", str(out)]) == 0
    said = capsys.readouterr()
    assert "without motifs" in said.err
    table = pd.read_csv(out, sep="\t")
    assert table.columns.tolist() == TARGETS
    assert len(table) == GENES - 1
    assert set(table["tf"]) == {"Gene3"}
    peaks = [f"chr1:{start}-{start + 500}" for start in (100_000, 105_000, 200_000, 205_000)]
    pd.DataFrame({"peak": peaks, "motif": "GENE3"}).to_csv(tmp_path / "motifs.tsv", sep="\t", index=False)
    hits = tmp_path / "hits.npz"
    found = ["--motif-peaks", str(tmp_path / "motifs.tsv"), "--out", str(hits)]
    assert main(["motifs", str(sample / "atac.h5ad"), *found]) == 0
    asked = ["regulate", str(sample / "run"), "--tf", "Gene3", "--motif-hits", str(hits), "--top", "2"]
    assert main([*asked, "--out", str(out)]) == 0
    table = pd.read_csv(out, sep="\t")
    assert table["target"].tolist() == ["Gene1", "Gene0"] or table["target"].tolist() == ["Gene0", "Gene1"]
    assert (table["motif"] > 1).all()


def test_what_cannot_be_used_is_refused_in_one_sentence(sample, tmp_path, capsys):
    run, out = str(sample / "run"), str(tmp_path / "x.tsv")
    assert "'nobody'" in refused(["links", run, "--gene", "nobody", "--out", out], capsys)
    assert "'nobody'" in refused(["regulate", run, "--tf", "nobody", "--out", out], capsys)
    assert "no name of a table" in refused(["links", run, "--out", str(tmp_path / "x.txt")], capsys)
    assert "is a folder" in refused(["links", run, "--out", _folder(tmp_path / "t.tsv")], capsys)
    assert "--window 150000" in refused(["links", run, "--window", "-1", "--out", out], capsys)
    assert "--top" in refused(["regulate", run, "--tf", "Gene1", "--top", "0", "--out", out], capsys)
    assert "no motif hits" in refused(
        ["regulate", run, "--tf", "Gene1", "--motif-hits", str(sample / "genes.bed"), "--out", out], capsys
    )
    assert not (tmp_path / "x.tsv").exists()


def test_other_files_than_the_run_was_made_from_are_refused(tmp_path, capsys):
    sample = write_sample(tmp_path)
    rna = sample / "rna.h5ad"
    moved = rna.rename(sample / "moved.h5ad")
    out = ["--out", str(tmp_path / "x.tsv")]
    assert "is not where it was" in refused(["links", str(sample / "run"), *out], capsys)
    (sample / "atac.h5ad").replace(rna)
    moved.replace(sample / "atac.h5ad")
    assert main(["links", str(sample / "run"), *out]) == 2
    config = sample / "run" / "config.json"
    said = json.loads(config.read_text())
    said["inputs"] = {"rna": said["inputs"]["rna"]}
    config.write_text(json.dumps(said))
    assert "no atac" in refused(["links", str(sample / "run"), *out], capsys)


def _folder(path: Path) -> str:
    path.mkdir()
    return str(path)
