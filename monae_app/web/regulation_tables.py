"""Targets of a factor as tables: filtered for the page, all as a file, and a shortlist of those worth a test."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, get_args

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from monae_app.engine.data.known_targets import KnownTargets
    from monae_app.web.regulation_view import Tables

Which = Literal["all", "novel", "known"]
Sign = Literal["both", "up", "down"]
Backing = Literal["any", "peak", "motif", "both"]
COLUMNS = (
    "tf", "target", "rank", "score", "sign", "p", "q", "similarity", "correlation", "motif", "motif_peaks", "link_p",
    "known", "mode", "pmids",
)  # fmt: skip
# of a candidate, in either modality
NOTABLE = 0.05
# standard deviations beyond chance that one in twenty genes has by chance
MOTIFS_BEYOND = 1.645


@dataclass(frozen=True)
class Filters:
    """Which targets are shown.

    Parameters
    ----------
    which
        All, those that are not known, or those that are.
    sign
        Of the measured correlation with the factor.
    most_q
        Highest q; 1 for any.
    backing
        What else must speak for a target: a peak that goes with it with p <= .05, motifs of the factor in its peaks
        beyond chance (1.645 standard deviations), both, or nothing.
    top
        How many at most.
    """

    which: Which = "all"
    sign: Sign = "both"
    most_q: float = 1.0
    backing: Backing = "any"
    top: int = 100

    @classmethod
    def read(cls, which: object, sign: object, most_q: object, backing: object, top: object) -> Filters:
        """Read what a browser says; what is no filter is none."""
        return cls(
            which if which in get_args(Which) else "all",  # type: ignore[arg-type]
            sign if sign in get_args(Sign) else "both",  # type: ignore[arg-type]
            _number(most_q, 0.0, 1.0, 1.0),
            backing if backing in get_args(Backing) else "any",  # type: ignore[arg-type]
            int(_number(top, 1, 5000, 100)),
        )

    def of(self, targets: pd.DataFrame) -> pd.DataFrame:
        """Keep those that pass, best first."""
        keep = np.ones(len(targets), bool)
        if self.which != "all":
            keep &= targets["known"].to_numpy(bool) == (self.which == "known")
        if self.sign != "both":
            keep &= targets["sign"].to_numpy() == (1 if self.sign == "up" else -1)
        if self.most_q < 1:
            keep &= (targets["q"] <= self.most_q).to_numpy()
        if self.backing in ("peak", "both"):
            keep &= (targets["link_p"] <= NOTABLE).to_numpy()
        if self.backing in ("motif", "both"):
            keep &= (targets["motif"] >= MOTIFS_BEYOND).to_numpy()
        return targets[keep].head(self.top)


def shortlist(targets: pd.DataFrame, tables: Tables, tf: str) -> tuple[pd.DataFrame, str]:
    """Choose targets that nobody has reported and for which both modalities speak.

    Expression: the target is among those with p <= .05 of the factor. Chromatin: a peak goes with the target with
    p <= .05 and, where motifs are known, has one of the factor.

    Parameters
    ----------
    targets
        Of the factor, with ``known``.
    tables
        Of the run.
    tf
        The factor.

    Returns
    -------
    pandas.DataFrame
        The targets, each with its surest such peak: ``peak``, ``peak_distance_bp``, ``link_score``, ``link_sign``,
        ``link_p``, ``link_q`` and ``peak_has_motif``.
    str
        How they were chosen, in words.
    """
    has, evidence = tables.with_motif(tf), tables.evidence
    links = evidence.links[evidence.links["p"] <= NOTABLE]
    if has is not None:
        links = links[has[links["peak"].to_numpy(np.int64)]]
    best = links.sort_values(["p", "score"], ascending=[True, False]).drop_duplicates("gene")
    numbers, peaks = (best[name].to_numpy(np.int64) for name in ("gene", "peak"))
    beside = pd.DataFrame(
        {
            "target": evidence.genes[numbers],
            "peak": evidence.peaks[peaks],
            "peak_distance_bp": best["distance_bp"].to_numpy(),
            "link_score": best["score"].to_numpy(),
            "link_sign": best["sign"].to_numpy(),
            "link_p": best["p"].to_numpy(),
            "link_q": best["q"].to_numpy(),
            "peak_has_motif": "not known" if has is None else "yes",
        }
    )
    likely = targets[~targets["known"].to_numpy(bool) & (targets["p"] <= NOTABLE).to_numpy()]
    found = likely.drop(columns=["known", "mode", "pmids", "link_p"]).merge(beside, on="target", how="inner")
    motif = "that has a motif of the factor" if has is not None else "(motifs are not known, which would say more)"
    told = (
        f"Not among the known targets; p <= {NOTABLE} as a target of {tf} by expression; a peak {motif} goes with the "
        f"target with p <= {NOTABLE}. q says how many of all would be found by chance."
    )
    return found, told


def csv_of(table: pd.DataFrame, lines: list[str]) -> str:
    """Write a table that says first what it is."""
    head = "".join(f"# {line}\n" for line in lines)
    return head + table.to_csv(index=False, float_format="%.6g")


def said_of(known: KnownTargets | None) -> list[str]:
    """Say where known targets are from, and under which licence."""
    if known is None:
        return ["No known targets: the organism of the run is neither human nor mouse, or could not be told."]
    return [known.credit or f"Known targets: {known.source}"]


def _number(value: object, low: float, high: float, otherwise: float) -> float:
    try:
        found = float(str(value))
    except ValueError:
        return otherwise
    return min(max(found, low), high) if np.isfinite(found) else otherwise
