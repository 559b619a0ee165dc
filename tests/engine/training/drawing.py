"""Sources to draw batches from, whose rows can be read off the batch."""

from __future__ import annotations

from dataclasses import fields, is_dataclass
from typing import TYPE_CHECKING

import numpy as np
import scipy.sparse as sp
import torch

from monae_app.engine.model.anchors import unit_rows
from monae_app.engine.training.batches import AnchorSource, CellSource, EdgeSource, StepSampler

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

N_CELLS, N_FEATURES = 90, 40
NEVER = 2.0


def source(n_cells: int = N_CELLS, seed: int = 0) -> CellSource:
    """The first number of the representation is the row, so that a batch tells which cells it holds."""
    rng = np.random.default_rng(seed)
    rows = np.arange(n_cells)
    values = sp.csr_matrix(rng.poisson(0.7, (n_cells, N_FEATURES)).astype(np.float32))
    representation = np.column_stack([rows, rng.normal(size=n_cells)]).astype(np.float32)
    balance = rng.uniform(0.2, 2, n_cells).astype(np.float32)
    return CellSource(values, representation, rows % 3, rows.astype(np.float32) + 1, balance)


def anchored(
    rows: np.ndarray,
    modalities: tuple[str, str] = ("rna", "atac"),
    *,
    sizes: tuple[int, int] = (N_CELLS, N_CELLS),
    alike_from: float = NEVER,
) -> AnchorSource:
    """Anchors between cells that lie anywhere on the shared axes."""
    rng = np.random.default_rng(2)
    start = tuple(unit_rows(rng.normal(size=(size, 3))) for size in sizes)
    return AnchorSource(modalities, np.asarray(rows).reshape(-1, 2), (start[0], start[1]), alike_from)


def sampler(
    cells: dict[str, CellSource] | None = None,
    of_edges: EdgeSource | None = None,
    anchors: Sequence[AnchorSource] = (),
    *,
    seed: int = 0,
    batch_size: int = 32,
    features_per_step: int = 1000,
) -> StepSampler:
    """Draw from two modalities of one size, unless told otherwise."""
    return StepSampler(
        {"rna": source(), "atac": source(seed=1)} if cells is None else cells,
        of_edges,
        anchors,
        seed=seed,
        batch_size=batch_size,
        features_per_step=features_per_step,
        device=torch.device("cpu"),
    )


def rows_of(representation: torch.Tensor) -> np.ndarray:
    """Rows that a representation made by :func:`source` belongs to."""
    return representation[:, 0].numpy().astype(int)


def assert_same(one: object, other: object) -> None:
    """Both hold the same, down to the last tensor."""
    for first, second in zip(_leaves(one), _leaves(other), strict=True):
        if isinstance(first, torch.Tensor):
            assert torch.equal(first, second)  # type: ignore[arg-type]
        else:
            assert first == second


def _leaves(value: object) -> Iterator[object]:
    if isinstance(value, dict):
        for key, each in value.items():
            yield key
            yield from _leaves(each)
    elif isinstance(value, tuple):
        for each in value:
            yield from _leaves(each)
    elif is_dataclass(value):
        for each in fields(value):
            yield from _leaves(getattr(value, each.name))
    else:
        yield value
