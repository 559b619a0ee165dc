"""What each training step reads, drawn from the seed and the number of the step alone.

A step that depends on nothing before it makes a resumed run equal to an uninterrupted one. Every modality draws from a
stream of its own: were streams shared, cells that stand in the same row of two files would be drawn together, and their
pairing would leak.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch

from monae_app.engine.model.likelihoods import SparseValues
from monae_app.engine.model.monae_net import AnchorBatch, CellBatch, EdgeBatch, Step

if TYPE_CHECKING:
    import scipy.sparse as sp

EDGES_PER_STEP = 8192
NEGATIVES_PER_EDGE = 5
EDGE_STREAM, ANCHOR_STREAM, FIRST_CELL_STREAM = 0, 1, 2


@dataclass(frozen=True)
class CellSource:
    """All cells of one modality as training reads them.

    Parameters
    ----------
    values
        Modelled features, (N, G).
    representation
        (N, k) float32.
    batch
        (N,) int64.
    library
        (N,) float32, positive.
    """

    values: sp.csr_matrix
    representation: np.ndarray
    batch: np.ndarray
    library: np.ndarray


@dataclass(frozen=True)
class EdgeSource:
    """Edges without self-loops: ends, weight, sign (P,); blocks gives every vertex its modality's (start, stop)."""

    source: np.ndarray
    target: np.ndarray
    weight: np.ndarray
    sign: np.ndarray
    blocks: np.ndarray


class StepSampler:
    """Draws the batch of any step.

    Parameters
    ----------
    cells
        By modality.
    edges
        None where the graph has no edges.
    anchors
        (A, 2) rows of the first two modalities; None without anchors.
    seed, batch_size, features_per_step
        As in RunConfig.
    device
        Where the tensors go.
    """

    def __init__(
        self,
        cells: dict[str, CellSource],
        edges: EdgeSource | None,
        anchors: np.ndarray | None,
        *,
        seed: int,
        batch_size: int,
        features_per_step: int,
        device: torch.device,
    ) -> None:
        self.cells, self.edges, self.anchors = cells, edges, anchors
        self.seed, self.batch_size, self.features_per_step, self.device = seed, batch_size, features_per_step, device
        self._edge_share = np.cumsum(edges.weight, dtype=np.float64) if edges is not None else np.empty(0)

    def draw(self, step: int, progress: float) -> Step:
        """Draw the batch of a step; the same step always gives the same batch."""
        drawn = {
            name: self._cells(source, self._stream(step, FIRST_CELL_STREAM + i))
            for i, (name, source) in enumerate(self.cells.items())
        }
        return Step(
            drawn,
            self._edges(self._stream(step, EDGE_STREAM)),
            self._anchors(self._stream(step, ANCHOR_STREAM)),
            progress,
        )

    def _stream(self, step: int, stream: int) -> np.random.Generator:
        return np.random.default_rng([self.seed, step, stream])

    def _tensor(self, values: np.ndarray) -> torch.Tensor:
        return torch.from_numpy(np.ascontiguousarray(values)).to(self.device)

    def _cells(self, source: CellSource, rng: np.random.Generator) -> CellBatch:
        n_cells, n_features = source.values.shape
        rows = rng.choice(n_cells, min(self.batch_size, n_cells), replace=False, shuffle=False)
        features = np.arange(n_features)
        if n_features > self.features_per_step:
            features = np.sort(rng.choice(n_features, self.features_per_step, replace=False, shuffle=False))
        return CellBatch(
            self._tensor(source.representation[rows]),
            self._tensor(source.batch[rows]),
            self._tensor(source.library[rows, None]),
            self._tensor(features),
            self._measured(source.values, rows, features),
        )

    def _measured(self, values: sp.csr_matrix, rows: np.ndarray, features: np.ndarray) -> SparseValues:
        block = values[rows]
        place = np.full(values.shape[1], -1)
        place[features] = np.arange(len(features))
        columns = place[block.indices]
        row_of = np.repeat(np.arange(len(rows)), np.diff(block.indptr))
        kept = columns >= 0
        return SparseValues(self._tensor(row_of[kept]), self._tensor(columns[kept]), self._tensor(block.data[kept]))

    def _edges(self, rng: np.random.Generator) -> EdgeBatch | None:
        edges = self.edges
        if edges is None:
            return None
        size = min(EDGES_PER_STEP, len(edges.source))
        chosen = np.searchsorted(self._edge_share, rng.random(size) * self._edge_share[-1], side="right")
        chosen = np.minimum(chosen, len(edges.source) - 1)
        turned = rng.random(size) < 0.5
        heads = np.where(turned, edges.target[chosen], edges.source[chosen])
        tails = np.where(turned, edges.source[chosen], edges.target[chosen])
        # a corrupted edge keeps its head, its sign and the modality of its tail
        start, stop = edges.blocks[tails].T
        corrupted = rng.integers(start[:, None], stop[:, None], (size, NEGATIVES_PER_EDGE))
        sign = edges.sign[chosen].astype(np.float32)
        return EdgeBatch(self._tensor(heads), self._tensor(tails), self._tensor(sign), self._tensor(corrupted))

    def _anchors(self, rng: np.random.Generator) -> AnchorBatch | None:
        if self.anchors is None or len(self.anchors) < 2:
            return None
        chosen = self.anchors[rng.choice(len(self.anchors), min(self.batch_size, len(self.anchors)), replace=False)]
        (first, one), (second, other) = list(self.cells.items())[:2]
        return AnchorBatch(
            (first, second),
            (self._tensor(one.representation[chosen[:, 0]]), self._tensor(other.representation[chosen[:, 1]])),
            (self._tensor(one.batch[chosen[:, 0]]), self._tensor(other.batch[chosen[:, 1]])),
        )
