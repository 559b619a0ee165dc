"""A run as tables for other programs: what was measured, with what Monae found. n cells, V features of a modality.

Where cells were measured, what the map says of them, and what users noted stand together, as scanpy, muon and cellxgene
expect it: ``X`` as measured, ``obsm["X_umap"]`` first among the embeddings, text columns as categories.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import anndata as ad
import numpy as np
import pandas as pd

from monae_app.engine.analysis.imputation import impute
from monae_app.engine.data.covered import CoveredMatrix
from monae_app.engine.data.inputs_there import check_inputs
from monae_app.engine.data.reading import read_dataset
from monae_app.engine.errors import InputError
from monae_app.engine.telling import SILENT, Telling

if TYPE_CHECKING:
    from collections.abc import Sequence

    import scipy.sparse as sp

    from monae_app.engine.result import Result

EMBEDDINGS = ("X_umap", "X_monae", "X_private")
LAYER = "imputed"
# 2 GB in float32
MOST_VALUES = 5 * 10**8


def whole_tables(
    result: Result,
    modalities: Sequence[str],
    notes: pd.DataFrame | None = None,
    *,
    imputed: bool = False,
    tell: Telling = SILENT,
) -> dict[str, ad.AnnData]:
    """Put together what belongs to the cells of some modalities.

    Parameters
    ----------
    result
        Of the run; its inputs are read anew.
    modalities
        Which.
    notes
        Columns for all cells of the run, rows as there; a name that a column has already gets ``note_`` before it.
    imputed
        Add what is imputed within the modality as a layer (counts per 10,000; levels; or the model's own scale).
    tell
        Told what is done.

    Returns
    -------
    dict
        A table a modality: ``X`` (n, V) as measured (levels of methylation dense, NaN where not covered), ``obs`` with
        plain cell names, ``var`` with the features of the run, ``obsm`` with ``X_umap``, ``X_monae``, ``X_private``.

    Raises
    ------
    InputError
        If the inputs are gone or other cells than those of the run, or the imputed layer would be too large.
    """
    for name in modalities:
        check_inputs(
            result.config,
            name,
            expected="the files that the run was made from.",
            todo="put it back, or export the run itself: it holds embeddings and annotations.",
        )
    tell("Reading what was measured")
    dataset = read_dataset(result.config, tell)
    return {name: _table(result, name, dataset.modalities[name].values, notes, imputed=imputed) for name in modalities}


def _table(
    result: Result, name: str, values: sp.csr_matrix | CoveredMatrix, notes: pd.DataFrame | None, *, imputed: bool
) -> ad.AnnData:
    mine = (result.cells.obs["modality"] == name).to_numpy()
    var = result.features.obs[(result.features.obs["modality"] == name).to_numpy()].copy()
    var.index = pd.Index(var.pop("name").astype(str), name=None)
    dense = values.dense_levels() if isinstance(values, CoveredMatrix) else values
    if dense.shape != (mine.sum(), len(var)):
        raise InputError(
            f"The {name} files hold {dense.shape[0]:,} cells x {dense.shape[1]:,} features by now.",
            f"the {mine.sum():,} x {len(var):,} that the run was made from.",
            "put the files back as they were, or train on the new ones.",
        )
    table = ad.AnnData(dense, obs=_obs(result, mine, notes), var=var.drop(columns="modality"))
    for key in EMBEDDINGS:
        table.obsm[key] = np.asarray(result.cells.obsm[key])[mine]
    if imputed:
        if table.n_obs * table.n_vars > MOST_VALUES:
            raise InputError(
                f"Imputed {name} would be {table.n_obs * table.n_vars * 4 / 1e9:,.1f} GB.",
                f"at most {MOST_VALUES * 4 / 1e9:g} GB in a layer.",
                "take the table without imputed values, and those of chosen features as a file of their own.",
            )
        table.layers[LAYER] = impute(result, name, name)
    table.uns["monae"] = {"modality": name, "seed": result.config.seed, "steps": result.config.steps}
    return table


def _obs(result: Result, mine: np.ndarray, notes: pd.DataFrame | None) -> pd.DataFrame:
    obs = pd.DataFrame(result.cells.obs[mine])
    obs.index = pd.Index([str(each).partition(":")[2] for each in obs.index])
    if notes is not None:
        for column in notes:
            kept = f"note_{column}" if column in obs else str(column)
            obs[kept] = notes[column].to_numpy()[mine]
    for column in obs.select_dtypes(include=["object", "string"]):
        obs[column] = pd.Categorical(obs[column])
    return obs
