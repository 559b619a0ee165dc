"""A run that goes on where another one ended: the same files and settings, more steps, a folder of its own.

The parent is never changed: its checkpoint is copied, and the new run goes on from the copy.
"""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING, Any

from monae_app.engine.config import make_config
from monae_app.engine.data.duration import step_budget
from monae_app.engine.errors import InputError
from monae_app.engine.folder import checkpoint_steps, in_words
from monae_app.engine.result import CHECKPOINT, REPORT, read_config, write_atomically, write_config

if TYPE_CHECKING:
    from pathlib import Path

    from monae_app.engine.config import RunConfig


def longer_config(parent: Path, *, steps: int | None = None, epochs: int | None = None) -> RunConfig:
    """Give the settings of a run that goes on where ``parent`` ended.

    Parameters
    ----------
    parent
        Folder of a run that has a checkpoint, finished or not.
    steps, epochs
        The new length, counted from the beginning of the parent: one of the two.

    Raises
    ------
    InputError
        If the parent has no checkpoint, or is as long already.
    """
    config = read_config(parent)
    known = checkpoint_steps(parent / CHECKPOINT)
    if known is None:
        raise InputError(
            f"{parent} keeps no checkpoint to go on from.",
            "a run that was trained by this version, with its checkpoint.safetensors.",
            "train anew into another folder, with more steps.",
        )
    values = config.model_dump() | {"steps": steps, "epochs": epochs}
    longer = make_config(**values)
    reached, budget = known
    n_cells = _largest(parent)
    # without a report only the run itself will know what so many epochs are
    wanted = step_budget(longer, n_cells) if n_cells or epochs is None else None
    if wanted is not None and wanted <= budget:
        raise InputError(
            f"{parent} was trained for {budget:,} steps ({reached:,} are done); {wanted:,} are no more than these.",
            "more steps than before, counted from the beginning.",
            f"name a larger number, for example --steps {2 * budget}.",
        )
    return longer


def copy_into(parent: Path, folder: Path, config: RunConfig) -> None:
    """Lay down what the longer run goes on from, in a folder that is there: its settings and the parent's checkpoint.

    Raises
    ------
    StorageError
        If there is no room for it.
    """
    with in_words(folder):
        write_config(folder, config)
        write_atomically(folder / CHECKPOINT, lambda path: shutil.copyfile(parent / CHECKPOINT, path))


def _largest(parent: Path) -> int:
    """Cells of the largest modality, 0 where no report tells."""
    try:
        report: dict[str, Any] = json.loads((parent / REPORT).read_text(encoding="utf-8"))
        return max(int(each["cells"]) for each in report["dataset"]["modalities"].values())
    except (OSError, ValueError, KeyError):
        return 0
