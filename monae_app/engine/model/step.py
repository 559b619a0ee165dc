"""All that one training step reads.

B cells of a modality in a step, k input components, F decoded features, A anchors, E edges.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor

    from monae_app.engine.model.likelihoods import SparseValues


@dataclass(frozen=True)
class Partners:
    """Anchored cells of another modality, one for every cell of a batch.

    Parameters
    ----------
    modality
        Of the partners.
    representation, batch
        What their encoder reads, (B, k) and (B,).
    known
        Whether the cell has a partner at all, (B,) bool; where not, what stands here is to be passed over.
    """

    modality: str
    representation: Tensor
    batch: Tensor
    known: Tensor


@dataclass(frozen=True)
class CellBatch:
    """Cells of one modality in a step.

    Parameters
    ----------
    representation
        (B, k).
    batch
        (B,) int64.
    library
        (B, 1).
    balance
        How much every cell weighs in the mixing of modalities, (B,).
    features
        Positions of the decoded features within the modality, (F,) int64.
    measured
        Their values.
    partners
        None where nothing is anchored.
    """

    representation: Tensor
    batch: Tensor
    library: Tensor
    balance: Tensor
    features: Tensor
    measured: SparseValues
    partners: Partners | None


@dataclass(frozen=True)
class EdgeBatch:
    """Edges of a step: heads, tails, sign (E,), and corrupted tails (E, negatives)."""

    heads: Tensor
    tails: Tensor
    sign: Tensor
    corrupted: Tensor


@dataclass(frozen=True)
class AnchorBatch:
    """Anchored cells, row by row.

    Parameters
    ----------
    modalities
        Of the two.
    representations, batches
        What their encoders read, (A, k) and (A,) each.
    not_negative
        Which of the 2A views are no negatives of each other, (2A, 2A) bool.
    pull
        How much these anchors weigh beside those of other modalities.
    """

    modalities: tuple[str, str]
    representations: tuple[Tensor, Tensor]
    batches: tuple[Tensor, Tensor]
    not_negative: Tensor
    pull: float = 1.0


@dataclass(frozen=True)
class Step:
    """A batch of every modality; edges or anchors may be missing. Progress runs from 0 to 1."""

    cells: dict[str, CellBatch]
    edges: EdgeBatch | None
    anchors: tuple[AnchorBatch, ...]
    progress: float
