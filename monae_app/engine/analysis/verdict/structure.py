"""Whether there was anything to align (asked before training), and whether linked features vary together after it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from monae_app.engine.analysis.verdict.finding import Finding, Level
from monae_app.engine.analysis.verdict.words import listed, title

if TYPE_CHECKING:
    from collections.abc import Mapping

    from monae_app.engine.analysis.verdict.facts import RunFacts

LEVELS: dict[str, Level] = {"shared": "good", "weak": "caution", "chance": "bad", "unknown": "unknown"}
CHECK_LINKS = (
    "Check that the genome (or the names that link the features) is the right one and that both come from one tissue "
    "and species. If both are right, do not read the map as an integration."
)
MORE_DATA = "More cells, or more linked features (a wider window around genes), would tell."
CHECK_MARKERS = "Check the map by markers that you know, in both modalities, before you read it."


def structure_findings(facts: RunFacts) -> list[Finding]:
    """Judge every two modalities by the null of permuted links, and by linked features after training."""
    before = [_before(each, facts) for each in _entries(facts.report, "alignment")]
    nothing = {tuple(_names(each, facts)) for each in _entries(facts.report, "alignment") if _answer(each) == "chance"}
    after = [_after(each, facts, nothing) for each in _entries(facts.report, "consistency")]
    if not before and len(facts.modalities) > 1:
        names = listed([title(name) for name in facts.modalities])
        before = [
            Finding(
                "structure",
                "unknown",
                f"It was not asked whether {names} have anything in common: nothing links their features.",
                {},
                "Give a genome, or names that both share, so that links can be made and tested.",
            )
        ]
    return [*before, *after]


def _entries(report: Mapping[str, Any], kind: str) -> list[dict[str, Any]]:
    return [dict(value) for key, value in report.items() if key == kind or key.startswith(f"{kind}_")]


def _names(said: Mapping[str, Any], facts: RunFacts) -> list[str]:
    # reports of earlier versions do not say which two
    return [str(name) for name in said.get("modalities") or facts.modalities[:2]]


def _answer(said: Mapping[str, Any]) -> str:
    # nor more than whether it is so
    return str(said.get("answer") or ("shared" if said.get("aligned") else "chance"))


def _before(said: dict[str, Any], facts: RunFacts) -> Finding:
    answer = _answer(said)
    level = LEVELS.get(answer, "unknown")
    figures = {
        "similarity under the links": said.get("similarity"),
        "with links put at random": said.get("null_mean"),
        "z": said.get("z"),
        "p": said.get("p"),
        "linked features compared": said.get("genes"),
    }
    pair = listed([title(name) for name in _names(said, facts)])
    sentence = {
        "shared": f"{pair} share structure: their linked features form the same programs, far beyond chance.",
        "weak": f"{pair} share little structure: more than chance, but so little that two tissues may have it too.",
        "chance": f"{pair} share no more than chance: the links join nothing that goes together.",
    }.get(answer, f"Whether {pair} share structure cannot be told: {_reason(said)}.")
    todo = {"good": "", "unknown": MORE_DATA}.get(level, CHECK_LINKS)
    return Finding("structure", level, sentence, figures, todo)


def _reason(said: Mapping[str, Any]) -> str:
    return str(said.get("verdict") or "too little is linked").partition(": ")[2].rstrip(".") or "too little is linked"


def _after(said: dict[str, Any], facts: RunFacts, nothing: set[tuple[str, ...]]) -> Finding:
    names = _names(said, facts)
    of_pair = f" of {listed([title(name) for name in names])}"
    figures = {
        "consistency": said.get("score"),
        "with links put at random": said.get("null_mean"),
        "p against random links": said.get("p"),
        "p against cells matched at random": said.get("p_cells"),
        "links": said.get("links"),
    }
    if not said.get("warning") and tuple(names) in nothing:
        # see monae_app.engine.analysis.consistency: an embedding is pulled to where its links agree
        sentence = (
            f"After training, linked features{of_pair} vary together, but that was asked of links which join nothing: "
            "the training pulled them there, and it says nothing for the map."
        )
        return Finding("consistency", "unknown", sentence, figures)
    if not said.get("warning"):
        sentence = f"After training, linked features{of_pair} rise and fall together over the integrated cells."
        return Finding("consistency", "good", sentence, figures)
    significant = max(float(said.get("p") or 0), float(said.get("p_cells") or 0)) <= 0.05
    if significant and said.get("curve"):
        sentence = f"After training, linked features{of_pair} vary together, but hardly."
        return Finding("consistency", "caution", sentence, figures, CHECK_MARKERS)
    sentence = f"After training, linked features{of_pair} vary together no more than by chance."
    return Finding("consistency", "bad", sentence, figures, CHECK_LINKS)
