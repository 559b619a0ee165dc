"""Scores of two runs beside each other, each with its ideal: which is better, and by how much."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

# with one seed, less than this says nothing (docs/compare.md)
ALIKE = 0.02
# counts and choices, no scores
NO_SCORES = {"cells", "pairs", "resolution"}
IDEALS = {"foscttm": 0.0}


@dataclass(frozen=True)
class ScoreRow:
    """One score of two runs.

    Parameters
    ----------
    name
        As in report.json.
    first, second
        Values; None where a run was not scored by it.
    ideal
        Value of a perfect integration.
    """

    name: str
    first: float | None
    second: float | None
    ideal: float

    @property
    def gain(self) -> float | None:
        """How much nearer the second is to the ideal than the first; None where one is missing."""
        if self.first is None or self.second is None:
            return None
        return abs(self.first - self.ideal) - abs(self.second - self.ideal)

    @property
    def better(self) -> str:
        """``first``, ``second``, ``alike`` (less than .02 apart), or nothing where one is missing."""
        if self.gain is None:
            return ""
        if abs(self.gain) < ALIKE:
            return "alike"
        return "second" if self.gain > 0 else "first"


def score_rows(first: Mapping[str, float], second: Mapping[str, float], n_modalities: int) -> list[ScoreRow]:
    """Put the scores of two runs beside each other, in the order of the first.

    Parameters
    ----------
    first, second
        Scores by name.
    n_modalities
        Of the data: a perfect mix has one in so many neighbours of the own modality.
    """
    ideals = IDEALS | {"same_modality": 1 / max(n_modalities, 1)}
    names = [name for name in dict.fromkeys([*first, *second]) if name not in NO_SCORES]
    return [ScoreRow(name, first.get(name), second.get(name), ideals.get(name, 1.0)) for name in names]
