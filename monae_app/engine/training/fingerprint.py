"""By what a checkpoint knows the data that it was trained on."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import numpy as np

from monae_app.engine.data.covered import CoveredMatrix

if TYPE_CHECKING:
    from monae_app.engine.data.dataset import Dataset
    from monae_app.engine.data.guidance import GuidanceGraph


def fingerprint(dataset: Dataset, graph: GuidanceGraph) -> str:
    """Hash values, batches, modelled features and links; names of cells and columns of obs do not count.

    Parameters
    ----------
    dataset
        What is trained on.
    graph
        Its guidance.
    """
    found = hashlib.blake2b(digest_size=16)
    for name, modality in dataset.modalities.items():
        values = modality.values
        found.update(f"{name} {values.shape} {modality.likelihood}".encode())
        totals = (values.totals.data,) if isinstance(values, CoveredMatrix) else ()
        for part in (values.indptr.astype(np.int64), values.indices, values.data, *totals, dataset.batch_codes[name]):
            found.update(np.ascontiguousarray(part).data)
    found.update("\n".join(graph.vertices["name"].astype(str)).encode())
    for ends in (graph.source, graph.target):
        found.update(np.ascontiguousarray(ends, np.int64).data)
    if (graph.sign < 0).any():
        found.update(np.ascontiguousarray(graph.sign, np.int8).data)
    return found.hexdigest()
