"""By what a run knows, when it goes on, that it reads what it read before, with the same settings and the same program.

The files are known by path, size and time; what was read of them by names, shapes and a sample of the values, since
some formats read files beside those that are named.
"""

from __future__ import annotations

import hashlib
import json
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from monae_app.engine.config import FILES
from monae_app.engine.data.file_state import state_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from monae_app.engine.config import RunConfig
    from monae_app.engine.data.dataset import Dataset, Modality

# of what is kept: to be raised when a stage gives something else under its name
FORMAT = 1
# how long is trained, and where, changes nothing before training; what comes after it depends on the network itself
OF_TRAINING = {"steps", "epochs", "patience", "device", "precision", "processes"}
PIECES, PIECE = 64, 16_384


def identity(config: RunConfig, dataset: Dataset) -> str:
    """Hash what the stages before training depend on: files, settings, what was read, and the version of the program.

    Parameters
    ----------
    config
        Of the run.
    dataset
        As read.
    """
    settings = config.model_dump(mode="json", exclude=OF_TRAINING | {"inputs", *FILES})
    files = {name: [path] for name, path in config.files().items()} | dict(config.inputs.items())
    about = {
        "format": FORMAT,
        "version": _version(),
        "settings": settings,
        "files": {name: [each for path in paths for each in state_of(path)] for name, paths in files.items()},
        "reference": dataset.reference,
    }
    found = hashlib.blake2b(json.dumps(about, sort_keys=True).encode(), digest_size=16)
    for name, modality in dataset.modalities.items():
        found.update(f"{name} {modality.likelihood} {modality.values.shape} {modality.values.nnz}".encode())
        for part in (*_read(modality), dataset.batch_codes[name]):
            found.update(np.ascontiguousarray(part).data)
    return found.hexdigest()


def _read(modality: Modality) -> Iterator[np.ndarray]:
    for table in (modality.obs, modality.var):
        yield pd.util.hash_array(table.index.to_numpy(object))
    values = modality.values
    # in a few pieces: a matrix on disk is read by pages
    for first in np.linspace(0, max(0, values.nnz - PIECE), PIECES).astype(np.int64).tolist():
        yield values.data[first : first + PIECE]
        yield values.indices[first : first + PIECE]


def _version() -> str:
    try:
        return version("monae-app")
    except PackageNotFoundError:
        return "unknown"
