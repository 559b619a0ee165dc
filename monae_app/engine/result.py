"""What a run leaves: a row per cell, a row per feature, a report. These suffice to impute; no model is needed.

N cells of all modalities, V features of all modalities, D_s shared and D_p private axes, b batches.
"""

from __future__ import annotations

import json
import os
import shutil
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import anndata as ad
import h5py
import numpy as np
from anndata.experimental import write_dispatched

from monae_app.engine.config import FILES, RunConfig, is_bundled, make_config
from monae_app.engine.errors import InputError
from monae_app.engine.folder import TEMPORARY, in_words, sweep, sync_folder
from monae_app.engine.telling import SILENT, Telling

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

CONFIG, CELLS, FEATURES, REPORT = "config.json", "cells.h5ad", "features.h5ad", "report.json"
CHECKPOINT, WEIGHTS = "checkpoint.safetensors", "weights.safetensors"
# of a run that is not finished: what is worked out so far
STAGES = "stages"
# in the order in which they are written
RESULTS = (WEIGHTS, CELLS, FEATURES, REPORT)
# elements of a table that are read a column or a block of rows at a time
READ_IN_SLICES = ("/obs/", "/obsm/X_")


def write_atomically(path: Path, write: Callable[[Path], object], *, durable: bool = True) -> None:
    """Let ``write`` fill a temporary file beside ``path`` and move it into place: the file is whole or absent.

    Parameters
    ----------
    path
        Of the file.
    write
        Given the path of the temporary file.
    durable
        Whether it shall outlast a loss of power from now on, which waits for the disk; what is written every second
        need not.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}{TEMPORARY}")
    try:
        write(temporary)
        if durable:
            with temporary.open("rb") as file:
                os.fsync(file.fileno())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
    if durable:
        sync_folder(path.parent)


def write_json(path: Path, content: dict[str, Any], *, durable: bool = True) -> None:
    """Write JSON, atomically."""
    text = json.dumps(content, indent=1, ensure_ascii=False)
    write_atomically(path, lambda temporary: temporary.write_text(text + "\n", encoding="utf-8"), durable=durable)


def write_config(folder: Path, config: RunConfig) -> None:
    """Write config.json; files beside the run folder are named relative to it, so that both can move together."""
    around = folder.resolve().parent

    def portable(path: Path) -> Path:
        whole = path.resolve()
        return whole.relative_to(around) if whole.is_relative_to(around) else whole

    moved = config.model_copy(
        update={
            "inputs": {name: tuple(portable(path) for path in paths) for name, paths in config.inputs.items()},
            **{name: portable(path) for name, path in config.files().items()},
        }
    )
    write_json(folder / CONFIG, moved.model_dump(mode="json", exclude_none=True))


def read_config(folder: Path) -> RunConfig:
    """Read config.json; relative paths count from the folder around the run's.

    Raises
    ------
    InputError
        If the folder is no run.
    """
    values = read_json(folder / CONFIG)
    around = folder.resolve().parent
    values["inputs"] = {
        name: [around / path for path in ([paths] if isinstance(paths, str) else paths)]
        for name, paths in dict(values.get("inputs") or {}).items()
    }
    named = {name: values[name] for name in FILES if values.get(name)}
    values |= {name: around / path for name, path in named.items() if not is_bundled(name, path)}
    return make_config(**values)


def read_json(path: Path) -> dict[str, Any]:
    """Read one of the JSON files of a run.

    Raises
    ------
    InputError
        If it is missing or damaged.
    """
    try:
        return dict(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError) as error:
        what = "run" if path.name == CONFIG else "finished run"
        raise InputError(
            f"{path.parent} is no {what}: {path.name} is missing or damaged.",
            "a folder that `monae run` or the app wrote.",
            "check the path, or let the run finish first.",
        ) from error


def h5ad_bytes(table: ad.AnnData) -> bytes:
    """Give what a .h5ad file of the table holds; its repeated strings become categories, as anndata writes them.

    It is made in memory: HDF5 that meets a full disk in the middle of a file brings its process down later.
    All is compressed but floating-point numbers that a map is coloured by: they hardly shrink, and unpacking those of
    a million cells takes seconds.
    """
    table.strings_to_categoricals()
    with h5py.File("table.h5ad", "w", driver="core", backing_store=False) as file:
        write_dispatched(file, "/", table, _write, dataset_kwargs={"compression": "gzip"})
        if table.raw is None:
            # older readers know no empty element
            file.pop("raw", None)
        file.flush()
        return bytes(file.id.get_file_image())


def _write(
    write: Callable[..., None], store: h5py.Group, key: str, elem: Any, dataset_kwargs: Mapping[str, Any], **_: Any
) -> None:
    in_slices = isinstance(elem, np.ndarray) and elem.dtype.kind == "f" and key.startswith(READ_IN_SLICES)
    write(store, key, elem, dataset_kwargs={} if in_slices else dataset_kwargs)


def make_ready(folder: Path, *, resume: bool) -> None:
    """Make the folder of a run that is about to be computed, and take away what an earlier attempt left there.

    The report goes first: a folder with a report is a finished run.

    Parameters
    ----------
    folder
        Made if it is not there.
    resume
        Keep the checkpoint, and the stages that are worked out already.

    Raises
    ------
    StorageError
        If it cannot be written.
    """
    with in_words(folder):
        folder.mkdir(parents=True, exist_ok=True)
        sweep(folder)
        if not resume:
            shutil.rmtree(folder / STAGES, ignore_errors=True)
        for name in (*reversed(RESULTS), *(() if resume else (CHECKPOINT,))):
            (folder / name).unlink(missing_ok=True)
        sync_folder(folder)


@dataclass(frozen=True)
class Result:
    """Cells and features of a trained run.

    Parameters
    ----------
    config
        Of the run.
    cells
        obs ``modality``, the columns of the inputs, ``pair_id``, ``library_size``, ``leiden``, ``local_mixing``,
        ``held_out`` (training never saw the cell), ``normaliser_<modality>`` and, where there are several,
        ``monae_batch``; obsm ``X_monae`` (N, D_s), ``X_private`` (N, D_p), ``X_umap`` (N, 2),
        ``cluster_probabilities`` (N, C), of the clusters that uns ``clusters`` names: those learned in training, or
        Leiden's.
    features
        obs ``modality``, ``name``, ``chrom``, ``chromStart``, ``chromEnd``, ``modelled``, ``confidence`` (correlation
        of imputed values with counts that training did not see, NaN where too few); obsm ``X_monae``, ``X_private``,
        ``posterior_sd``, ``scale``, ``bias``, ``dispersion`` (V, b); obsp ``guidance``, ``refined``.
    report
        Metrics, timings, versions, warnings, and what speaks for and against the alignment.
    folder
        Where it was loaded from.
    """

    config: RunConfig
    cells: ad.AnnData
    features: ad.AnnData
    report: dict[str, Any]
    folder: Path | None = None

    @classmethod
    def load(cls, folder: Path) -> Result:
        """Read a finished run.

        Raises
        ------
        InputError
            If the folder is no finished run.
        """
        config, report = read_config(folder), read_json(folder / REPORT)
        try:
            cells, features = ad.read_h5ad(folder / CELLS), ad.read_h5ad(folder / FEATURES)
        except (OSError, KeyError, ValueError, RuntimeError) as error:
            raise InputError(
                f"{folder} is no finished run: {error}.", f"{CELLS} and {FEATURES}.", "let the run finish first."
            ) from error
        return cls(config, cells, features, report, folder)

    def save(self, folder: Path, tell: Telling = SILENT) -> None:
        """Write the files of the run, each whole or absent, the report last: with it the run is finished.

        Raises
        ------
        StorageError
            If one cannot be written.
        """
        with in_words(folder):
            folder.mkdir(parents=True, exist_ok=True)
            write_config(folder, self.config)
            for done, (name, table) in enumerate([(CELLS, self.cells), (FEATURES, self.features)], start=1):
                tell(f"Writing {name}", done, len(RESULTS))
                content = h5ad_bytes(table)
                write_atomically(folder / name, partial(Path.write_bytes, data=content))
            tell(f"Writing {REPORT}", len(RESULTS) - 1, len(RESULTS))
            write_json(folder / REPORT, self.report)

    @property
    def modalities(self) -> list[str]:
        """Names of the modalities, in the order of the run."""
        return list(self.config.inputs)

    def likelihood(self, modality: str) -> str:
        """How the values of a modality were modelled: ``nb`` for counts, ``normal`` for continuous values."""
        return str(self.report["dataset"]["modalities"][modality]["likelihood"])

    def input_paths(self, modality: str) -> tuple[Path, ...]:
        """Where the measured values of a modality lie."""
        return self.config.inputs[modality]  # type: ignore[index]
