"""Tables of cells and features (obs, var) as AnnData files of every generation hold them.

Since anndata 0.8 a table is a group whose columns say how they are encoded; 0.7 keeps the levels of categories apart;
0.5 and 0.6 write one array of records, with the levels of categories in ``uns``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from anndata.io import read_elem

from monae_app.engine.data.readers.guard import READING_ERRORS, reason_of
from monae_app.engine.data.readers.names import as_text
from monae_app.engine.data.readers.stored_names import stored_names
from monae_app.engine.data.readers.tree import attribute, child, is_array, is_group

if TYPE_CHECKING:
    from monae_app.engine.data.readers.tree import Node

INDEX_NAMES = ("_index", "index", "cell_names", "feature_names")
# where a table from R does not say which of its columns holds the names
LIKELY_NAMES = {
    "obs": ("obs_names", "barcode", "barcodes", "cell_id", "cell_ids", "cellid", "cell", "cells", "rownames"),
    "var": ("var_names", "features", "feature", "gene_id", "gene_ids", "genes", "gene", "gene_name", "rownames"),
}
LEVELS_APART = "__categories"


def read_frame(node: Node, uns: Node | None, called: str, notes: list[str]) -> pd.DataFrame:
    """Read a table; a column that cannot be read is left out, which ``notes`` then says.

    Parameters
    ----------
    node
        The group or array of records.
    uns
        Where files of anndata < 0.7 keep the levels of categories.
    called
        ``obs`` or ``var``.

    Returns
    -------
    pandas.DataFrame
        Its index are strings.

    Raises
    ------
    ValueError
        If it is no table or its names cannot be read.
    """
    if node is None:
        raise ValueError(f"{called} is missing")
    if is_array(node):
        return _records(node, uns, called)
    index_name = _index_name(node, called)
    names = _column(node, index_name)
    # names that were stored as text are text by now
    stored = is_array(node[index_name]) and node[index_name].dtype.kind in "OS"
    index = pd.Index(names if stored else as_text(np.asarray(names, dtype=object)), dtype=object)
    columns, odd = {}, []
    for name in _column_names(node, index_name):
        try:
            column = _column(node, name)
            if len(column) != len(index):
                raise ValueError(f"{len(column)} values for {len(index)} rows")
        except READING_ERRORS as error:
            odd.append(f"{name!r} ({reason_of(error)})")
            continue
        columns[name] = column.to_numpy() if isinstance(column, pd.Series) else column
    if odd:
        notes.append(f"Columns of {called} that could not be read were left out: {', '.join(odd[:5])}.")
    return pd.DataFrame(columns, index=index)


def _index_name(group: Node, called: str) -> str:
    named = attribute(group, "_index")
    for name in (named, *INDEX_NAMES):
        if isinstance(name, str) and name in group:
            return name
    by_folded = {str(name).casefold(): str(name) for name in group}
    for likely in LIKELY_NAMES.get(called.rsplit(".", 1)[-1], ()):
        name = by_folded.get(likely, "")
        if name and is_array(group[name]) and group[name].dtype.kind in "OST" and _each_once(group[name]):
            return name
    raise ValueError(f"{called} has no column of names")


def _each_once(node: Node) -> bool:
    names = as_text(np.atleast_1d(np.asarray(node[...])))
    return len(set(names)) == len(names)


def _column_names(group: Node, index_name: str) -> list[str]:
    order = attribute(group, "column-order")
    names = list(as_text(np.atleast_1d(order))) if order is not None and np.size(order) else []
    names = [name for name in names if name in group] if names else [name for name in group if order is None]
    return [name for name in dict.fromkeys(names) if name not in (index_name, LEVELS_APART)]


def _column(group: Node, name: str) -> Any:
    node = group[name]
    apart = child(group, LEVELS_APART)
    if is_array(node) and apart is not None and name in apart:
        levels = np.asarray(read_elem(apart[name]))
        return pd.Categorical.from_codes(
            np.asarray(node[...]).astype(np.int64),
            _levels(levels),
            ordered=bool(attribute(apart[name], "ordered")),
        )
    if is_group(node) and attribute(node, "encoding-type") is None and "values" in node and "levels" in node:
        # a factor as R's SeuratDisk leaves it, counted from 1
        codes = np.asarray(node["values"][...]).astype(np.int64) - 1
        return pd.Categorical.from_codes(codes, _levels(np.asarray(node["levels"][...])))
    texts = stored_names(node)
    if texts is not None:
        return as_text(np.array(texts, dtype=object))
    values = read_elem(node)
    if getattr(values, "ndim", 0) != 1:
        raise ValueError("it is no column")
    if isinstance(values, np.ndarray) and values.dtype.kind in "OS":
        return as_text(values)
    return values


def _levels(values: np.ndarray) -> Any:
    flat = np.atleast_1d(values)
    return as_text(flat) if flat.dtype.kind in "OSU" else flat


def _records(node: Node, uns: Node | None, called: str) -> pd.DataFrame:
    if node.dtype.names is None or len(node.shape) != 1:
        raise ValueError(f"{called} is no table")
    records = node[...]
    names = list(node.dtype.names)
    index_name = next((name for name in INDEX_NAMES if name in names), names[0])
    columns = {
        name: _decoded(records[name], name, uns)
        for name in names
        if name != index_name and records[name].ndim == 1 and records[name].dtype.kind in "biufSUO"
    }
    return pd.DataFrame(columns, index=pd.Index(as_text(records[index_name]), dtype=object))


def _decoded(values: np.ndarray, name: str, uns: Node | None) -> Any:
    if values.dtype.kind in "SUO":
        return as_text(values)
    levels = child(uns, f"{name}_categories") if is_group(uns) and values.dtype.kind == "i" else None
    if levels is None or not is_array(levels):
        return values
    found = _levels(np.asarray(levels[...]))
    # a leftover of another column of that name must not spoil this one
    fits = values.size == 0 or (values.max() < len(found) and values.min() >= -1)
    return pd.Categorical.from_codes(values, found) if fits and len(set(found)) == len(found) else values
