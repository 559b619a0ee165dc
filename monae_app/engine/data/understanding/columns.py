"""Which columns of obs are labels of cells, and which say where a cell was processed.

N cells.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from collections.abc import Sequence

MOST_CATEGORIES = 200
# a column with a new value for every other cell names cells, not kinds of cells
MOST_PER_CELL = 0.5
# nothing is told by a column of which all but a few cells have one value
LEAST_OTHERS = 0.002
LEAST_GIVEN, LEAST_BALANCE = 0.5, 0.1
LABEL_WORDS = (
    "cell_type", "celltype", "cell type", "annotation", "cell_ontology", "label", "cluster", "subclass", "class",
    "leiden", "louvain", "lineage", "identity", "ident",
)  # fmt: skip
BATCH_WORDS = ("batch", "sample", "donor", "library", "plate", "lane", "replicate", "patient", "channel", "orig.ident")
# words by which people call cells, whatever the column is called
KINDS_OF_CELLS = (
    "cell", "neuron", "astro", "oligo", "microglia", "monocyte", "macrophage", "fibroblast", "endothel", "epithel",
    "progenitor", "cd4", "cd8", "treg", "nk", "plasma", "dendritic", "erythro", "stem", "glia", "hepatocyte",
)  # fmt: skip


@dataclass(frozen=True)
class Column:
    """What is known of one column.

    Parameters
    ----------
    name
        Of the column.
    n_unique
        Number of its values.
    balance
        Entropy of its values over the greatest that so many could have, 0 to 1.
    share_given
        Of the cells, those with a value.
    speaking
        Share of its values that call cells by words of biology.
    """

    name: str
    n_unique: int
    balance: float
    share_given: float
    speaking: float


def look_at(column: pd.Series) -> Column | None:
    """Look at a column; None if it cannot tell kinds of cells apart."""
    if pd.api.types.is_float_dtype(column.dtype):
        return None
    known = column.dropna().astype(str)
    counts = known.value_counts()
    counts = counts[counts > 0]
    total = int(counts.sum())
    if not 1 < len(counts) <= min(MOST_CATEGORIES, max(2, MOST_PER_CELL * len(column))):
        return None
    if total - int(counts.iloc[0]) < LEAST_OTHERS * total:
        return None
    share = counts.to_numpy() / total
    balance = float(-(share * np.log(share)).sum() / np.log(len(share)))
    values = [str(value).casefold() for value in counts.index]
    speaking = sum(any(word in value for word in KINDS_OF_CELLS) for value in values) / len(values)
    return Column(str(column.name), len(counts), balance, total / len(column), speaking)


def label_columns(tables: Sequence[pd.DataFrame]) -> list[str]:
    """Columns that say what kind of cell a cell is, best first.

    By their name, else by their values: what speaks of kinds of cells is a label under any name.
    """
    return _ranked(tables, LABEL_WORDS, by_values=True)


def batch_columns(tables: Sequence[pd.DataFrame]) -> list[str]:
    """Columns that say where a cell was processed, best first, by their name."""
    return _ranked(tables, BATCH_WORDS, by_values=False)


def _ranked(tables: Sequence[pd.DataFrame], words: Sequence[str], *, by_values: bool) -> list[str]:
    scores: dict[str, tuple[float, ...]] = {}
    for table in tables:
        for name in table.columns:
            rank = next((at for at, word in enumerate(words) if word in str(name).casefold()), len(words))
            if rank == len(words) and not by_values:
                continue
            seen = look_at(table[name])
            if seen is None or (rank == len(words) and seen.speaking < MOST_PER_CELL):
                continue
            # the name first; among columns of one word those with values for most cells, then the shorter name
            poor = seen.share_given < LEAST_GIVEN or seen.balance < LEAST_BALANCE
            score = (rank, float(poor), len(str(name)))
            scores[str(name)] = min(score, scores.get(str(name), score))
    return sorted(scores, key=lambda name: (*scores[name], name))
