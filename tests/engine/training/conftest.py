from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest

if TYPE_CHECKING:
    from monae_app.engine.data.guidance import GuidanceGraph


@pytest.fixture(scope="session")
def rewired(graph: GuidanceGraph) -> GuidanceGraph:
    """As many links at most, each from a gene to a peak somewhere else."""
    peaks = graph.block("atac")
    target = np.random.default_rng(0).permutation(peaks.stop - peaks.start)[: len(graph.target)] + peaks.start
    kept = slice(len(target))
    return replace(graph, source=graph.source[kept], target=target, weight=graph.weight[kept], sign=graph.sign[kept])
