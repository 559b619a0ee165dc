"""Whether modalities are mixed in every cluster, and kinds of cells that one modality has alone.

C clusters, K modalities. The density of a modality in a cluster is the share of its cells that lie there; modalities
are compared by density, so that one that was sequenced deeper with more cells does not count as unmixed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from monae_app.engine.analysis.counterparts import LEAST_DENSITY
from monae_app.engine.analysis.verdict.finding import Figure, Finding, Level
from monae_app.engine.analysis.verdict.words import clusters, listed, percent, title

if TYPE_CHECKING:
    import pandas as pd

    from monae_app.engine.analysis.verdict.facts import RunFacts

# Two samples of one tissue differ twofold and threefold in a kind of cell by sampling and dissociation alone.
BALANCED = 0.25
# of the cells, in clusters that all modalities fill
MOSTLY, HARDLY = 0.8, 0.5
# of the neighbours that chance would bring; between random mixing (1) and none (0)
LOCALLY_MIXED, LOCALLY_APART = 0.5, 0.25
# a cluster of fewer cells may be of one modality by chance
FEWEST_CELLS = 20
# a label names doublets and errors too: it is of one modality alone where the others have next to none
NEXT_TO_NONE = 0.01
# of the cells of such a label, among cells of a modality that lacks it
LAID_ONTO_OTHERS = 0.5
A_GUESS = (
    "If the other modality could not catch these cells, this is right: they stay apart, and what is imputed for them "
    "there is a guess. If it should have them, look at the quality filters."
)
# of all cells, laid onto relatives: above, what is imputed is wrong for more than an exception
MANY = 0.25


def balance(table: pd.DataFrame) -> np.ndarray:
    """Density of the rarest modality in each cluster beside the densest, from 0 (it lacks) to 1 (alike), (C,)."""
    density = _density(table)
    return np.asarray(density.min(axis=1) / np.maximum(density.max(axis=1), 1e-12))


def _density(table: pd.DataFrame) -> np.ndarray:
    counts = table.to_numpy(np.float64)
    return np.asarray(counts / np.maximum(counts.sum(axis=0), 1))


def mixing_findings(facts: RunFacts) -> list[Finding]:
    """Say whether clusters hold all modalities, and name those that do not."""
    if len(facts.modalities) < 2:
        return [Finding("mixing", "unknown", "The run has one modality: there is nothing to mix.")]
    return [_mixed(facts), _one_sided(facts)]


def _mixed(facts: RunFacts) -> Finding:
    table = facts.clusters
    size, even = table.sum(axis=1).to_numpy(), balance(table)
    # cells of a kind that the other modality lacks cannot be mixed
    apart = rightly_apart(facts)
    counted = ~table.index.isin(apart)
    share = float(size[counted & (even >= BALANCED)].sum() / max(size[counted].sum(), 1))
    local = facts.mixing.get(None)
    figures: dict[str, Figure] = {
        "cells in clusters that all modalities fill": percent(share),
        "clusters": len(table),
        "clusters that all modalities fill": int((even >= BALANCED).sum()),
        "clusters of kinds that one modality lacks": len(apart),
        "local mixing, 1 is chance": None if local is None else round(local, 3),
    }
    level: Level = "good" if share >= MOSTLY else "caution" if share >= HARDLY else "bad"
    if local is not None and local < LOCALLY_MIXED:
        level = "bad" if local < LOCALLY_APART else "caution" if level == "good" else level
    names = listed([title(name) for name in facts.modalities])
    if level == "good":
        of_those = " of those that both have" if apart else ""
        sentence = (
            f"Cells of {names} share their clusters and their neighbourhoods: {percent(share)}{of_those} lie in mixed "
            "ones."
        )
        return Finding("mixing", level, sentence, figures)
    if share >= MOSTLY:
        sentence = f"Cells of {names} share their clusters, but within these they lie apart."
        todo = "Colour the map by local_mixing to see where, and give the alignment more weight."
        weight = round(3 * facts.config.lambda_anchor, 6)
        return Finding("mixing", level, sentence, figures, todo, {"lambda_anchor": weight})
    sentence = f"Only {percent(share)} of the cells lie in clusters that all of {names} fill."
    todo = (
        "Colour the map by modality. If the cells of the two come from one tissue, try a stronger pull between "
        "corresponding cells; if not, kinds of cells that one lacks stay apart rightly."
    )
    return Finding(
        "mixing", level, sentence, figures, todo, {"lambda_anchor": round(3 * facts.config.lambda_anchor, 6)}
    )


def _one_sided(facts: RunFacts) -> Finding:
    lone = lone_clusters(facts)
    missing = missing_labels(facts)
    figures: dict[str, Figure] = {}
    for name in lone:
        row = facts.clusters.loc[name]
        figures[f"cluster {name}"] = ", ".join(f"{title(str(each))} {int(row[each]):,}" for each in row.index)
    for label, (lacking, share) in missing.items():
        figures[f"{label}: lacking in {listed([title(each) for each in lacking])}"] = (
            f"{percent(share)} of its cells lie among others"
        )
    if strangers := _no_name_in_common(facts):
        return Finding("one_sided", "caution", *strangers)
    laid = [label for label, (_, share) in missing.items() if share >= LAID_ONTO_OTHERS]
    if laid:
        said = listed([f"{label!r} ({_where(facts, label, missing)})" for label in laid])
        plural = len(laid) > 1
        sentence = (
            f"{said} {'are' if plural else 'is'} in one modality alone, yet most of "
            f"{'their' if plural else 'its'} cells lie among others: they were laid onto relatives."
        )
        todo = "Do not read what is imputed for these cells in the modality that lacks them."
        of_these = facts.labels[facts.labels["label"].isin(laid)]["cells"].sum()
        level: Level = "bad" if of_these >= MANY * facts.n_cells else "caution"
        return Finding("one_sided", level, sentence, figures, todo)
    if missing:
        cells = int(facts.labels[facts.labels["label"].isin(missing)]["cells"].sum())
        said = listed([f"{label!r} ({_where(facts, label, missing)})" for label in missing])
        sentence = (
            f"{said} {'are' if len(missing) > 1 else 'is'} in one modality alone: {cells:,} cells, which stay apart "
            "from those of the other, as they should."
        )
        return Finding("one_sided", "caution", sentence, figures, A_GUESS)
    if lone:
        cells = int(facts.clusters.loc[list(lone)].to_numpy().sum())
        sides = listed([f"{clusters(names)} of {title(modality)}" for modality, names in _by_modality(lone).items()])
        kinds = _kinds(facts, list(lone))
        sentence = f"{cells:,} cells stand alone: {sides} {'have' if len(lone) > 1 else 'has'} next to no other cells"
        sentence += f" ({kinds})." if kinds else "."
        return Finding("one_sided", "caution", sentence, figures, A_GUESS)
    kinds = "cluster" if facts.labels.empty else "cluster and no label"
    return Finding("one_sided", "good", f"No {kinds} is of one modality alone.", figures)


def _no_name_in_common(facts: RunFacts) -> tuple[str, dict[str, Figure], str] | None:
    if facts.labels.empty:
        return None
    by_modality = facts.labels.groupby("modality", observed=True)["label"].agg(set)
    if len(by_modality) < 2 or set.intersection(*by_modality):
        return None
    names = listed([title(str(name)) for name in by_modality.index])
    sentence = f"The labels in {facts.label!r} of {names} have no name in common."
    figures = {f"labels of {title(str(name))}": listed(sorted(found)) for name, found in by_modality.items()}
    todo = "If they name the same kinds, give them the same names; if not, these are cells of different tissues."
    return sentence, dict(figures), todo


def rightly_apart(facts: RunFacts) -> list[str]:
    """Clusters of one modality whose cells are mostly of kinds that, by their labels, the others lack."""
    alone, missing = lone_clusters(facts), missing_labels(facts)
    if not alone or not missing:
        return []
    mine = facts.labels[facts.labels["cluster"].isin(alone)]
    whole = mine.groupby("cluster", observed=True)["cells"].sum()
    lacking = mine[mine["label"].isin(missing)].groupby("cluster", observed=True)["cells"].sum()
    return [str(name) for name in lacking.index if lacking[name] > whole[name] / 2]


def lone_clusters(facts: RunFacts) -> dict[str, str]:
    """Clusters in which a modality lies less than a tenth as densely as the densest one, and that one."""
    density, size = _density(facts.clusters), facts.clusters.sum(axis=1).to_numpy()
    return {
        str(name): facts.modalities[int(row.argmax())]
        for name, row, cells in zip(facts.clusters.index, density, size, strict=True)
        if cells >= FEWEST_CELLS and row.min() < LEAST_DENSITY * row.max()
    }


def missing_labels(facts: RunFacts) -> dict[str, tuple[list[str], float]]:
    """Labels that a modality lacks: which, and the share of their cells that lie in clusters which it fills."""
    if facts.labels.empty:
        return {}
    counts: dict[str, dict[str, int]] = {}
    for row in facts.labels.to_dict("records"):
        of_label = counts.setdefault(str(row["label"]), dict.fromkeys(facts.modalities, 0))
        of_label[str(row["modality"])] += int(row["cells"])
    # a modality whose cells have no labels at all lacks none of them
    labelled = [name for name in facts.modalities if any(row[name] for row in counts.values())]
    found: dict[str, tuple[list[str], float]] = {}
    alone = lone_clusters(facts)
    for label, cells in counts.items():
        total = sum(cells.values())
        lacking = [name for name in labelled if cells[name] <= NEXT_TO_NONE * total]
        if total < FEWEST_CELLS or not lacking or len(labelled) < 2:
            continue
        mine = facts.labels[facts.labels["label"] == label]
        among = mine[~mine["cluster"].isin(alone)]["cells"].sum()
        if "mixing" in mine and (mine["cells"] * mine["mixing"]).sum(skipna=False) < LOCALLY_APART * total:
            # a cluster may hold two kinds that do not mix
            among = 0
        found[label] = lacking, float(among / total)
    return found


def _where(facts: RunFacts, label: str, missing: dict[str, tuple[list[str], float]]) -> str:
    has = [title(name) for name in facts.modalities if name not in missing[label][0]]
    return f"{listed(has)} only"


def _by_modality(lone: dict[str, str]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for cluster, modality in lone.items():
        found.setdefault(modality, []).append(cluster)
    return found


def _kinds(facts: RunFacts, names: list[str]) -> str:
    """Name the labels that most cells of some clusters have."""
    mine = facts.labels[facts.labels["cluster"].isin(names)]
    if mine.empty:
        return ""
    largest = mine.groupby("label", observed=True)["cells"].sum().sort_values(ascending=False)
    telling = largest[largest >= 0.1 * largest.sum()]
    return f"mostly {listed([str(each) for each in telling.index])}"
