"""Which columns of the cells are worth colouring by, and which of them are groups, told from as little as needed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from monae_app.engine.analysis.numbered import by_number

if TYPE_CHECKING:
    from monae_app.engine.analysis.run_slices import RunSlices

# A column of text with more values than this is an identifier, not a grouping.
MOST_CATEGORIES = 200
# A column of numbers with fewer values than this may be a grouping written in digits.
FEW_NUMBERS = 12
# Columns that a run needs and that say nothing on a map.
NOT_SHOWN = ("pair_id", "monae_batch", "held_out")
LOOKED_AT = 5000


def shown_columns(run: RunSlices) -> dict[str, bool]:
    """Return the columns worth colouring by, labels first, each with whether it holds groups."""
    label, said = run.report.get("label"), run.report.get("dataset", {})
    known = [label, *said.get("labels", []), "modality", "leiden", *said.get("batches", [])]
    rest = [name for name in run.columns if not name.startswith("normaliser_") and name not in NOT_SHOWN]
    ordered = dict.fromkeys(str(name) for name in [*known, *rest] if name is not None and name in run.columns)
    told = {name: _is_grouping(run, name) for name in ordered}
    return {name: grouping for name, grouping in told.items() if grouping is not None}


def as_groups(column: pd.Series[Any]) -> pd.Series[Any]:
    """Return a column as categories: those it has, or its values, numbers in their order."""
    if isinstance(column.dtype, pd.CategoricalDtype) and pd.api.types.is_string_dtype(column.cat.categories):
        return column.cat.remove_unused_categories()
    text = column.astype("string").astype(object)
    return pd.Series(pd.Categorical(text, categories=sorted(text.dropna().unique(), key=by_number)))


def _is_grouping(run: RunSlices, name: str) -> bool | None:
    """Whether a column holds groups; None if it holds neither groups nor numbers."""
    codes = run.text_codes(name)
    if codes is not None:
        used = int(np.count_nonzero(np.bincount(codes[codes >= 0])))
        return True if 0 < used <= MOST_CATEGORIES else None
    first, whole = run.first_values(name, LOOKED_AT)
    if pd.api.types.is_bool_dtype(first):
        return True
    if pd.api.types.is_float_dtype(first):
        return False
    most = FEW_NUMBERS if pd.api.types.is_numeric_dtype(first) else MOST_CATEGORIES
    # what has too many values at its beginning need not be read to its end
    many = first.nunique() > most or (not whole and run.column(name).nunique() > most)
    if pd.api.types.is_numeric_dtype(first):
        return not many
    return None if many or not first.notna().any() else True
