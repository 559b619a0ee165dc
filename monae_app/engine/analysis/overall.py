"""Scores taken together.

Source: Cao and Gao 2022, Nat Biotechnol (GLUE), after Luecken et al. 2022, Nat Methods 19:41.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

BIOLOGY = ("map", "asw_label", "nc")
MIXING = ("sas", "asw_batch", "graph_connectivity")
BIOLOGY_SHARE = 0.6


def overall_scores(scores: Mapping[str, float]) -> dict[str, float]:
    """Means of the raw scores, each only where all of its parts are there.

    ``biology_conservation`` = mean(``map``, ``asw_label``, ``nc``), ``omics_mixing`` = mean(``sas``, ``asw_batch``,
    ``graph_connectivity``), ``overall`` = .6 of the first + .4 of the second. The papers scale every part over the
    methods that they compare (:func:`scaled`), so that their figures mean something beside each other alone.
    """
    found = {
        name: float(np.mean([scores[part] for part in parts]))
        for name, parts in (("biology_conservation", BIOLOGY), ("omics_mixing", MIXING))
        if all(part in scores for part in parts)
    }
    if len(found) == 2:
        biology, mixing = found["biology_conservation"], found["omics_mixing"]
        found["overall"] = BIOLOGY_SHARE * biology + (1 - BIOLOGY_SHARE) * mixing
    return found


def scaled(rows: Sequence[Mapping[str, float]]) -> list[dict[str, float]]:
    """Overall scores of several methods in one table, every part scaled from 0, the worst of them, to 1, the best.

    A part on which all methods are equal counts as 1; a part that a method lacks is left out for all.
    """
    parts = [part for part in (*BIOLOGY, *MIXING) if all(part in row for row in rows)]
    moved: list[dict[str, float]] = [{} for _ in rows]
    for part in parts:
        values = np.array([row[part] for row in rows])
        low, high = values.min(), values.max()
        for row, value in zip(moved, values, strict=True):
            row[part] = float((value - low) / (high - low)) if high > low else 1.0
    return [overall_scores(row) for row in moved]
