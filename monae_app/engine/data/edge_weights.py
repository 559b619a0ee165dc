"""Which features a cell is joined to in the whole graph, and how strongly: its values, in a few levels.

An edge says that a cell has a feature. Of counts, edges are the non-zeros after log-normalisation; of peaks there are
two levels, open and widely open; values that lie on both sides of what is expected (log-ratios of antibodies, levels of
methylation) give edges with a sign. Weights of a cell sum to 1, so that depth does not show in them.

Source: edges by level of expression: Chen et al. 2023, Nat Methods 20:1003 (SIMBA); the levels by quantiles, the
weights and the signs are ours.

N cells, G features, L levels.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import scipy.sparse as sp

from monae_app.engine.data.levels import LevelModel
from monae_app.engine.data.log_ratio import centred_log_ratio
from monae_app.engine.data.representation import TARGET_SUM, Kind, log_normalised

if TYPE_CHECKING:
    from collections.abc import Mapping

    from monae_app.engine.data.covered import CoveredMatrix

N_LEVELS = 5
# of peaks: 10x counts insertions, of which two are one fragment
WIDELY_OPEN = 2.5
LEVELS = "levels"
SOME_VALUES = 1_000_000


@dataclass(frozen=True)
class EdgeWeights:
    """How values become weights of edges, fitted once and applied to any cell afterwards.

    Parameters
    ----------
    kind
        Of the values, as a :class:`~monae_app.engine.data.representation.Projection` has it, or ``levels``.
    cuts, levels
        Where one level ends and the next begins, (L - 1,), and how much an edge of each level weighs, (L,).
    shift
        What is expected of each feature, (G,): 0 but for log-ratios.
    share
        Of each feature in all counts that were fitted on, (G,).
    model
        Of levels of methylation; None otherwise.
    """

    kind: Kind | str
    cuts: np.ndarray
    levels: np.ndarray
    shift: np.ndarray
    share: np.ndarray
    model: LevelModel | None = None

    def of(self, values: sp.csr_matrix | CoveredMatrix, measured: np.ndarray | None = None) -> sp.csr_matrix:
        """Weigh the edges of cells.

        Parameters
        ----------
        values
            (N, G), features in the order of the fit.
        measured
            Which features were measured at all, (G,) bool; None for all. The others have no edges.

        Returns
        -------
        scipy.sparse.csr_matrix
            (N, G) float32, negative where an edge has a negative sign; absolute values of a cell with edges sum to 1.
        """
        edges = _raw(self.kind, values, self.shift, self.share, measured, self.model)
        if len(self.levels):
            edges.data = np.sign(edges.data) * self.levels[np.searchsorted(self.cuts, np.abs(edges.data))]
        edges.eliminate_zeros()
        total = np.asarray(abs(edges).sum(axis=1), np.float64).ravel()
        return sp.csr_matrix(sp.diags(1 / np.where(total > 0, total, 1)) @ edges, dtype=np.float32)

    def arrays(self) -> dict[str, np.ndarray]:
        """Everything but the kind, by name."""
        found = {name: getattr(self, name) for name in _ARRAYS}
        if self.model is not None:
            found |= {f"model.{name}": each for name, each in self.model.arrays().items()}
        return found

    @classmethod
    def from_arrays(cls, kind: str, arrays: Mapping[str, np.ndarray]) -> EdgeWeights:
        """Rebuild what :meth:`arrays` gave."""
        of_model = {name.removeprefix("model."): each for name, each in arrays.items() if name.startswith("model.")}
        model = LevelModel.from_arrays(of_model) if kind == LEVELS else None
        return cls(kind, **{name: arrays[name] for name in _ARRAYS}, model=model)


_ARRAYS = ("cuts", "levels", "shift", "share")


def fit_edge_weights(
    values: sp.csr_matrix | CoveredMatrix, kind: Kind | str, model: LevelModel | None = None
) -> EdgeWeights:
    """Choose the levels.

    Parameters
    ----------
    values
        Cells to fit on, (N, G).
    kind
        Of the values.
    model
        Of levels of methylation.
    """
    n_features = values.shape[1]
    shift, share = np.zeros(n_features), np.full(n_features, 1 / n_features)
    if kind in ("counts", "peaks"):
        total = np.asarray(sp.csr_matrix(values).sum(axis=0), np.float64).ravel()
        share = total / max(float(total.sum()), 1e-12)
    if kind == "tags":
        shift = np.asarray(centred_log_ratio(values).mean(axis=0), np.float64).ravel()
    size = np.abs(_raw(kind, values, shift, share, None, model).data)
    # evenly over the whole, whatever the order of the cells: quantiles of sorted values do not depend on it
    size = np.sort(size[size > 0])
    if kind == "peaks":
        cuts = np.array([WIDELY_OPEN])
    else:
        cuts = np.unique(np.quantile(size, np.arange(1, N_LEVELS) / N_LEVELS)) if len(size) else np.empty(0)
    level = np.searchsorted(cuts, size)
    shown = np.log1p(size) if kind == "peaks" else size
    number = np.bincount(level, minlength=len(cuts) + 1)
    mean = np.bincount(level, shown, len(cuts) + 1) / np.maximum(number, 1)
    # what no cell of the fit has weighs like the level below it
    levels = np.maximum.accumulate(mean)
    return EdgeWeights(kind, cuts, levels, shift, share, model)


def _raw(
    kind: Kind | str,
    values: sp.csr_matrix | CoveredMatrix,
    shift: np.ndarray,
    share: np.ndarray,
    measured: np.ndarray | None,
    model: LevelModel | None,
) -> sp.csr_matrix:
    """Values of edges before they are brought to levels, (N, G)."""
    if model is not None:
        return sp.csr_matrix(model.deviations(values), dtype=np.float64)
    if kind == "tags":
        ratios = centred_log_ratio(values, measured).toarray() - shift
        return sp.csr_matrix(ratios if measured is None else ratios * measured, dtype=np.float64)
    plain = sp.csr_matrix(values, dtype=np.float64, copy=True)
    if measured is not None:
        plain = sp.csr_matrix(plain @ sp.diags(measured.astype(np.float64)))
    if kind == "counts":
        seen = 1.0 if measured is None else float(share[measured].sum())
        return log_normalised(plain, TARGET_SUM * seen)
    return plain
