"""What a peak that has nothing to do with a gene looks like: peaks of other chromosomes that are like it.

P peaks, n of them in a null.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

MOST_BINS = 6
PEAKS_A_STRATUM = 50
MOST_PEAKS = 10_000
FEWEST_PEAKS = 200
SMALLEST_SD = 1e-6


@dataclass(frozen=True)
class Strata:
    """Peaks that are alike.

    Parameters
    ----------
    of_peak
        Number of the stratum of each peak, (P,).
    n_strata
        How many there are.
    """

    of_peak: np.ndarray
    n_strata: int


def strata_of(accessibility: np.ndarray, length: np.ndarray) -> Strata:
    """Divide peaks by accessibility, and those of like accessibility by how much they vary over cells.

    A peak that follows nothing has a direction of noise, and a wide spread of correlations with any gene: false
    links have to be held against peaks that vary as little.

    Parameters
    ----------
    accessibility, length
        Mean counts and spread over cells of each peak, (P,).
    """
    n_bins = int(np.clip(np.sqrt(len(length) / PEAKS_A_STRATUM), 1, MOST_BINS))
    first = ranks(accessibility) * n_bins // len(accessibility)
    of_peak = np.empty(len(length), np.int64)
    for each in range(n_bins):
        rows = np.flatnonzero(first == each)
        of_peak[rows] = each * n_bins + ranks(length[rows]) * n_bins // max(len(rows), 1)
    return Strata(of_peak, n_bins * n_bins)


def null_peaks(chrom: np.ndarray, own: object, seed: int) -> np.ndarray:
    """Choose the peaks that a chromosome's genes are held against: those of all others, a sample where they are many.

    Parameters
    ----------
    chrom
        Of the peaks, (P,).
    own
        Chromosome of the genes.
    seed
        Of the sample.

    Returns
    -------
    numpy.ndarray
        Positions, increasing, (n,).
    """
    others = np.flatnonzero(chrom != own)
    if len(others) > MOST_PEAKS:
        others = np.sort(np.random.default_rng(seed).choice(others, MOST_PEAKS, replace=False))
    return others


def p_values(null: np.ndarray, strata: np.ndarray, scores: np.ndarray, own: np.ndarray, n_strata: int) -> np.ndarray:
    """Two-sided empirical p of a gene's candidate peaks.

    Scores are standardised within strata, then ranked among all of the gene's null: a stratum alone has too few peaks
    for small p.

    Parameters
    ----------
    null, strata
        Scores of null peaks with the gene, and their strata, (n,).
    scores, own
        Of the candidates, (k,).
    n_strata
        Number of strata.

    Returns
    -------
    numpy.ndarray
        (k,); NaN where there are fewer than 200 null peaks.
    """
    if len(null) < FEWEST_PEAKS:
        return np.full(len(scores), np.nan)
    count = np.bincount(strata, minlength=n_strata)
    mean = np.bincount(strata, null, n_strata) / np.maximum(count, 1)
    variance = np.bincount(strata, null.astype(np.float64) ** 2, n_strata) / np.maximum(count, 1) - mean**2
    # a stratum that hardly occurs elsewhere has the mean and spread of all
    thin = count < PEAKS_A_STRATUM / 5
    mean = np.where(thin, null.mean(), mean)
    spread = np.maximum(np.sqrt(np.maximum(np.where(thin, null.var(), variance), 0)), SMALLEST_SD)
    ordered = np.sort((null - mean[strata]) / spread[strata])
    standard = (scores - mean[own]) / spread[own]
    above = len(ordered) - np.searchsorted(ordered, standard, side="left")
    below = np.searchsorted(ordered, standard, side="right")
    return np.asarray(np.minimum(1.0, 2 * (1 + np.minimum(above, below)) / (1 + len(ordered))))


def ranks(values: np.ndarray) -> np.ndarray:
    """Place of every value among all, 0 for the smallest; equal values keep their order."""
    found = np.empty(len(values), np.int64)
    found[np.argsort(values, kind="stable")] = np.arange(len(values))
    return found
