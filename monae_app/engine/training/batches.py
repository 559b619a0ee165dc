"""What each training step reads, drawn from the seed and the number of the step alone.

A step that depends on nothing before it makes a resumed run equal to an uninterrupted one. Every modality draws from a
stream of its own: were streams shared, cells that stand in the same row of two files would be drawn together, and their
pairing would leak.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import scipy.sparse as sp
import torch

from monae_app.engine.data.covered import CoveredMatrix
from monae_app.engine.model.likelihoods import SparseValues
from monae_app.engine.model.step import AnchorBatch, CellBatch, EdgeBatch, Partners, Step
from monae_app.engine.training.group import SOLO, Group
from monae_app.engine.training.resident import resident

if TYPE_CHECKING:
    from collections.abc import Sequence

EDGES_PER_STEP = 2048
NEGATIVES_PER_EDGE = 4
EDGE_STREAM, ANCHOR_STREAM, FIRST_CELL_STREAM = 0, 1, 2


@dataclass(frozen=True)
class CellSource:
    """All cells of one modality as training reads them.

    Parameters
    ----------
    values
        Modelled features, (N, G); a covered matrix where not every place was measured.
    representation
        (N, k) float32.
    batch
        (N,) int64.
    library
        (N,) float32.
    balance
        How much every cell weighs in the mixing of modalities, (N,) float32.
    """

    values: sp.csr_matrix | CoveredMatrix
    representation: np.ndarray
    batch: np.ndarray
    library: np.ndarray
    balance: np.ndarray


@dataclass(frozen=True)
class AnchorSource:
    """Anchors of two modalities, ready to be drawn from.

    Parameters
    ----------
    modalities
        Of the two.
    rows
        (A, 2).
    start
        Cells of both on the shared axes before training, rows of length 1, (N, D) and (M, D).
    alike_from
        Cosine there from which two cells are too close to be told apart on purpose; above 1 for never.
    pull
        How strongly they are drawn together, as a multiple of the weight of the term.
    """

    modalities: tuple[str, str]
    rows: np.ndarray
    start: tuple[np.ndarray, np.ndarray]
    alike_from: float
    pull: float = 1.0

    @cached_property
    def joined(self) -> sp.csr_matrix:
        """Which cells are anchored to which, (N, M) bool."""
        shape = tuple(len(cells) for cells in self.start)
        return sp.csr_matrix((np.ones(len(self.rows), dtype=bool), (self.rows[:, 0], self.rows[:, 1])), shape=shape)

    def partners_of(self, side: int) -> tuple[np.ndarray, np.ndarray]:
        """Anchored cells of the other side in the order of this side's cells: starts (N + 1,) and rows (A,)."""
        order = np.argsort(self.rows[:, side], kind="stable")
        starts = np.searchsorted(self.rows[order, side], np.arange(len(self.start[side]) + 1))
        return starts, self.rows[order, 1 - side]


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
        Of every pair of modalities that has any.
    seed, batch_size, features_per_step
        As in RunConfig.
    device
        Where the tensors go.

    Attributes
    ----------
    group
        Processes that draw the same cells, features, anchors and edges, of which each takes its share of the cells and
        anchors; this one alone, unless set.
    """

    def __init__(
        self,
        cells: dict[str, CellSource],
        edges: EdgeSource | None,
        anchors: Sequence[AnchorSource],
        *,
        seed: int,
        batch_size: int,
        features_per_step: int,
        device: torch.device,
    ) -> None:
        self.group: Group = SOLO
        self.cells, self.edges, self.anchors = cells, edges, [each for each in anchors if len(each.rows) > 1]
        self.seed, self.batch_size, self.features_per_step, self.device = seed, batch_size, features_per_step, device
        self._resident = resident({name: each.values for name, each in cells.items()}, device)
        self._partners = {
            name: [(each, side, *each.partners_of(side)) for each in self.anchors for side in sides_of(each, name)]
            for name in cells
        }
        self._edge_share = np.cumsum(edges.weight, dtype=np.float64) if edges is not None else np.empty(0)

    def draw(self, step: int, progress: float) -> Step:
        """Draw the batch of a step; the same step always gives the same batch."""
        drawn = {
            name: self._cells(name, step, self._stream(step, stream))
            for stream, name in enumerate(self.cells, FIRST_CELL_STREAM)
        }
        after_cells = FIRST_CELL_STREAM + len(self.cells)
        anchors = tuple(
            self._anchors(each, self._stream(step, after_cells + i if i else ANCHOR_STREAM))
            for i, each in enumerate(self.anchors)
        )
        return Step(drawn, self._edges(self._stream(step, EDGE_STREAM)), anchors, progress)

    def _stream(self, step: int, stream: int) -> np.random.Generator:
        return np.random.default_rng([self.seed, step, stream])

    def _tensor(self, values: np.ndarray) -> torch.Tensor:
        return torch.from_numpy(np.ascontiguousarray(values)).to(self.device)

    def _cells(self, name: str, step: int, rng: np.random.Generator) -> CellBatch:
        source = self.cells[name]
        n_cells, n_features = source.values.shape
        rows = rng.choice(n_cells, min(self.batch_size, n_cells), replace=False, shuffle=False)
        features = np.arange(n_features)
        if n_features > self.features_per_step:
            features = np.sort(rng.choice(n_features, self.features_per_step, replace=False, shuffle=False))
        part, share = self.group.share(len(rows))
        mine = rows[part]
        return CellBatch(
            self._tensor(source.representation[mine]),
            self._tensor(source.batch[mine]),
            self._tensor(source.library[mine, None]),
            self._tensor(source.balance[rows]),
            self._tensor(features),
            self._measured(name, mine, features),
            self._partners_for(name, step, rows, part, rng),
            share,
        )

    def _partners_for(
        self, name: str, step: int, rows: np.ndarray, part: slice, rng: np.random.Generator
    ) -> Partners | None:
        if not self._partners[name]:
            return None
        # with several other modalities, they take turns
        source, side, starts, theirs = self._partners[name][step % len(self._partners[name])]
        count = starts[rows + 1] - starts[rows]
        chosen = starts[rows] + (rng.random(len(rows)) * count).astype(np.int64)
        other = source.modalities[1 - side]
        cells = self.cells[other]
        # who has no partner is passed over, but batch norm reads what stands there: any cell, not one cell many times
        anyone = rng.integers(len(cells.representation), size=len(rows))
        partner = np.where(count > 0, theirs[np.where(count > 0, chosen, 0)], anyone)[part]
        return Partners(
            other,
            self._tensor(cells.representation[partner]),
            self._tensor(cells.batch[partner]),
            self._tensor(count[part] > 0),
        )

    def _measured(self, name: str, rows: np.ndarray, features: np.ndarray) -> SparseValues:
        if name in self._resident:
            return self._resident[name].block(rows, features)
        values = self.cells[name].values
        block = values[rows]
        place = np.full(values.shape[1], -1)
        place[features] = np.arange(len(features))
        columns = place[block.indices]
        row_of = np.repeat(np.arange(len(rows)), np.diff(block.indptr))
        kept = columns >= 0
        totals = self._tensor(block.totals.data[kept]) if isinstance(block, CoveredMatrix) else None
        places = self._tensor(row_of[kept]), self._tensor(columns[kept])
        return SparseValues(*places, self._tensor(block.data[kept]), totals)

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

    def _anchors(self, source: AnchorSource, rng: np.random.Generator) -> AnchorBatch:
        size = min(self.batch_size, len(source.rows))
        chosen = source.rows[rng.choice(len(source.rows), size, replace=False)]
        start = np.concatenate([cells[rows] for cells, rows in zip(source.start, chosen.T, strict=True)])
        # one cell may stand in several anchors: it is no negative of itself, nor of any cell it is anchored to
        same = [rows[:, None] == rows[None, :] for rows in chosen.T]
        anchored = source.joined[chosen[:, 0]][:, chosen[:, 1]].toarray()
        alike = start @ start.T > source.alike_from
        alike |= np.block([[same[0], anchored], [anchored.T, same[1]]])
        part, share = self.group.share(size)
        ends = [(self.cells[name], rows) for name, rows in zip(source.modalities, chosen[part].T, strict=True)]
        return AnchorBatch(
            source.modalities,
            tuple(self._tensor(cells.representation[rows]) for cells, rows in ends),  # type: ignore[arg-type]
            tuple(self._tensor(cells.batch[rows]) for cells, rows in ends),  # type: ignore[arg-type]
            self._tensor(alike),
            source.pull,
            share,
        )


def sides_of(source: AnchorSource, modality: str) -> list[int]:
    """On which side of the anchors a modality stands, if it does."""
    return [side for side, name in enumerate(source.modalities) if name == modality]
