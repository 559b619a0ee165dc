"""The measured values of one feature, for the map: of all cells, whichever of them the run left out."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import pandas as pd
import scipy.sparse as sp

from monae_app.engine.config import RunConfig
from monae_app.engine.data.covered import CoveredMatrix
from monae_app.engine.data.modality_reading import read_whole
from monae_app.engine.errors import InputError

if TYPE_CHECKING:
    from monae_app.engine.config import ModalityName


def read_feature(config: RunConfig, modality: ModalityName, feature: str) -> pd.Series:
    """Measured values of one feature, by cell name, shape (N,); of methylation levels, NaN where not covered.

    Raises
    ------
    InputError
        If the files cannot be read or have no such feature.
    """
    modified = tuple(path.stat().st_mtime_ns if path.exists() else 0 for path in config.inputs[modality])
    cells, names, columns = _columns(
        config.model_copy(update={"inputs": {modality: config.inputs[modality]}}).model_dump_json(), modified
    )
    if feature not in names:
        raise InputError(
            f"{config.inputs[modality][0].name} has no feature {feature!r}.",
            "a name from var.",
            "choose another feature.",
        )
    column = columns[:, [names.get_loc(feature)]]
    if isinstance(column, CoveredMatrix):
        return pd.Series(column.dense_levels().ravel(), index=cells)
    return pd.Series(column.toarray().ravel(), index=cells)


@lru_cache(maxsize=2)
def _columns(settings: str, _modified: tuple[int, ...]) -> tuple[pd.Index, pd.Index, sp.csc_matrix | CoveredMatrix]:
    config = RunConfig.model_validate_json(settings)
    (modality,) = config.inputs
    whole = read_whole(modality, config, [])
    by_columns = whole.values if isinstance(whole.values, CoveredMatrix) else sp.csc_matrix(whole.values)
    return whole.obs.index, whole.var.index, by_columns
