"""Edges from a transcription factor to a target that others have reported, each pair once.

E edges, G genes of a data set.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import pandas as pd

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

EDGE_COLUMNS = ["tf", "target", "mode", "pmids"]
ACTIVATION, REPRESSION, BOTH, UNKNOWN = "Activation", "Repression", "Both", "Unknown"
MODES = (ACTIVATION, REPRESSION, BOTH, UNKNOWN)
BETWEEN = ";"


@dataclass(frozen=True)
class KnownTargets:
    """Known edges and where they are from.

    Parameters
    ----------
    edges
        Columns tf, target, mode (Activation, Repression, Both or Unknown) and pmids (PubMed ids, separated by
        semicolons, or nothing), (E, 4); one row a pair.
    source
        What people call the table.
    credit
        What has to be said wherever it is shown or exported; nothing of a user's own table.
    unmatched
        Number of edges that :meth:`among` left out.
    notes
        What is to be known, in words.
    """

    edges: pd.DataFrame
    source: str
    credit: str = ""
    unmatched: int = 0
    notes: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.edges)

    def among(self, genes: Iterable[str]) -> KnownTargets:
        """Name factors and targets as a data set does, upper and lower case alike, and leave out what it lacks.

        Parameters
        ----------
        genes
            Of the data set, (G,); of several that differ in case alone, the one written alike is taken, else the first.
        """
        exact = dict.fromkeys(map(str, genes))
        folded = {name.casefold(): name for name in reversed(exact)}

        def named(column: str) -> pd.Series[str]:
            return self.edges[column].map(lambda name: name if name in exact else folded.get(name.casefold()))

        found = self.edges.assign(tf=named("tf"), target=named("target")).dropna(subset=["tf", "target"])
        # two names of the table may be one gene of the data
        merged = merge_edges(found)
        lost = len(self.edges) - len(found)
        return replace(self, edges=merged, unmatched=self.unmatched + lost)

    def targets_of(self, factor: str) -> pd.DataFrame:
        """Edges of one factor, upper and lower case alike."""
        mine = self.edges["tf"].str.casefold() == factor.casefold()
        return self.edges[mine].reset_index(drop=True)


def merge_edges(rows: pd.DataFrame) -> pd.DataFrame:
    """Make one edge of all rows of a pair: each PubMed id once, in order; Both where both signs were reported.

    Parameters
    ----------
    rows
        Columns tf, target, mode, pmids; pairs may repeat.

    Returns
    -------
    pandas.DataFrame
        The same columns, one row a pair, in the order of their first rows.
    """
    if not len(rows):
        return pd.DataFrame({name: pd.Series(dtype=object) for name in EDGE_COLUMNS})
    grouped = rows.groupby(["tf", "target"], sort=False)
    merged = grouped.agg(mode=("mode", _one_mode), pmids=("pmids", _joined)).reset_index()
    return merged[EDGE_COLUMNS]


def _one_mode(modes: pd.Series[str]) -> str:
    told = set(modes) - {UNKNOWN}
    if len(told) > 1:
        return BOTH
    return told.pop() if told else UNKNOWN


def _joined(several: Sequence[str]) -> str:
    # one id of TRRUST is no number
    return BETWEEN.join(dict.fromkeys(each for text in several for each in text.split(BETWEEN) if each.isdecimal()))
