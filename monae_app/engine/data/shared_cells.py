"""Which cells were measured in several modalities, by their names: counted, by batch, and in words.

N cells of one modality.
"""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from monae_app.engine.data.samples import SAMPLE
from monae_app.engine.data.understanding.columns import batch_columns

if TYPE_CHECKING:
    from collections.abc import Mapping

    from monae_app.engine.data.dataset import Dataset
    from monae_app.engine.data.understanding.barcodes import CellMatch

EXAMPLES = 3
MOST_GROUPS = 24
BETWEEN = "+"


def shared_cells(dataset: Dataset) -> dict[str, Any]:
    """Count the cells that modalities share; everything in it can be written as JSON.

    Parameters
    ----------
    dataset
        As read.

    Returns
    -------
    dict
        ``sets``: for every set of modalities that has any cell, ``in`` (its modalities) and ``cells``; ``pairs``: by
        ``<modality>+<modality>`` the cells in ``both``, in one of the two alone, and ``used``, whether training takes
        them as pairs; ``rule`` in words; ``examples``, names of one cell by modality; ``groups``: ``column`` and, for
        each of its values, ``name`` and the cells of every set; None without a column that all modalities have.
        Empty where there is one modality.
    """
    names = {name: each.obs.index for name, each in dataset.modalities.items()}
    if len(names) < 2:
        return {}
    match, used = dataset.cell_match, dataset.use_pairs
    found = count_shared(names, match)
    for said in found["pairs"].values():
        said["used"] = bool(used and said["both"])
    return found | {"groups": _groups(dataset, match, [each["in"] for each in found["sets"]])}


def count_shared(names: Mapping[str, pd.Index], match: CellMatch) -> dict[str, Any]:
    """Count the sets of modalities that cells stand in.

    Parameters
    ----------
    names
        Of the cells, by modality, (N,) each.
    match
        How they were compared.
    """
    table = _membership(match)
    pairs = {}
    for first, second in combinations(match.keys, 2):
        both = int((table[first] & table[second]).sum())
        only = {f"only_{name}": int(table[name].sum()) - both for name in (first, second)}
        pairs[f"{first}{BETWEEN}{second}"] = {"both": both, **only}
    return {
        "sets": _sets(table),
        "pairs": pairs,
        "rule": rule_in_words(match),
        "examples": _examples(names, match, table),
    }


def rule_in_words(match: CellMatch) -> str:
    """Say by which rule names were compared."""
    if not match.rule:
        return "names compared as they are"
    return f"names compared with {match.rule} left away"


def shared_in_words(found: Mapping[str, Any], titles: Mapping[str, str]) -> list[str]:
    """Say of every two modalities how many cells they share, a sentence each.

    Parameters
    ----------
    found
        From :func:`count_shared`.
    titles
        What modalities are called.
    """
    said = []
    for pair, counts in found["pairs"].items():
        first, second = pair.split(BETWEEN)
        rest = [f"{counts[f'only_{name}']:,} in {titles[name]} alone" for name in (first, second)]
        if counts["both"]:
            both = f"{counts['both']:,} cells are in {titles[first]} and in {titles[second]} ({found['rule']})"
        else:
            both = f"no cell of {titles[first]} has the name of one of {titles[second]}"
        said.append(f"{both}, {' and '.join(rest)}")
    return said


def _membership(match: CellMatch) -> pd.DataFrame:
    """Whether each cell stands in each modality: one row a key, one column a modality, bool."""
    keys = list(match.keys.values())
    every = keys[0].append(keys[1:]).unique()
    return pd.DataFrame({name: every.isin(each) for name, each in match.keys.items()}, index=every)


def _sets(table: pd.DataFrame) -> list[dict[str, Any]]:
    """List the sets of modalities that any cell is in, those of most modalities first."""
    names = [str(name) for name in table]
    found = []
    for size in range(len(names), 0, -1):
        for chosen in combinations(names, size):
            cells = int(_is_in(table, chosen).sum())
            if cells:
                found.append({"in": list(chosen), "cells": cells})
    return found


def _is_in(table: pd.DataFrame, chosen: tuple[str, ...] | list[str]) -> np.ndarray:
    wanted = [name in chosen for name in table]
    return np.asarray((table.to_numpy() == np.array(wanted)).all(axis=1))


def _examples(names: Mapping[str, pd.Index], match: CellMatch, table: pd.DataFrame) -> list[dict[str, str]]:
    """Names of the first cells that stand in several modalities, by modality."""
    several = table.index[table.sum(axis=1) > 1][:EXAMPLES]
    at = {name: keys.get_indexer(several) for name, keys in match.keys.items()}
    return [
        {name: str(names[name][rows[number]]) for name, rows in at.items() if rows[number] >= 0}
        for number in range(len(several))
    ]


def _groups(dataset: Dataset, match: CellMatch, sets: list[list[str]]) -> dict[str, Any] | None:
    """Cells of every set by batch or sample, where all modalities have such a column of few values."""
    column = _column(dataset)
    if column is None:
        return None
    parts = [
        pd.Series(each.obs[column].astype(str).to_numpy(), match.keys[name])
        for name, each in dataset.modalities.items()
    ]
    table = _membership(match)
    # a cell that stands in several modalities is of the group that the first of them says
    joined = pd.concat(parts)
    of_cell = joined[~joined.index.duplicated()].reindex(table.index)
    counts = [of_cell[_is_in(table, chosen)].value_counts() for chosen in sets]
    names = sorted(of_cell.unique())
    rows = [{"name": name, "cells": [int(each.get(name, 0)) for each in counts]} for name in names[:MOST_GROUPS]]
    return {"column": column, "rows": rows, "more": max(0, len(names) - MOST_GROUPS)}


def _column(dataset: Dataset) -> str | None:
    tables = [each.obs for each in dataset.modalities.values()]
    wanted = [*dataset.batch_columns, *batch_columns(tables), SAMPLE]
    for column in wanted:
        if all(column in table and not table[column].isna().any() for table in tables):
            values = {str(value) for table in tables for value in table[column].unique()}
            if len(values) > 1:
                return str(column)
    return None
