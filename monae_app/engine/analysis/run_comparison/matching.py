"""Which cells two runs have in common, by their names within each modality. n cells in common."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from monae_app.engine.errors import InputError

if TYPE_CHECKING:
    from monae_app.engine.analysis.run_slices import RunSlices


@dataclass(frozen=True)
class MatchedCells:
    """The cells that two runs have in common.

    Parameters
    ----------
    first, second
        Their rows in both runs, (n,) each; ``first`` increases.
    cells
        By modality that both have: cells in common, in the first run, in the second run.
    """

    first: np.ndarray
    second: np.ndarray
    cells: dict[str, tuple[int, int, int]]

    @property
    def all_alike(self) -> bool:
        """Whether neither run has cells that the other lacks, in what both measured."""
        return all(len(set(counts)) == 1 for counts in self.cells.values())


def match_cells(first: RunSlices, second: RunSlices) -> MatchedCells:
    """Match the cells of two runs; a name that stands twice in a modality of either is left out.

    Raises
    ------
    InputError
        If they have no cell in common.
    """
    ours, theirs, cells = [np.zeros(0, np.int64)], [np.zeros(0, np.int64)], {}
    for modality in first.modalities:
        if modality not in second.modalities:
            continue
        span, other = first.spans[modality], second.spans[modality]
        names = first.names(slice(span.start, span.stop))
        if len(span) == len(other) and second.are_named(modality, names):
            mine = its = np.arange(len(span))
        else:
            mine, its = _common(names, second.names(slice(other.start, other.stop)))
        ours.append(mine + span.start)
        theirs.append(its + other.start)
        cells[modality] = (len(mine), len(span), len(other))
    rows, others = np.concatenate(ours), np.concatenate(theirs)
    if not len(rows):
        raise InputError(
            "These two runs have no cell in common.",
            "two runs of the same data: cells are matched by their names within each modality.",
            "choose another second run.",
        )
    return MatchedCells(rows, others, cells)


def _common(names: list[str], others: list[str]) -> tuple[np.ndarray, np.ndarray]:
    mine, its = pd.Index(names), pd.Index(others)
    once, once_there = ~mine.duplicated(keep=False), ~its.duplicated(keep=False)
    place = np.full(len(mine), -1)
    unique = its[once_there]
    found = unique.get_indexer(mine[once])
    place[once] = np.where(found >= 0, np.flatnonzero(once_there)[found], -1)
    rows = np.flatnonzero(place >= 0)
    return rows, place[rows]
