"""Which zeros of a feature imputation fills, and how sure that is: by the chance of a zero at the depth of each cell.

n cells of the modality, G groups.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from monae_app.engine.analysis.expected_zeros import EDGES, by_chance, chance_of_zero, inverse_dispersion
from monae_app.engine.analysis.imputed_levels import balanced, imputed_rows
from monae_app.engine.data.dataset import METHYLATION

if TYPE_CHECKING:
    from monae_app.web.imputed_view import ImputedView

MOST_OF_A_GROUP = 2000
NO_COUNTS = "These values are no counts: a zero is a value like any other, and nothing is filled."
LEVELS = (
    "Levels of methylation are no counts: 0 is a level like any other. What no read covers is missing, not zero; that "
    "is what imputation fills."
)


def zeros_of(seen: ImputedView, row: int) -> pd.DataFrame | None:
    """Count the cells of each group by what was counted in them.

    Returns
    -------
    ``group``, ``cells``, ``counted``, and zeros by how likely they were: ``certain``, ``likely``, ``open`` and
    ``surprising``; of at most 2,000 cells of a group. None where values are no counts, or are gone.
    """
    library = seen.library
    measured = None if library is None else seen.counts_of(row)
    if measured is None or library is None:
        return None
    codes = seen.codes_of(seen.target)
    names = seen.groups.names
    some = balanced(codes, len(names), MOST_OF_A_GROUP, seen.view.run.config.seed)
    feature = seen.rows[[row]]
    expected = imputed_rows(seen.view.run, seen.target, seen.target, feature, some)[:, 0].astype(np.float64)
    dispersion = inverse_dispersion(seen.view.run, seen.target, feature)
    chance = chance_of_zero((expected * library[some] / 1e4)[:, None], dispersion)[:, 0]
    counts = measured[some]
    parts = [by_chance(counts[codes[some] == group], chance[codes[some] == group]) for group in range(len(names))]
    return pd.DataFrame(parts).assign(group=list(names))


def zeros_told(seen: ImputedView, row: int, table: pd.DataFrame | None) -> str:
    """Say in words which zeros are filled."""
    if table is None:
        if seen.library is not None:
            return seen.note
        return LEVELS if seen.target == METHYLATION else NO_COUNTS
    zeros = table[list(EDGES)].sum()
    total = int(zeros.sum())
    name = seen.names[row]
    if not total:
        return f"{name} was counted in every cell: there is no zero to fill."
    kept = int(zeros["certain"] + zeros["likely"])
    words = (
        f"Of {total:,} zeros of {name}, {kept:,} ({kept / total:.0%}) are what the model expects at the depth of the "
        f"cell, with a chance above one half. {int(zeros['open']):,} would more likely have been counts, and "
        f"{int(zeros['surprising']):,} are surprising (below 5 %): there imputation fills in what was not counted."
    )
    filled: pd.Series[float] = (table["open"] + table["surprising"]) / np.maximum(table["cells"], 1)
    if filled.max() > 0:
        most = int(filled.to_numpy().argmax())
        words += f" Most are filled in {table['group'].iloc[most]} ({filled.iloc[most]:.0%} of its cells)."
    return words
