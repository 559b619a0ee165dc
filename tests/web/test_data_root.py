from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monae_app.engine.errors import InputError
from monae_app.web.data_root import SHOWN, DataRoot


@pytest.fixture
def root(tmp_path):
    folder = tmp_path / "root"
    for name in ("Zebra", "apple", ".git"):
        (folder / name).mkdir(parents=True)
    for name in ("b.h5ad", "A.csv", ".env", "apple/inside.h5ad"):
        (folder / name).write_bytes(b"12345")
    (tmp_path / "outside").mkdir()
    (folder / "out").symlink_to(tmp_path / "outside")
    (folder / "in").symlink_to(folder / "apple")
    (folder / "broken").symlink_to(tmp_path / "nothing")
    return folder


def test_one_level_is_listed_folders_first(root):
    listing = DataRoot(root).list()
    assert [entry.name for entry in listing.entries] == ["apple", "in", "Zebra", "A.csv", "b.h5ad"]
    assert [entry.folder for entry in listing.entries] == [True, True, True, False, False]
    assert listing.entries[-1].size == 5
    assert listing.entries[-1].modified > 1e9
    (inside,) = DataRoot(root).list("apple").entries
    assert inside.path == "apple/inside.h5ad"
    assert DataRoot(root).find(inside.path) == (root / "apple" / "inside.h5ad").resolve()


def test_typing_narrows(root):
    assert [entry.name for entry in DataRoot(root).list("", " APP ").entries] == ["apple"]
    assert DataRoot(root).list("", "nothing").entries == ()


def test_thousands_of_files_are_cut_and_counted(root):
    for index in range(SHOWN + 50):
        (root / "apple" / f"file{index:04}.h5ad").write_bytes(b"")
    listing = DataRoot(root).list("apple", "file")
    assert (len(listing.entries), listing.found) == (SHOWN, SHOWN + 50)
    assert listing.entries[0].name == "file0000.h5ad"
    assert DataRoot(root).list("apple", "file0249").found == 1


def test_numbers_in_names_are_sorted_as_numbers(tmp_path):
    for name in ("s10.h5ad", "s2.h5ad", "S1.h5ad", "2.csv", "x" + "9" * 30):
        (tmp_path / name).write_bytes(b"")
    listed = [entry.name for entry in DataRoot(tmp_path).list().entries]
    assert listed == ["2.csv", "S1.h5ad", "s2.h5ad", "s10.h5ad", "x" + "9" * 30]


@pytest.mark.parametrize("path", ["..", "apple/..", "apple/../..", "/", "out", "broken", ".git", "b.h5ad/x", "a\0"])
def test_nothing_else_is_listed(root, path):
    with pytest.raises(InputError):
        DataRoot(root).list(path)


@given(st.lists(st.sampled_from(["..", ".", "apple", "in", "out", "/", "", "b.h5ad", "\\", "~"]), max_size=6))
def test_no_path_leads_out(tmp_path_factory, parts):
    base = tmp_path_factory.getbasetemp() / "confined"
    (base / "root" / "apple").mkdir(parents=True, exist_ok=True)
    if not (base / "root" / "out").exists():
        (base / "root" / "out").symlink_to(base)
    try:
        found = DataRoot(base / "root").find("/".join(parts))
    except InputError:
        return
    assert found.is_relative_to((base / "root").resolve())
