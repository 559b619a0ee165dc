"""Which two modalities of a run other methods can take; loads nothing."""

from __future__ import annotations

from monae_app.engine.data.dataset import METHYLATION
from monae_app.engine.errors import InputError


def modalities_of(modalities: list[str]) -> tuple[str, str]:
    """Name the two modalities that simple methods can take of a run.

    Raises
    ------
    InputError
        If there are no such two.
    """
    others = [name for name in modalities if name not in ("rna", METHYLATION)]
    if "rna" not in modalities or not others:
        raise InputError(
            f"This run holds {' and '.join(modalities)}.",
            "RNA beside ATAC or proteins: the other methods start from counts of genes, and of what is linked to them.",
            "compare two runs instead.",
        )
    return "rna", others[0]
