"""Motifs in the bases of peaks: FIMO by memelite, with cutoffs that fit the share of G and C of each peak.

P peaks, M motifs, T bases. Peaks are scanned in bins of their GC share: a score that is rare by chance among AT-rich
peaks is common among GC-rich ones. The weights of a motif are the same in all bins, its cutoff is not. memelite knows
one cutoff a call, as a p-value on even bases: motifs with like cutoffs are called together, a little too leniently,
and what lies below a motif's own cutoff is dropped.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import scipy.sparse as sp

from monae_app.engine.data.motifs.genome_file import UNKNOWN
from monae_app.engine.data.motifs.hits import MotifHits, hits_of
from monae_app.engine.data.motifs.score_cutoffs import NEVER, STEP, cutoffs, steps_of, strands_alike
from monae_app.engine.errors import InputError
from monae_app.engine.telling import SILENT, Telling

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy.typing as npt
    import pandas as pd

    from monae_app.engine.data.motifs.genome_file import PeakSequences
    from monae_app.engine.data.motifs.motif import MotifCollection

P = 1e-4
LEAST_P, MOST_P = 1e-9, 1e-2
GC_WIDTH = 0.04
# bins at the ends are joined until they hold this many peaks
FEWEST_PEAKS = 200
BASES_AT_ONCE = 4_000_000
# called together: cutoffs whose chances on even bases are within this factor
ALIKE = 2.0


@dataclass(frozen=True)
class _Bin:
    """Peaks of like GC share: their numbers, and the cutoffs of the motifs among them with the chance on even bases."""

    peaks: npt.NDArray[np.int64]
    cutoffs: npt.NDArray[np.int64]
    even: npt.NDArray[np.float64]


def check_p(p: float) -> float:
    """Return a threshold that can be used.

    Raises
    ------
    InputError
        If it is none.
    """
    if not LEAST_P <= p <= MOST_P:
        raise InputError(
            f"The p-value {p:g} is no threshold for motif hits.",
            f"{LEAST_P:g} to {MOST_P:g}.",
            "leave it out (1e-4), or take 5e-5 for fewer and surer hits.",
        )
    return p


def scan(
    names: pd.Index, sequences: PeakSequences, motifs: MotifCollection, p: float = P, tell: Telling = SILENT
) -> MotifHits:
    """Find motifs in peaks, on both strands.

    Parameters
    ----------
    names
        Of the peaks, (P,).
    sequences
        Their bases.
    motifs
        What to look for.
    p
        How likely a place without a site is to be a hit, by chance, given the GC share of its peak.
    tell
        Told how far it is; asked between blocks of peaks whether to stop.

    Returns
    -------
    MotifHits
        Scores are bits of log odds against the mean background of all peaks. A hit lies within its peak and on known
        bases alone.
    """
    check_p(p)
    gc = sequences.gc()
    if not np.isfinite(gc).any():
        raise InputError("No base of any peak is known.", "peaks with bases A, C, G, T.", "check the genome file.")
    background = strands_alike(_mean_gc(sequences))[0]
    weights = [steps_of(motif, background) for motif in motifs.motifs]
    bins = _bins(gc, weights, p)
    counting = tell.counting(f"Scanning {np.isfinite(gc).sum():,} peaks for {len(motifs):,} motifs")
    blocks = [(each, block) for each in bins for block in _blocks(each.peaks, sequences.offsets)]
    found = []
    for done, (each, block) in enumerate(blocks):
        counting.part(done, len(blocks))
        found.append(_scan_block(block, sequences, weights, each))
    counts, scores = _matrices(found, (len(names), len(motifs)))
    short = _too_short(bins, motifs)
    notes = [*sequences.notes, *_said(short, len(motifs), p)]
    how = {
        "scanner": "memelite",
        "p": p,
        "background_gc": round(float(background[1] * 2), 4),
        "gc_bins": len(bins),
        "peaks_scanned": int(np.isfinite(gc).sum()),
        "scan_notes": notes,
        **short,
    }
    return hits_of(names, motifs, counts, scores, how, notes)


def _too_short(bins: list[_Bin], motifs: MotifCollection) -> dict[str, list[str]]:
    """Name motifs that hold so little information that no sequence is rare enough to be a hit, by bin."""
    never = np.array([each.cutoffs == NEVER for each in bins])
    everywhere, somewhere = never.all(axis=0), never.any(axis=0)
    ids = np.array(motifs.ids, dtype=object)
    return {"no_hits_possible": ids[everywhere].tolist(), "hits_by_gc": ids[somewhere & ~everywhere].tolist()}


def _said(short: dict[str, list[str]], total: int, p: float) -> Iterator[str]:
    if short["no_hits_possible"]:
        count = len(short["no_hits_possible"])
        yield f"{count:,} of {total:,} motifs are too short to reach p = {p:g} and have no hits."
    if short["hits_by_gc"]:
        count = len(short["hits_by_gc"])
        yield f"Too short to reach p = {p:g} at some GC shares: {count:,} motifs; compare their hits with care."


def _mean_gc(sequences: PeakSequences) -> float:
    strong = np.count_nonzero((sequences.bases == 1) | (sequences.bases == 2))
    share = strong / np.count_nonzero(sequences.bases < UNKNOWN)
    return float(np.clip(share, 0.1, 0.9))


def _bins(gc: npt.NDArray[np.float64], weights: list[npt.NDArray[np.int64]], p: float) -> list[_Bin]:
    known = np.flatnonzero(np.isfinite(gc))
    which = np.floor(gc[known] / GC_WIDTH).astype(np.int64)
    members = _joined([known[which == value] for value in np.unique(which)])
    backgrounds = strands_alike(np.clip([gc[each].mean() for each in members], 0.05, 0.95))
    pairs = [cutoffs(each, backgrounds, p) for each in weights]
    least, even = (np.array([pair[part] for pair in pairs]).reshape(len(weights), -1) for part in (0, 1))
    return [_Bin(peaks, least[:, at], even[:, at]) for at, peaks in enumerate(members)]


def _joined(members: list[npt.NDArray[np.int64]]) -> list[npt.NDArray[np.int64]]:
    """Join bins with too few peaks to the next one towards the middle."""
    while len(members) > 1 and min(len(members[0]), len(members[-1])) < FEWEST_PEAKS:
        if len(members[0]) <= len(members[-1]):
            members = [np.concatenate(members[:2]), *members[2:]]
        else:
            members = [*members[:-2], np.concatenate(members[-2:])]
    return members


def _blocks(peaks: npt.NDArray[np.int64], offsets: npt.NDArray[np.int64]) -> Iterator[npt.NDArray[np.int64]]:
    ends = np.cumsum(offsets[peaks + 1] - offsets[peaks])
    cuts = np.flatnonzero(np.diff(ends // BASES_AT_ONCE)) + 1
    yield from np.split(peaks, cuts)


def _scan_block(
    peaks: npt.NDArray[np.int64], sequences: PeakSequences, weights: list[npt.NDArray[np.int64]], each: _Bin
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], npt.NDArray[np.float64]]:
    """Return peak, motif and score in bits of every hit."""
    # here, not above: numba takes a second to load
    from memelite import fimo

    parts = [sequences.bases[sequences.offsets[peak] : sequences.offsets[peak + 1]] for peak in peaks]
    joined = np.concatenate(parts)
    # peaks stand one behind the other: what reaches over an end is dropped below
    owner = np.repeat(np.arange(len(peaks)), [len(part) for part in parts])
    unknown = np.concatenate([[0], np.cumsum(joined == UNKNOWN)])
    one_hot = (joined == np.arange(4, dtype=np.uint8)[:, None])[None].view(np.int8)
    rows, columns, bits = [], [], []
    for group in _alike(each, len(joined), weights):
        pwms = {str(at): np.exp2(weights[at].T * STEP) / 4 for at in group}
        threshold = min(each.even[group].max() * 1.001, 1.0)
        for at, table in zip(group, fimo(pwms, one_hot, bin_size=STEP, eps=0.0, threshold=threshold), strict=True):
            start, end = table["start"].to_numpy(np.int64), table["end"].to_numpy(np.int64)
            score = table["score"].to_numpy(np.float64)
            kept = score > (each.cutoffs[at] - 0.5) * STEP
            kept &= (owner[start] == owner[end - 1]) & (unknown[start] == unknown[end])
            rows.append(peaks[owner[start[kept]]])
            columns.append(np.full(int(kept.sum()), at, dtype=np.int64))
            bits.append(score[kept])
    if not rows:
        return np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0)
    return np.concatenate(rows), np.concatenate(columns), np.concatenate(bits)


def _alike(each: _Bin, bases: int, weights: list[npt.NDArray[np.int64]]) -> Iterator[npt.NDArray[np.int64]]:
    """Group motifs whose cutoffs are equally likely on even bases; those that cannot have hits are left out."""
    long = np.array([len(weight) <= bases for weight in weights], dtype=bool)
    at = np.flatnonzero((each.cutoffs != NEVER) & long)
    if len(at):
        at = at[np.argsort(each.even[at], kind="stable")]
        which = np.floor(np.log(each.even[at]) / np.log(ALIKE))
        yield from np.split(at, np.flatnonzero(np.diff(which)) + 1)


def _matrices(
    found: list[tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], npt.NDArray[np.float64]]], shape: tuple[int, int]
) -> tuple[sp.csr_matrix, sp.csr_matrix]:
    """Count the hits of each motif in each peak, and keep the best score, both shape (P, M)."""
    rows, columns, bits = (np.concatenate([block[part] for block in found]) for part in range(3))
    order = np.lexsort((-bits, columns, rows))
    rows, columns, bits = rows[order], columns[order], bits[order]
    first = np.flatnonzero(np.diff(rows, prepend=-1) | np.diff(columns, prepend=-1))
    times = np.diff(first, append=len(rows)).astype(np.int32)
    indptr = np.searchsorted(rows[first], np.arange(shape[0] + 1))
    counts = sp.csr_matrix((times, columns[first], indptr), shape=shape)
    return counts, sp.csr_matrix((bits[first].astype(np.float32), counts.indices, counts.indptr), shape=shape)
