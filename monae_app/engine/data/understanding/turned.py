"""Tables that hold their genes in rows and their cells in columns, where the format wants it the other way round."""

from __future__ import annotations

from typing import TYPE_CHECKING

from monae_app.engine.data.readers.orientation import CERTAIN, cell_share, feature_share
from monae_app.engine.errors import InputError

if TYPE_CHECKING:
    from monae_app.engine.data.contents import Part


def check_not_turned(part: Part) -> None:
    """Refuse a part whose cells are named like genes and whose features like cells.

    Raises
    ------
    InputError
        If it is one.
    """
    # text tables are turned by their reader, or as the user says
    if part.rows is not None or cell_share(list(part.var.index)) < CERTAIN:
        return
    if feature_share(list(part.obs.index)) < CERTAIN:
        return
    raise InputError(
        f"the cells are named like genes, peaks or proteins ({str(part.obs.index[0])!r}, ...), and the features like "
        f"cells ({str(part.var.index[0])!r}, ...).",
        "cells in rows and features in columns.",
        "turn the table and write it anew: in anndata, adata.T.write_h5ad(...).",
    )
