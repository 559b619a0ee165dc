"""Which batch every cell comes from, by one covariate or by several: donor, lane, technology.

b batches that occur, C covariates. A batch is a combination of levels, one of each covariate; what is learned of a
level holds in every batch that has it.
"""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from monae_app.engine.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pandas as pd

ONE_BATCH = "all"
BETWEEN_LEVELS = "|"
MOST_NAMED = 8


@dataclass(frozen=True)
class Batches:
    """The batches of a dataset.

    Parameters
    ----------
    columns
        Covariates: columns of obs; none where all cells are of one batch.
    names
        Of the batches that occur, sorted: their levels, joined by ``|``, (b,).
    levels
        Values of each covariate, sorted.
    parts
        Position of the level of every covariate in every batch, (b, C) int64; C is 1 where there are no columns.
    codes
        Position of each cell's batch, by modality, (N,) int64.
    """

    columns: tuple[str, ...]
    names: tuple[str, ...]
    levels: tuple[tuple[str, ...], ...]
    parts: np.ndarray
    codes: dict[str, np.ndarray]

    def __len__(self) -> int:
        return len(self.names)

    def largest(self) -> int:
        """Position of the batch with the most cells."""
        return int(np.bincount(np.concatenate(list(self.codes.values()))).argmax())

    def reference(self, name: str = "") -> int:
        """Position of the batch at which values are imputed where none is named.

        Parameters
        ----------
        name
            Of the batch; empty for the largest.

        Raises
        ------
        InputError
            If there is no such batch; the message names those that come close.
        """
        if not name:
            return self.largest()
        if name not in self.names:
            raise unknown_batch(name, self.names, self.columns)
        return self.names.index(name)


def unknown_batch(name: str, names: Sequence[str], columns: Sequence[str]) -> InputError:
    """Say that the reference batch is none of those that occur, and which of them come close."""
    if not columns:
        return InputError(
            f"reference_batch = {name!r}, but all cells are of one batch.",
            "a reference batch only where --batch-key names columns, or a modality has several samples.",
            "leave reference_batch away, or name the columns that say which batch a cell is of.",
        )
    folded = name.casefold()
    close = [each for each in names if each.casefold() == folded] or difflib.get_close_matches(name, names, n=3)
    shown = ", ".join(map(repr, names[:MOST_NAMED])) + (", ..." if len(names) > MOST_NAMED else "")
    what = f"one batch of {BETWEEN_LEVELS.join(columns)}: {shown}."
    todo = (
        f"close to it: {', '.join(map(repr, close))}." if close else "choose one of these; upper and lower case count."
    )
    return InputError(f"reference_batch = {name!r} is no batch of these cells.", what, todo)


def batches_of(tables: Mapping[str, pd.DataFrame], columns: Sequence[str]) -> Batches:
    """Find the batch of every cell.

    Parameters
    ----------
    tables
        Obs of the cells, by modality.
    columns
        Those that together name a batch; none for one batch.

    Raises
    ------
    InputError
        If a column is missing or has gaps.
    """
    values = {name: _values(obs, columns, name) for name, obs in tables.items()}
    levels, of_level = _coded([np.concatenate(each) for each in zip(*values.values(), strict=True)])
    parts, code = np.unique(of_level, axis=0, return_inverse=True)
    names = [BETWEEN_LEVELS.join(levels[at][part] for at, part in enumerate(row)) for row in parts.tolist()]
    _check_distinct(names, columns)
    # sorted by name: what a batch is called says where it stands in every file
    order = np.array(sorted(range(len(names)), key=names.__getitem__))
    rank = np.empty(len(order), np.int64)
    rank[order] = np.arange(len(order))
    stops = np.cumsum([len(obs) for obs in tables.values()])[:-1]
    codes = np.split(rank[code.ravel()], stops)
    return Batches(
        tuple(columns),
        tuple(names[at] for at in order),
        levels,
        parts[order].astype(np.int64),
        dict(zip(tables, codes, strict=True)),
    )


def _coded(covariates: Sequence[np.ndarray]) -> tuple[tuple[tuple[str, ...], ...], np.ndarray]:
    """Levels of each covariate, and their positions in every cell, (N, C)."""
    found = [np.unique(each, return_inverse=True) for each in covariates]
    return tuple(tuple(map(str, levels)) for levels, _ in found), np.column_stack([at.ravel() for _, at in found])


def _values(obs: pd.DataFrame, columns: Sequence[str], modality: str) -> list[np.ndarray]:
    """Values of each covariate as text, (N,) each."""
    if not columns:
        return [np.full(len(obs), ONE_BATCH)]
    for column in columns:
        if column not in obs:
            raise InputError(
                f"{modality}: there is no obs column {column!r} to take batches from.",
                f"one of: {', '.join(map(str, obs.columns)) or 'there are no columns'}.",
                "name another column with --batch-key, or leave it away.",
            )
        if obs[column].isna().any():
            raise InputError(
                f"{modality}: {int(obs[column].isna().sum()):,} cells have no {column!r}.",
                "a batch for every cell.",
                "fill the column, or name another with --batch-key.",
            )
    return [obs[column].astype(str).to_numpy(str) for column in columns]


def _check_distinct(names: Sequence[str], columns: Sequence[str]) -> None:
    if len(set(names)) < len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise InputError(
            f"Two batches of {', '.join(columns)} would both be called {twice!r}.",
            f"levels without {BETWEEN_LEVELS!r}, which stands between those of several covariates.",
            f"write another character than {BETWEEN_LEVELS!r} in these columns.",
        )
