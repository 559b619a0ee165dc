"""Compare two groups of cells sample by sample: samples are repeats, the cells of one sample are not.

The counts of a group are summed within each sample, taken per million and compared as log2(1 + x): by a paired t test
over the samples that have both groups where there are two or more, else by Welch's t test between samples.
Source: Squair et al. 2021, Nat Commun 12:5692, for why cells must not be counted as repeats.

S samples, V features.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy.stats import ttest_ind, ttest_rel

from monae_app.engine.analysis.differential.comparison import VALUES_AT_ONCE, check_groups
from monae_app.engine.analysis.differential.discoveries import false_discovery_rates
from monae_app.engine.errors import InputError
from monae_app.engine.telling import SILENT, Telling

if TYPE_CHECKING:
    from monae_app.engine.analysis.differential.comparison import Measured

# cells of a group in a sample, below which its sum is no profile
FEWEST_CELLS = 10
FEWEST_SAMPLES = 2
MILLION = 1e6


def compare_samples(
    measured: Measured, first: np.ndarray, second: np.ndarray, sample: np.ndarray, tell: Telling = SILENT
) -> tuple[pd.DataFrame, str]:
    """Test every feature between sums over samples.

    Parameters
    ----------
    measured
        Counts of the cells.
    first, second
        Rows of the two groups, increasing.
    sample
        Sample of every cell, (cells,).
    tell
        Told how many features are done.

    Returns
    -------
    tuple
        The table of :func:`~monae_app.engine.analysis.differential.comparison.compare` without the columns of single
        cells, ``score`` being t; and a sentence that names the test and the samples.

    Raises
    ------
    InputError
        If the values are no counts, or fewer than two samples have ten cells of each group.
    """
    check_groups(first, second)
    if measured.library is None:
        raise InputError(
            "These values are no counts.", "counts, which can be summed.", "choose the test of single cells."
        )
    names = [_enough(sample[rows]) for rows in (first, second)]
    both = [name for name in names[0] if name in names[1]]
    paired = len(both) >= FEWEST_SAMPLES
    if not paired and min(map(len, names)) < FEWEST_SAMPLES:
        raise InputError(
            f"Of the samples, {len(names[0])} and {len(names[1])} have {FEWEST_CELLS} cells of the groups or more.",
            f"at least {FEWEST_SAMPLES} samples of each group.",
            "choose another column of samples, larger groups, or the test of single cells.",
        )
    chosen = (both, both) if paired else tuple(names)
    one, other = (
        _profiles(measured, rows, sample, wanted, tell) for rows, wanted in zip((first, second), chosen, strict=True)
    )
    with np.errstate(invalid="ignore", divide="ignore"):
        test = ttest_rel(one, other) if paired else ttest_ind(one, other, equal_var=False)
    found = pd.DataFrame(
        {
            "feature": list(measured.names),
            "score": np.nan_to_num(test.statistic),
            "p": test.pvalue,
            "fdr": false_discovery_rates(test.pvalue),
            "log2_fold_change": one.mean(axis=0) - other.mean(axis=0),
            "mean_first": one.mean(axis=0),
            "mean_second": other.mean(axis=0),
        }
    )
    what = (
        f"paired t test over {len(both)} samples"
        if paired
        else f"Welch's t test, {len(one)} against {len(other)} samples"
    )
    return found.sort_values(
        "score", ascending=False, kind="stable", ignore_index=True
    ), f"{what}, log2(1 + CPM) of sums"


def _enough(sample: np.ndarray) -> list[str]:
    names, cells = np.unique(sample.astype(str), return_counts=True)
    return [str(name) for name, count in zip(names, cells, strict=True) if count >= FEWEST_CELLS]


def _profiles(measured: Measured, rows: np.ndarray, sample: np.ndarray, names: list[str], tell: Telling) -> np.ndarray:
    """log2(1 + counts per million) of sums, (S, V)."""
    of = np.array([sample[rows].astype(str) == name for name in names], np.float32)
    total = np.empty((len(names), len(measured.names)))
    step = max(1, VALUES_AT_ONCE // len(sample))
    for start in range(0, len(measured.names), step):
        tell.part(start, len(measured.names))
        numbers = np.arange(start, min(start + step, len(measured.names)))
        total[:, numbers] = of @ np.nan_to_num(measured.read(numbers)[rows])
    return np.asarray(np.log2(1 + MILLION * total / np.maximum(total.sum(axis=1, keepdims=True), 1)))
