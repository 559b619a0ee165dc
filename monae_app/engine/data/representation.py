"""What the encoders read: a PCA or LSI of the cells, fitted once and applied to any cell afterwards.

N cells, G features, K singular vectors, k of them kept as components.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, get_args

import numpy as np
import scipy.sparse as sp

from monae_app.engine.data.dataset import is_count
from monae_app.engine.data.decomposition import (
    column_moments,
    inverse_deviation,
    leading_components,
    scaled_and_capped,
    standardised,
)
from monae_app.engine.data.log_ratio import centred_log_ratio
from monae_app.engine.telling import SILENT, Telling

if TYPE_CHECKING:
    from collections.abc import Mapping

Kind = Literal["values", "counts", "peaks", "tags"]
KINDS: tuple[Kind, ...] = get_args(Kind)
TARGET_SUM = 1e4
# beside the largest, a smaller singular value is noise of the float32 in which the right vectors are kept
SMALLEST_SINGULAR = 1e-5
# how far directions that the measured features hardly see are drawn to the mean cell
UNSEEN_PENALTY = 0.05


def kind_of(modality: str, likelihood: str) -> Kind:
    """How the values of a modality are projected."""
    if not is_count(likelihood):
        return "values"
    return {"atac": "peaks", "protein": "tags"}.get(modality, "counts")  # type: ignore[return-value]


@dataclass(frozen=True)
class Projection:
    """A fitted PCA (values as they are, log-normalised counts, log-ratios of antibody tags) or LSI (peaks).

    Parameters
    ----------
    kind
        ``values``: PCA; ``counts``: log-normalisation, then PCA; ``peaks``: TF-IDF, then SVD; ``tags``: centred
        log-ratio, then PCA.
    weight, shift
        What features are multiplied by (1 / sd, or inverse document frequency) and what is then taken off
        (mean / sd, or 0), (G,) each.
    share
        Of each feature in all counts that were fitted on, (G,).
    right, singular
        Right singular vectors (K, G) float32, and singular values (K,).
    kept
        Which of the K are components: for peaks, all but the one that follows depth; (k,).
    centre, spread
        Mean and sd of the components over the cells that were fitted on, (k,) each.
    """

    kind: Kind
    weight: np.ndarray
    shift: np.ndarray
    share: np.ndarray
    right: np.ndarray
    singular: np.ndarray
    kept: np.ndarray
    centre: np.ndarray
    spread: np.ndarray

    @property
    def n_features(self) -> int:
        """Number of features, G."""
        return int(self.right.shape[1])

    @property
    def n_components(self) -> int:
        """Number of components, k."""
        return len(self.kept)

    def transform(self, values: sp.csr_matrix, measured: np.ndarray | None = None) -> np.ndarray:
        """Project cells.

        A feature that was not measured is no zero: it takes part neither in a cell's total nor in its scores, which are
        those that fit the measured features best.

        Parameters
        ----------
        values
            (N, G), features in the order of the fit.
        measured
            Which features were measured at all, (G,) bool; None for all of them.

        Returns
        -------
        numpy.ndarray
            (N, k) float32; over the cells of the fit the columns have mean 0 and variance 1.
        """
        scores = self._scores(values, None if measured is None or measured.all() else measured)
        return np.asarray((scores - self.centre) / self.spread, dtype=np.float32)

    def _scores(self, values: sp.csr_matrix, measured: np.ndarray | None) -> np.ndarray:
        """Components as they come, (N, k): left vectors, rows standardised for peaks."""
        share = 1.0 if measured is None else float(self.share[measured].sum())
        weighted = _weighted(values, self.kind, self.weight, self.shift, share, measured)
        right = self.right.astype(np.float64)
        if measured is not None:
            right = right * measured
        left = weighted @ right.T - right @ self.shift
        if measured is not None:
            seen = right @ right.T
            left = np.linalg.solve(seen + UNSEEN_PENALTY * (np.eye(len(seen)) - seen), left.T).T
        sound = self.singular > SMALLEST_SINGULAR * self.singular.max(initial=0)
        left = np.where(sound, left / np.where(sound, self.singular, 1), 0)[:, self.kept]
        return _standardised_rows(left) if self.kind == "peaks" else left

    def arrays(self) -> dict[str, np.ndarray]:
        """Everything but the kind, by name."""
        return {name: getattr(self, name) for name in ARRAYS}

    @classmethod
    def from_arrays(cls, kind: Kind, arrays: Mapping[str, np.ndarray]) -> Projection:
        """Rebuild what :meth:`arrays` gave."""
        return cls(kind, **{name: arrays[name] for name in ARRAYS})


ARRAYS = tuple(name for name in Projection.__dataclass_fields__ if name != "kind")


def fit_projection(
    values: sp.csr_matrix, kind: Kind, n_components: int, seed: int, tell: Telling = SILENT
) -> Projection:
    """Fit a projection.

    Parameters
    ----------
    values
        Cells to fit on, (N, G).
    kind
        See :class:`Projection`.
    n_components
        k; bounded by the matrix.
    seed
        Of the start of the decomposition.
    tell
        Told that the work goes on.

    Notes
    -----
    *Source:* LSI: Cusanovich et al. 2015; the logarithm of tf x idf as in Stuart et al. 2019.
    """
    n_cells, n_features = values.shape
    total = np.asarray(values.sum(axis=0, dtype=np.float64)).ravel()
    share = total / total.sum() if total.sum() > 0 else np.full(n_features, 1 / n_features)
    if kind == "peaks":
        in_cells = np.asarray((values > 0).sum(axis=0)).ravel()
        weight, shift = n_cells / np.maximum(in_cells, 1), np.zeros(n_features)
        matrix = _weighted(values, kind, weight, shift, 1.0)
        left, singular, right = leading_components(matrix, n_components + 1, seed, tell)
        kept = np.delete(np.arange(len(singular)), _follows_depth(left, values))
    else:
        normalised = normalised_values(values, kind)
        mean, variance = column_moments(normalised)
        weight = inverse_deviation(variance)
        shift = mean * weight
        _, singular, right = leading_components(standardised(normalised), n_components, seed, tell)
        kept = np.arange(len(singular))
    nothing = np.zeros(len(kept))
    raw = Projection(kind, weight, shift, share, right.astype(np.float32), singular, kept, nothing, nothing + 1)
    scores = raw._scores(values, None)
    spread = scores.std(axis=0)
    # a constant column becomes 0
    return Projection.from_arrays(
        kind, raw.arrays() | {"centre": scores.mean(axis=0), "spread": np.where(spread > 1e-12, spread, 1)}
    )


def log_normalised(values: sp.csr_matrix, target: float = TARGET_SUM) -> sp.csr_matrix:
    """Scale every cell to the same total and take log(1 + x), shape (N, G)."""
    total = np.asarray(values.sum(axis=1), dtype=np.float64).ravel()
    # a cell of weighted counts may have a total below 1, and is scaled like any other
    scaled = sp.csr_matrix(sp.diags(target / np.where(total > 0, total, 1)) @ values)
    scaled.data = np.log1p(scaled.data)
    return scaled


def normalised_values(values: sp.csr_matrix, kind: Kind) -> sp.csr_matrix:
    """Bring cells to one depth, (N, G): logarithms of shares, log-ratios of antibody tags, or values as they are."""
    if kind == "values":
        return values
    return centred_log_ratio(values) if kind == "tags" else log_normalised(values)


def _weighted(
    values: sp.csr_matrix,
    kind: Kind,
    weight: np.ndarray,
    shift: np.ndarray,
    share: float,
    measured: np.ndarray | None = None,
) -> sp.csr_matrix:
    """Bring values to what is decomposed, centring aside; ``share`` of the total is what the measured features make."""
    if kind == "tags":
        return scaled_and_capped(centred_log_ratio(values, measured), shift, weight)
    if kind == "peaks":
        depth = np.asarray(values.sum(axis=1), dtype=np.float64).ravel()
        weighted = sp.csr_matrix(sp.diags(share / np.maximum(depth, 1)) @ values @ sp.diags(weight))
        weighted.data = np.log1p(weighted.data * TARGET_SUM)
        return weighted
    return scaled_and_capped(log_normalised(values, TARGET_SUM * share) if kind == "counts" else values, shift, weight)


def _follows_depth(left: np.ndarray, counts: sp.csr_matrix) -> int:
    """Position of the singular vector that correlates most with the logarithm of depth."""
    depth = np.log1p(np.asarray(counts.sum(axis=1), dtype=np.float64).ravel())
    centred, logs = left - left.mean(axis=0), depth - depth.mean()
    norm = np.linalg.norm(centred, axis=0) * np.linalg.norm(logs)
    return int(np.argmax(np.abs(logs @ centred) / np.maximum(norm, 1e-12)))


def _standardised_rows(scores: np.ndarray) -> np.ndarray:
    scores = scores - scores.mean(axis=1, keepdims=True)
    return np.asarray(scores / np.maximum(scores.std(axis=1, keepdims=True), 1e-12))
