"""Archives of runs as tests make and read them."""

from __future__ import annotations

import zipfile
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from monae_app.engine.errors import InputError
from monae_app.jobs.archive_check import check_run
from monae_app.jobs.inspector import _guarded

if TYPE_CHECKING:
    from pathlib import Path

    import anndata as ad

ROOM = 10**9


def contents(path: Path) -> dict[str, bytes]:
    """Files of an archive."""
    with zipfile.ZipFile(path) as file:
        return {name: file.read(name) for name in file.namelist()}


def packed(path: Path, files: dict[str, bytes]) -> Path:
    """Write an archive by hand."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        for name, content in files.items():
            file.writestr(name, content)
    return path


def same_tables(one: ad.AnnData, other: ad.AnnData) -> None:
    """Compare rows and arrays."""
    pd.testing.assert_frame_equal(one.obs, other.obs)
    assert set(one.obsm) == set(other.obsm)
    for key in one.obsm:
        np.testing.assert_array_equal(one.obsm[key], other.obsm[key])


def check(folder: Path) -> dict:
    """Check a run in this process, as the one does that is started for it: whatever is raised becomes words."""
    answer = _guarded("The files of the archive", lambda: {"archive": check_run(folder)})
    if "error" in answer:
        raise InputError(**answer["error"])
    return answer["archive"]
