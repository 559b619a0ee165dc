"""The two tables of a run: a row per cell, a row per feature.

N cells, V features, D_s shared and D_p private axes, b batches.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import anndata as ad
import numpy as np
import pandas as pd

from monae_app.engine.analysis.imputation import BATCH
from monae_app.engine.data.understanding.feature_names import GENE_ID

if TYPE_CHECKING:
    from monae_app.engine.data.dataset import Dataset

HELD_OUT, HAS_COUNTERPART, LOCAL_MIXING = "held_out", "has_counterpart", "local_mixing"
OURS = ("modality", "library_size", "leiden", HELD_OUT, HAS_COUNTERPART, LOCAL_MIXING, BATCH)
OUR_PREFIX = "normaliser_"
PAIR = "pair_id"
NO_PAIR = "-1"
FEATURE_ID = GENE_ID


def cell_table(dataset: Dataset) -> pd.DataFrame:
    """Obs of all cells: modality, the columns of the inputs, pair id, library size; cells in input order.

    Columns of one name merge. A column of an input that has the name of one of ours is kept as ``input_<name>``.
    """
    parts = []
    for name, modality in dataset.modalities.items():
        obs = modality.obs.set_axis(_column_names(modality.obs.columns), axis="columns")
        obs.index = pd.Index([f"{name}:{cell}" for cell in modality.obs.index])
        parts.append(obs.assign(modality=name, library_size=modality.library_size))
    merged = pd.concat(parts, join="outer", sort=False)
    merged[PAIR] = _pair_ids(dataset, merged)
    first = ["modality", PAIR, "library_size"]
    merged = merged[first + [column for column in merged.columns if column not in first]]
    for column in merged.columns:
        merged[column] = _storable(merged[column])
    merged["modality"] = pd.Categorical(merged["modality"], categories=list(dataset.modalities))
    return merged


def _column_names(columns: pd.Index) -> list[str]:
    """Names under which columns can stand in .h5ad beside ours, each once; one that can keep its name does."""
    wanted = [stored_name(column) for column in columns]
    kept = [name for name, column in zip(wanted, columns, strict=True) if name == column]
    taken, names = set(kept), []
    for name, column in zip(wanted, columns, strict=True):
        while name != column and name in taken:
            name += "_"
        taken.add(name)
        names.append(name)
    return names


def stored_name(column: object) -> str:
    """Name under which a column of an input stands among the cells of a run."""
    name = str(column).replace("/", "_")
    return f"input_{name}" if name in OURS or name.startswith((OUR_PREFIX, "_index")) else name


def _pair_ids(dataset: Dataset, merged: pd.DataFrame) -> np.ndarray:
    """Take the input's own pair ids, else the names that coincide: a record for evaluation, never read by training."""
    if PAIR in merged:
        return merged[PAIR].astype(object).where(merged[PAIR].notna(), NO_PAIR).map(_as_id).to_numpy()
    names = np.concatenate([keys.to_numpy(str) for keys in dataset.cell_keys.values()])
    seen_twice = pd.Series(names).duplicated(keep=False).to_numpy()
    return np.where(seen_twice, names.astype(object), NO_PAIR)


def _as_id(value: object) -> str:
    # ids that are numbers become floats where a modality lacks the column
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def _storable(column: pd.Series) -> pd.Series:
    """Bring a column to a kind that .h5ad keeps: numbers, booleans or categories."""
    if pd.api.types.is_float_dtype(column.dtype):
        # pandas' nullable floats hold their gaps apart from the numbers
        plain = np.dtype(str(column.dtype).lower())
        return pd.Series(column.to_numpy(plain, na_value=np.nan), column.index)
    if pd.api.types.is_bool_dtype(column.dtype) or pd.api.types.is_numeric_dtype(column.dtype):
        return column
    texts = column.astype(object)
    return texts.where(texts.isna(), texts.astype(str)).astype("category")


def feature_table(dataset: Dataset, located: dict[str, pd.DataFrame], modelled: dict[str, np.ndarray]) -> pd.DataFrame:
    """Obs of all features: modality, plain name, coordinates, and whether they were modelled jointly; (V, columns).

    The input's Ensembl ids stand in ``gene_id``, empty for features without one, if any feature has one.
    """
    parts = []
    for name, modality in dataset.modalities.items():
        place = located[name]
        is_modelled = np.zeros(modality.n_features, bool)
        is_modelled[modelled[name]] = True
        parts.append(
            pd.DataFrame(
                {
                    "modality": name,
                    "name": modality.var.index.to_numpy(str),
                    "chrom": place["chrom"].astype(object).fillna("").to_numpy(str),
                    "chromStart": place["start"].astype(float).fillna(-1).to_numpy(np.int64),
                    "chromEnd": place["end"].astype(float).fillna(-1).to_numpy(np.int64),
                    "modelled": is_modelled,
                    FEATURE_ID: _ids_of(modality.var),
                },
                index=[f"{name}:{feature}" for feature in modality.var.index],
            )
        )
    table = pd.concat(parts)
    table["modality"] = pd.Categorical(table["modality"], categories=list(dataset.modalities))
    table["chrom"] = table["chrom"].astype("category")
    return table if table[FEATURE_ID].any() else table.drop(columns=FEATURE_ID)


def _ids_of(var: pd.DataFrame) -> np.ndarray:
    if FEATURE_ID not in var:
        return np.full(len(var), "", object)
    ids = var[FEATURE_ID].astype(object)
    return ids.where(ids.notna(), "").astype(str).to_numpy(object)


def table_of(obs: pd.DataFrame, obsm: dict[str, np.ndarray]) -> ad.AnnData:
    """Join a table and its arrays, rows alike; there is no X."""
    return ad.AnnData(obs=obs, obsm={name: np.asarray(values, np.float32) for name, values in obsm.items()})
