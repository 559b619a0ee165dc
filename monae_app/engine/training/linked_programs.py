"""What two modalities have in common to be compared by: the programs of the features that links join.

Features of the first modality, genes where it is RNA, stand beside what is linked to them. A link of negative sign says
that a gene falls where its feature rises: rising and falling features of a gene are columns of their own, the latter
turned round.

N, M cells; G columns; k programs.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import scipy.sparse as sp

from monae_app.engine.data.decomposition import column_moments, leading_components, operator_of, standardised
from monae_app.engine.data.preprocess import log_normalised
from monae_app.engine.training.anchoring import links_to_genes

if TYPE_CHECKING:
    from collections.abc import Mapping

    from scipy.sparse.linalg import LinearOperator

    from monae_app.engine.data.dataset import Modality
    from monae_app.engine.data.guidance import GuidanceGraph

PROGRAMS = 20
STRATA, FEWEST_IN_STRATUM = 20, 20
SMALLEST_VARIANCE = 1e-12


@dataclass(frozen=True)
class Views:
    """Two modalities column by column: features, and what is linked to each of them.

    Parameters
    ----------
    first, second
        Normalised, columns that vary in both, (N, G) and (M, G).
    sign
        +1 or -1, what the links of a column say, (G,).
    """

    first: sp.csr_matrix
    second: sp.csr_matrix
    sign: np.ndarray


@dataclass(frozen=True)
class Programs:
    """Leading components of the standardised cells x genes: cells (N, k), weight (k,), genes (k, G)."""

    cells: np.ndarray
    weight: np.ndarray
    genes: np.ndarray


def linked_views(values: Mapping[str, tuple[sp.csr_matrix, Modality]], graph: GuidanceGraph) -> Views:
    """Bring two modalities to common columns.

    Parameters
    ----------
    values
        By name, the one whose features are the columns first: cells x modelled features, and the modality they are of.
    graph
        Which features of the second are linked to which of the first.
    """
    hub, other = values
    edges, genes, features = links_to_genes(graph, other, hub)
    (own, own_kind), (theirs, their_kind) = values.values()
    n_genes = own.shape[1]
    sign = np.repeat([1, -1], n_genes)
    # columns of genes that rise with their features, then of those that fall
    column = genes + n_genes * (graph.sign[edges] < 0)
    gather = sp.csr_matrix((graph.weight[edges], (features, column)), shape=(theirs.shape[1], 2 * n_genes))
    linked = np.flatnonzero(np.bincount(column, minlength=2 * n_genes))
    views = sp.csr_matrix(own[:, linked % n_genes]), sp.csr_matrix(theirs @ gather[:, linked])
    varies = np.all([column_moments(each)[1] > SMALLEST_VARIANCE for each in views], axis=0)
    first, second = (
        log_normalised(each[:, varies]) if kind.is_count else each[:, varies]
        for each, kind in zip(views, (own_kind, their_kind), strict=True)
    )
    return Views(first, second, sign[linked][varies])


def programs_of(values: sp.csr_matrix, seed: int) -> Programs:
    """Find the programs along which columns vary together, without what follows the depth of the cells."""
    depth = np.asarray(values.sum(axis=1), dtype=np.float64).ravel()
    depth -= depth.mean()
    depth /= max(float(np.linalg.norm(depth)), SMALLEST_VARIANCE)
    return Programs(*leading_components(_without(standardised(values), depth), PROGRAMS, seed))


def _without(matrix: LinearOperator, direction: np.ndarray) -> LinearOperator:
    """Remove what lies along a unit vector of cells, (N,), from every column."""

    def residual(columns: np.ndarray) -> np.ndarray:
        return np.asarray(columns - np.outer(direction, direction @ columns))

    def forward(right: np.ndarray) -> np.ndarray:
        return residual(matrix @ right)

    def backward(left: np.ndarray) -> np.ndarray:
        return np.asarray(matrix.T @ residual(left))

    return operator_of(matrix.shape, forward, backward)


def abundance_strata(abundance: np.ndarray) -> list[np.ndarray]:
    """Columns in groups of similar abundance, (G,) in all."""
    n_groups = max(1, min(STRATA, len(abundance) // FEWEST_IN_STRATUM))
    return np.array_split(np.argsort(abundance, kind="stable"), n_groups)


def permuted_within(strata: list[np.ndarray], rng: np.random.Generator) -> np.ndarray:
    """Give what is linked to every column to another of its group, (G,)."""
    order = np.empty(sum(map(len, strata)), np.int64)
    for group in strata:
        order[group] = rng.permutation(group)
    return order


def cross_programs(first: Programs, second: Programs, order: np.ndarray) -> np.ndarray:
    """S V^T Z T, programs of the first x programs of the second."""
    return np.asarray(first.weight[:, None] * (first.genes @ second.genes[:, order].T) * second.weight)


def agreement(first: Programs, second: Programs, order: np.ndarray) -> np.ndarray:
    """RV coefficient, then the canonical correlations, largest first, (1 + k,)."""
    size = max(float(np.linalg.norm(first.weight**2) * np.linalg.norm(second.weight**2)), SMALLEST_VARIANCE)
    values = np.linalg.svd(cross_programs(first, second, order), compute_uv=False)
    return np.concatenate([[(values**2).sum() / size], values])
