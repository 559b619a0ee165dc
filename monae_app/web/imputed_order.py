"""The order of a file of imputed values, as the fields of a page name it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from monae_app.engine.errors import InputError
from monae_app.jobs import bitsets

if TYPE_CHECKING:
    import numpy as np

    from monae_app.web.explore import RunView

MOST = 2000
KINDS = {"h5ad": "AnnData (.h5ad)", "csv": "Text (.csv.gz)", "parquet": "Parquet (.parquet)"}


def imputed_order(
    view: RunView,
    target: str | None,
    source: str | None,
    names: list[str] | None,
    *,
    kind: str = "h5ad",
    cells: np.ndarray | None = None,
    own_counts: bool = False,
) -> dict[str, Any]:
    """Check what is asked for and put it into plain values.

    Parameters
    ----------
    view
        The run.
    target, source
        Modalities of the features and of the cells.
    names
        Of the features; None for all.
    kind
        One of ``KINDS``.
    cells
        Which cells of the run, (N,) bool, those of other modalities being left out; None for all of the source.
    own_counts
        Whether what was counted in the cell itself is heeded too.

    Raises
    ------
    InputError
        If there is no such thing.
    """
    if target not in view.modalities or source not in view.modalities:
        raise InputError("No modality is chosen.", "one of this run.", "choose one.")
    if own_counts and source != target:
        raise InputError(
            f"{target} was not counted in these cells.",
            "cells of the modality itself, where own counts are to be heeded.",
            "choose them under 'In the cells of', or the values as the model expects them.",
        )
    if kind not in KINDS:
        raise InputError("This is no kind of file.", "h5ad, csv or parquet.", "choose one.")
    if names is not None:
        if not names or len(names) > MOST:
            raise InputError(
                f"{len(names):,} features are named.", f"1 to {MOST:,} names, by comma or line.", "name some."
            )
        # names that are not there are said at once
        view.features.check(target, names)
    if cells is not None:
        span = view.spans[str(source)]
        if not cells[span.start : span.stop].any():
            raise InputError(
                "None of the chosen cells is of this modality.", "cells of the modality.", "choose other cells."
            )
    order: dict[str, Any] = {
        "folder": str(view.folder),
        "source": source,
        "target": target,
        "features": names,
        "kind": kind,
    }
    order |= {"own_counts": True} if own_counts else {}
    return order | ({} if cells is None else {"cells": bitsets.written(cells)})


def names_of(typed: str | None) -> list[str]:
    """Split names by comma, semicolon, tab or line; each once."""
    return list(dict.fromkeys(filter(None, (name.strip() for name in re.split(r"[,;\n\t]", typed or "")))))
