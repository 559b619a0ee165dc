"""New cells as a table like that of a run, so that everything asked of the one can be asked of the other.

N new cells, D_s shared and D_p private axes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from monae_app.engine.analysis.imputation import BATCH, target_rows
from monae_app.engine.analysis.landmarks import Landmarks, across
from monae_app.engine.analysis.linear_decoding import normaliser
from monae_app.engine.analysis.tables import table_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    import anndata as ad

    from monae_app.engine.data.new_cells import NewCells
    from monae_app.engine.result import Result


def new_cell_table(result: Result, cells: Sequence[NewCells], latent: Sequence[np.ndarray]) -> ad.AnnData:
    """Describe new cells.

    Parameters
    ----------
    result
        Of the run.
    cells
        By modality.
    latent
        Of each, shared axes first, (N, D_s + D_p).

    Returns
    -------
    anndata.AnnData
        obs: their own columns, ``modality``, ``library_size``, ``normaliser_<modality>`` and, where the run has several
        batches, ``monae_batch``; obsm: ``X_monae`` (N, D_s), ``X_private`` (N, D_p); uns: ``notes``. A column of
        theirs that has the name of one of these is kept as ``input_<name>``.
    """
    shared = result.features.obsm["X_monae"].shape[1]
    obs = pd.concat([_obs(result, *each, shared) for each in zip(cells, latent, strict=True)], join="outer", sort=False)
    obs["modality"] = pd.Categorical(obs["modality"], categories=result.modalities)
    everything = np.concatenate(list(latent))
    table = table_of(obs, {"X_monae": everything[:, :shared], "X_private": everything[:, shared:]})
    table.uns["notes"] = [note for each in cells for note in each.notes]
    return table


def _obs(result: Result, cells: NewCells, latent: np.ndarray, shared: int) -> pd.DataFrame:
    batches = pd.Index([str(name) for name in result.features.uns["batches"]])
    ours = pd.DataFrame({"library_size": cells.library_size})
    ours.insert(0, "modality", cells.modality)
    if len(batches) > 1:
        ours[BATCH] = pd.Categorical.from_codes(cells.batch, categories=batches)
    for target in result.modalities:
        ours[f"normaliser_{target}"] = _normaliser(result, cells.modality, target, latent, shared)
    theirs = cells.obs.rename(columns={name: f"input_{name}" for name in ours if name in cells.obs})
    ours.index = theirs.index = pd.Index([f"{cells.modality}:{name}" for name in cells.obs.index])
    return pd.concat([ours, theirs], axis="columns")


def _normaliser(result: Result, source: str, target: str, latent: np.ndarray, shared: int) -> np.ndarray:
    """Normaliser of the cells towards one modality at the reference batch, (N,); NaN where it is continuous."""
    saved = result.cells.obs[f"normaliser_{target}"].to_numpy(np.float32)
    if np.isnan(saved).all():
        return np.full(len(latent), np.nan, np.float32)
    features, rows = result.features, target_rows(result, target)
    column = [str(name) for name in features.uns["batches"]].index(str(features.uns["reference_batch"]))
    scale, bias, vectors = (features.obsm[each][rows] for each in ("scale", "bias", "X_monae"))
    if source == target:
        vectors = np.hstack([vectors, features.obsm["X_private"][rows]])
    else:
        found = Landmarks.of(result, target, rows)
        latent, vectors = across(latent[:, :shared], vectors, scale[:, column], found)
    return normaliser(latent, vectors, scale[:, column], bias[:, column])
