"""Files of other projects, as the field writes them: what is read of each, or why it is refused."""

from __future__ import annotations

from pathlib import Path

import anndata as ad
import numpy as np
import pytest

from monae_app.engine.data.readers import open_file
from monae_app.engine.errors import InputError
from tests.engine.data.readers.planted_tables import dense

FOLDER = Path(__file__).resolve().parents[3] / "data" / "awkward"
# of each file: the format, and of each part name, modality, genome and shape of X; the other matrices and shapes
EXPECTED = {
    "BPCells__mini_mat_int_64_neg.anndata-v0.12.6.h5ad": [
        ("", None, None, {"X": (5, 6), "dense": (5, 6), "transpose": (5, 6)})
    ],
    "anndata_v0.5.0_cut.h5ad": [("", None, None, {"X": (60, 80), "raw": (60, 80)})],
    "anndata_v0.7.8.h5ad": [("", None, None, {"X": (30, 20), "raw": (30, 40), "array": (30, 20), "sparse": (30, 20)})],
    "single-cell-curation__example_valid.h5ad": [("", None, None, {"X": (2, 7), "raw": (2, 7)})],
    "zellkonverter__krumsiek11.h5ad": [("", None, None, {"X": (640, 11)})],
    "cellranger_1.2.0_filtered_gene_bc_matrices_h5.h5": [("", "rna", "hg19", {"X": (12, 343)})],
    "cellranger_1.2.0_mtx": [("", None, None, {"X": (12, 343)})],
    "cellranger_3.0.0_filtered_feature_bc_matrix.h5": [("Gene Expression", "rna", "hg38", {"X": (1107, 507)})],
    "loompy__test.loom": [("", None, None, {"X": (200, 20)})],
    "mudata_v0.2.4_axis0.h5mu": [
        ("mod2", None, None, {"X": (100, 30)}),
        ("mod1", None, None, {"X": (100, 20), "raw": (100, 10)}),
    ],
    "mudata_v0.4.1_axis0.h5mu": [
        ("mod2", None, None, {"X": (100, 30)}),
        ("mod1", None, None, {"X": (100, 20), "raw": (100, 10)}),
    ],
    "mudata_v0.4.1_axis1.h5mu": [
        ("mod2", None, None, {"X": (100, 30)}),
        ("mod1", None, None, {"X": (100, 20), "raw": (100, 10)}),
    ],
    "anndata__adata.csv": [("", None, None, {"X": (3, 2)})],
    "anndata__adata-comments.tsv": [("", None, None, {"X": (3, 2)})],
    "scvi-tools__GSE100866_CBMC_8K_13AB_10X-RNA_umi.csv.gz": [("", None, None, {"X": (50, 10)})],
    "seurat_pbmc_raw.txt": [("", None, None, {"X": (80, 230)})],
}
REFUSED = {"anndata_v0.11.4.h5ad": r"has no matrix X \(layers: none; raw: no\)"}


def test_every_file_has_an_expectation():
    names = {each.name for each in FOLDER.iterdir()} - {"README.md"}
    assert names == set(EXPECTED) | set(REFUSED)
    text = (FOLDER / "README.md").read_text(encoding="utf-8")
    assert [name for name in names if name not in text] == []


@pytest.mark.parametrize("name", EXPECTED)
def test_it_is_read(name):
    contents = open_file(FOLDER / name)
    assert contents.path == FOLDER / name
    found = [
        (part.name, part.modality, part.genome, {key: matrix.shape for key, matrix in part.matrices.items()})
        for part in contents.parts
    ]
    assert found == EXPECTED[name]
    for part in contents.parts:
        assert part.obs.index.map(type).unique().tolist() == [str]
        assert part.var.index.map(type).unique().tolist() == [str]
        for matrix in part.matrices.values():
            values = matrix.read()
            assert values.shape == matrix.shape
            assert len(matrix.var if matrix.var is not None else part.var) == matrix.shape[1]
            peeked = matrix.peek()
            assert peeked.ndim == 1
            assert set(peeked.tolist()) <= set(dense(values).ravel().tolist())
            assert peeked.sum() == pytest.approx(dense(values).sum(), rel=1e-5)


@pytest.mark.parametrize("name", REFUSED)
def test_it_is_refused(name):
    with pytest.raises(InputError, match=REFUSED[name]):
        open_file(FOLDER / name)


@pytest.mark.filterwarnings("ignore::anndata.OldFormatWarning", "ignore::FutureWarning", "ignore::UserWarning")
@pytest.mark.parametrize("name", [name for name in EXPECTED if name.endswith(".h5ad")])
def test_it_is_read_as_anndata_reads_it(name):
    (part,) = open_file(FOLDER / name).parts
    table = ad.read_h5ad(FOLDER / name)
    np.testing.assert_array_equal(dense(part.matrices["X"].read()), dense(table.X))
    for key, layer in table.layers.items():
        np.testing.assert_array_equal(dense(part.matrices[key].read()), dense(layer))
    if table.raw is not None:
        np.testing.assert_array_equal(dense(part.matrices["raw"].read()), dense(table.raw.X))
        assert part.matrices["raw"].var.index.tolist() == table.raw.var_names.tolist()
    for found, expected in ((part.obs, table.obs), (part.var, table.var)):
        assert found.index.tolist() == expected.index.astype(str).tolist()
        assert sorted(found.columns) == sorted(expected.columns)
        for column in expected:
            assert found[column].astype(str).tolist() == expected[column].astype(str).tolist()


def test_values_of_other_formats():
    rows = (FOLDER / "seurat_pbmc_raw.txt").read_text(encoding="utf-8").splitlines()
    (part,) = open_file(FOLDER / "seurat_pbmc_raw.txt").parts
    expected = np.array([row.split("\t")[1:] for row in rows[1:]], dtype=float).T
    np.testing.assert_array_equal(dense(part.matrices["X"].read()), expected)
    assert part.obs.index[0] == "ATGCCAGAACGACT"
    assert part.var.index[0] == "MS4A1"
    assert "The rows were taken for features" in part.notes[0]
    (part,) = open_file(FOLDER / "anndata__adata-comments.tsv").parts
    assert part.obs.index.tolist() == ["r1", "r2", "r3"]
    assert part.var.index.tolist() == ["c1", "c2"]
    np.testing.assert_array_equal(dense(part.matrices["X"].read()), [[1, 0], [3, 0], [5, 6]])
    assert "a guess" in part.notes[0]
