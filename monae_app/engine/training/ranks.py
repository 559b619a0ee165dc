"""Which of how many processes of a training this one is, as its environment says: told by torchrun, or by ourselves."""

from __future__ import annotations

import os

from monae_app.engine.errors import InputError


def rank() -> int:
    """Return the number of this process, from 0; 0 alone."""
    return number_in("RANK", 0)


def size() -> int:
    """Return how many processes there are, on all machines; 1 alone."""
    return max(1, number_in("WORLD_SIZE", 1))


def leads() -> bool:
    """Whether this is the first process, or the only one."""
    return rank() == 0


def local_rank() -> int:
    """Return the number of this process among those of its machine."""
    return number_in("LOCAL_RANK", 0)


def local_size() -> int:
    """Return how many processes there are on this machine."""
    return max(1, number_in("LOCAL_WORLD_SIZE", 1))


def number_in(variable: str, default: int) -> int:
    """Read a whole number from the environment.

    Raises
    ------
    InputError
        If there stands something else.
    """
    text = os.environ.get(variable, "")
    if not text:
        return default
    if not text.isdigit():
        raise InputError(
            f"The environment variable {variable} is {text!r}.",
            "a whole number, as torchrun sets it.",
            f"start the processes by torchrun or --processes, or unset {variable}.",
        )
    return int(text)
