"""Whether the files that a run was made from still lie where they lay."""

from __future__ import annotations

from typing import TYPE_CHECKING

from monae_app.engine.errors import InputError

if TYPE_CHECKING:
    from pathlib import Path

    from monae_app.engine.config import RunConfig


def missing_input(config: RunConfig, modality: str) -> Path | None:
    """Return the first file of a modality that is gone; None if all are there."""
    return next((path for path in config.inputs[modality] if not path.exists()), None)  # type: ignore[index]


def check_inputs(config: RunConfig, modality: str, *, todo: str, expected: str | None = None) -> None:
    """Refuse what needs a file that is gone.

    Parameters
    ----------
    config
        Of the run.
    modality
        Whose files are needed.
    todo
        What whoever asked can do instead.
    expected
        What is needed; the place of the file if left out.

    Raises
    ------
    InputError
        If one is gone.
    """
    path = missing_input(config, modality)
    if path is not None:
        found = f"The input file {path.name} is not where it was when the run was made."
        raise InputError(found, expected or f"the file at {path}.", todo)
