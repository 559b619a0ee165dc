"""Where to compute."""

from __future__ import annotations

import torch

from monae_app.engine.errors import InputError
from monae_app.engine.training import ranks

FIRST_WITH_BFLOAT16 = (8, 0)


def choose_device(wanted: str) -> torch.device:
    """Turn auto (cuda, else cpu), cpu, cuda or mps into a device of this machine.

    Of several processes that train together each takes a GPU of its own.

    Raises
    ------
    InputError
        If the machine has no such device, or fewer GPUs than processes.
    """
    present = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available(), "cpu": True}
    if wanted == "auto":
        # mps has to be asked for: nobody has measured yet whether it is right and faster
        wanted = "cuda" if present["cuda"] else "cpu"
    if not present[wanted]:
        raise InputError(
            f"This machine has no {wanted} device.",
            f"one of: auto, {', '.join(name for name, there in present.items() if there)}.",
            "choose one of these with --device.",
        )
    if wanted == "cuda" and ranks.size() > 1:
        return _own_gpu()
    return torch.device(wanted)


def takes_half_precision(wanted: str, device: torch.device) -> bool:
    """Whether products are in bfloat16, by the setting: ``auto`` where a GPU has units for them, else as it says."""
    if wanted != "auto":
        return wanted == "bfloat16"
    return device.type == "cuda" and torch.cuda.get_device_capability(device) >= FIRST_WITH_BFLOAT16


def _own_gpu() -> torch.device:
    number, there = ranks.local_rank(), torch.cuda.device_count()
    if max(number + 1, ranks.local_size()) > there:
        raise InputError(
            f"This machine has {there} GPU{'s' if there > 1 else ''} for {ranks.local_size()} processes of a training.",
            "a GPU for each process.",
            "start fewer processes, or train with --device cpu.",
        )
    return torch.device("cuda", number)
