from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from monae_app.jobs import bitsets


@given(st.integers(1, 70).flatmap(lambda cells: st.lists(st.booleans(), min_size=cells, max_size=cells)))
def test_bits_hold_what_was_packed(chosen: list[bool]):
    bits = bitsets.pack(np.array(chosen))
    assert len(bits) == bitsets.bytes_for(len(chosen))
    assert bitsets.unpack(bits, len(chosen)).tolist() == chosen
    assert bitsets.count(bits) == sum(chosen)
    for row, there in enumerate(chosen):
        assert (bits[row // 8] >> row % 8) & 1 == there
