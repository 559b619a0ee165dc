"""All measured values of a modality on the device that trains: a step then moves row numbers there, and no values.

Compressed as they are, (N, G) with S stored values, and spread out there alone: a step of a few hundred cells is a
few megabytes, all of them together are what fills a device. B cells and F features of a step.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch

from monae_app.engine.data import in_blocks
from monae_app.engine.data.in_blocks import blocks
from monae_app.engine.model.likelihoods import SparseValues

if TYPE_CHECKING:
    from collections.abc import Mapping

    import scipy.sparse as sp

    from monae_app.engine.data.covered import CoveredMatrix

# of the memory that a device has free: the rest is for the network, its optimiser and the batches
SHARE = 0.5
BYTES_OF_PLACE = 4


@dataclass(frozen=True)
class ResidentValues:
    """Values by cells.

    Parameters
    ----------
    ends
        Where cells begin and end, (N + 1,) int64.
    columns
        (S,) int32.
    values
        (S,); counts in as few bytes as the device can look up.
    totals
        Of methylation the covered reads, (S,); None otherwise.
    n_features
        G.
    """

    ends: torch.Tensor
    columns: torch.Tensor
    values: torch.Tensor
    totals: torch.Tensor | None
    n_features: int

    @classmethod
    def of(cls, values: sp.csr_matrix | CoveredMatrix, device: torch.device) -> ResidentValues:
        """Bring a matrix over, some millions of values at a time."""
        totals = getattr(values, "totals", None)
        return cls(
            torch.from_numpy(np.asarray(values.indptr, np.int64)).to(device),
            _moved(values.indices, torch.int32, device),
            _moved(values.data, _type_of(values.data), device),
            None if totals is None else _moved(totals.data, torch.float32, device),
            int(values.shape[1]),
        )

    def block(self, rows: np.ndarray, features: np.ndarray) -> SparseValues:
        """Choose cells (B,) and features (F,), increasing: what a step reads, in the order in which it is stored."""
        device = self.ends.device
        chosen, wanted = (torch.from_numpy(np.asarray(each, np.int64)).to(device) for each in (rows, features))
        begins = self.ends[chosen]
        lengths = self.ends[chosen + 1] - begins
        row_of = torch.repeat_interleave(torch.arange(len(chosen), device=device), lengths)
        before = torch.cumsum(lengths, 0) - lengths
        stored = torch.arange(len(row_of), device=device) + (begins - before)[row_of]
        place = torch.full((self.n_features,), -1, dtype=torch.int64, device=device)
        place[wanted] = torch.arange(len(wanted), device=device)
        columns = place[self.columns[stored].long()]
        kept = torch.nonzero(columns >= 0)[:, 0]
        stored = stored[kept]
        totals = None if self.totals is None else self.totals[stored]
        return SparseValues(row_of[kept], columns[kept], self.values[stored].float(), totals)


def resident(values: Mapping[str, sp.csr_matrix | CoveredMatrix], device: torch.device) -> dict[str, ResidentValues]:
    """Bring modalities to a GPU, smallest first, as long as they fit into half of what is free there.

    Parameters
    ----------
    values
        By modality.
    device
        That trains. On a CPU nothing is brought anywhere: memory is the same, and what lies on disk stays there.
    """
    found: dict[str, ResidentValues] = {}
    if device.type != "cuda":
        return found
    free = SHARE * torch.cuda.mem_get_info(device)[0]
    for name, each in sorted(values.items(), key=lambda item: item[1].nnz):
        free -= bytes_of(each)
        if free < 0:
            break
        found[name] = ResidentValues.of(each, device)
    return found


def bytes_of(values: sp.csr_matrix | CoveredMatrix) -> int:
    """Return what a matrix takes on a device."""
    of_value = _type_of(values.data).itemsize + (4 if hasattr(values, "totals") else 0)
    return int(values.nnz * (BYTES_OF_PLACE + of_value) + 8 * len(values.indptr))


def _type_of(values: np.ndarray) -> torch.dtype:
    # devices look up bytes, but hardly unsigned integers of two
    return torch.uint8 if values.dtype == np.uint8 else torch.float32


def _moved(values: np.ndarray, dtype: torch.dtype, device: torch.device) -> torch.Tensor:
    found = torch.empty(len(values), dtype=dtype, device=device)
    for part in blocks(len(values), in_blocks.VALUES_AT_ONCE):
        # a copy: what is mapped for reading is no memory that torch may take for its own
        found[part] = torch.from_numpy(np.array(values[part])).to(device=device, dtype=dtype)
    return found
