"""Measured values of some features over the groups of a column. n cells of a modality, G groups, F features."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from monae_app.engine.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from monae_app.web.explore import RunView

MOST_FEATURES, MOST_GROUPS = 40, 60
# of a group, of which the distribution is drawn
MOST_CELLS = 5000


@dataclass(frozen=True)
class GroupValues:
    """Values (n, F) of features, named by columns, and the group of every cell, (n,)."""

    values: pd.DataFrame
    group: pd.Series

    @classmethod
    def of(cls, view: RunView, modality: str, features: Sequence[str], column: str) -> GroupValues:
        """Read features as they are drawn on the map, in the cells in which they were measured.

        Raises
        ------
        InputError
            If the run has no such column or feature, or its files are gone.
        """
        if column not in view.groupings or modality not in view.spans:
            raise InputError(f"This run has no groups {column[:80]!r}.", "a column of groups.", "choose another one.")
        span = view.spans[modality]
        mine = slice(span.start, span.stop)
        keys = list(dict.fromkeys(features))[:MOST_FEATURES]
        values = {name: view.colouring(f"{modality}:{name}", measured=True).values.to_numpy()[mine] for name in keys}
        group = view.run.column(column).iloc[mine].astype(str).reset_index(drop=True)
        largest = group.value_counts().index[:MOST_GROUPS]
        stay = group.isin(largest).to_numpy()
        return cls(pd.DataFrame(values)[stay].reset_index(drop=True), group[stay].reset_index(drop=True))

    def means(self) -> pd.DataFrame:
        """Means, (G, F)."""
        return self.values.groupby(self.group).mean()

    def shares(self) -> pd.DataFrame:
        """Shares of cells in which a feature is above zero, of those in which it is known, (G, F)."""
        above = (self.values > 0).astype(np.float64).where(self.values.notna())
        return above.groupby(self.group).mean()

    def some(self, feature: str, seed: int) -> pd.DataFrame:
        """Values of one feature in at most 5,000 cells of each group: ``group`` and ``value``."""
        table = pd.DataFrame({"group": self.group, "value": self.values[feature]}).dropna()
        shuffled = table.iloc[np.random.default_rng(seed).permutation(len(table))]
        return shuffled.groupby("group").head(MOST_CELLS).sort_values("group", kind="stable")


def composition_of(view: RunView, column: str, part: str) -> pd.DataFrame:
    """Share of every group of one column that is of each group of another, (G, parts).

    Raises
    ------
    InputError
        If the run has no such columns.
    """
    if not {column, part} <= set(view.groupings):
        raise InputError("This run has no such groups.", "two columns of groups.", "choose other ones.")
    first, second = (view.run.column(name).astype(str) for name in (column, part))
    largest = [values.value_counts().index[:MOST_GROUPS] for values in (first, second)]
    stay = first.isin(largest[0]) & second.isin(largest[1])
    return pd.crosstab(first[stay], second[stay], normalize="index")
