"""How well each cell type was integrated, from counts alone: cells of each type, cluster and modality.

``overlap``: do the modalities put the cells of a type into the same clusters? With p_m(c) the share of the type's cells
of modality m that lie in cluster c, it is the sum over clusters of the least p_m(c), mean over every two modalities:
1 where they are spread alike, 0 where they share no cluster. One less the total variation distance.

``mixing``: neighbours of other modalities, beside as many as the composition of the type would bring by chance.

T types, K modalities.
"""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pandas as pd

# of a modality: the clusters of fewer cells are an accident
FEWEST_CELLS = 5


def scores_by_type(labels: pd.DataFrame, modalities: list[str]) -> pd.DataFrame:
    """Score every type.

    Parameters
    ----------
    labels
        ``label``, ``cluster``, ``modality``, ``cells`` and ``mixing``, the mean local mixing of these cells (NaN where
        it is not known), as :class:`monae_app.engine.analysis.verdict.RunFacts` has them.
    modalities
        In the order of the run.

    Returns
    -------
    DataFrame
        A row a type, those with the least overlap first: ``label``, ``cells_<modality>``, ``overlap`` and ``mixing``,
        NaN where fewer than two modalities have five cells of the type.
    """
    whole = labels.groupby("modality", observed=True)["cells"].sum()
    total = int(whole.sum())
    # what chance brings over all cells, as local mixing is measured against
    expected = {str(name): (total - int(cells)) / max(total - 1, 1) for name, cells in whole.items()}
    rows = [
        {"label": str(label), **_scored(mine, modalities, expected)}
        for label, mine in labels.groupby("label", observed=True, sort=True)
    ]
    columns = ["label", *(f"cells_{name}" for name in modalities), "overlap", "mixing"]
    return pd.DataFrame(rows, columns=columns).sort_values("overlap", kind="stable", ignore_index=True)


def _scored(mine: pd.DataFrame, modalities: list[str], expected: dict[str, float]) -> dict[str, float]:
    by_modality = {name: mine[mine["modality"] == name] for name in modalities}
    cells = {name: int(each["cells"].sum()) for name, each in by_modality.items()}
    there = [name for name in modalities if cells[name] >= FEWEST_CELLS]
    found: dict[str, float] = {f"cells_{name}": count for name, count in cells.items()}
    found |= {"overlap": np.nan, "mixing": np.nan}
    if len(there) < 2:
        return found
    spread = {name: by_modality[name].groupby("cluster", observed=True)["cells"].sum() / cells[name] for name in there}
    found["overlap"] = float(np.mean([_least(spread[one], spread[other]) for one, other in combinations(there, 2)]))
    size = sum(cells[name] for name in there)
    foreign = 0.0
    for name in there:
        each = by_modality[name]
        foreign += float((each["cells"] * each["mixing"]).sum(skipna=False)) * expected[name]
    chance = sum(cells[name] * (size - cells[name]) / max(size - 1, 1) for name in there)
    found["mixing"] = foreign / chance if chance else np.nan
    return found


def _least(one: pd.Series[float], other: pd.Series[float]) -> float:
    first, second = one.align(other, fill_value=0)
    return float(np.minimum(first.to_numpy(float), second.to_numpy(float)).sum())
