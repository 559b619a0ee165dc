"""What the encoder of Monae-E reads: the vector of a cell in the whole graph, vectors of features given.

A cell is placed by its edges: the excess of its weights over the usual ones, summed over vectors of features, is
brought to cell vectors by a linear map that was fitted once. Cells of the training are placed the same way, so that a
new cell lies where it would have lain among them.

N cells, G features, D = D_s + D_p axes (shared first).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from monae_app.engine.data.edge_weights import EdgeWeights

if TYPE_CHECKING:
    from collections.abc import Mapping

    import scipy.sparse as sp

    from monae_app.engine.data.covered import CoveredMatrix

KIND = "graph"
# how far directions that the measured features hardly see are drawn to the mean cell
UNSEEN_PENALTY = 0.05
RIDGE = 1e-3


@dataclass(frozen=True)
class GraphProjection:
    """Places cells by their edges.

    Parameters
    ----------
    weights
        Of the edges.
    vectors
        Of the features, (G, D) float32.
    usual, size
        Mean weight of the edges of each feature, with and without sign, (G,) each.
    turn
        From sums over features to vectors of cells, (D, D).
    centre, spread
        Mean and sd of the vectors of the cells that were fitted on, (D,) each.
    """

    weights: EdgeWeights
    vectors: np.ndarray
    usual: np.ndarray
    size: np.ndarray
    turn: np.ndarray
    centre: np.ndarray
    spread: np.ndarray

    @property
    def kind(self) -> str:
        """Kind of the projection and of its values, as saved."""
        return f"{KIND}:{self.weights.kind}"

    @property
    def n_features(self) -> int:
        """Number of features, G."""
        return int(self.vectors.shape[0])

    @property
    def n_components(self) -> int:
        """Number of axes, D."""
        return int(self.vectors.shape[1])

    def transform(self, values: sp.csr_matrix | CoveredMatrix, measured: np.ndarray | None = None) -> np.ndarray:
        """Place cells.

        Parameters
        ----------
        values
            (N, G), features in the order of the fit.
        measured
            Which features were measured at all, (G,) bool; None for all of them.

        Returns
        -------
        numpy.ndarray
            (N, D) float32; over the cells of the fit the columns have mean 0 and variance 1.
        """
        seen = None if measured is None or measured.all() else measured
        off = self.excess(self.weights.of(values, seen), seen)
        return np.asarray(off @ self.turn / self.spread, np.float32)

    def excess(self, edges: sp.csr_matrix, measured: np.ndarray | None = None) -> np.ndarray:
        """Sum vectors of features over what the edges of cells (N, G) exceed the usual ones by, (N, D) float64."""
        vectors = self.vectors.astype(np.float64)
        if measured is None:
            off = edges @ vectors - self.usual @ vectors
        else:
            # the edges that are there make up the share of the whole that theirs usually make up
            off = edges @ vectors * self.size[measured].sum() - (self.usual * measured) @ vectors
            seen = (vectors.T * (self.size * measured)) @ vectors
            whole = (vectors.T * self.size) @ vectors
            damped = seen + UNSEEN_PENALTY * (whole - seen) + 1e-12 * np.eye(len(whole))
            off = off @ np.linalg.solve(damped, whole)
        # a cell without edges says nothing: it lies where the mean cell lies
        off[np.diff(edges.indptr) == 0] = 0
        return np.asarray(off)

    def arrays(self) -> dict[str, np.ndarray]:
        """All of it, by name."""
        own = {name: getattr(self, name) for name in _ARRAYS}
        return own | {f"weights.{name}": each for name, each in self.weights.arrays().items()}

    @classmethod
    def from_arrays(cls, kind: str, arrays: Mapping[str, np.ndarray]) -> GraphProjection:
        """Rebuild what :meth:`arrays` gave."""
        of_weights = {k.removeprefix("weights."): each for k, each in arrays.items() if k.startswith("weights.")}
        weights = EdgeWeights.from_arrays(kind.partition(":")[2], of_weights)
        return cls(weights, *(arrays[name] for name in _ARRAYS))


_ARRAYS = ("vectors", "usual", "size", "turn", "centre", "spread")


def fit_graph_projection(
    weights: EdgeWeights, edges: sp.csr_matrix, vectors: np.ndarray, cells: np.ndarray
) -> tuple[GraphProjection, np.ndarray]:
    """Fit the map from edges to vectors of cells, by ridge regression.

    Parameters
    ----------
    weights
        Of the edges.
    edges
        Of the cells to fit on, (N, G).
    vectors, cells
        Of features and of these cells, (G, D) and (N, D).

    Returns
    -------
    tuple
        The projection, and what it gives for these cells, (N, D) float32.
    """
    usual = np.asarray(edges.mean(axis=0), np.float64).ravel()
    size = np.asarray(abs(edges).mean(axis=0), np.float64).ravel()
    n_axes = vectors.shape[1]
    plain = GraphProjection(
        weights, vectors.astype(np.float32), usual, size, np.eye(n_axes), np.zeros(n_axes), np.ones(n_axes)
    )
    off = plain.excess(edges)
    said = np.diff(edges.indptr) > 0
    centre = cells[said].mean(axis=0, dtype=np.float64) if said.any() else np.zeros(n_axes)
    gram = off.T @ off
    ridge = RIDGE * max(float(np.trace(gram)) / n_axes, 1e-12) * np.eye(n_axes)
    turn = np.linalg.solve(gram + ridge, off.T @ (cells - centre))
    placed = off @ turn
    spread = placed.std(axis=0)
    spread = np.where(spread > 1e-6, spread, 1.0)
    fitted = GraphProjection(weights, plain.vectors, usual, size, turn, centre, spread)
    return fitted, np.asarray(placed / spread, np.float32)
