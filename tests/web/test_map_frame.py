"""What is sent for the map, against what went in."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from monae_app.web import map_frame

FLOATS = st.floats(width=32, allow_nan=True, allow_infinity=True)
PLACES = arrays(np.float32, st.tuples(st.integers(0, 40), st.just(2)), elements=st.floats(-1e6, 1e6, width=32))


@given(PLACES)
def test_places_lose_no_more_than_a_step(xy):
    bounds = map_frame.bounds_of(xy)
    low, extent = np.array(bounds[::2]), np.array(bounds[1::2]) - np.array(bounds[::2])
    sent = np.frombuffer(map_frame.coordinates(xy, bounds), "<u2").reshape(-1, 2)
    assert (np.abs(low + sent / 65535 * extent - xy) <= extent / 65535).all()


def test_a_cell_without_a_place_does_no_harm():
    xy = np.array([[0, 0], [np.nan, np.inf], [2, 4]], np.float32)
    assert map_frame.bounds_of(xy) == [0, 2, 0, 4]
    assert np.frombuffer(map_frame.coordinates(xy, [0, 2, 0, 4]), "<u2").tolist()[2:4] == [0, 65535]


@given(arrays(st.sampled_from([np.float32, np.float64]), st.integers(0, 60), elements=FLOATS), st.booleans())
@example(np.array([1e-45, 0], np.float32), False)
@example(np.array([5e-324, 0]), False)
@example(np.array([-3e38, 0, 3e38], np.float32), False)
def test_values_keep_their_order_and_gaps(numbers, nonzero):
    header, codes = map_frame.values(numbers, nonzero=nonzero)
    finite = np.isfinite(numbers)
    assert ((codes == 255) == ~finite).all()
    assert header["missing"] == (~finite).sum()
    order = np.argsort(numbers[finite], kind="stable")
    assert (np.diff(codes[finite][order].astype(int)) >= 0).all()
    if nonzero and finite.any() and numbers[finite].min() >= 0:
        assert ((codes == 0) == (numbers == 0)).all()


def test_a_gene_that_few_cells_have_is_not_flat():
    numbers = np.r_[np.zeros(1000), [1.0, 2.0, 4.0]]
    header, codes = map_frame.values(numbers)
    assert (header["low"], header["high"]) == (0, 4)
    assert codes[-3:].tolist() == [64, 127, 254]


@pytest.mark.parametrize("n_groups", [1, 253, 254, 255, 400])
def test_every_cell_has_a_group_however_many_there_are(n_groups):
    generator = np.random.default_rng(0)
    codes = np.r_[generator.integers(0, n_groups, 5000), np.arange(n_groups), np.repeat(n_groups - 1, 50), -1, -1]
    header, sent = map_frame.groups(codes, [f"g{i}" for i in range(n_groups)])
    assert len(header["groups"]) == min(n_groups, 254)
    assert header["missing"] == 2
    assert (sent[-2:] == 255).all()
    counts = [group["count"] for group in header["groups"]]
    assert counts == np.bincount(sent[:-2], minlength=len(counts)).tolist()
    named = np.array([group["name"] for group in header["groups"]])[sent[:-2]]
    kept = np.char.startswith(named, "g")
    assert (named[kept] == np.array([f"g{i}" for i in codes[:-2]])[kept]).all()
    if n_groups > 254:
        assert header["groups"][-1]["name"] == f"{n_groups - 253} other groups"
        assert (
            min(counts[:-1])
            >= np.bincount(codes[:-2])[~np.isin(np.arange(n_groups), np.unique(codes[:-2][kept]))].max()
        )


@given(st.text(max_size=20))
def test_a_header_ends_on_a_word(title):
    data = map_frame.frame({"title": title}, np.arange(3))
    assert int.from_bytes(data[:4], "little") % 4 == 0
    assert len(data) == 4 + int.from_bytes(data[:4], "little") + 3
