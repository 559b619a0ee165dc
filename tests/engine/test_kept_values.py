"""What is kept of a result comes back as it was, down to how it lies in memory; what is damaged never does."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as of_numpy

from monae_app.engine.kept_values import (
    UNREADABLE,
    NotKept,
    parts_of,
    read_key,
    read_value,
    value_of,
    write_value,
)

if TYPE_CHECKING:
    from pathlib import Path

ARRAYS = of_numpy.arrays(
    st.sampled_from([np.float32, np.float64, np.int32, np.int64, np.int8, np.bool_]),
    of_numpy.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=4),
)
PLAIN = st.none() | st.booleans() | st.integers(-(2**60), 2**60) | st.floats() | st.text(max_size=5)
NAMES = st.text(max_size=3) | st.integers(0, 9) | st.tuples(st.text(max_size=2), st.text(max_size=2))
VALUES = st.recursive(
    PLAIN | ARRAYS,
    lambda inner: st.lists(inner, max_size=3) | st.tuples(inner, inner) | st.dictionaries(NAMES, inner, max_size=3),
    max_leaves=8,
)


@dataclass(frozen=True)
class Inner:
    rows: np.ndarray
    names: tuple[str, ...]


@dataclass(frozen=True)
class Outer:
    parts: dict[str, Inner]
    weights: sp.csr_matrix
    share: float = 0.5


@dataclass(frozen=True)
class Foreign:
    rows: np.ndarray


def same(one: Any, other: Any) -> None:
    assert type(one) is type(other)
    if isinstance(one, np.ndarray):
        np.testing.assert_array_equal(one, other)
        assert (one.dtype, one.shape) == (other.dtype, other.shape)
    elif not (held := held_by(one)):
        assert one == other or (one != one and other != other)
    else:
        for mine, theirs in zip(held, held_by(other), strict=True):
            same(mine, theirs)


def held_by(value: Any) -> list[Any]:
    if isinstance(value, dict):
        return [*value, *value.values()]
    if isinstance(value, list | tuple):
        return list(value)
    if sp.issparse(value):
        return [value.shape, value.data, value.indices, value.indptr]
    return [getattr(value, each.name) for each in fields(value)] if isinstance(value, Inner | Outer) else []


def through_a_file(value: Any, path: Path, made_of: tuple[type, ...] = ()) -> Any:
    write_value(path, "key", *parts_of(value))
    return read_value(path, "key", made_of)


@given(VALUES)
def test_values_come_back_as_they_were(tmp_path_factory, value):
    same(through_a_file(value, tmp_path_factory.mktemp("kept") / "value"), value)


def test_records_matrices_tables_and_categories_come_back(tmp_path):
    weights = sp.random_array((6, 5), density=0.4, format="csr", random_state=0)
    value = Outer({"a": Inner(np.arange(3), ("x", "y"))}, sp.csr_matrix(weights))
    found = through_a_file(value, tmp_path / "record", (Inner, Outer))
    same(found, value)
    clusters = pd.Categorical(["b", "a", "b"], categories=["b", "a", "c"])
    table = pd.DataFrame({"cluster": ["0", "1"], "cells": [3, 4], "without": [np.nan, 2.0]})
    kinds, rows, names = through_a_file((clusters, table, np.array(["p", "q"])), tmp_path / "others")
    assert list(kinds) == list(clusters)
    assert list(kinds.categories) == ["b", "a", "c"]
    pd.testing.assert_frame_equal(rows, table, check_dtype=False)
    assert names.tolist() == ["p", "q"]


@pytest.mark.parametrize("order", ["C", "F"])
def test_an_array_lies_in_memory_as_it_did(order, tmp_path):
    values = np.asarray(np.random.default_rng(0).normal(size=(7, 5)), order=order)
    found = through_a_file(values, tmp_path / "array")
    assert (found.flags.c_contiguous, found.flags.f_contiguous) == (order == "C", order == "F")
    assert found.flags.writeable
    same(found, values)


def test_what_lies_strewn_in_memory_is_gathered_the_same_with_a_file_and_without(tmp_path):
    values = np.arange(24.0).reshape(4, 6)[:, ::2]
    found = through_a_file(values, tmp_path / "array"), value_of(*parts_of(values))
    assert all(each.flags.c_contiguous for each in found)
    same(*found)


def test_what_stands_in_two_places_is_written_once(tmp_path):
    graph = sp.csr_matrix(sp.random_array((40, 40), density=0.5, format="csr", random_state=0))
    one, two = through_a_file((graph, graph), tmp_path / "both")
    same(one, graph)
    same(two, graph)
    through_a_file(graph, tmp_path / "alone")
    assert (tmp_path / "both").stat().st_size < 1.2 * (tmp_path / "alone").stat().st_size


@pytest.mark.parametrize("value", [object(), {1, 2}, np.array([1j]), np.array([["a"]]), b"bytes", int])
def test_what_no_file_is_made_of_is_a_mistake_that_is_said(value):
    with pytest.raises(NotKept):
        parts_of(value)


def test_a_class_that_nobody_asked_for_is_never_made(tmp_path):
    write_value(tmp_path / "record", "key", *parts_of(Foreign(np.arange(2))))
    with pytest.raises(KeyError):
        read_value(tmp_path / "record", "key", (Inner,))
    with pytest.raises(TypeError):
        value_of({"is": "record", "name": "Inner", "of": {"other": 1}}, {}, (Inner,))
    with pytest.raises(KeyError):
        value_of({"is": "build", "of": 1}, {})


def test_a_matrix_whose_columns_lie_outside_is_refused(tmp_path):
    broken = sp.csr_matrix((2, 3))
    broken.data, broken.indices, broken.indptr = np.ones(1), np.array([7], np.int32), np.array([0, 1, 1], np.int32)
    write_value(tmp_path / "matrix", "key", *parts_of(broken))
    with pytest.raises(UNREADABLE):
        read_value(tmp_path / "matrix", "key")


def test_another_key_and_every_damage_are_noticed(tmp_path):
    path = tmp_path / "value"
    write_value(path, "key", *parts_of({"rows": np.arange(50), "word": "links"}))
    whole = path.read_bytes()
    assert read_key(path) == "key"
    with pytest.raises(KeyError):
        read_value(path, "other")
    for place in (*range(0, len(whole), 7), len(whole) - 1):
        damaged = bytearray(whole)
        damaged[place] ^= 0x15
        path.write_bytes(bytes(damaged))
        try:
            found = read_value(path, "key")
        except UNREADABLE:
            continue
        # what stands between the names of the header says nothing
        assert found["rows"].tolist() == list(range(50))
        assert found["word"] == "links"
    for length in (0, 5, len(whole) // 2, len(whole) - 1):
        path.write_bytes(whole[:length])
        with pytest.raises(UNREADABLE):
            read_value(path, "key")
    assert read_key(tmp_path / "nothing") is None
