"""Whether batches mix, and whether they can be told from kinds of cells and from modalities."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np

from monae_app.engine.analysis.verdict.finding import Figure, Finding, Level
from monae_app.engine.analysis.verdict.words import listed

if TYPE_CHECKING:
    import pandas as pd

    from monae_app.engine.analysis.verdict.facts import RunFacts

# iLISI is 1 where every neighbourhood holds all batches alike and 0 where it holds one; corrected samples of one tissue
# reach .3 and more although their compositions differ.
BATCHES_MIX = 0.2
# Cramér's V of clusters and batches within a modality, above which batches split kinds of cells
SPLIT = 0.5
PAGE = "batch columns"
# of 1: above, batch and kind of cell are next to the same; below, kinds stand in several batches, unequally
ALL_BUT_THE_SAME = 0.8
TOLD_STRENGTH = re.compile(r"Cramér's V is (\d\.\d+)")


def batch_findings(facts: RunFacts) -> list[Finding]:
    """Judge the batches that a run corrected for, else the columns that look like batches."""
    used = [str(name) for name in ((facts.report.get("batches") or {}).get("columns") or [])]
    candidates = [name for name in facts.batches if name not in used]
    if not used and not candidates:
        sentence = "The cells name no batch: if they come from several, nothing tells whether these disturb."
        todo = "Add a column that names donor, sample or lane, and choose it as batch."
        return [Finding("batches", "unknown", sentence, {}, todo)]
    if not used:
        return [_not_corrected(facts, candidates)]
    return [_corrected(facts, used)]


def confounded(facts: RunFacts, used: list[str]) -> dict[str, list[str]]:
    """Return what a run says of batch columns that cannot be told from kinds of cells, by column."""
    said = (facts.report.get("dataset") or {}).get("confounded") or {}
    found = {name: [str(each) for each in said.get(name) or []] for name in used}
    for sentence in map(str, facts.report.get("warnings") or []):
        for name in used:
            if (
                repr(name) in sentence
                and "batch" in sentence
                and ("told from" in sentence or "of one batch" in sentence)
            ):
                found[name].append(sentence)
    return {name: list(dict.fromkeys(sentences)) for name, sentences in found.items() if sentences}


def _corrected(facts: RunFacts, used: list[str]) -> Finding:
    metrics = facts.metrics
    figures: dict[str, Figure] = {
        "columns": ", ".join(used),
        "batches": (facts.report.get("batches") or {}).get("number"),
        "mixing of batches, iLISI": metrics.get("ilisi"),
        "mixing of batches, kBET": metrics.get("kbet"),
    }
    told = confounded(facts, used)
    if told:
        names = listed([repr(name) for name in told])
        sentence = (
            f"Batches by {names} cannot be told from kinds of cells: each kind has most or all of its cells "
            "in some of the batches. What was taken out as a batch may be biology."
        )
        figures |= {f"said of {name}": each for name, sentences in told.items() for each in sentences[:1]}
        kept = [name for name in facts.config.batch_key if name not in told]
        todo = f"Train without it among the {PAGE}, and compare; or read differences between these batches with care."
        level: Level = "bad" if max(_strength(facts, *each) for each in told.items()) >= ALL_BUT_THE_SAME else "caution"
        return Finding("batches", level, sentence, figures, todo, {"batch_key": ",".join(kept)})
    apart = [name for name in used if name in facts.batches and _of_one_modality(facts.batches[name])]
    if apart:
        sentence = (
            f"Each batch by {listed([repr(name) for name in apart])} is of one modality alone: what the batches "
            "differ in and what the modalities differ in cannot be told apart."
        )
        todo = "Give batches that both modalities share (a donor, say) the same name in both files."
        return Finding("batches", "caution", sentence, figures, todo)
    ilisi = metrics.get("ilisi")
    if ilisi is not None and ilisi < BATCHES_MIX:
        sentence = "Batches do not mix: neighbourhoods hold cells of one batch each."
        todo = "Look at the map coloured by batch. If the batches hold the same kinds of cells, train longer."
        longer = 4 * int(facts.report.get("steps") or 100)
        return Finding("batches", "caution", sentence, figures, todo, {"steps": longer})
    sentence = f"Batches by {listed([repr(name) for name in used])} were corrected for, and mix."
    return Finding("batches", "good", sentence, figures)


def _not_corrected(facts: RunFacts, candidates: list[str]) -> Finding:
    from monae_app.engine.data.batch_confounding import cramers_v

    strength: dict[str, float] = {}
    for name in candidates:
        found = [0.0]
        for _, mine in facts.batches[name].groupby("modality", observed=True):
            table = mine.pivot_table(index="cluster", columns="batch", values="cells", aggfunc="sum", fill_value=0)
            found.append(cramers_v(table.to_numpy(np.float64)))
        strength[name] = max(found)
    figures: dict[str, Figure] = {
        f"{name}: association with clusters (Cramér's V)": round(value, 3) for name, value in strength.items()
    }
    strong = [name for name, value in strength.items() if value >= SPLIT]
    if not strong:
        names = listed([repr(name) for name in candidates])
        return Finding("batches", "good", f"Batches were not corrected for, and {names} splits no clusters.", figures)
    names = listed([repr(name) for name in strong])
    sentence = f"Clusters follow {names}, which was not corrected for: they may be batches and not kinds of cells."
    todo = f"If {names} names batches and not conditions, choose it as batch and train again."
    return Finding("batches", "caution", sentence, figures, todo, {"batch_key": ",".join(strong)})


def _strength(facts: RunFacts, column: str, sentences: list[str]) -> float:
    """Return how strongly a batch goes with kinds of cells; 1 where clusters stood in one batch alone."""
    of_data = facts.report.get("dataset") or {}
    records = [*(facts.report.get("confounding") or []), *(of_data.get("confounding") or [])]
    known = [1.0 if each["label"] is None else float(each["strength"]) for each in records if each["column"] == column]
    if known:
        return max(known)
    # a run of before, whose report has no more than the sentences
    found = [match.group(1) for each in sentences if (match := TOLD_STRENGTH.search(each))]
    return max(map(float, found)) if found else 1.0


def _of_one_modality(table: pd.DataFrame) -> bool:
    by_batch = table.groupby("batch", observed=True)["modality"].nunique()
    several = table.groupby("modality", observed=True)["batch"].nunique()
    return bool(len(by_batch) > 1 and (by_batch == 1).all() and len(several) > 1 and several.max() > 1)
