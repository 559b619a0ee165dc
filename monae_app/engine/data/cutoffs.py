"""Which cells a run leaves out: cut-offs on measures of their quality, and what suits the data at hand.

N cells. Works on the table of measures alone, so that the page answers without reading the data again.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd

    from monae_app.engine.config import ModalityName

# Scaled so that it estimates the standard deviation where values are normal.
MAD_SCALE = 1.4826
# Suggestions widen step by step until they leave out no more than this share of the cells.
MOST_LEFT_OUT = 0.2
# Below and above the median, in MADs.
STEPS = ((3.0, 5.0), (4.0, 6.0), (5.0, 8.0), (7.0, 10.0))
# A share of mitochondrial counts below this is no sign of a broken cell, however rare it is in the data.
HARMLESS_MITO = 0.05
LEAST_CELLS = 20


@dataclass(frozen=True)
class Cutoff:
    """One cut-off of the settings.

    Parameters
    ----------
    setting
        Name in RunConfig.
    measure
        Column of the table of measures.
    side
        ``min`` leaves out what lies below, ``max`` what lies above.
    words
        Why a cell is left out; ``{}`` stands for the value.
    """

    setting: str
    measure: str
    side: Literal["min", "max"]
    words: str


def _pair(name: str, least: str, measure: str, noun: str, verb: str) -> tuple[Cutoff, Cutoff]:
    """Both sides of one measure."""
    return (
        Cutoff(f"{name}_min_{least}", measure, "min", f"with fewer than {{}} {noun}{verb}"),
        Cutoff(f"{name}_max_{least}", measure, "max", f"with more than {{}} {noun}{verb}"),
    )


CUTOFFS: dict[ModalityName, tuple[Cutoff, ...]] = {
    "rna": (
        *_pair("rna", "counts", "counts", "counts", ""),
        *_pair("rna", "genes", "features", "genes", " detected"),
        Cutoff("rna_max_mito", "mito_share", "max", "with more than {} mitochondrial counts"),
        Cutoff("rna_max_doublet", "doublet_score", "max", "with a doublet score above {}"),
    ),
    "atac": (
        *_pair("atac", "counts", "counts", "counts", " in peaks"),
        *_pair("atac", "peaks", "features", "peaks", " open"),
        Cutoff("atac_min_tss", "tss_share", "min", "with less than {} of the counts near the start of a gene"),
        Cutoff("atac_max_doublet", "doublet_score", "max", "with a doublet score above {}"),
    ),
    "protein": _pair("protein", "counts", "counts", "counts", ""),
    "methylation": (Cutoff("methylation_min_regions", "features", "min", "with fewer than {} covered regions"),),
}
SHARES = ("mito_share", "tss_share")
OF_ANY = (
    Cutoff("min_counts", "counts", "min", "with fewer than {} counts"),
    Cutoff("low_count_mads", "counts", "min", "with counts {} MADs below the median"),
)


SETTINGS = frozenset(cutoff.setting for each in (OF_ANY, *CUTOFFS.values()) for cutoff in each)


def without_cutoffs(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings that say nothing of which cells are left out."""
    return {name: value for name, value in settings.items() if name not in SETTINGS}


def left_out(quality: pd.DataFrame, name: ModalityName, settings: Mapping[str, Any]) -> dict[str, np.ndarray]:
    """Find the cells that each cut-off leaves out.

    Parameters
    ----------
    quality
        Measures of the cells, shape (N, measures); a measure that is missing or NaN leaves no cell out.
    name
        The modality.
    settings
        Names and values as in RunConfig; what is not named, None or 0 leaves no cell out.

    Returns
    -------
    dict
        By setting, those that apply alone: True for a cell that is left out, shape (N,).
    """
    found: dict[str, np.ndarray] = {}
    for cutoff in (*OF_ANY, *CUTOFFS.get(name, ())):
        value = settings.get(cutoff.setting)
        if cutoff.measure not in quality or value is None or (cutoff.side == "min" and not value):
            continue
        measured = quality[cutoff.measure].to_numpy(np.float64)
        if cutoff.setting == "low_count_mads":
            found[cutoff.setting] = _few_counts(measured, settings.get("min_counts") or 0, value)
        else:
            found[cutoff.setting] = measured < value if cutoff.side == "min" else measured > value
    return found


def _few_counts(counts: np.ndarray, least: float, mads: float) -> np.ndarray:
    """Find cells so many MADs below the median of those with at least ``least`` counts, on the log scale."""
    logs = np.log1p(counts)
    among = logs[counts >= least]
    if not len(among):
        return np.zeros(len(counts), bool)
    middle = np.median(among)
    few: np.ndarray = logs < middle - mads * MAD_SCALE * np.median(np.abs(among - middle))
    return few


def in_words(cutoff: Cutoff, value: float) -> str:
    """Say why a cell is left out: "with fewer than 500 counts"."""
    if cutoff.measure in SHARES:
        return cutoff.words.format(f"{100 * value:.3g} %")
    return cutoff.words.format(f"{value:,.10g}" if float(value).is_integer() else f"{value:.3g}")


def note_of(name: ModalityName, masks: Mapping[str, np.ndarray], settings: Mapping[str, Any], total: int) -> str:
    """Say how many cells are left out, and why; empty where none is.

    Parameters
    ----------
    name
        The modality.
    masks
        From :func:`left_out`.
    settings
        The values behind them.
    total
        Number of cells, N.
    """
    gone = int(np.logical_or.reduce(list(masks.values())).sum()) if masks else 0
    if not gone:
        return ""
    told = [
        f"{int(masks[cutoff.setting].sum()):,} {in_words(cutoff, settings[cutoff.setting])}"
        for cutoff in (*OF_ANY, *CUTOFFS.get(name, ()))
        if cutoff.setting in masks and masks[cutoff.setting].any()
    ]
    listed = " and ".join(filter(None, [", ".join(told[:-1]), told[-1]]))
    return f"{name}: {gone:,} of {total:,} cells were left out: {listed}."


def suggest_cutoffs(
    quality: pd.DataFrame, name: ModalityName, doublet_threshold: float | None = None
) -> dict[str, float]:
    """Suggest cut-offs that suit the data.

    A cell is an outlier where it lies 3 median absolute deviations (MADs) below or 5 above the median of counts and
    of features on the log scale, 3 above that of the mitochondrial share, or 3 below that of the share near the starts
    of genes; doublets are told by the threshold of their scores. Where this would leave out more than a fifth of the
    cells, the bounds are widened, and given up at last.

    Parameters
    ----------
    quality
        Measures of the cells, shape (N, measures).
    name
        The modality.
    doublet_threshold
        Where the scores of simulated doublets part; None for no suggestion.

    Returns
    -------
    dict
        By setting of RunConfig; those alone that leave out a cell.

    Notes
    -----
    Source: McCarthy et al. 2017 (scater, ``isOutlier``); Heumos et al. 2023, best practices for single-cell analysis.
    """
    if len(quality) < LEAST_CELLS:
        return {}
    doublets = {} if doublet_threshold is None else {f"{name}_max_doublet": float(doublet_threshold)}
    for below, above in STEPS:
        for extra in (doublets, {}):
            found = _outliers(quality, name, below, above) | extra
            masks = left_out(quality, name, found)
            if not masks or np.logical_or.reduce(list(masks.values())).mean() <= MOST_LEFT_OUT:
                return {setting: found[setting] for setting, mask in masks.items() if mask.any()}
    return {}


def _outliers(quality: pd.DataFrame, name: ModalityName, below: float, above: float) -> dict[str, float]:
    found: dict[str, float] = {}
    for cutoff in CUTOFFS.get(name, ()):
        if cutoff.measure not in quality or cutoff.measure == "doublet_score":
            continue
        measured = quality[cutoff.measure].dropna().to_numpy(np.float64)
        share = cutoff.measure in SHARES
        scale = measured if share else np.log1p(measured)
        middle = np.median(scale) if len(scale) else 0.0
        spread = MAD_SCALE * np.median(np.abs(scale - middle)) if len(scale) else 0.0
        if not spread:
            continue
        # mitochondrial shares pile up at one side: what a cell may have too little of is the rule for them too
        reach = -below if cutoff.side == "min" else below if share else above
        bound = middle + reach * spread
        value = _loose(bound if share else np.expm1(bound), cutoff)
        if value > 0:
            found[cutoff.setting] = max(value, HARMLESS_MITO) if cutoff.measure == "mito_share" else value
    return found


def _loose(value: float, cutoff: Cutoff) -> float:
    """Round to what people would type, never so that more cells are left out."""
    if value <= 0:
        return 0.0
    step = 0.005 if cutoff.measure in SHARES else max(1.0, 10.0 ** (np.floor(np.log10(value)) - 1))
    turn = np.floor if cutoff.side == "min" else np.ceil
    rounded = float(turn(value / step) * step)
    return round(min(rounded, 1.0), 3) if cutoff.measure in SHARES else rounded
