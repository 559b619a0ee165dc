"""A checkpoint: one safetensors file that holds parameters, the optimiser's moments and, as JSON, where training stood.

One file, so that it is whole or absent whenever the process dies.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import safetensors
import safetensors.torch
import torch

from monae_app.engine.errors import InputError
from monae_app.engine.result import write_atomically

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from torch import Tensor, nn

NETWORK, MOMENTS = "network.", "optimiser."
# what a full or failing disk looks like: a plain error of the system, or safetensors' word for one
WRITING_FAILED = (OSError, safetensors.SafetensorError)


@dataclass(frozen=True)
class Checkpoint:
    """Tensors by name, the number of steps done, what the trainer watches, and what else is to be known of it.

    ``about`` holds plain values: what data it was trained on, and the size of its batches.
    """

    tensors: dict[str, Tensor]
    step: int
    monitor: dict[str, Any]
    about: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def of(
        cls,
        network: nn.Module,
        optimiser: torch.optim.Optimizer,
        step: int,
        monitor: dict[str, Any],
        about: dict[str, Any] | None = None,
    ) -> Checkpoint:
        """Take the state as it is now; on a CPU it shares the memory of the network."""
        tensors = {NETWORK + name: value for name, value in network.state_dict().items()}
        for position, moments in optimiser.state_dict()["state"].items():
            for key, value in moments.items():
                tensors[f"{MOMENTS}{position}.{key}"] = torch.as_tensor(value)
        return cls(
            {name: value.detach().cpu().contiguous() for name, value in tensors.items()}, step, monitor, about or {}
        )

    def write(self, path: Path) -> None:
        """Write the file, atomically."""
        about = {"step": str(self.step), "monitor": json.dumps(self.monitor), "about": json.dumps(self.about)}
        write_atomically(path, lambda temporary: safetensors.torch.save_file(self.tensors, temporary, metadata=about))

    def to_bytes(self) -> bytes:
        """Return what :meth:`of_bytes` makes a checkpoint of."""
        head = json.dumps([self.step, self.monitor, self.about]).encode()
        return len(head).to_bytes(8, "little") + head + safetensors.torch.save(self.tensors)

    @classmethod
    def of_bytes(cls, content: bytes) -> Checkpoint:
        """Make a checkpoint of what another process of the training has sent."""
        end = 8 + int.from_bytes(content[:8], "little")
        return cls(safetensors.torch.load(content[end:]), *json.loads(content[8:end]))

    @classmethod
    def read(cls, path: Path) -> Checkpoint:
        """Read the file.

        Raises
        ------
        InputError
            If it is no checkpoint.
        """
        try:
            with safetensors.safe_open(path, framework="pt") as file:
                head = _head(file.metadata())
                tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - not a dict
            return cls(tensors, *head)
        except UNREADABLE as error:
            raise _no_checkpoint(path, error) from error

    @classmethod
    def read_head(cls, path: Path) -> Checkpoint:
        """Read all but the tensors, in no time.

        Raises
        ------
        InputError
            If it is no checkpoint.
        """
        try:
            with safetensors.safe_open(path, framework="pt") as file:
                return cls({}, *_head(file.metadata()))
        except UNREADABLE as error:
            raise _no_checkpoint(path, error) from error

    def restore(self, network: nn.Module, optimiser: torch.optim.Optimizer) -> None:
        """Put network and optimiser back to where they stood.

        Raises
        ------
        InputError
            If the checkpoint belongs to other data or other settings.
        """
        try:
            network.load_state_dict(self._under(NETWORK))
        except RuntimeError as error:
            raise InputError(
                "The checkpoint does not fit the data and settings of this run.",
                "the same input files and settings as when training began.",
                "restore them, or train anew into another folder.",
            ) from error
        moments: dict[int, dict[str, Tensor]] = {}
        for name, value in self._under(MOMENTS).items():
            position, key = name.split(".", 1)
            moments.setdefault(int(position), {})[key] = value
        optimiser.load_state_dict({"state": moments, "param_groups": optimiser.state_dict()["param_groups"]})

    def _under(self, prefix: str) -> dict[str, Tensor]:
        return {name.removeprefix(prefix): value for name, value in self.tensors.items() if name.startswith(prefix)}


UNREADABLE = (safetensors.SafetensorError, KeyError, ValueError, OSError)


def _head(metadata: dict[str, str] | None) -> tuple[int, dict[str, Any], dict[str, Any]]:
    known = metadata or {}
    return int(known["step"]), dict(json.loads(known["monitor"])), dict(json.loads(known.get("about", "{}")))


def _no_checkpoint(path: Path, error: Exception) -> InputError:
    return InputError(
        f"{path.name} is no checkpoint of a run ({error}).",
        "the file that training left behind.",
        "train anew into another folder.",
    )


def save_weights(
    network: nn.Module, path: Path, arrays: Mapping[str, np.ndarray] | None = None, about: dict[str, str] | None = None
) -> None:
    """Write the parameters of a trained network as safetensors, atomically.

    Parameters
    ----------
    network
        Its state is written under its own names.
    path
        Of the file.
    arrays
        To be written beside it, by names that the network does not use.
    about
        Metadata of the file.
    """
    tensors = {name: value.detach().cpu().contiguous() for name, value in network.state_dict().items()}
    for name, values in (arrays or {}).items():
        tensors[name] = torch.from_numpy(np.ascontiguousarray(values))
    write_atomically(path, lambda temporary: safetensors.torch.save_file(tensors, temporary, metadata=about))
