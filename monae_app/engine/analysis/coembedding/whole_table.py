"""All features of a run beside one group of its cells, as a table. G groups, F features of a modality."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from monae_app.engine.analysis.coembedding.measured_levels import levels_of, log_levels
from monae_app.engine.analysis.differential.comparison import VALUES_AT_ONCE
from monae_app.engine.analysis.differential.measured_run import measured_of
from monae_app.engine.analysis.feature_search import FeatureSearch
from monae_app.engine.errors import InputError
from monae_app.engine.telling import SILENT, Telling

if TYPE_CHECKING:
    from collections.abc import Sequence

    from monae_app.engine.analysis.coembedding.of_run import Coembedding
    from monae_app.engine.analysis.run_slices import RunSlices

MEASURED = ("mean", "mean_rest", "change", "share")


def features_of_group(
    run: RunSlices, found: Coembedding, group: int, modalities: Sequence[str], tell: Telling = SILENT
) -> tuple[pd.DataFrame, list[str]]:
    """Rank all features by how near they lie to a group.

    Parameters
    ----------
    group
        Number of the group.
    modalities
        Of the features; ranks are within each.

    Returns
    -------
    table, notes
        ``rank``, ``modality``, ``feature``, ``score``, ``nearest_group``; ``specificity`` (Gini), ``largest_part`` and
        ``entropy``; and as measured ``mean``, ``mean_rest``, ``change`` (log2 fold change of counts, else difference)
        and ``share``, NaN where nothing was measured. Notes say why.
    """
    parts, notes = [], []
    for modality in modalities:
        scores, specific = found.scores[modality], found.specificity[modality]
        levels, note = _levels(run, found, group, modality, tell)
        notes += [note] * bool(note)
        table = pd.DataFrame(
            {
                "modality": modality,
                "feature": FeatureSearch(run).all_names(modality),
                "score": scores[group],
                "nearest_group": np.array(found.groups.names, object)[scores.argmax(axis=0)],
                "specificity": specific.gini,
                "largest_part": specific.top,
                "entropy": specific.entropy,
                **dict(zip(MEASURED, levels, strict=True)),
            }
        ).sort_values("score", ascending=False, kind="stable")
        table.insert(0, "rank", np.arange(1, len(table) + 1))
        parts.append(table)
    return pd.concat(parts, ignore_index=True), notes


def _levels(run: RunSlices, found: Coembedding, group: int, modality: str, tell: Telling) -> tuple[np.ndarray, str]:
    """Levels of all features of a modality in a group, (4, F) as MEASURED names them, or why there are none."""
    n_features = found.scores[modality].shape[1]
    nothing = np.full((len(MEASURED), n_features), np.nan)
    if modality not in run.spans or not len(run.spans[modality]):
        return nothing, ""
    try:
        measured = measured_of(run, modality)
    except InputError as error:
        return nothing, f"{modality}: what was measured could not be read: {error.found}"
    span = run.spans[modality]
    codes = found.groups.codes[span.start : span.stop]
    step = max(1, VALUES_AT_ONCE // len(span))
    for start in range(0, n_features, step):
        tell.part(start, n_features)
        numbers = np.arange(start, min(start + step, n_features))
        values = measured.read(numbers)
        if measured.library is not None:
            values = log_levels(values, measured.library)
        levels = levels_of(values, codes, len(found.groups.names), counts=measured.library is not None)
        nothing[:, numbers] = [each[group] for each in (levels.means, levels.rest, levels.changes, levels.shares)]
    return nothing, ""
