"""What a verdict consists of: findings, each with how grave it is, the figures behind it and what to try next."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping

Level = Literal["good", "caution", "bad", "unknown"]
# the gravest first; what cannot be told comes before what is well
ORDER: tuple[Level, ...] = ("bad", "caution", "unknown", "good")
TOPICS = {
    "structure": "Do the modalities share structure?",
    "consistency": "Do linked features vary together?",
    "mixing": "Are the modalities mixed?",
    "one_sided": "Is a kind of cell in one modality alone?",
    "accuracy": "Are the right cells together?",
    "training": "Was the training long enough?",
    "batches": "Do batches disturb?",
    "scores": "What could not be scored?",
}
Figure = float | int | str | None


@dataclass(frozen=True)
class Finding:
    """One thing that speaks for or against a run.

    Parameters
    ----------
    topic
        A name in ``TOPICS``.
    level
        How grave it is; ``unknown`` where the run cannot tell.
    sentence
        In words of a biologist.
    figures
        What it rests on, by name.
    todo
        What to try next; empty where nothing needs to be.
    settings
        Of a next training that would try it, by the names of RunConfig.
    """

    topic: str
    level: Level
    sentence: str
    figures: Mapping[str, Figure] = field(default_factory=dict)
    todo: str = ""
    settings: Mapping[str, Any] = field(default_factory=dict)

    @property
    def question(self) -> str:
        """The topic in words."""
        return TOPICS[self.topic]


@dataclass(frozen=True)
class Verdict:
    """Whether a run worked.

    Parameters
    ----------
    level
        Of the whole.
    headline, explanation
        The answer, and what it rests on.
    findings
        The gravest first.
    """

    level: Level
    headline: str
    explanation: str
    findings: tuple[Finding, ...]

    def record(self) -> dict[str, Any]:
        """Everything as plain values."""
        found = [{"question": each.question, **asdict(each)} for each in self.findings]
        return {"level": self.level, "headline": self.headline, "explanation": self.explanation, "findings": found}


def sorted_findings(findings: list[Finding]) -> tuple[Finding, ...]:
    """Put the gravest first; of one level they keep the order of ``TOPICS``."""
    topics = list(TOPICS)
    return tuple(sorted(findings, key=lambda each: (ORDER.index(each.level), topics.index(each.topic))))
