"""What was measured of a feature in the cells of a run, read from the files that the run was made from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from monae_app.engine.analysis.coembedding.measured_levels import log_levels
from monae_app.engine.analysis.log_means import mean_log1p
from monae_app.engine.data.dataset import METHYLATION
from monae_app.engine.data.feature_reading import read_feature
from monae_app.engine.data.inputs_there import check_inputs, missing_input
from monae_app.engine.data.measured_slices import MeasuredSlices, open_measured
from monae_app.engine.errors import InputError
from monae_app.jobs.archive_import import imported
from monae_app.jobs.kept_matrices import matrices_kept, matrices_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from monae_app.engine.analysis.feature_search import FeatureSearch, Found
    from monae_app.engine.analysis.run_slices import RunSlices

# Of several features read at once.
VALUES_AT_ONCE = 2**25
# so many stay in the processor's cache
CELLS_AT_ONCE = 2**12


def inputs_version(run: RunSlices, modality: str) -> str:
    """Return what changes when the files that were measured do."""
    paths = run.config.inputs[modality]  # type: ignore[index]
    return "-".join(f"{path.stat().st_mtime_ns:x}" if path.exists() else "gone" for path in paths)


def measured_values(run: RunSlices, search: FeatureSearch, found: Sequence[Found], *, counts: bool) -> np.ndarray:
    """Read measured features of one modality in its cells, (n, F) float32, NaN where nothing was measured.

    Parameters
    ----------
    found
        The features, at least one.
    counts
        Take ln(1 + counts per 10,000).

    Raises
    ------
    InputError
        If the files are not here any more, or have no such feature.
    """
    values = _read(run, search, found)
    if not counts:
        return values
    span = run.spans[found[0].modality]
    return log_levels(values, run.column("library_size").to_numpy(np.float64)[span.start : span.stop])


def measured_mean(run: RunSlices, search: FeatureSearch, found: Sequence[Found], *, counts: bool) -> np.ndarray:
    """Average measured features of one modality.

    Parameters
    ----------
    found
        The features, at least one.
    counts
        Take ln(1 + counts per 10,000) of each before the mean.

    Returns
    -------
    (N,) float32, NaN in the cells of other modalities, and of methylation in those that cover none of the features.

    Raises
    ------
    InputError
        If the files are not here any more, or have no such feature.
    """
    modality = found[0].modality
    span = run.spans[modality]
    mine = slice(span.start, span.stop)
    factor = np.ones(len(span), np.float32)
    if counts:
        library = run.column("library_size").to_numpy(np.float64)[mine]
        factor = (1e4 / np.maximum(library, 1.0)).astype(np.float32)
    total, known = np.zeros(len(span), np.float32), np.zeros(len(span), np.float32)
    gaps = modality == METHYLATION
    step = max(1, VALUES_AT_ONCE // max(1, len(span)))
    for start in range(0, len(found), step):
        values = _read(run, search, found[start : start + step])
        if counts:
            total += _sums_of_logs(values, factor)
            continue
        if gaps:
            # the mean of what is covered: elsewhere nothing is known
            known += (~np.isnan(values)).sum(axis=1)
            np.nan_to_num(values, copy=False)
        total += values.sum(axis=1) if values.shape[1] > 1 else values[:, 0]
    every = np.full(run.n_cells, np.nan, np.float32)
    number = np.where(known > 0, known, np.float32(np.nan)) if gaps else np.float32(len(found))
    every[mine] = total / number
    return every


def _sums_of_logs(values: np.ndarray, factor: np.ndarray) -> np.ndarray:
    """Sum ln(1 + counts per 10,000) over features; counts (n, F), what makes them so (n,)."""
    found = np.empty(len(values), np.float32)
    for start in range(0, len(values), CELLS_AT_ONCE):
        rows = slice(start, start + CELLS_AT_ONCE)
        found[rows] = mean_log1p(np.maximum(values[rows].T, 0) * factor[rows]) * np.float32(values.shape[1])
    return found


def _read(run: RunSlices, search: FeatureSearch, found: Sequence[Found]) -> np.ndarray:
    """Read features of one modality in its cells, (n, F), NaN where a cell is not in the files any more."""
    modality = found[0].modality
    _check_inputs(run, modality)
    span = run.spans[modality]
    mine = slice(span.start, span.stop)
    slices = run.kept.get(
        run.owner, ("measured", modality, inputs_version(run, modality)), lambda: _open(run, search, modality)
    )
    if slices is not None and all(slices.has(each.row - search.first_row(modality)) for each in found):
        return slices.read(np.array([each.row - search.first_row(modality) for each in found]))
    names = run.names(mine)
    columns = [read_feature(run.config, modality, each.name) for each in found]  # type: ignore[arg-type]
    # By name, not by row: a run may have left cells out.
    return np.stack([column.reindex(names).to_numpy(np.float32) for column in columns], axis=1)


@dataclass(frozen=True)
class _Cells:
    """The cells of a modality of a run."""

    run: RunSlices
    modality: str

    def are(self, names: Sequence[str]) -> bool:
        return self.run.are_named(self.modality, names)

    def read(self) -> Sequence[str]:
        span = self.run.spans[self.modality]
        return self.run.names(slice(span.start, span.stop))


def _open(run: RunSlices, search: FeatureSearch, modality: str) -> MeasuredSlices | None:
    names = search.all_names(modality)
    with matrices_kept(matrices_of(run.folder)):
        return open_measured(run.config, modality, _Cells(run, modality), names)  # type: ignore[arg-type]


def _check_inputs(run: RunSlices, modality: str) -> None:
    if imported(run.config) and missing_input(run.config, modality) is not None:
        raise InputError(
            "This run was imported: the measured values are not here.",
            "the files that it was made from.",
            "show the imputed values instead, or open the run where it was made.",
        )
    check_inputs(run.config, modality, todo="put it back, or show the imputed values instead.")
