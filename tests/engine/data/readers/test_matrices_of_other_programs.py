"""Matrices in Matrix Market format as R, CITE-seq-Count and editors leave them."""

from __future__ import annotations

import numpy as np

from monae_app.engine.data.readers import open_file
from tests.engine.data.readers.planted_tables import barcodes, counts, dense, mtx_files, write_files


def test_of_reads_and_molecules_of_cite_seq_count_the_molecules_are_read(tmp_path):
    cells = barcodes(12)
    tags = [[f"CD{i}-ACGTACGTACGT"] for i in range(8)]
    for folder, values in (("read_count", 5 * counts(12, 8)), ("umi_count", counts(12, 8))):
        write_files(tmp_path / folder, mtx_files(values, cells, tags, packed=True))
    found = open_file(tmp_path)
    (part,) = found.parts
    np.testing.assert_array_equal(dense(part.matrices["X"].read()), dense(counts(12, 8)))
    assert any("reads was passed over" in note for note in found.notes)


def test_a_byte_order_mark_before_the_matrix_is_no_harm(tmp_path):
    files = mtx_files(counts(12, 8), barcodes(12), [[f"g{i}"] for i in range(8)])
    write_files(tmp_path, {name: b"\xef\xbb\xbf" + content for name, content in files.items()})
    for path in (tmp_path, tmp_path / "matrix.mtx"):
        (part,) = open_file(path).parts
        np.testing.assert_array_equal(dense(part.matrices["X"].read()), dense(counts(12, 8)))
        assert part.obs.index.tolist() == barcodes(12)


def test_tables_that_r_wrote_with_the_numbers_of_rows(tmp_path):
    cells = barcodes(12)
    genes = ["TP53", "GAPDH", "CD4", "CD8A", "ACTB", "MYC", "SOX2", "PAX6"]
    peaks = [f"chr1,{100 * i},{100 * i + 50},501" for i in range(8)]
    for folder, features in (("atac", ["seqnames,start,end,width", *peaks]), ("rna", ["x", *genes])):
        written = {
            f"{name}.csv": "\n".join(f'"{i or ""}",{line}' for i, line in enumerate(lines)).encode()
            for name, lines in (("features", features), ("barcodes", ["x", *cells]))
        }
        matrix = mtx_files(counts(12, 8), cells, [["-"]] * 8)["matrix.mtx"]
        (part,) = open_file(write_files(tmp_path / folder, {"matrix.mtx": matrix, **written})).parts
        assert part.obs.index.tolist() == cells
        assert part.var.index[1] == ("chr1:100-150" if folder == "atac" else "GAPDH")
