"""What `monae check` says of files that other projects wrote, in one line each."""

from __future__ import annotations

from pathlib import Path

import pytest

from monae_app.cli import main

FOLDER = Path(__file__).parent / "data" / "awkward"
TINY = "too small to train on"
UNKNOWN = "say what it is with rna=, atac=, protein= or methylation="
PARTS = "parts of unknown modality are read once they are named"

VERDICTS = {
    "BPCells__mini_mat_int_64_neg.anndata-v0.12.6.h5ad": [
        "refused; found: rna: 12 values are negative, the lowest -83"
    ],
    "anndata__adata-comments.tsv": ["text table", "3 cells x 2 features", "ok", TINY],
    "anndata__adata.csv": ["text table", "3 cells x 2 features", "ok", TINY],
    "anndata_v0.11.4.h5ad": ["refused; found: anndata_v0.11.4.h5ad has no matrix X (layers: none; raw: no)"],
    "anndata_v0.5.0_cut.h5ad": ["AnnData (.h5ad); rna, ", "scaled or centred) in X, human (sure", "; ok"],
    "anndata_v0.7.8.h5ad": ["AnnData (.h5ad)", "30 cells x 20 features, counts in X; ok", UNKNOWN],
    "cellranger_1.2.0_filtered_gene_bc_matrices_h5.h5": [
        "10x HDF5 (Cell Ranger 2); rna, 12 cells x 343 genes, counts in X, human (hg19, sure); ok"
    ],
    "cellranger_1.2.0_mtx": ["10x matrix (.mtx); rna, 12 cells x 343 genes, counts in X, human (sure); ok"],
    "cellranger_3.0.0_filtered_feature_bc_matrix.h5": [
        "10x HDF5 (Cell Ranger 3)",
        "rna, 1,107 cells x 507 genes, counts in X, human (hg38, sure); ok",
    ],
    "loompy__test.loom": ["200 cells x 20 features, zeros alone in X", "ok", "nothing to train on, every value is 0"],
    "mudata_v0.2.4_axis0.h5mu": ["MuData (.h5mu)", "100 cells x 30 features", "100 cells x 20 features", "ok", PARTS],
    "mudata_v0.4.1_axis0.h5mu": ["MuData (.h5mu)", "100 cells x 30 features", "100 cells x 20 features", "ok", PARTS],
    "mudata_v0.4.1_axis1.h5mu": ["MuData (.h5mu)", "ok", PARTS],
    "scvi-tools__GSE100866_CBMC_8K_13AB_10X-RNA_umi.csv.gz": [
        "text table",
        "50 cells x 10 genes, counts",
        "mouse",
        "ok",
    ],
    "seurat_pbmc_raw.txt": ["text table", "rna, 80 cells x 230 genes, counts in X, human (sure); ok"],
    "single-cell-curation__example_valid.h5ad": ["rna, 2 cells x 7 genes, counts in raw, human (sure); ok", TINY],
    "zellkonverter__krumsiek11.h5ad": ["rna (likely), 640 cells x 11 genes", "in X, mouse (mm10, likely); ok"],
}


@pytest.fixture(scope="module")
def lines():
    """One process reads them all."""
    from monae_app.jobs.checking import check

    return {Path(each["path"]).name: each["line"] for each in check([FOLDER])}


def test_every_file_has_its_line(lines):
    assert sorted(lines) == sorted(VERDICTS)
    assert not any("\n" in line or "Traceback" in line for line in lines.values())


@pytest.mark.parametrize("name", VERDICTS)
def test_the_verdict_is_right(name, lines):
    for words in VERDICTS[name]:
        assert words in lines[name]
    refused = "refused" in VERDICTS[name][0]
    assert (": refused; found: " in lines[name]) == refused
    assert ("expected: " in lines[name] and "to do: " in lines[name]) == refused


def test_the_exit_status_tells_whether_any_is_refused(capsys):
    good = [str(FOLDER / name) for name, words in VERDICTS.items() if "refused" not in words[0]]
    assert main(["check", *good]) == 0
    assert len(capsys.readouterr().out.splitlines()) == len(good)
    assert main(["check", str(FOLDER / "anndata_v0.11.4.h5ad"), good[0]]) == 2
