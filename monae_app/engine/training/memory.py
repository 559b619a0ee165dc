"""What to do when a device has no memory left: smaller batches, down to where they make no sense any more."""

from __future__ import annotations

import gc
from dataclasses import dataclass, replace

import torch

SMALLEST_BATCH, FEWEST_FEATURES = 16, 64
OF_MPS = "MPS backend out of memory"


@dataclass(frozen=True)
class BatchSize:
    """Cells of each modality and features of each modality in one step."""

    cells: int
    features: int

    def halved(self) -> BatchSize | None:
        """Half of the cells or, where these are few, half of the features; None where both are few."""
        if self.cells > SMALLEST_BATCH:
            return replace(self, cells=max(SMALLEST_BATCH, self.cells // 2))
        if self.features > FEWEST_FEATURES:
            return replace(self, features=max(FEWEST_FEATURES, self.features // 2))
        return None


def is_out_of_memory(error: BaseException) -> bool:
    """Whether an error says that a device has no memory left: that of CUDA, or what Apple's devices say."""
    return isinstance(error, torch.OutOfMemoryError) or (isinstance(error, RuntimeError) and OF_MPS in str(error))


def free_memory(device: torch.device) -> None:
    """Give back what nobody uses any more."""
    gc.collect()
    if device.type == "cuda":
        torch.cuda.empty_cache()
    elif device.type == "mps":
        torch.mps.empty_cache()
