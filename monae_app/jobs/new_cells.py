"""New cells placed by the model of a run, for commands that ask something of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import anndata as ad

    from monae_app.engine.pipeline import Monae


def embedded(model: Monae, modality: str, path: Path, say: Callable[[str], None]) -> ad.AnnData:
    """Embed the cells of a file, and say what is to be known of them.

    Raises
    ------
    InputError
        If the file cannot be used.
    """
    cells = model.embed({modality: path})
    for note in cells.uns["notes"]:
        say(f"embed: {note}")
    return cells
