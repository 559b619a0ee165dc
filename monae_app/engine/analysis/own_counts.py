"""Imputed values that also heed what was counted in the cell itself. n cells of a shard, F features."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import scipy.sparse as sp

from monae_app.engine.analysis.holdout.recovery import with_own_counts
from monae_app.engine.analysis.imputation import BATCH, AtBatch, feature_rows, impute_shards, target_rows
from monae_app.engine.data.inputs_there import check_inputs
from monae_app.engine.data.reading import read_dataset
from monae_app.engine.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from monae_app.engine.analysis.imputation import Scale
    from monae_app.engine.result import Result


def shards_with_own_counts(
    result: Result, modality: str, features: tuple[str, ...] | None, scale: Scale, batch: str | AtBatch
) -> Iterator[tuple[slice, np.ndarray]]:
    """Impute within a modality, each value multiplied by (x + t) / (m + t).

    x was counted, m is expected of the cell at its own batch and depth, and t is the inverse dispersion: the mean of
    the rate behind a count once the count is known, see
    :func:`~monae_app.engine.analysis.holdout.recovery.with_own_counts`. Without spread beyond Poisson it is 1.

    Parameters
    ----------
    result
        Of the run; its cells may be some of those of the run.
    modality, features, scale, batch
        As in :func:`~monae_app.engine.analysis.imputation.impute`.

    Raises
    ------
    InputError
        If the modality was not modelled by a negative binomial, or what was counted is not there any more.
    """
    said = result.report.get("dataset", {}).get("modalities", {}).get(modality, {}).get("likelihood")
    if said != "nb":
        raise InputError(
            f"{modality} was not modelled by a negative binomial.",
            "counts that scatter more than Poisson.",
            "take the values as the model expects them.",
        )
    counts = _counts(result, modality, features)
    dispersion = dispersions(result, modality, features)
    # both are asked first: they check every name
    expected = impute_shards(result, modality, modality, features, scale="counts", batch=AtBatch.OWN)
    values = impute_shards(result, modality, modality, features, scale=scale, batch=batch)

    def compute() -> Iterator[tuple[slice, np.ndarray]]:
        for (rows, mean), (_, shown) in zip(expected, values, strict=True):
            own = dispersion[rows] if len(dispersion) > 1 else dispersion
            known = with_own_counts(mean.astype(np.float64), counts[rows].toarray(), own)
            yield rows, (shown * (known / np.maximum(mean, 1e-30))).astype(np.float32)

    return compute()


def dispersions(result: Result, modality: str, features: tuple[str, ...] | None) -> np.ndarray:
    """Inverse dispersion of features at the batch of each cell of the modality, (N, F), or (1, F) of a single batch."""
    rows = target_rows(result, modality) if features is None else feature_rows(result, modality, features)
    found = result.features.obsm["dispersion"][rows].astype(np.float64)
    if found.shape[1] == 1 or BATCH not in result.cells.obs:
        return np.asarray(found[:, :1].T)
    batches = [str(each) for each in result.features.uns["batches"]]
    mine = result.cells.obs[BATCH][(result.cells.obs["modality"] == modality).to_numpy()].astype(str)
    return np.asarray(found[:, [batches.index(each) for each in mine]].T)


def _counts(result: Result, modality: str, features: tuple[str, ...] | None) -> sp.csr_matrix:
    """Read what was counted in the cells of the result, (N, F)."""
    check_inputs(result.config, modality, todo="put it back, or take the values as the model expects them.")
    measured = read_dataset(result.config).modalities[modality]
    names = [name.partition(":")[2] for name in result.cells.obs_names[result.cells.obs["modality"] == modality]]
    if features is None:
        features = tuple(result.features.obs["name"].to_numpy(str)[target_rows(result, modality)])
    cells, columns = (
        index.get_indexer(pd.Index(wanted))
        for index, wanted in ((measured.obs.index, names), (measured.var.index, list(features)))
    )
    if (cells < 0).any() or (columns < 0).any():
        raise InputError(
            "The files of this run hold other cells or features than it was made from.",
            "the files that it was made from.",
            "put them back, or take the values as the model expects them.",
        )
    return sp.csr_matrix(measured.values[cells][:, columns])
