"""Transferred labels as a table and as a record. M cells, C classes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from monae_app.engine.analysis.label_transfer.unassigned import NOVEL, THRESHOLD, UNASSIGNED
from monae_app.engine.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from monae_app.engine.analysis.label_transfer.transfer import Transfer

ROWS_AT_ONCE = 50_000
# Of the first line of a table that is ours, and may be replaced.
HEAD = ("cell", "label", "confidence", "best", "second", "unassigned_novel")
TABS = ".tsv"
MEANING = {
    "label": f"the likeliest class, or {UNASSIGNED} where its confidence is below the threshold",
    "confidence": "probability that the likeliest class is right",
    HEAD[5]: "probability that the cell is of a kind that the source lacks",
    "p_<class>": "probability of each class; with the one before they sum to 1",
}


def table_blocks(found: Transfer, threshold: float = THRESHOLD) -> Iterator[pd.DataFrame]:
    """Yield the table in blocks of rows: ``cell, label, confidence, best, second, unassigned_novel, p_<class> ...``."""
    columns = [f"p_{name}" for name in found.classes]
    labels, best, second = found.labels(threshold), found.classes[found.best], found.classes[found.second]
    for begin in range(0, len(found.names), ROWS_AT_ONCE):
        rows = slice(begin, begin + ROWS_AT_ONCE)
        told = pd.DataFrame({
            "cell": found.names[rows],
            "label": labels[rows],
            "confidence": found.confidence[rows],
            "best": best[rows],
            "second": second[rows],
            HEAD[5]: found.novelty[rows],
        })  # fmt: skip
        yield pd.concat([told, pd.DataFrame(found.probabilities[rows], columns=columns)], axis=1)


def write_table(found: Transfer, path: Path, threshold: float = THRESHOLD, *, tabs: bool = False) -> None:
    """Write the table, with tabs or commas."""
    separator = "\t" if tabs else ","
    with path.open("w", encoding="utf-8", newline="") as file:
        for number, block in enumerate(table_blocks(found, threshold)):
            block.to_csv(file, sep=separator, index=False, header=number == 0, float_format="%.4f")


def check_table(path: Path) -> None:
    """Make sure that nothing is lost by writing to ``path``.

    Raises
    ------
    InputError
        If something lies there that is no table of labels that Monae wrote.
    """
    if path.is_dir():
        raise InputError(f"{path} is a folder.", "the name of a file to write.", "add a name that ends in .csv.")
    if path.exists():
        with path.open("rb") as file:
            first = file.readline(400).decode("utf-8", "replace")
        if not any(first.startswith(separator.join(HEAD)) for separator in (",", "\t")):
            raise InputError(
                f"{path} is there already and holds no labels of Monae's.",
                "a new name, or that of an earlier table of labels, which is replaced.",
                "name another file with --out.",
            )


def summary(found: Transfer, threshold: float = THRESHOLD) -> dict[str, Any]:
    """Count the labels: ``cells``, ``unassigned``, ``mean_confidence``, ``threshold``, ``labels`` and ``notes``.

    Each of ``labels`` has ``cells``, ``share``, ``mean_confidence``; classes that no cell has are there too.
    """
    assigned, best, confidence = found.assigned(threshold), found.best, found.confidence
    novel = ~assigned & (found.novelty >= NOVEL)
    labels = {}
    for code, name in enumerate(found.classes):
        mine = assigned & (best == code)
        labels[str(name)] = {
            "cells": int(mine.sum()),
            "share": round(float(mean_of(mine)), 4),
            "mean_confidence": round(float(mean_of(confidence[mine])), 4) if mine.any() else None,
        }
    return {
        "cells": len(best),
        "unassigned": int((~assigned).sum()),
        "of_no_known_kind": int(novel.sum()),
        "threshold": threshold,
        "mean_confidence": round(float(mean_of(confidence)), 4),
        "labels": labels,
        "columns": MEANING,
        "notes": list(found.notes),
    }


def mean_of(values: np.ndarray) -> float:
    """Mean, 0 of nothing."""
    return float(np.mean(values)) if len(values) else 0.0
