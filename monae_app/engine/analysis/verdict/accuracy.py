"""Whether the right cells lie together, where known pairs or labels tell it; and what lacks for scores that do not."""

from __future__ import annotations

from typing import TYPE_CHECKING

from monae_app.engine.analysis.verdict.finding import ORDER, Finding, Level
from monae_app.engine.analysis.verdict.words import listed

if TYPE_CHECKING:
    from monae_app.engine.analysis.verdict.facts import RunFacts

# FOSCTTM: half of the cells lie closer than the true partner by chance. Published integrations of multiome data with
# their pairs hidden lie between .05 and .2.
PAIRS_GOOD, PAIRS_CHANCE = 0.2, 0.4
# Share of the way from what chance gives (one label in T, all alike) to a perfect transfer.
TRANSFER_GOOD, TRANSFER_CHANCE = 0.5, 0.15
NEED_PAIRS = "FOSCTTM"
NEED_LABELS = "label transfer, ARI and NMI, mean average precision, silhouettes, connectivity"


def accuracy_findings(facts: RunFacts) -> list[Finding]:
    """Judge by pairs and labels, and say which of these lack."""
    found = [each for each in (_by_pairs(facts), _by_labels(facts)) if each is not None]
    return [*([_joined(found)] if found else []), _lacking(facts)]


def _by_pairs(facts: RunFacts) -> Finding | None:
    value = facts.metrics.get("foscttm")
    if value is None:
        return None
    level: Level = "good" if value <= PAIRS_GOOD else "caution" if value < PAIRS_CHANCE else "bad"
    told = {
        "good": "cells that are known to be the same lie close together",
        "caution": "cells that are known to be the same lie in the same region, but not close together",
        "bad": "cells that are known to be the same lie apart as if by chance",
    }[level]
    used = " (some of these pairs were shown to the training)" if facts.config.paired else ""
    figures = {"FOSCTTM, 0 is perfect, 0.5 chance": value, "pairs": facts.metrics.get("pairs")}
    return Finding("accuracy", level, f"By known pairs, {told}{used}", figures)


def _by_labels(facts: RunFacts) -> Finding | None:
    value = facts.metrics.get("label_transfer_balanced")
    kinds = facts.labels["label"].nunique() if not facts.labels.empty else 0
    if value is None or kinds < 2:
        return None
    chance = 1 / kinds
    gained = (value - chance) / (1 - chance)
    level: Level = "good" if gained >= TRANSFER_GOOD else "caution" if gained >= TRANSFER_CHANCE else "bad"
    told = {
        "good": "most cells find their own kind in the other modality",
        "caution": "large kinds find themselves in the other modality, and some smaller ones do not",
        "bad": "cells find their own kind in the other modality hardly more often than by chance",
    }[level]
    figures = {
        "label transfer": facts.metrics.get("label_transfer"),
        "label transfer, every label alike": value,
        "the same by chance": round(chance, 3),
        "labels": kinds,
    }
    return Finding("accuracy", level, f"by the labels in {facts.label!r}, {told}", figures)


def _joined(found: list[Finding]) -> Finding:
    level = next(each for each in ORDER if each in {one.level for one in found})
    sentence = "; ".join(each.sentence for each in found)
    figures = {name: value for each in found for name, value in each.figures.items()}
    todo = "" if level == "good" else "Look at the scores by cell type on the Embedding page for where it fails."
    return Finding("accuracy", level, f"{sentence[:1].upper()}{sentence[1:]}.", figures, todo)


def _lacking(facts: RunFacts) -> Finding:
    lacks = []
    # cells of one modality have no counterparts that could be known
    if "foscttm" not in facts.metrics and len(facts.modalities) > 1:
        lacks.append((f"no cells that are known to be the same ({NEED_PAIRS} needs them)", "a column pair_id"))
    if facts.label is None:
        lacks.append((f"no labels ({NEED_LABELS} need them)", "a column cell_type"))
    if "ilisi" not in facts.metrics and "kbet" not in facts.metrics:
        lacks.append(("no batches that were chosen (iLISI and kBET need them)", "a batch column"))
    scored = facts.metrics.get("scored_cells", facts.metrics.get("cells"))
    known = {"cells scored": scored, "scores": len(facts.metrics.keys() - {"cells", "scored_cells"})}
    if not lacks:
        return Finding("scores", "good", "Pairs, labels and batches are known: every score could be computed.", known)
    sentence = f"This run has {listed([what for what, _ in lacks])}."
    blind = "foscttm" not in facts.metrics and facts.label is None
    todo = f"If you know them, give {listed([column for _, column in lacks])} in the obs of the files."
    if blind and len(facts.modalities) > 1:
        todo += " Until then only shared structure and linked features speak for this map: look at known markers."
    return Finding("scores", "unknown" if blind else "good", sentence, known, todo)
