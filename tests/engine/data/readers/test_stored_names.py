"""Names read all at once, against each read by itself."""

from __future__ import annotations

import h5py
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from monae_app.engine.data.readers import stored_names as stored
from monae_app.engine.data.readers.names import as_text

LONG = "x" * (stored.SHORT - 1) + "é"
TEXTS = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=60)


def column(texts, **how) -> h5py.Dataset:
    file = h5py.File("memory.h5", "w", driver="core", backing_store=False)
    return file.create_dataset("names", data=np.array(texts, dtype=object), dtype=h5py.string_dtype(), **how)


@given(st.lists(TEXTS, min_size=1, max_size=12), st.integers(1, 5))
def test_names_of_any_length_and_script_are_read(texts, at_once):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(stored, "ROWS_AT_ONCE", at_once)
        found = stored.stored_names(column(texts))
        assert found == (None if any("\n" in text for text in texts) else texts)
        prefixed = column([f"rna:{text}" for text in texts])
        alike = stored.are_named(prefixed, range(len(texts)), texts, "rna:")
        assert alike is not any("\n" in text for text in texts)


@pytest.mark.parametrize("how", [{}, {"chunks": (2,), "compression": "gzip"}])
def test_some_rows(how):
    node = column(["a", LONG, "c", "", "e"], **how)
    assert stored.stored_names(node, slice(1, 4)) == [LONG, "c", ""]
    assert stored.stored_names(node, np.array([0, 1, 4])) == ["a", LONG, "e"]
    assert stored.stored_names(node, slice(0, 0)) == []


@pytest.mark.parametrize(
    "names",
    [
        ["a", "b", "d"],
        ["b", "a", "c"],
        ["a", "b"],
        ["a", "b", "c", "c"],
        # together they are the same bytes
        ["a\nrna:b", "c", ""],
        ["a\nrna:b", "c"],
        [LONG, "b", "c"],
        ["a", "b", "\ud800"],
    ],
)
def test_other_names_are_not_taken_for_the_same(names, monkeypatch):
    node = column(["atac:z", "rna:a", "rna:b", "rna:c"])
    assert stored.are_named(node, range(1, 4), ["a", "b", "c"], "rna:")
    assert not stored.are_named(node, range(1, 4), ["a", "b", "c"], "atac:")
    assert not stored.are_named(node, range(1, 4), names, "rna:")
    monkeypatch.setattr(stored, "ROWS_AT_ONCE", 2)
    assert not stored.are_named(node, range(1, 4), names, "rna:")


def test_columns_of_another_kind_are_left_to_others():
    file = h5py.File("memory.h5", "w", driver="core", backing_store=False)
    for name, data in {"numbers": np.arange(3), "bytes": np.array([b"a", b"b"]), "table": np.ones((2, 2))}.items():
        assert stored.stored_names(file.create_dataset(name, data=data)) is None
        assert not stored.are_named(file[name], range(2), ["a", "b"], "")
    latin = file.create_dataset("latin", data=np.array([b"\xe9", b"b"], dtype=object), dtype=h5py.string_dtype())
    with pytest.raises(UnicodeDecodeError):
        stored.stored_names(latin)


@pytest.mark.parametrize(
    ("values", "texts"),
    [
        (np.array([b"a", b"\xe9b"]), ["a", "\ufffdb"]),
        (np.array([b"a\nb", b"c"], dtype=object), ["a\nb", "c"]),
        (np.array([b"\xc3", b"\xa9"], dtype=object), ["\ufffd", "\ufffd"]),
        (np.array(["a", b"b", 3, None], dtype=object), ["a", "b", "3", "None"]),
        (np.array(["b'a'", "c"], dtype=object), ["a", "c"]),
        (np.array([b"b'a'", b"c"], dtype=object), ["a", "c"]),
        (np.array([0.1, 2], dtype=np.float32), ["0.1", "2.0"]),
        (np.array([], dtype=object), []),
    ],
)
def test_values_of_every_kind_become_texts(values, texts):
    assert as_text(values).tolist() == texts
