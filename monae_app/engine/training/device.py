"""Where to compute."""

from __future__ import annotations

import torch

from monae_app.engine.errors import InputError


def choose_device(wanted: str) -> torch.device:
    """Turn auto (cuda, else cpu), cpu, cuda or mps into a device of this machine.

    Raises
    ------
    InputError
        If the machine has no such device.
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
    return torch.device(wanted)
