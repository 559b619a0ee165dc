"""From a file to a Modality, or to one message that says why not."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import anndata as ad
import h5py
import numpy as np
import pandas as pd
import scipy.sparse as sp

from monae_app.engine.data.dataset import Dataset, Modality, is_count
from monae_app.engine.errors import InputError

if TYPE_CHECKING:
    from pathlib import Path

    from monae_app.engine.config import LikelihoodName, RunConfig
    from monae_app.engine.data.dataset import Likelihood

H5AD = "an .h5ad file (AnnData) with a matrix X, obs and var"
SAMPLED_VALUES = 1_000_000


def read_dataset(config: RunConfig) -> Dataset:
    """Read every input of a run.

    Raises
    ------
    InputError
        If a file cannot be read or does not hold what a run needs.
    """
    notes: list[str] = []
    modalities: dict[str, Modality] = {}
    for name, path in config.inputs.items():
        modalities[name] = read_modality(path, name, config, notes)
    return Dataset(modalities, batch_columns=config.batch_key, use_pairs=config.paired, notes=tuple(notes))


def read_h5ad(path: Path) -> ad.AnnData:
    """Open an .h5ad file and make sure that it has a matrix.

    Raises
    ------
    InputError
        If there is no such file, it is no .h5ad, or X is missing.
    """
    _check_is_h5ad(path)
    try:
        table = ad.read_h5ad(path)
        if sp.issparse(table.X):
            # an index outside the matrix would end the process later, deep in scipy
            table.X.check_format(full_check=True)
    except (OSError, KeyError, ValueError, TypeError, RuntimeError, AttributeError, IndexError) as error:
        reason = str(error).strip().splitlines()
        raise InputError(
            f"{path.name} is HDF5, but could not be read as .h5ad ({reason[0] if reason else type(error).__name__}).",
            f"{H5AD}.",
            "write it anew with anndata's write_h5ad; the file may be cut off or damaged.",
        ) from error
    if table.X is None:
        layers = ", ".join(map(repr, table.layers)) or "none"
        raise InputError(
            f"{path.name} has no matrix X (layers: {layers}; raw: {'yes' if table.raw is not None else 'no'}).",
            "the measured values in X.",
            "set X to the layer with the counts and write the file anew.",
        )
    if table.X.dtype.kind not in "biuf":
        raise InputError(
            f"{path.name}: X holds {table.X.dtype}.",
            "numbers.",
            "set X to the measured values and write the file anew.",
        )
    return table


def _check_is_h5ad(path: Path) -> None:
    if not path.is_file():
        found = f"{path} is a folder." if path.is_dir() else f"There is no file {path}."
        raise InputError(found, f"{H5AD}.", "check the path.")
    if not h5py.is_hdf5(path):
        with path.open("rb") as file:
            start = file.read(8)
        raise InputError(
            f"{path.name} is no .h5ad: it begins with {start!r}, not with the signature of HDF5.",
            f"{H5AD}.",
            "convert it with anndata or scanpy and write_h5ad, or choose another file.",
        )
    try:
        with h5py.File(path, "r") as file:
            keys = set(file)
    except (OSError, RuntimeError) as error:
        raise InputError(
            f"{path.name} cannot be opened ({error}).", f"{H5AD}.", "copy it again: it is cut off or damaged."
        ) from error
    if not {"obs", "var"} <= keys:
        raise InputError(
            f"{path.name} is HDF5, but holds {', '.join(sorted(map(str, keys))[:8]) or 'nothing'}.",
            f"{H5AD}.",
            "convert it with anndata or scanpy and write_h5ad.",
        )


def read_modality(path: Path, name: str, config: RunConfig, notes: list[str]) -> Modality:
    """Read one modality; decisions taken on the way are appended to ``notes``, in words."""
    table = read_h5ad(path)
    values = sp.csr_matrix(table.X, dtype=np.float32)
    values.sum_duplicates()
    values.eliminate_zeros()
    obs, var = _plain(table.obs), _plain(table.var)
    likelihood = _likelihood(values, name, getattr(config, f"{name}_likelihood"), notes)
    if is_count(likelihood) and values.shape[0] and (config.min_counts or config.low_count_mads):
        keep = _enough_counts(values, config)
        if not keep.all():
            dropped = int((~keep).sum())
            notes.append(f"{name}: {dropped:,} of {len(keep):,} cells have too few counts and were left out.")
            values, obs = values[keep], obs[keep]
    return Modality(name, values, obs, var, likelihood)


def _plain(table: pd.DataFrame) -> pd.DataFrame:
    """Give a table an index of strings; an index of numbers is a legitimate name."""
    table = table.copy()
    table.index = pd.Index(table.index.astype(str), name=None)
    return table


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


def read_feature(path: Path, feature: str) -> pd.Series:
    """Measured values of one feature, by cell name, shape (N,).

    Raises
    ------
    InputError
        If the file cannot be read or has no such feature.
    """
    table = _columns(path, path.stat().st_mtime_ns if path.exists() else 0)
    if feature not in table.var_names:
        raise InputError(f"{path.name} has no feature {feature!r}.", "a name from var.", "choose another feature.")
    column = table.X[:, table.var_names.get_loc(feature)]
    return pd.Series(column.toarray().ravel(), index=table.obs_names)


@lru_cache(maxsize=4)
def _columns(path: Path, _modified: int) -> ad.AnnData:
    table = read_h5ad(path)
    return ad.AnnData(sp.csc_matrix(table.X, dtype=np.float32), obs=table.obs[[]], var=table.var[[]])
