"""Text tables: any delimiter and quoting, either way round, with what stands beside the numbers."""

from __future__ import annotations

import bz2
import csv
import gzip
import io
import lzma

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from monae_app.engine.data.contents import ReadingOptions
from monae_app.engine.data.readers import open_file, text_table
from monae_app.engine.data.readers.text_numbers import Fields, parse
from monae_app.engine.errors import InputError
from tests.engine.data.readers.planted_tables import barcodes, counts, dense

EASY = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
GENES = ["CD3E", "CD4", "CD8A", "MS4A1", "LYZ", "NKG7", "GNLY", "PPBP", "FCER1A", "CST3", "ACTB", "GAPDH", "B2M"]


def table(n_cells: int = 20, seed: int = 0) -> pd.DataFrame:
    values = counts(n_cells, len(GENES), seed).toarray().astype(int)
    return pd.DataFrame(values, index=barcodes(n_cells, seed), columns=GENES)


def x_of(part) -> np.ndarray:
    return dense(part.matrices["X"].read())


def check(part, expected: pd.DataFrame) -> None:
    np.testing.assert_allclose(x_of(part), expected.to_numpy(float), rtol=1e-6)
    assert part.obs.index.tolist() == expected.index.tolist()
    assert part.var.index.tolist() == expected.columns.tolist()


@EASY
@given(
    seed=st.integers(0, 99),
    delimiter=st.sampled_from(["\t", ",", ";", "|", " "]),
    quoting=st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_NONNUMERIC, csv.QUOTE_ALL]),
    turned=st.booleans(),
    short_header=st.booleans(),
    ending=st.sampled_from(["\n", "\r\n"]),
    pack=st.sampled_from([None, gzip.compress, bz2.compress, lzma.compress]),
    mark=st.booleans(),
    fractions=st.booleans(),
)
def test_any_table_is_read_as_it_was_written(
    tmp_path, seed, delimiter, quoting, turned, short_header, ending, pack, mark, fractions
):
    expected = table(seed=seed) / 8 if fractions else table(seed=seed)
    text = io.StringIO()
    (expected.T if turned else expected).to_csv(
        text, sep=delimiter, quoting=quoting, lineterminator=ending, index_label="" if not short_header else False
    )
    content = text.getvalue().encode("utf-8-sig" if mark else "utf-8")
    path = tmp_path / "a.txt"
    path.write_bytes(pack(content) if pack else content)
    (part,) = open_file(path).parts
    check(part, expected)
    assert "sure" in part.notes[0]


@EASY
@given(
    st.lists(
        st.lists(
            st.one_of(st.integers(-(10**12), 10**12), st.floats(allow_nan=False, allow_infinity=False)),
            min_size=3,
            max_size=3,
        ),
        min_size=1,
        max_size=5,
    )
)
def test_numbers_are_read_as_python_reads_them(rows):
    block = "".join(",".join(map(repr, row)) + "\n" for row in rows).encode()
    found = parse(block, Fields(",", 3, (), np.arange(3)))
    np.testing.assert_array_equal(found.values.toarray(), np.array(rows, dtype=float))


@pytest.mark.parametrize("size", [64, 1000])
def test_a_table_longer_than_a_block_is_read_whole(tmp_path, size, monkeypatch):
    monkeypatch.setattr(text_table, "BLOCK", size)
    monkeypatch.setattr(text_table, "SAMPLE_LINES", 3)
    expected = table(n_cells=150)
    expected.to_csv(tmp_path / "a.csv")
    check(open_file(tmp_path / "a.csv").parts[0], expected)


@pytest.mark.parametrize(("wanted", "shape"), [("cells", (13, 20)), ("features", (20, 13))])
def test_orientation_can_be_told(tmp_path, wanted, shape):
    table().T.to_csv(tmp_path / "a.csv")
    (part,) = open_file(tmp_path / "a.csv", ReadingOptions(orientation=wanted)).parts
    assert x_of(part).shape == shape
    assert "as told" in part.notes[0]


NUMBERED = [str(i) for i in range(40)]


@pytest.mark.parametrize(
    ("rows", "columns", "corner", "rows_are"),
    [
        (barcodes(40), NUMBERED[:5], "", "cells"),
        ([f"chr1:{i}00-{i}50" for i in range(40)], NUMBERED[:5], "", "features"),
        ([f"ENSMUSG{i:011d}.3" for i in range(40)], [f"s{i}" for i in range(5)], "", "features"),
        ([f"CD{i}" for i in range(2, 42)], [f"x{i}" for i in range(5)], "", "features"),
        ([f"g{i}" for i in range(40)], [f"Cell_{i}" for i in range(5)], "", "features"),
        ([f"g{i}" for i in range(40)], [f"P1_A0{i}" for i in range(1, 6)], "", "features"),
        ([f"x{i}" for i in range(40)], [f"y{i}" for i in range(5)], "gene", "features"),
        ([f"x{i}" for i in range(40)], [f"y{i}" for i in range(5)], "cell_id", "cells"),
        # names say nothing: the longer side are the features
        ([f"x{i}" for i in range(40)], [f"y{i}" for i in range(5)], "", "features"),
        ([f"x{i}" for i in range(5)], [f"y{i}" for i in range(40)], "", "cells"),
    ],
)
def test_orientation_is_found_by_names(tmp_path, rows, columns, corner, rows_are):
    values = pd.DataFrame(np.ones((len(rows), len(columns)), int), index=rows, columns=columns)
    values.to_csv(tmp_path / "a.csv", index_label=corner)
    (part,) = open_file(tmp_path / "a.csv").parts
    cells, features = (rows, columns) if rows_are == "cells" else (columns, rows)
    assert part.obs.index.tolist() == cells
    assert part.var.index.tolist() == features


def test_columns_about_cells_become_obs(tmp_path):
    expected = table()
    given = expected.copy()
    given.insert(0, "cell type", ["T, CD4", "B"] * 10)
    given["nCount_RNA"] = range(20)
    given.to_csv(tmp_path / "a.csv")
    (part,) = open_file(tmp_path / "a.csv").parts
    check(part, expected)
    assert part.obs["cell type"].tolist() == ["T, CD4", "B"] * 10
    assert part.obs["nCount_RNA"].tolist() == list(range(20))
    assert "Columns about the cells, not features: cell type, nCount_RNA." in part.notes


def test_ids_and_symbols_beside_each_other(tmp_path):
    expected = table().T
    expected.insert(0, "gene_name", ["CD3E", *GENES[1:]])
    expected.index = [f"ENSG{i:011d}" for i in range(len(GENES))]
    expected.to_csv(tmp_path / "a.tsv", sep="\t", index_label="gene_id")
    (part,) = open_file(tmp_path / "a.tsv").parts
    assert part.var.index.tolist() == GENES
    assert part.var["gene_id"].tolist() == expected.index.tolist()
    np.testing.assert_array_equal(x_of(part), table().to_numpy())


def test_places_beside_the_counts_are_no_cells(tmp_path):
    given = table().T.reset_index(drop=True)
    given.insert(0, "end", np.arange(13) * 1000 + 500)
    given.insert(0, "start", np.arange(13) * 1000)
    given.index = ["chr1"] * 13
    given.to_csv(tmp_path / "a.tsv", sep="\t", index_label="chrom")
    (part,) = open_file(tmp_path / "a.tsv").parts
    assert part.obs.index.tolist() == table().index.tolist()
    assert part.var.index[:2].tolist() == ["chr1:0-500", "chr1:1000-1500"]
    assert part.var["start"].tolist() == (np.arange(13) * 1000).tolist()
    np.testing.assert_array_equal(x_of(part), table().to_numpy())


def test_repeated_features_and_missing_values(tmp_path):
    expected = table().astype(object).T
    expected.iloc[3, 4] = "NA"
    expected.iloc[5, 6] = ""
    expected.index = ["MARCH1", "MARCH1", *GENES[2:]]
    expected.to_csv(tmp_path / "a.csv")
    (part,) = open_file(tmp_path / "a.csv").parts
    assert part.var.index[:2].tolist() == ["MARCH1", "MARCH1-1"]
    assert np.argwhere(np.isnan(x_of(part))).tolist() == [[4, 3], [6, 5]]


def test_decimal_commas(tmp_path):
    expected = table() / 4
    expected.to_csv(tmp_path / "a.csv", sep=";", decimal=",")
    check(open_file(tmp_path / "a.csv").parts[0], expected)


def test_no_header_and_no_names(tmp_path):
    table().T.to_csv(tmp_path / "a.csv", header=False)
    (part,) = open_file(tmp_path / "a.csv").parts
    assert part.var.index.tolist() == GENES
    assert part.obs.index[0] == "column1"
    table().to_csv(tmp_path / "b.csv", index=False)
    (part,) = open_file(tmp_path / "b.csv").parts
    assert part.var.index.tolist() == GENES
    assert part.obs.index[0] == "cell1"
    np.testing.assert_array_equal(x_of(part), table().to_numpy())


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("gene,c1,c2,c3\nA,1,2,3\nB,1,2,3\nC,1,x2,3\n" + "D,1,2,3\n" * 200, "column 'c2' of line 4 .* holds 'x2'"),
        ("gene,c1,c2,c3\n" + "A,1,2,3\n" * 200 + "B,1,x2,3\n", "column 'c2' of line 202 .* holds 'x2'"),
        ("gene,c1,c2,c3\n" + "A,1,2,3\n" * 200 + "B,1,2\n", "begins with 'B' has 3 fields, others have 4"),
        ("one word\nanother one\n", "holds no numbers"),
        ("word\nword\n", "no comma, tab, semicolon or space divides"),
        ("gene,c1\n", "has a header and no lines below it"),
        ("# nothing\n", "no lines but comments"),
        ("a,b\nc,d\ne,f\n", "holds no numbers"),
    ],
)
def test_what_is_no_table_of_numbers_is_refused(tmp_path, content, words):
    path = tmp_path / "a.csv"
    path.write_text(content)
    with pytest.raises(InputError, match=words):
        open_file(path)


def test_a_table_called_h5ad_is_read_and_rubbish_called_h5ad_is_no_h5ad(tmp_path):
    table().to_csv(tmp_path / "a.h5ad")
    check(open_file(tmp_path / "a.h5ad").parts[0], table())
    (tmp_path / "b.h5ad").write_text("cell,gene\n")
    with pytest.raises(InputError, match=r"b\.h5ad is no \.h5ad: it begins with b'cell,gen'"):
        open_file(tmp_path / "b.h5ad")


def test_utf_16_is_refused_with_advice(tmp_path):
    (tmp_path / "a.txt").write_bytes(table().to_csv(sep="\t").encode("utf-16"))
    with pytest.raises(InputError, match=r"text in UTF-16.*save it as UTF-8"):
        open_file(tmp_path / "a.txt")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("cell,gene,count\n" + "".join(f"c{i % 4},G{i},3\n" for i in range(12)), "long table: a line for each cell"),
        ("cell,A,B\rc1,1,2\rc2,3,4\r", "carriage return alone"),
    ],
)
def test_what_spreadsheets_and_r_write_is_named(tmp_path, content, words):
    (tmp_path / "t.csv").write_bytes(content.encode())
    with pytest.raises(InputError, match=words):
        open_file(tmp_path / "t.csv")


def test_one_protein_beside_what_is_known_of_the_cells_is_no_long_table(tmp_path):
    (tmp_path / "t.csv").write_text("cell,batch,CD4\nc1,a,3\nc2,a,4\nc3,b,5\n")
    (part,) = open_file(tmp_path / "t.csv").parts
    assert part.obs["batch"].tolist() == ["a", "a", "b"]


@pytest.mark.parametrize("title", ["Supplementary Table 3: raw counts\n\n", "Table 3,,,,,\n,,,,,\n"])
def test_a_title_above_the_table_is_passed_over(tmp_path, title):
    expected = table(5)
    (tmp_path / "t.csv").write_text(title + expected.to_csv())
    (part,) = open_file(tmp_path / "t.csv").parts
    check(part, expected)
    (tmp_path / "t.csv").write_text((title + expected.to_csv()).rstrip() + "?\n")
    lines = sum(bool(line) for line in (title + expected.to_csv()).splitlines())
    with pytest.raises(InputError, match=f"line {lines} "):
        open_file(tmp_path / "t.csv")


def test_what_programs_write_below_the_genes_is_no_gene(tmp_path):
    expected = table(6).T
    told = pd.concat([expected, pd.DataFrame(7, index=["__no_feature", "__not_aligned"], columns=expected.columns)])
    told.to_csv(tmp_path / "t.tsv", sep="\t")
    (part,) = open_file(tmp_path / "t.tsv").parts
    check(part, expected.T)
    assert any("2 rows" in note for note in part.notes)
