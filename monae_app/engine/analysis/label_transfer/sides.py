"""The cells that give labels, and those that receive them: where they lie, and what is known of them. N cells."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from monae_app.engine.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Sequence

    import anndata as ad

CLUSTERS = "leiden"
MOST_CLASSES = 200
ABSENT = ("nan", "None", "", "<NA>")


@dataclass(frozen=True)
class Side:
    """Some cells of one modality.

    Parameters
    ----------
    modality
        Of all of them.
    names
        With or without the prefix of their modality, (N,).
    shared, private
        Axes of the run, (N, D_s) and (N, D_p).
    groups
        Clusters that count alike, however many cells they have, (N,); all alike where there are none.
    """

    modality: str
    names: np.ndarray
    shared: np.ndarray
    private: np.ndarray
    groups: np.ndarray

    def __len__(self) -> int:
        return len(self.shared)

    @property
    def whole(self) -> np.ndarray:
        """Shared and private axes, (N, D_s + D_p)."""
        return np.hstack([self.shared, self.private])

    def some(self, rows: np.ndarray) -> Side:
        """Return some of the cells."""
        return Side(self.modality, *(each[rows] for each in (self.names, self.shared, self.private, self.groups)))


def side_of(cells: ad.AnnData, modality: str, modalities: Sequence[str]) -> Side:
    """Take the cells of one modality.

    Parameters
    ----------
    cells
        Of a run, or new ones as ``Monae.embed`` places them.
    modality
        Whose.
    modalities
        Those of the run.

    Raises
    ------
    InputError
        If there is no such modality, or none of its cells.
    """
    if modality not in modalities:
        raise InputError(
            f"There is no modality {modality!r}.", f"one of: {', '.join(modalities)}.", "choose one of these."
        )
    rows = np.flatnonzero((cells.obs["modality"] == modality).to_numpy())
    if not len(rows):
        raise InputError(f"There are no cells of {modality}.", "at least one.", "choose another modality.")
    obs = cells.obs.iloc[rows]
    groups = obs[CLUSTERS].astype(str).to_numpy() if CLUSTERS in obs else np.full(len(rows), "all")
    shared, private = (np.asarray(cells.obsm[name][rows], np.float64) for name in ("X_monae", "X_private"))
    return Side(modality, obs.index.to_numpy(str), shared, private, groups)


def labels_of(cells: ad.AnnData, modality: str, column: str) -> pd.Categorical:
    """Read the labels of the cells of one modality, (N,); cells may lack one.

    Raises
    ------
    InputError
        If there is no such column, or what it holds are no labels: fewer than two values, or too many.
    """
    obs = cells.obs
    if column not in obs:
        known = ", ".join(str(name) for name in obs.columns if not str(name).startswith("normaliser_"))
        raise InputError(f"The cells have no column {column!r}.", f"one of: {known}.", "choose one of these.")
    values = obs[column][(obs["modality"] == modality).to_numpy()]
    text = values.astype(object).where(values.notna(), None).map(lambda value: None if value is None else str(value))
    text = text.where(~text.isin(ABSENT), None)
    kinds = text.nunique()
    if not 2 <= kinds <= MOST_CLASSES:
        raise InputError(
            f"{column!r} has {kinds:,} different values in the cells of {modality}.",
            f"2 to {MOST_CLASSES} labels.",
            "choose a column of cell types, or another modality that has them.",
        )
    return pd.Categorical(text.to_numpy(object))
