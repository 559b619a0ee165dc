"""From the files of a run to its Dataset, or to one message that says why not."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import scipy.sparse as sp

from monae_app.engine.config import RunConfig
from monae_app.engine.data.contents import ReadingOptions
from monae_app.engine.data.dataset import Dataset, Modality, is_count
from monae_app.engine.data.readers import open_file
from monae_app.engine.errors import InputError

if TYPE_CHECKING:
    from monae_app.engine.config import LikelihoodName, ModalityName
    from monae_app.engine.data.dataset import Likelihood

SAMPLED_VALUES = 1_000_000


def read_dataset(config: RunConfig) -> Dataset:
    """Read every input of a run.

    Raises
    ------
    InputError
        If a file cannot be read or does not hold what a run needs.
    """
    notes: list[str] = []
    modalities: dict[str, Modality] = {name: read_modality(name, config, notes) for name in config.inputs}
    return Dataset(modalities, batch_columns=config.batch_key, use_pairs=config.paired, notes=tuple(notes))


def read_modality(name: ModalityName, config: RunConfig, notes: list[str]) -> Modality:
    """Read one modality; decisions taken on the way are appended to ``notes``, in words."""
    options = ReadingOptions(getattr(config, f"{name}_orientation"), config.peaks, config.bin_size)
    part = open_file(config.inputs[name][0], options).parts[0]
    values = sp.csr_matrix(part.matrices["X"].read(), dtype=np.float32)
    values.sum_duplicates()
    values.eliminate_zeros()
    obs, var = part.obs, part.var
    likelihood = _likelihood(values, name, getattr(config, f"{name}_likelihood"), notes)
    if is_count(likelihood) and values.shape[0] and (config.min_counts or config.low_count_mads):
        keep = _enough_counts(values, config)
        if not keep.all():
            dropped = int((~keep).sum())
            notes.append(f"{name}: {dropped:,} of {len(keep):,} cells have too few counts and were left out.")
            values, obs = values[keep], obs[keep]
    return Modality(name, values, obs, var, likelihood)


def _likelihood(values: sp.csr_matrix, name: str, wanted: LikelihoodName, notes: list[str]) -> Likelihood:
    if wanted != "auto":
        return wanted
    sample = values.data[:: max(1, len(values.data) // SAMPLED_VALUES)]
    # NaN is neither: it is left to the check of the modality, which says where it stands
    finite = sample[np.isfinite(sample)]
    if np.array_equal(finite, np.round(finite)):
        return "nb"
    notes.append(f"{name}: the values are not counts, so they are modelled as continuous (normal distribution).")
    return "normal"


def _enough_counts(values: sp.csr_matrix, config: RunConfig) -> np.ndarray:
    library = np.asarray(values.sum(axis=1)).ravel()
    keep = library >= config.min_counts
    if config.low_count_mads and keep.any():
        logs = np.log1p(library)
        middle = np.median(logs[keep])
        spread = 1.4826 * np.median(np.abs(logs[keep] - middle))
        keep &= logs >= middle - config.low_count_mads * spread
    return keep


def read_feature(config: RunConfig, modality: ModalityName, feature: str) -> pd.Series:
    """Measured values of one feature, by cell name, shape (N,).

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
    return pd.Series(columns[:, names.get_loc(feature)].toarray().ravel(), index=cells)


@lru_cache(maxsize=4)
def _columns(settings: str, _modified: tuple[int, ...]) -> tuple[pd.Index, pd.Index, sp.csc_matrix]:
    config = RunConfig.model_validate_json(settings)
    (modality,) = config.inputs
    whole = read_modality(modality, config, [])
    return whole.obs.index, whole.var.index, sp.csc_matrix(whole.values)
