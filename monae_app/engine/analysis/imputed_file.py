"""Imputed values as an .h5ad file, written in shards. N cells of the source, F features of the target."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import anndata as ad
import h5py
import numpy as np
import pandas as pd

from monae_app.engine.analysis.imputation import AtBatch, Scale, feature_rows, impute_shards, target_rows
from monae_app.engine.analysis.own_counts import shards_with_own_counts
from monae_app.engine.errors import InputError
from monae_app.engine.result import write_atomically

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from monae_app.engine.result import Result

MARK = "monae_imputation"
COLUMNS = ("chrom", "chromStart", "chromEnd", "modelled", "confidence")


@dataclass(frozen=True)
class Wanted:
    """What to impute; the fields are the arguments of :func:`~monae_app.engine.analysis.imputation.impute`.

    With ``own_counts``, within one modality, values also heed what was counted in the cell itself; see
    :func:`~monae_app.engine.analysis.own_counts.shards_with_own_counts`.
    """

    source: str
    target: str
    features: tuple[str, ...] | None = None
    scale: Scale = "cp10k"
    batch: str | AtBatch = AtBatch.REFERENCE
    own_counts: bool = False

    def shards(self, result: Result) -> Iterator[tuple[slice, np.ndarray]]:
        """Yield rows and values.

        Raises
        ------
        InputError
            If there is no such thing.
        """
        if self.own_counts:
            if self.source != self.target:
                raise InputError(
                    f"{self.target} was not counted in cells of {self.source}.",
                    "cells of the modality itself, where own counts are to be heeded.",
                    "choose these cells, or the values as the model expects them.",
                )
            return shards_with_own_counts(result, self.target, self.features, self.scale, self.batch)
        return impute_shards(result, self.source, self.target, self.features, scale=self.scale, batch=self.batch)


def write_imputed(
    result: Result, wanted: Wanted, path: Path, *, on_cells: Callable[[int, int], None] = lambda _done, _all: None
) -> tuple[int, int]:
    """Impute into a file: obs are the source's cells as in the run, var the target's features, X dense float32.

    The file is whole or absent, and X is never whole in memory. A file that this function wrote is replaced.

    Parameters
    ----------
    result
        Of the run; its cells may have been replaced by new ones.
    wanted
        What to impute.
    path
        Of the file; folders on the way are made.
    on_cells
        Told how many cells are done, and of how many.

    Returns
    -------
    tuple
        N and F.

    Raises
    ------
    InputError
        If a name is unknown, or something else lies at ``path``.
    """
    # asked first: it checks every name, and nothing is written before
    shards = wanted.shards(result)
    check_destination(path)
    table = _table(result, wanted)

    def write(temporary: Path) -> None:
        table.write_h5ad(temporary)
        with h5py.File(temporary, "r+") as file:
            values = file.create_dataset("X", table.shape, np.float32)
            # how anndata marks a dense matrix
            values.attrs["encoding-type"], values.attrs["encoding-version"] = "array", "0.2.0"
            for rows, block in shards:
                values[rows] = block
                on_cells(rows.stop, table.n_obs)

    path.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(path, write)
    return table.n_obs, table.n_vars


def check_destination(path: Path) -> None:
    """Make sure that nothing is lost by writing to ``path``.

    Raises
    ------
    InputError
        If something lies there that was not imputed by Monae.
    """
    if path.is_dir():
        raise InputError(f"{path} is a folder.", "the name of a file to write.", "add a name that ends in .h5ad.")
    if path.exists() and not _is_ours(path):
        raise InputError(
            f"{path} is there already and holds no imputed values of Monae's.",
            "a new name, or that of an earlier imputation, which is replaced.",
            "name another file with --out.",
        )


def _is_ours(path: Path) -> bool:
    if not h5py.is_hdf5(path):
        return False
    with h5py.File(path, "r") as file:
        return f"uns/{MARK}" in file


def _table(result: Result, wanted: Wanted) -> ad.AnnData:
    of_source = (result.cells.obs["modality"] == wanted.source).to_numpy()
    features = result.features.obs
    rows = target_rows(result, wanted.target)
    if wanted.features is not None:
        rows = feature_rows(result, wanted.target, wanted.features)
    var = features.iloc[rows][[column for column in COLUMNS if column in features]]
    if wanted.source != wanted.target:
        # it was measured from cells of the target itself, where private axes speak too
        var = var.rename(columns={"confidence": f"confidence_within_{wanted.target}"})
    var.index = pd.Index(features["name"].to_numpy(str)[rows].astype(object))
    table = ad.AnnData(obs=result.cells.obs[of_source].copy(), var=var)
    # a modality whose normaliser is unknown is continuous
    continuous = bool(result.cells.obs[f"normaliser_{wanted.target}"].isna().all())
    table.uns[MARK] = {
        "source": wanted.source,
        "target": wanted.target,
        "scale": "values" if continuous else wanted.scale,
        "batch": wanted.batch if isinstance(wanted.batch, str) else wanted.batch.value,
    }
    if wanted.own_counts:
        table.uns[MARK]["own_counts"] = True
    return table
