from __future__ import annotations

import json
import threading
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monae_app.engine.errors import InputError
from monae_app.jobs.about import ABOUT, About, change_about, clean_name, read_about, write_about

NAMES = st.text(min_size=1, max_size=120)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


def test_what_was_said_is_read_again(tmp_path: Path):
    said = About("Cortex, α = 0.5", "First line\nsecond", {"inputs": {"rna": ["data:rna.h5ad"]}}, "20260101-120000-abc")
    write_about(tmp_path, said)
    assert read_about(tmp_path) == said


def test_a_run_of_which_nothing_was_said(tmp_path: Path):
    assert read_about(tmp_path) == About()


@given(st.binary(max_size=60) | JSON.map(lambda value: json.dumps(value).encode()))
def test_a_damaged_file_counts_as_nothing_said(content: bytes):
    with TemporaryDirectory() as folder:
        (Path(folder) / ABOUT).write_bytes(content)
        about = read_about(Path(folder))
        assert isinstance(about.name, str)
        assert about.source is None or isinstance(about.source, dict)


@given(NAMES)
def test_a_name_is_kept_on_one_line_or_refused_in_words(text: str):
    try:
        name = clean_name(text)
    except InputError:
        assert not text.strip() or len(" ".join(text.split())) > 80 or not text.isprintable()
        return
    assert 1 <= len(name) <= 80
    assert name == name.strip()
    assert not set(name) & set("\n\r\t\0")
    with TemporaryDirectory() as folder:
        write_about(Path(folder), About(name=text))
        assert read_about(Path(folder)).name == name


@pytest.mark.parametrize("name", ["", "   ", "x" * 81, "a\0b", "abc\u202etxt"])
def test_names_that_are_refused(tmp_path: Path, name: str):
    with pytest.raises(InputError):
        change_about(tmp_path, name=name)
    assert not (tmp_path / ABOUT).exists()


def test_a_note_that_is_too_long_changes_nothing(tmp_path: Path):
    change_about(tmp_path, name="Kept", note="kept")
    with pytest.raises(InputError, match="5,001 characters"):
        change_about(tmp_path, note="x" * 5001)
    assert read_about(tmp_path) == About("Kept", "kept")


def test_a_run_that_is_gone_is_said(tmp_path: Path):
    with pytest.raises(InputError, match="not there any more"):
        change_about(tmp_path / "gone", name="x")


def test_changes_at_once_do_not_undo_each_other(tmp_path: Path):
    def rename() -> None:
        for number in range(30):
            change_about(tmp_path, name=f"name {number}")

    thread = threading.Thread(target=rename)
    thread.start()
    for number in range(30):
        change_about(tmp_path, note=f"note {number}")
    thread.join()
    assert read_about(tmp_path) == About("name 29", "note 29")
    assert [path.name for path in tmp_path.iterdir()] == [ABOUT]
