"""Mean levels of features in groups of cells: measured, and imputed in the cells of another modality.

n cells of a modality, F features, G groups.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import scipy.sparse as sp

from monae_app.engine.analysis.everywhere import TEN_THOUSAND, Decoder
from monae_app.engine.analysis.landmarks import across
from monae_app.engine.analysis.linear_decoding import linear_predictor
from monae_app.engine.result import FEATURES

if TYPE_CHECKING:
    import numpy.typing as npt

    from monae_app.engine.analysis.run_slices import RunSlices

# cells of a group that stand for it where values are imputed
MOST_CELLS = 300
FEATURES_AT_ONCE = 4096


def measured_levels(
    values: sp.csr_matrix, library: npt.NDArray[np.float64] | None, codes: npt.NDArray[np.int64], n_groups: int
) -> npt.NDArray[np.float32]:
    """Average what was measured over groups.

    Parameters
    ----------
    values
        (n, F).
    library
        Counts of each cell, (n,), by which counts become counts per 10,000; None for values that are no counts.
    codes
        Group of each cell, (n,); negative for none.

    Returns
    -------
    numpy.ndarray
        (G, F), NaN for a group without cells.
    """
    mine = np.flatnonzero(codes >= 0)
    size = np.bincount(codes[mine], minlength=n_groups).astype(np.float64)
    share = 1 / np.maximum(size[codes[mine]], 1)
    if library is not None:
        share = share * float(TEN_THOUSAND) / np.maximum(library[mine], 1.0)
    gather = sp.csr_matrix((share, (codes[mine], mine)), shape=(n_groups, values.shape[0]))
    means = np.asarray((gather @ values).todense(), np.float32)
    means[size == 0] = np.nan
    return means


def imputed_levels(
    run: RunSlices, source: str, target: str, codes: npt.NDArray[np.int64], n_groups: int
) -> npt.NDArray[np.float32]:
    """Average counts of one modality that are imputed in the cells of another over groups.

    Parameters
    ----------
    source, target
        Modality of the cells, and of the features, which are counts.
    codes
        Group of each of the n cells of the source, (n,); negative for none.

    Returns
    -------
    numpy.ndarray
        Counts per 10,000, (G, F), NaN for a group without cells. Of large groups, 300 cells drawn by the run's seed.
    """
    span, random = run.spans[source], np.random.default_rng(run.config.seed)
    order = random.permutation(len(codes))
    rank = np.zeros(len(codes), np.int64)
    for group in range(n_groups):
        of_group = order[codes[order] == group]
        rank[of_group] = np.arange(len(of_group))
    chosen = np.flatnonzero((codes >= 0) & (rank < MOST_CELLS))
    total = run.column(f"normaliser_{target}").to_numpy(np.float32)[span.start : span.stop][chosen]
    latent = run.array("X_monae")[span.start : span.stop][chosen]
    size = np.bincount(codes[chosen], minlength=n_groups).astype(np.float64)
    member = np.zeros((n_groups, len(chosen)), np.float32)
    member[codes[chosen], np.arange(len(chosen))] = TEN_THOUSAND / (total * size[codes[chosen]])
    rows = np.flatnonzero((run.column("modality", FEATURES) == target).to_numpy())
    means = np.empty((n_groups, len(rows)), np.float32)
    for first in range(0, len(rows), FEATURES_AT_ONCE):
        part = slice(first, first + FEATURES_AT_ONCE)
        decoder = Decoder.of(run, target, rows[part])
        cells, vectors = across(latent, decoder.shared, decoder.scale, decoder.landmarks)
        means[:, part] = member @ np.exp(linear_predictor(cells, vectors, decoder.scale, decoder.bias))
    means[size == 0] = np.nan
    return means
