"""Whether what came in an archive is a run that the app can show; asked by a process of its own.

N cells, V features, D_s shared and D_p private axes, b batches.
"""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import h5py
import numpy as np
import pandas as pd
import safetensors
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from monae_app.engine.analysis.motif_rows import MOTIF
from monae_app.engine.data.dataset import is_count
from monae_app.engine.data.readers.tree import check_inside
from monae_app.engine.errors import InputError
from monae_app.engine.result import CELLS, CHECKPOINT, FEATURES, REPORT, WEIGHTS, Result, h5ad_bytes, write_atomically

if TYPE_CHECKING:
    import anndata as ad

Words = Annotated[list[Annotated[str, Field(max_length=5000)]], Field(max_length=1000)]
LONGEST_REPORT = 20 << 20


class ModalitySaid(BaseModel):
    """What a report says of one modality."""

    model_config = ConfigDict(extra="allow", strict=True)

    likelihood: str = Field(max_length=40)


class DatasetSaid(BaseModel):
    """What a report says of the data."""

    model_config = ConfigDict(extra="allow", strict=True)

    modalities: dict[str, ModalitySaid]
    labels: Words = []
    batches: Words = []
    warnings: Words = []


class ReportSaid(BaseModel):
    """The shape of report.json, as far as the app relies on it."""

    model_config = ConfigDict(extra="allow", strict=True)

    metrics: dict[str, float | int | None]
    dataset: DatasetSaid
    label: str | None = None
    warnings: Words = []
    alignment: dict[str, Any] | None = None
    consistency: dict[str, Any] | None = None
    confidence: dict[str, Any] | None = None


def check_run(folder: Path) -> dict[str, Any]:
    """Open every file of a run, and write its tables anew with our own library.

    Whatever a table was made of to trouble its reader is gone afterwards, while its values are the same.

    Parameters
    ----------
    folder
        With config.json, checked before.

    Returns
    -------
    dict
        ``finished``, and the numbers of ``cells`` and ``features``.

    Raises
    ------
    InputError
        If it is no run.
    """
    for name in (WEIGHTS, CHECKPOINT):
        if (folder / name).is_file():
            _check_tensors(folder / name)
    if not (folder / REPORT).is_file():
        return {"finished": False, "cells": 0, "features": 0}
    report = _checked_report(folder / REPORT)
    for name in (CELLS, FEATURES):
        with h5py.File(folder / name, "r", locking=False) as file:
            check_inside(file, list(file), folder / name)
    result = Result.load(folder)
    if set(report.dataset.modalities) != set(result.modalities):
        raise _strange(REPORT, "names other modalities than config.json")
    _check_cells(result, report)
    _check_features(result)
    for name, table in ((CELLS, result.cells), (FEATURES, result.features)):
        write_atomically(folder / name, partial(Path.write_bytes, data=h5ad_bytes(table)))
    return {"finished": True, "cells": result.cells.n_obs, "features": result.features.n_obs}


def _checked_report(path: Path) -> ReportSaid:
    if path.stat().st_size > LONGEST_REPORT:
        raise _strange(REPORT, "is too long")
    try:
        return ReportSaid.model_validate(json.loads(path.read_bytes()))
    except ValidationError as error:
        where = ".".join(map(str, error.errors()[0]["loc"]))[:80]
        raise _strange(REPORT, f"is no report of a run (at {where!r})") from None
    except (ValueError, RecursionError):
        raise _strange(REPORT, "is no JSON") from None


def _check_cells(result: Result, report: ReportSaid) -> None:
    obs = result.cells.obs
    counted = [name for name, said in report.dataset.modalities.items() if is_count(said.likelihood)]
    _check_columns(CELLS, obs, ["modality"], ["library_size", *(f"normaliser_{name}" for name in counted)])
    if not len(obs) or not set(obs["modality"].astype(str)) <= set(result.modalities):
        raise _strange(CELLS, "holds no cells, or cells of other modalities than config.json names")
    _check_arrays(CELLS, result.cells, {"X_monae": None, "X_private": None, "X_umap": 2})
    if report.label is not None and report.label not in obs:
        raise _strange(CELLS, f"has no column {report.label[:80]!r}, which the report names")


def _check_features(result: Result) -> None:
    cells, features = result.cells, result.features
    _check_columns(FEATURES, features.obs, ["modality", "name"], [])
    if not set(features.obs["modality"].astype(str)) <= {*result.modalities, MOTIF}:
        raise _strange(FEATURES, "holds features of other modalities than config.json names")
    batches = [str(name) for name in np.atleast_1d(features.uns.get("batches", []))]
    if str(features.uns.get("reference_batch")) not in batches:
        raise _strange(FEATURES, "does not say which batch is the reference")
    widths = {"X_monae": cells.obsm["X_monae"].shape[1], "X_private": cells.obsm["X_private"].shape[1]}
    _check_arrays(FEATURES, features, widths | dict.fromkeys(("scale", "bias", "dispersion"), len(batches)))


def _check_columns(name: str, obs: pd.DataFrame, words: list[str], numbers: list[str]) -> None:
    missing = [column for column in [*words, *numbers] if column not in obs]
    missing += [column for column in numbers if column in obs and not pd.api.types.is_numeric_dtype(obs[column])]
    if missing:
        raise _strange(name, f"has no column {missing[0]!r} of the kind that a run has")
    if not obs.index.is_unique:
        raise _strange(name, "names two rows alike")


def _check_arrays(name: str, table: ad.AnnData, widths: dict[str, int | None]) -> None:
    for key, width in widths.items():
        values = table.obsm.get(key)
        shaped = isinstance(values, np.ndarray) and values.ndim == 2 and width in (None, values.shape[1])
        if not shaped or not np.issubdtype(values.dtype, np.floating):
            raise _strange(name, f"has no {key} of the shape that a run has")
        if not np.isfinite(values).all():
            raise _strange(name, f"has values in {key} that are no numbers")


def _check_tensors(path: Path) -> None:
    try:
        # The header and the bounds of all tensors are checked as it is opened; none is read.
        with safetensors.safe_open(path, framework="numpy") as file:
            empty = not list(file.keys())
    except (safetensors.SafetensorError, OSError) as error:
        raise _strange(path.name, "is no file of tensors") from error
    if empty:
        raise _strange(path.name, "holds nothing")


def _strange(name: str, what: str) -> InputError:
    return InputError(
        f"{name} of the archive {what}.", "an archive that the app exported.", "export the run again, and import that."
    )
