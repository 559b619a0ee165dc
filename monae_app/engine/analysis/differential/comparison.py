"""Compare two groups of cells in everything that was measured of them.

n cells of both groups, F features of a block, V features of all.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from monae_app.engine.analysis.differential.discoveries import false_discovery_rates
from monae_app.engine.analysis.differential.rank_sums import rank_sums
from monae_app.engine.analysis.fold_changes import log2_fold_changes
from monae_app.engine.errors import InputError
from monae_app.engine.telling import SILENT, Telling

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

FEWEST_CELLS = 3
# of one block, 256 MB in float32
VALUES_AT_ONCE = 2**26
TEN_THOUSAND = np.float32(1e4)


@dataclass(frozen=True)
class Measured:
    """What was measured of the cells of one modality.

    Parameters
    ----------
    names
        Of its features, (V,).
    read
        Returns the values of some features by their numbers in all cells, (cells, F), NaN where a value is missing.
    library
        Counts of every cell, (cells,), of which values are taken per 10,000 before ln(1 + x); None where values are
        compared as they are.
    """

    names: Sequence[str]
    read: Callable[[np.ndarray], np.ndarray]
    library: np.ndarray | None


def compare(measured: Measured, first: np.ndarray, second: np.ndarray, tell: Telling = SILENT) -> pd.DataFrame:
    """Test every feature by Wilcoxon's rank sums.

    Parameters
    ----------
    measured
        Of the cells.
    first, second
        Rows of the two groups, increasing.
    tell
        Told how many features are done.

    Returns
    -------
    pandas.DataFrame
        A row a feature, those that are higher in the first group before: ``feature``, ``score`` (in standard
        deviations of the rank sum), ``p``, ``fdr`` (Benjamini-Hochberg), ``log2_fold_change`` of counts (of mean counts
        per 10,000, from means of logarithms as scanpy does) or ``difference`` of means of other values, ``auroc``,
        ``mean_first`` and ``mean_second``, and ``share_first`` and ``share_second``, cells in which the feature is
        above zero.

    Raises
    ------
    InputError
        If a group has fewer than three cells, or the groups have cells in common.
    """
    check_groups(first, second)
    rows = np.concatenate([first, second])
    of_first = np.arange(len(rows)) < len(first)
    step = max(1, VALUES_AT_ONCE // len(rows))
    parts = []
    for start in range(0, len(measured.names), step):
        tell.part(start, len(measured.names))
        numbers = np.arange(start, min(start + step, len(measured.names)))
        parts.append(_of_block(measured, numbers, rows, of_first))
    found = pd.concat(parts, ignore_index=True)
    found.insert(3, "fdr", false_discovery_rates(found["p"].to_numpy()))
    return found.sort_values("score", ascending=False, kind="stable", ignore_index=True)


def _of_block(measured: Measured, numbers: np.ndarray, rows: np.ndarray, of_first: np.ndarray) -> pd.DataFrame:
    values = measured.read(numbers)[rows]
    present = values > 0
    if measured.library is not None:
        # divided as scanpy does: which values are tied depends on how they are rounded
        values /= (np.maximum(measured.library[rows], 1) / TEN_THOUSAND).astype(np.float32)[:, None]
        # most are zero, and stay so
        np.log1p(values, out=values, where=present)
    n_first = int(of_first.sum())
    sums = rank_sums(values, of_first)
    (mean_first, share_first), (mean_second, share_second) = (
        _means(values[mine], present[mine]) for mine in (slice(0, n_first), slice(n_first, None))
    )
    if measured.library is None:
        change = {"difference": mean_first - mean_second}
    else:
        change = {"log2_fold_change": log2_fold_changes(mean_first, mean_second)}
    return pd.DataFrame(
        {
            "feature": [measured.names[number] for number in numbers],
            "score": sums.score,
            "p": sums.p,
            **change,
            "auroc": sums.auroc,
            "mean_first": mean_first,
            "mean_second": mean_second,
            "share_first": share_first,
            "share_second": share_second,
        }
    )


def _means(values: np.ndarray, present: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Means, and shares of what is above zero, over the cells that have a value, (F,) each; NaN where none has."""
    total = values.sum(axis=0, dtype=np.float64)
    number = np.full(len(total), float(len(values)))
    if np.isnan(total).any():
        number = (~np.isnan(values)).sum(axis=0).astype(np.float64)
        total = np.nansum(values, axis=0, dtype=np.float64)
    number[number == 0] = np.nan
    return total / number, present.sum(axis=0) / number


def check_groups(first: np.ndarray, second: np.ndarray) -> None:
    """Make sure that two groups of cells can be compared.

    Raises
    ------
    InputError
        If one has fewer than three cells, or they have cells in common.
    """
    if min(len(first), len(second)) < FEWEST_CELLS:
        raise InputError(
            f"The groups have {len(first):,} and {len(second):,} cells in which this was measured.",
            f"at least {FEWEST_CELLS} cells in each.",
            "choose larger groups, or another modality.",
        )
    common = len(np.intersect1d(first, second, assume_unique=True))
    if common:
        raise InputError(
            f"{common:,} cells are in both groups.",
            "groups that have no cell in common.",
            "subtract one from the other, or compare with all other cells.",
        )
