"""One feature, or the mean of a set of them, in every cell of a run: what colours a map.

The same formula as :mod:`monae_app.engine.analysis.imputation`, at the reference batch, in blocks of cells.
N cells, F features asked for, D_s shared and D_p private axes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from monae_app.engine.analysis.landmarks import NAME, Landmarks, across
from monae_app.engine.analysis.linear_decoding import linear_predictor
from monae_app.engine.analysis.log_means import mean_log1p
from monae_app.engine.analysis.response import response

if TYPE_CHECKING:
    from collections.abc import Iterator

    from monae_app.engine.analysis.run_slices import RunSlices

TEN_THOUSAND = np.float32(1e4)
# so many values stay in the processor's cache
VALUES_AT_ONCE = 2**17


@dataclass(frozen=True)
class Decoder:
    """What the values of some features are decoded with: vectors (F, D_s) and (F, D_p), scale and bias (F,)."""

    landmarks: Landmarks | None
    shared: np.ndarray
    private: np.ndarray
    scale: np.ndarray
    bias: np.ndarray

    @classmethod
    def of(cls, run: RunSlices, target: str, rows: np.ndarray) -> Decoder:
        """Read that of features of a modality by their rows, (F,)."""
        column = run.reference_batch
        scale, bias = (run.feature_rows(name, rows)[:, column] for name in ("scale", "bias"))
        centres = run.landmarks(target)
        landmarks = None if centres is None else Landmarks(centres, run.feature_rows(NAME, rows)[:, : len(centres)])
        return cls(landmarks, run.feature_rows("X_monae", rows), run.feature_rows("X_private", rows), scale, bias)


def impute_everywhere(run: RunSlices, target: str, rows: np.ndarray, *, log: bool) -> np.ndarray:
    """Impute features in all cells and average over them.

    Parameters
    ----------
    run
        The run.
    target
        Modality of the features.
    rows
        Their rows in features.h5ad, (F,), at least one.
    log
        Take ln(1 + CP10k) of each feature before the mean; for counts.

    Returns
    -------
    Mean over the features, (N,), float32: of counts per 10,000, of levels from 0 to 1, or on the model's own scale
    where values are continuous.
    """
    found = np.empty(run.n_cells, np.float32)
    for source, cells in run.spans.items():
        for part, values in _decoded(run, source, target, cells, Decoder.of(run, target, rows)):
            found[part] = mean_log1p(values) if log else values.mean(axis=0)
    return found


def decoded_rows(run: RunSlices, source: str, target: str, rows: np.ndarray, cells: np.ndarray) -> np.ndarray:
    """Impute features in some cells of a modality.

    Parameters
    ----------
    run
        The run.
    source, target
        Modality of the cells and of the features.
    rows
        Of the features in features.h5ad, (F,).
    cells
        Positions among the cells of the source, (n,), increasing.

    Returns
    -------
    (n, F) float32: counts per 10,000, levels from 0 to 1, or on the model's own scale.
    """
    found = np.empty((len(cells), len(rows)), np.float32)
    span = run.spans[source]
    wanted = cells + span.start
    for part, values in _decoded(run, source, target, span, Decoder.of(run, target, rows), wanted):
        found[part] = values.T
    return found


def _decoded(
    run: RunSlices, source: str, target: str, cells: range, decoder: Decoder, wanted: np.ndarray | None = None
) -> Iterator[tuple[slice, np.ndarray]]:
    """Yield (rows, values (F, n)) of the cells of one modality.

    Where ``wanted`` names some of them by their rows, (n,) increasing, the rows that are yielded count these.
    """
    total = run.column(f"normaliser_{target}").to_numpy(np.float32)
    continuous = bool(np.isnan(total[cells.start : cells.stop]).all())
    bound = {"bound": np.inf} if continuous else {}
    likelihood = run.likelihood(target)
    within = source == target
    for part, latent in _latent(run, cells, private=within):
        of_total = total[part]
        if wanted is not None:
            first, end = np.searchsorted(wanted, (part.start, part.stop))
            inside = wanted[first:end] - part.start
            part, latent, of_total = slice(int(first), int(end)), latent[inside], of_total[inside]
        vectors = decoder.shared
        if within:
            vectors = np.hstack([vectors, decoder.private])
        else:
            latent, vectors = across(latent, vectors, decoder.scale, decoder.landmarks)
        size = max(1, VALUES_AT_ONCE // len(vectors))
        for start in range(0, len(latent), size):
            few = latent[start : start + size]
            rows = slice(part.start + start, part.start + start + len(few))
            # the product from its other side: a row for each feature
            values = linear_predictor(vectors, few, decoder.scale[:, None], decoder.bias[:, None], **bound)
            if continuous:
                values = response(values, target, likelihood)
            else:
                np.exp(values, out=values)
                values *= TEN_THOUSAND / of_total[start : start + len(few)]
            yield rows, values


def _latent(run: RunSlices, cells: range, *, private: bool) -> Iterator[tuple[slice, np.ndarray]]:
    if not private:
        yield from run.blocks("X_monae", cells)
        return
    for (part, shared), (_, own) in zip(run.blocks("X_monae", cells), run.blocks("X_private", cells), strict=True):
        yield part, np.hstack([shared, own])
