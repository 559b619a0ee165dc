"""All that one training step reads.

B cells of a modality in a step, k input components, F decoded features, A anchors, E edges.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple, Protocol

if TYPE_CHECKING:
    from torch import Tensor

    from monae_app.engine.model.likelihoods import SparseValues


class Share(NamedTuple):
    """What part of a batch stands here, where several processes compute one step.

    Parameters
    ----------
    weight
        By how much a mean over the rows that stand here counts, so that the mean over processes is that over all rows.
    total
        Rows of the batch in all processes; None where all stand here.
    """

    weight: float = 1.0
    total: int | None = None


WHOLE = Share()


class Company(Protocol):
    """Other processes that compute the same step on other rows."""

    def rows(self, mine: Tensor, share: Share) -> Tensor:
        """Rows of all processes, in the order of the whole batch; gradients flow into those that stand here."""

    def part(self) -> None:
        """Draw from here on noise of this process's own; up to here all drew the same."""


class Alone:
    """No other process."""

    def rows(self, mine: Tensor, share: Share) -> Tensor:
        """Return them."""
        return mine

    def part(self) -> None:
        """Do nothing."""


ALONE = Alone()


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
        How much every cell weighs in the mixing of modalities, (B,); of a share, that of the whole batch.
    features
        Positions of the decoded features within the modality, (F,) int64.
    measured
        Their values.
    partners
        None where nothing is anchored.
    share
        Of the step's cells of this modality.
    """

    representation: Tensor
    batch: Tensor
    library: Tensor
    balance: Tensor
    features: Tensor
    measured: SparseValues
    partners: Partners | None
    share: Share = WHOLE


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
        Which of the 2A views are no negatives of each other, (2A, 2A) bool; of a share, those of the whole batch.
    pull
        How much these anchors weigh beside those of other modalities.
    share
        Of the step's anchors.
    """

    modalities: tuple[str, str]
    representations: tuple[Tensor, Tensor]
    batches: tuple[Tensor, Tensor]
    not_negative: Tensor
    pull: float = 1.0
    share: Share = WHOLE


@dataclass(frozen=True)
class Step:
    """A batch of every modality; edges or anchors may be missing. Progress runs from 0 to 1."""

    cells: dict[str, CellBatch]
    edges: EdgeBatch | None
    anchors: tuple[AnchorBatch, ...]
    progress: float
