"""Scores of markers as tables, per cluster and per cell. N cells, C types, G clusters."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from monae_app.engine.analysis.label_transfer.marker_scores import Marked

ROWS_AT_ONCE = 50_000


def write_clusters(marked: Marked, groups: Sequence[str], path: Path) -> None:
    """Write a row for each cluster: what ``Marked.by_group`` says, and its mean score of each type (``score_<type>``).

    Parameters
    ----------
    marked
        Of all cells.
    groups
        Cluster of each cell, (N,).
    path
        The file.
    """
    told = marked.by_group(groups)
    codes, names = pd.factorize(np.asarray(groups), sort=True)
    for name, scores in zip(marked.types, marked.scores.T, strict=True):
        told[f"score_{name}"] = np.bincount(codes, scores, len(names)) / np.bincount(codes, minlength=len(names))
    told.rename(columns={"group": "cluster"}).to_csv(path, index=False, float_format="%.4f")


def write_cells(marked: Marked, about: pd.DataFrame, path: Path) -> None:
    """Write a row for each cell: what is known of it, the type it speaks for most, and all scores (``score_<type>``).

    Parameters
    ----------
    marked
        Of all cells.
    about
        Columns that stand first, (N, any).
    path
        The file.
    """
    names, best = [f"score_{name}" for name in marked.types], marked.types.astype(object)[marked.best]
    with path.open("w", encoding="utf-8", newline="") as file:
        for begin in range(0, len(about), ROWS_AT_ONCE):
            rows = slice(begin, begin + ROWS_AT_ONCE)
            told = about.iloc[rows].reset_index(drop=True).assign(best=best[rows])
            scores = pd.DataFrame(marked.scores[rows].astype(np.float32), columns=names)
            table = pd.concat([told, scores], axis=1)
            table.to_csv(file, index=False, header=begin == 0, float_format="%.4f")
