"""Files of Cell Ranger, as HDF5 and as Matrix Market, and what others write like them."""

from __future__ import annotations

import io
import tarfile
import zipfile
from itertools import product

import h5py
import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from monae_app.engine.data.readers import matrix_market, open_file
from monae_app.engine.errors import InputError
from tests.engine.data.readers.planted_tables import (
    barcodes,
    counts,
    dense,
    mtx_files,
    write_files,
    write_tenx,
    write_tenx_2,
)

EASY = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
IDS = [f"ENSG{i:011d}" for i in range(30)]
SYMBOLS = [f"GENE{i}" for i in range(30)]
TYPES = ["Gene Expression"] * 20 + ["Peaks"] * 4 + ["Antibody Capture"] * 4 + ["CRISPR Guide Capture"] * 2
sizes = st.tuples(st.integers(1, 9), st.integers(1, 30), st.integers(0, 99))


def x_of(part) -> np.ndarray:
    return dense(part.matrices["X"].read())


@EASY
@given(size=sizes)
def test_version_3_is_read_as_it_was_written(size, tmp_path):
    n_cells, n_genes, seed = size
    values, cells = counts(n_cells, n_genes, seed), barcodes(n_cells)
    path = write_tenx(tmp_path / "a.h5", values, cells, IDS[:n_genes], SYMBOLS[:n_genes], genome=["mm10"] * n_genes)
    (part,) = open_file(path).parts
    np.testing.assert_array_equal(x_of(part), values.toarray())
    assert part.obs.index.tolist() == cells
    assert part.var.index.tolist() == SYMBOLS[:n_genes]
    assert part.var["gene_id"].tolist() == IDS[:n_genes]
    assert part.genome == "mm10"


def test_feature_types_become_modalities(tmp_path):
    values = counts()
    genome = ["GRCh38"] * 24 + [""] * 6
    path = write_tenx(tmp_path / "a.h5", values, barcodes(12), IDS, SYMBOLS, feature_type=TYPES, genome=genome)
    found = open_file(path)
    assert [(part.modality, part.genome, part.var.shape[0]) for part in found.parts] == [
        ("rna", "hg38", 20),
        ("atac", "hg38", 4),
        ("protein", None, 4),
    ]
    assert found.notes == ("2 features of the type CRISPR Guide Capture were left out.",)
    np.testing.assert_array_equal(np.hstack([x_of(part) for part in found.parts]), values.toarray()[:, :28])
    for part in found.parts:
        assert sorted(part.matrices["X"].peek()) == sorted(x_of(part)[x_of(part) != 0])


def test_guides_alone_are_refused(tmp_path):
    path = write_tenx(tmp_path / "a.h5", counts(), barcodes(12), IDS, SYMBOLS, feature_type=["Custom"] * 30)
    with pytest.raises(InputError, match=r"no genes, peaks or antibodies. 30 features of the type Custom"):
        open_file(path)


def test_repeated_symbols_are_named_by_their_id(tmp_path):
    symbols = ["TBCE", "TBCE", *SYMBOLS[2:]]
    (part,) = open_file(write_tenx(tmp_path / "a.h5", counts(), barcodes(12), IDS, symbols)).parts
    assert part.var.index.tolist() == ["TBCE", IDS[1], *SYMBOLS[2:]]
    assert part.notes == ("1 features share their symbol with another and are named by their id.",)


def test_genomes_of_version_3_are_named(tmp_path):
    genome = ["GRCh38"] * 15 + ["mm10"] * 15
    symbols = SYMBOLS[:15] + SYMBOLS[:15]
    (part,) = open_file(write_tenx(tmp_path / "a.h5", counts(), barcodes(12), IDS, symbols, genome=genome)).parts
    assert part.var.index[[0, 15]].tolist() == ["GRCh38_GENE0", "mm10_GENE0"]
    assert part.genome is None
    assert "2 genomes (GRCh38, mm10)" in part.notes[0]


def test_genomes_of_version_2_stand_side_by_side_where_the_cells_are_the_same(tmp_path):
    human, mouse, cells = counts(seed=1), counts(n_features=20, seed=2), barcodes(12)
    genomes = {"hg19": (human, cells, IDS, SYMBOLS), "mm10": (mouse, cells, IDS[:20], SYMBOLS[:20])}
    (part,) = open_file(write_tenx_2(tmp_path / "a.h5", genomes)).parts
    np.testing.assert_array_equal(x_of(part), np.hstack([human.toarray(), mouse.toarray()]))
    assert part.var.index[[0, 30]].tolist() == ["hg19_GENE0", "mm10_GENE0"]
    assert part.modality == "rna"
    assert sorted(part.matrices["X"].peek()) == sorted(x_of(part)[x_of(part) != 0])
    genomes["mm10"] = (mouse, barcodes(12, seed=5), IDS[:20], SYMBOLS[:20])
    found = open_file(write_tenx_2(tmp_path / "b.h5", genomes))
    assert [(part.name, part.genome) for part in found.parts] == [("hg19", "hg19"), ("mm10", "mm10")]
    assert "different cells and stay apart" in found.notes[0]


def test_a_matrix_that_does_not_fit_its_tables_is_refused(tmp_path):
    path = write_tenx(tmp_path / "a.h5", counts(), barcodes(11), IDS, SYMBOLS)
    with pytest.raises(InputError, match="30 x 12, but there are 30 features and 11 barcodes"):
        open_file(path)
    path = write_tenx(tmp_path / "b.h5", counts(), barcodes(12), IDS, SYMBOLS)
    with h5py.File(path, "r+") as file:
        file["matrix/indices"][3] = 30
    with pytest.raises(InputError, match=r"b\.h5 could not be read"):
        open_file(path).parts[0].matrices["X"].read()


def packed_as(kind: str, folder, files: dict[str, bytes]):
    path = folder / f"archive.{kind}"
    if kind == "folder":
        return write_files(path, files)
    if kind == "zip":
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, content in files.items():
                archive.writestr(name, content)
        return path
    with tarfile.open(path, {"tar": "w", "tar.gz": "w:gz", "tar.bz2": "w:bz2", "tar.xz": "w:xz"}[kind]) as archive:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return path


THREE = [[i, s, "Gene Expression"] for i, s in zip(IDS, SYMBOLS, strict=True)]
TWO = [row[:2] for row in THREE]
NAMES = [
    ("matrix.mtx", "features.tsv", "barcodes.tsv"),
    ("matrix.mtx", "genes.tsv", "barcodes.tsv"),
    ("GSM1_S1_matrix.mtx", "GSM1_S1_features.tsv", "GSM1_S1_barcodes.tsv"),
    ("outs/filtered/matrix.mtx", "outs/filtered/features.tsv", "outs/filtered/barcodes.tsv"),
    ("cells_x_genes.mtx", "cells_x_genes.genes.txt", "cells_x_genes.barcodes.txt"),
]


@pytest.mark.parametrize(
    ("kind", "names", "packed", "turned"),
    [
        (kind, names, kind in ("folder", "tar"), i != 4)
        for (kind, (i, names)) in product(["folder", "zip", "tar", "tar.gz", "tar.bz2", "tar.xz"], enumerate(NAMES))
    ],
)
def test_a_matrix_is_read_however_it_is_packed(tmp_path, kind, names, packed, turned):
    values, cells = counts(), barcodes(12)
    files = mtx_files(values, cells, THREE, names=names, packed=packed, turned=turned)
    rubbish = {"__MACOSX/._matrix.mtx": b"x", ".DS_Store": b"\0", "web_summary.html": b"<html>"}
    found = open_file(packed_as(kind, tmp_path, files | rubbish))
    (part,) = found.parts
    np.testing.assert_array_equal(x_of(part), values.toarray())
    assert part.obs.index.tolist() == cells
    assert part.var.index.tolist() == SYMBOLS
    assert part.var["gene_id"].tolist() == IDS
    assert part.modality == "rna"
    assert sorted(part.matrices["X"].peek()) == sorted(x_of(part)[x_of(part) != 0])


@EASY
@given(size=sizes, packed=st.booleans(), turned=st.booleans())
def test_any_matrix_market_is_read_as_it_was_written(size, packed, turned, tmp_path):
    n_cells, n_genes, seed = size
    values, cells = counts(n_cells, n_genes, seed), barcodes(n_cells)
    if n_cells == n_genes:
        turned = True
    folder = tmp_path / f"{packed}"
    write_files(folder, mtx_files(values, cells, TWO[:n_genes], packed=packed, turned=turned))
    (part,) = open_file(folder).parts
    np.testing.assert_array_equal(x_of(part), values.toarray())
    assert part.var.index.tolist() == SYMBOLS[:n_genes]


def test_peaks_of_cell_ranger_atac(tmp_path):
    peaks = [["chr1", str(1000 * i), str(1000 * i + 500)] for i in range(30)]
    files = mtx_files(counts(), barcodes(12), peaks, names=("matrix.mtx", "peaks.bed", "barcodes.tsv"))
    (part,) = open_file(write_files(tmp_path / "atac", files)).parts
    assert part.modality == "atac"
    assert part.var.index[1] == "chr1:1000-1500"


def test_headers_one_column_and_metadata(tmp_path):
    cells = barcodes(12)
    files = mtx_files(counts(), ["barcode", *cells], [["gene"], *[[symbol] for symbol in SYMBOLS]])
    files["metadata.csv"] = ("cell,kind\n" + "".join(f"{cell},k{i % 2}\n" for i, cell in enumerate(cells))).encode()
    (part,) = open_file(write_files(tmp_path / "x", files)).parts
    assert part.obs.index.tolist() == cells
    assert part.obs["kind"].tolist() == ["k0", "k1"] * 6
    assert part.var.index.tolist() == SYMBOLS


def test_several_matrices_are_parts_and_matrices_of_the_same_tables_layers(tmp_path):
    files = {}
    for i, name in enumerate(["control", "treated"]):
        own = mtx_files(counts(seed=i), barcodes(12, i), THREE)
        files |= {f"GSE1/{name}/{key}": content for key, content in own.items()}
    found = open_file(packed_as("zip", tmp_path, files))
    assert [part.name for part in found.parts] == ["control Gene Expression", "treated Gene Expression"]
    for i, part in enumerate(found.parts):
        np.testing.assert_array_equal(x_of(part), counts(seed=i).toarray())
    files = mtx_files(counts(), barcodes(12), THREE)
    files["spliced.mtx"] = mtx_files(counts(seed=3), barcodes(12), THREE)["matrix.mtx"]
    (part,) = open_file(write_files(tmp_path / "velocyto", files)).parts
    assert set(part.matrices) == {"X", "spliced"}
    np.testing.assert_array_equal(part.matrices["spliced"].read().toarray(), counts(seed=3).toarray())


def test_a_file_that_is_there_packed_and_unpacked_counts_once(tmp_path):
    files = mtx_files(counts(), barcodes(12), THREE)
    other = mtx_files(counts(seed=1), barcodes(12), THREE, packed=True)
    write_files(tmp_path, files | other)
    for path, seed in ((tmp_path, 0), (tmp_path / "matrix.mtx", 0), (tmp_path / "matrix.mtx.gz", 1)):
        (part,) = open_file(path).parts
        assert list(part.matrices) == ["X"]
        np.testing.assert_array_equal(x_of(part), counts(seed=seed).toarray())


def test_of_a_raw_and_a_filtered_matrix_the_filtered_is_read(tmp_path):
    files = {}
    for i, name in enumerate(["raw_feature_bc_matrix", "filtered_feature_bc_matrix"]):
        own = mtx_files(counts(seed=i), barcodes(12, i), THREE)
        files |= {f"outs/{name}/{key}": content for key, content in own.items()}
    found = open_file(write_files(tmp_path, files))
    (part,) = found.parts
    np.testing.assert_array_equal(x_of(part), counts(seed=1).toarray())
    assert "raw matrix of all droplets was passed over" in found.notes[0]


def test_a_matrix_named_itself_is_read_with_what_lies_beside_it(tmp_path):
    write_files(tmp_path, mtx_files(counts(), barcodes(12), THREE, packed=True))
    (part,) = open_file(tmp_path / "matrix.mtx.gz").parts
    np.testing.assert_array_equal(x_of(part), counts().toarray())
    (tmp_path / "barcodes.tsv.gz").unlink()
    with pytest.raises(InputError, match="without its features and barcodes"):
        open_file(tmp_path / "matrix.mtx.gz")
    with pytest.raises(InputError, match="no table of its barcodes beside it"):
        open_file(tmp_path)


@pytest.mark.parametrize(
    ("head", "words"),
    [
        (b"%%MatrixMarket matrix coordinate integer general\n30 12 99999999999\n", "more than it can hold"),
        (b"%%MatrixMarket matrix coordinate integer general\n30 13 1\n1 1 1\n", "30 x 13, but there are 30 features"),
        (b"%%MatrixMarket matrix coordinate integer general\n", "ends before its sizes"),
        (b"30 12 1\n1 1 1\n", "not with %%MatrixMarket"),
        (b"%%MatrixMarket matrix coordinate integer general\n30 -12 1\n1 1 1\n", "the sizes of"),
    ],
)
def test_a_bad_header_is_named(tmp_path, head, words):
    files = mtx_files(counts(), barcodes(12), THREE) | {"matrix.mtx": head}
    with pytest.raises(InputError, match=words):
        open_file(write_files(tmp_path, files))


def test_a_place_outside_the_matrix_is_refused(tmp_path):
    head = b"%%MatrixMarket matrix coordinate integer general\n30 12 1\n31 1 1\n"
    write_files(tmp_path, mtx_files(counts(), barcodes(12), THREE) | {"matrix.mtx": head})
    (part,) = open_file(tmp_path).parts
    with pytest.raises(InputError, match="could not be read as 10x matrix"):
        part.matrices["X"].read()


@pytest.mark.parametrize("odd", [b"\0" * 50, b"x", b"\xff"])
def test_bytes_that_end_the_process_of_other_parsers_are_refused(tmp_path, odd):
    files = mtx_files(counts(), barcodes(12), THREE)
    matrix = files["matrix.mtx"]
    files["matrix.mtx"] = matrix[:-8] + odd + matrix[-8:]
    (part,) = open_file(write_files(tmp_path, files)).parts
    for read in (part.matrices["X"].read, part.matrices["X"].peek):
        with pytest.raises(InputError, match="among its numbers"):
            read()


@pytest.mark.parametrize("packed", [False, True])
def test_a_look_at_a_long_matrix_reads_some_of_its_lines(tmp_path, packed, monkeypatch):
    monkeypatch.setattr(matrix_market, "PEEKED_BYTES", 4000)
    values = sp.csr_matrix(np.repeat(np.arange(1, 301)[:, None], 30, axis=1))
    write_files(tmp_path, mtx_files(values, barcodes(300), THREE, packed=packed))
    peeked = open_file(tmp_path).parts[0].matrices["X"].peek()
    assert 200 < len(peeked) < 1000
    assert set(peeked) <= set(range(1, 301))
    assert packed or peeked.max() > 250
