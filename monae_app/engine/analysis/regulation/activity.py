"""How active a factor is in each cell: whether its targets are among the genes that the cell expresses most.

N cells, G genes, R regulons, k groups.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import scipy.sparse as sp

if TYPE_CHECKING:
    from collections.abc import Sequence

TOP_SHARE = 0.05
CELLS_AT_ONCE = 4096
FEWEST_CELLS = 3
SMALLEST_SD = 1e-9
FIGURES = ("difference", "activity", "rest", "expression", "expression_rest")


def regulon_activity(
    values: sp.csr_matrix, members: sp.csr_matrix, *, seed: int, top_share: float = TOP_SHARE
) -> np.ndarray:
    """Area under each cell's recovery curve of each regulon, between 0 and 1.

    Parameters
    ----------
    values
        Measured expression, no value below 0, (N, G).
    members
        Which genes are targets of which factor, (G, R), 1 or 0.
    seed
        Genes with equal values are put in a random order.
    top_share
        Share of the genes, most expressed first, along which targets are recovered.

    Returns
    -------
    numpy.ndarray
        (N, R) float32; 1 where the targets are the cell's most expressed genes.

    Notes
    -----
    *Source:* AUCell, Aibar et al. 2017. A gene without counts is never among the most expressed ones, however few
    genes a thin cell has.
    """
    n_cells, n_genes = values.shape
    top = max(1, int(np.ceil(top_share * n_genes)))
    size = np.asarray(members.sum(axis=0)).ravel()
    # all targets in the first places
    reached = np.minimum(size, top)
    most = np.maximum(reached * top - reached * (reached - 1) / 2, 1)
    found = np.empty((n_cells, members.shape[1]), np.float32)
    rng = np.random.default_rng(seed)
    for first in range(0, n_cells, CELLS_AT_ONCE):
        block = sp.csr_matrix(values[first : first + CELLS_AT_ONCE])
        block.eliminate_zeros()
        row = np.repeat(np.arange(block.shape[0]), np.diff(block.indptr))
        order = np.lexsort((rng.random(block.nnz), -block.data, row))
        place = np.arange(block.nnz) - block.indptr[row]
        gain = np.maximum(top - place, 0).astype(np.float64)
        ranked = sp.csr_matrix((gain, (row, block.indices[order])), shape=block.shape)
        found[first : first + block.shape[0]] = np.asarray((ranked @ members).todense()) / most
    return found


def master_regulators(
    activity: np.ndarray, expression: np.ndarray, groups: Sequence[str] | np.ndarray, factors: Sequence[str]
) -> pd.DataFrame:
    """Rank factors by how much more active they are in a group than in all other cells.

    Parameters
    ----------
    activity
        (N, R).
    expression
        Of the factors' own genes, of like depth, (N, R); NaN where not measured.
    groups
        Of the cells, (N,); empty for none.
    factors
        Names, (R,).

    Returns
    -------
    pandas.DataFrame
        ``group``, ``tf``, ``rank`` in the group, ``difference`` (of mean activities, in standard deviations over all
        cells), ``activity``, ``rest``, ``expression`` and ``expression_rest`` (mean of the factor's own gene); groups
        of fewer than 3 cells are left out.
    """
    labels = pd.Series(np.asarray(groups, object)).fillna("").astype(str).to_numpy()
    spread = np.maximum(activity.std(axis=0, dtype=np.float64), SMALLEST_SD)
    tables = []
    for name in [each for each in dict.fromkeys(sorted(labels)) if each]:
        mine = labels == name
        if mine.sum() < FEWEST_CELLS or (~mine).sum() < FEWEST_CELLS:
            continue
        inside, outside = (activity[rows].mean(axis=0, dtype=np.float64) for rows in (mine, ~mine))
        own, others = (expression[rows].mean(axis=0, dtype=np.float64) for rows in (mine, ~mine))
        table = pd.DataFrame(
            {
                "group": name,
                "tf": list(factors),
                "difference": (inside - outside) / spread,
                "activity": inside,
                "rest": outside,
                "expression": own,
                "expression_rest": others,
            }
        ).sort_values(["difference", "tf"], ascending=[False, True], ignore_index=True)
        table.insert(2, "rank", np.arange(1, len(table) + 1))
        tables.append(table)
    if not tables:
        kinds = {"group": object, "tf": object, "rank": np.int64} | dict.fromkeys(FIGURES, np.float64)
        return pd.DataFrame({name: np.empty(0, kind) for name, kind in kinds.items()})
    return pd.concat(tables, ignore_index=True)
