from __future__ import annotations

from pathlib import PurePosixPath, PureWindowsPath

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from monae_app.jobs.upload_names import LONGEST_NAME, safe_name, safe_paths
from monae_app.jobs.upload_slices import UploadError


@given(st.text(max_size=400))
@example("../../etc/passwd")
@example("..\\..\\boot.ini")
@example("CON.h5ad")
@example("a\0b.h5ad")
@example(". . .")
@example("\u202excod.exe")
@example("é" * 300 + ".h5ad")
def test_any_text_becomes_a_plain_name(text):
    name = safe_name(text)
    assert 0 < len(name.encode()) <= LONGEST_NAME + 1
    assert PurePosixPath(name).name == PureWindowsPath(name).name == name
    assert not name.startswith(".")
    assert not name.endswith((" ", "."))
    assert name.isprintable()
    assert safe_name(name) == name


@pytest.mark.parametrize(
    ("given_name", "kept"),
    [
        ("pbmc RNA (2).h5ad", "pbmc RNA (2).h5ad"),
        ("Zellen_größer.h5ad", "Zellen_größer.h5ad"),
        ("C:\\data\\rna.h5ad", "rna.h5ad"),
        (".hidden.csv", "hidden.csv"),
        ("a:b*c?.tsv.gz", "a_b_c_.tsv.gz"),
        ("", "file"),
        ("nul.txt", "_nul.txt"),
    ],
)
def test_what_a_name_becomes(given_name, kept):
    assert safe_name(given_name) == kept


def test_a_long_name_keeps_its_ending():
    assert safe_name("x" * 1000 + ".tsv.gz").endswith("x.tsv.gz")


PARTS = st.lists(st.text(min_size=1, max_size=12), min_size=1, max_size=4)


@given(st.lists(PARTS.map("/".join), max_size=12))
@example(["A.txt", "a.txt", "a?.txt", "a*.txt"])
@example(["a", "a/b"])
def test_paths_stay_inside_and_differ(paths):
    try:
        found = safe_paths(paths)
    except UploadError:
        return
    assert len({path.casefold() for path in found}) == len(paths)
    for path in found:
        assert not PurePosixPath(path).is_absolute()
        assert ".." not in PurePosixPath(path).parts


@pytest.mark.parametrize("path", ["../a", "/a", "a/../../b", "a//b", "", ".", "a\\..\\b", "/".join("a" * 40)])
def test_paths_that_lead_out_are_refused(path):
    with pytest.raises(UploadError, match="is no path inside a folder"):
        safe_paths([path])


def test_the_folders_of_zarr_keep_their_hidden_files():
    assert safe_paths(["X/.zarray", ".zgroup", ".DS_Store"]) == ["X/.zarray", ".zgroup", "DS_Store"]


def test_thousands_of_names_that_become_one_are_told_apart_in_no_time():
    names = [f"a{''.join('?*'[index >> bit & 1] for bit in range(13))}.txt" for index in range(5000)]
    found = safe_paths(names)
    assert len(set(found)) == 5000
    assert found[:2] == ["a_____________.txt", "a______________2.txt"]


def test_a_file_is_no_folder():
    with pytest.raises(UploadError, match="a file and a folder"):
        safe_paths(["a/b", "a"])
