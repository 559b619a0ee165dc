from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monae_app.engine.config import make_config
from monae_app.engine.data.footprint import expected_device_memory, expected_memory
from monae_app.engine.data.on_disk import LARGE

GB = 1e9
sizes = st.integers(5, 1_000_000)
features = st.integers(3, 200_000)


def config(**settings):
    return make_config(inputs={"rna": "rna.h5ad", "atac": "atac.h5ad"}, **settings)


def summary(cells: int, genes: int, peaks: int, values: tuple[float, float], edges: int) -> dict:
    """Sizes of RNA and ATAC, ``values`` stored in each."""
    modalities = {
        name: {"cells": cells, "features": each, "nonzero_share": stored / (cells * each)}
        for name, each, stored in zip(("rna", "atac"), (genes, peaks), values, strict=True)
    }
    return {"modalities": modalities, "guidance": {"edges": edges}}


@pytest.mark.parametrize(
    ("sizes", "measured"),
    [
        ((300, 300, 1000, (5e4, 7e4), 691), 0.784),
        ((5232, 1677, 25_734, (5.5e5, 5.1e5), 24_164), 1.346),
        ((3000, 3000, 120_000, (1.55e6, 1.8e6), 27_309), 1.333),
        ((20_000, 2000, 10_000, (8.68e6, 8.53e6), 6000), 1.652),
        ((40_000, 800, 3000, (1.107e7, 1.335e7), 1800), 1.907),
    ],
)
def test_what_was_measured_is_met(sizes, measured):
    assert abs(expected_memory(summary(*sizes), config()) / GB / measured - 1) < 0.15


@given(sizes, sizes, features, features)
def test_more_of_anything_never_takes_less(some, other, one, another):
    fewer, more = sorted((some, other))
    small, large = sorted((one, another))

    def of(cells, genes):
        return summary(cells, genes, 500, (0.1 * cells * genes, 50 * cells), 1000)

    def on_disk(summary):
        return [each["nonzero_share"] * each["cells"] * each["features"] > LARGE
                for each in summary["modalities"].values()]  # fmt: skip

    base = of(fewer, small)
    for larger in (of(more, small), of(fewer, large)):
        # what no longer fits into memory lies on disk, and takes less of it
        if on_disk(larger) != on_disk(base):
            continue
        assert expected_memory(larger, config()) >= expected_memory(base, config())
        assert expected_device_memory(larger, config()) >= expected_device_memory(base, config())


def test_matrices_on_disk_take_what_was_measured_and_hardly_more_with_more_values():
    size = (200_000, 2000, 20_000, (9.1e7, 1.0e8), 12_000)
    measured = expected_memory(summary(*size), config())
    assert 1 < measured / GB / 1.94 < 1.2
    denser = summary(200_000, 2000, 20_000, (9.1e7, 2.0e8), 12_000)
    assert expected_memory(denser, config()) < 1.5 * measured
    in_memory = summary(20_000, 2000, 20_000, (3.3e7, 3.3e7), 12_000)
    assert expected_memory(in_memory, config()) > expected_memory(summary(20_000, 200, 20_000, (3e6, 3e7), 9), config())


def test_batches_decide_what_a_gpu_needs_and_cells_hardly():
    of = {cells: summary(cells, 4000, 40_000, (1e8, 1e8), 50_000) for cells in (5000, 500_000)}
    assert expected_device_memory(of[5000], config()) == expected_device_memory(of[500_000], config())
    large = config(batch_size=4096, features_per_step=40_000)
    assert expected_device_memory(of[5000], large) > 5 * expected_device_memory(of[5000], config())


def test_methylation_is_counted_in_memory_however_large():
    def of(cells):
        each = {"cells": cells, "features": 2000, "nonzero_share": 0.4}
        return {"modalities": {"rna": each, "methylation": each}, "guidance": {"edges": 2000}}

    places = 0.4 * 2000 * 200_000
    grown = expected_memory(of(400_000), config()) - expected_memory(of(200_000), config())
    assert grown > 32 * places
