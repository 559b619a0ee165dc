"""A part of the cells of a dataset, and those that no other modality has measured too."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np

from monae_app.engine.data.dataset import Dataset
from monae_app.engine.data.on_disk import take

if TYPE_CHECKING:
    from collections.abc import Mapping

    from monae_app.engine.data.dataset import Modality

STREAM = 0x504152
FEWEST_UNSHARED = 100


def some_cells(dataset: Dataset, most: int, seed: int) -> Dataset:
    """Draw at most so many cells of each modality; of known pairs both or neither."""
    if all(each.n_cells <= most for each in dataset.modalities.values()):
        return dataset
    return with_rows(dataset, drawn_rows(dataset, most, seed))


def drawn_rows(
    dataset: Dataset, most: int, seed: int, weight: Mapping[str, np.ndarray] | None = None
) -> dict[str, np.ndarray]:
    """Draw rows of at most so many cells of each modality, increasing; of known pairs both or neither.

    Parameters
    ----------
    dataset
        To draw from.
    most
        Cells of each modality.
    seed
        Of the draw.
    weight
        How likely a cell is drawn, by modality, (N,), above 0; None for all alike.

    Notes
    -----
    *Source:* weighted draws without replacement by the smallest of exponential numbers: Efraimidis and Spirakis 2006,
    Inf Process Lett 97:181.
    """
    rng = np.random.default_rng([seed, STREAM])
    # cells with the smallest numbers stay; those of a pair have one number
    numbers = {}
    for name, each in dataset.modalities.items():
        numbers[name] = -np.log1p(-rng.random(each.n_cells)) / (1.0 if weight is None else weight[name])
    for first, second in combinations(numbers, 2) if dataset.use_pairs else ():
        pairs = dataset.known_pairs(first, second)
        numbers[second][pairs[:, 1]] = numbers[first][pairs[:, 0]]
    return {name: np.sort(np.argsort(each, kind="stable")[:most]) for name, each in numbers.items()}


def with_rows(dataset: Dataset, rows: Mapping[str, np.ndarray]) -> Dataset:
    """Keep some cells of every modality, by their rows."""
    parts = {name: _of(each, rows[name]) for name, each in dataset.modalities.items()}
    return Dataset(parts, dataset.batch_columns, dataset.use_pairs, dataset.notes)


def unshared_rows(dataset: Dataset, name: str) -> tuple[np.ndarray, list[str]]:
    """Rows of a modality to judge imputation in: where pairs are known, the cells of no pair.

    Returns
    -------
    rows, notes
        All rows if no pairs are known, or hardly any cell is in none; the notes say which.
    """
    every = np.arange(dataset.modalities[name].n_cells)
    others = [each for each in dataset.modalities if each != name]
    if not dataset.use_pairs or not others:
        return every, []
    shared = np.unique(np.concatenate([dataset.known_pairs(name, other)[:, 0] for other in others]))
    alone = np.setdiff1d(every, shared)
    if len(alone) < FEWEST_UNSHARED:
        return every, [f"All {len(every):,} cells are scored: hardly any was measured in one modality alone."]
    return alone, [f"Scored in the {len(alone):,} cells that no other modality has measured."]


def _of(modality: Modality, rows: np.ndarray) -> Modality:
    return replace(modality, values=take(modality.values, rows), obs=modality.obs.iloc[rows])
