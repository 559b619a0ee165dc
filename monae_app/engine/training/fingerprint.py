"""By what a checkpoint knows the data that it was trained on."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import numpy as np

from monae_app.engine.data.covered import CoveredMatrix
from monae_app.engine.data.on_disk import value_blocks

if TYPE_CHECKING:
    from collections.abc import Iterator

    import scipy.sparse as sp

    from monae_app.engine.data.dataset import Dataset
    from monae_app.engine.data.guidance import GuidanceGraph
    from monae_app.engine.training.groundwork import Groundwork


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
        for part in (values.indptr.astype(np.int64), *_values(values), *totals, dataset.batch_codes[name]):
            found.update(np.ascontiguousarray(part).data)
    found.update("\n".join(graph.vertices["name"].astype(str)).encode())
    for ends in (graph.source, graph.target):
        found.update(np.ascontiguousarray(ends, np.int64).data)
    if (graph.sign < 0).any():
        found.update(np.ascontiguousarray(graph.sign, np.int8).data)
    return found.hexdigest()


def _values(values: sp.csr_matrix | CoveredMatrix) -> Iterator[np.ndarray]:
    """Yield places, then values, as they are in memory: on disk they may take fewer bytes."""
    for of_all, dtype in ((values.indices, values.indices.dtype), (values.data, np.float32)):
        for block in value_blocks(values):
            yield of_all[block].astype(dtype, copy=False)


def fingerprint_of_ground(dataset: Dataset, ground: Groundwork) -> str:
    """Hash what is trained on with all that was worked out beforehand, by which several processes know each other.

    Parameters
    ----------
    dataset, ground
        What a training builds on.
    """
    found = hashlib.blake2b(fingerprint(dataset, ground.graph).encode(), digest_size=16)
    arrays = [each.representation for each in ground.prepared.values()] + [ground.graph.weight]
    if ground.correspondence is not None:
        arrays += [*ground.correspondence.start.values(), *(each.rows for each in ground.correspondence.anchors)]
    if ground.embedded is not None:
        arrays.append(ground.embedded.features)
    for each in arrays:
        found.update(np.ascontiguousarray(each).data)
    return found.hexdigest()
