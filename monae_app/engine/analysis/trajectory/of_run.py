"""The trajectory of a finished run: which groups there are, where to begin, and which cells to follow. N cells."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from monae_app.engine.analysis.everywhere import impute_everywhere
from monae_app.engine.analysis.feature_search import FeatureSearch
from monae_app.engine.analysis.trajectory.following import Start, Trajectory, follow
from monae_app.engine.errors import InputError
from monae_app.engine.telling import SILENT, Telling

if TYPE_CHECKING:
    from monae_app.engine.analysis.run_slices import RunSlices

CLUSTERS = "leiden"
SHARED = "X_monae"
MOST_NAMED = 12
SPACE_FEATURES, SPACE_AXES = 500, 20


@dataclass(frozen=True)
class Grouping:
    """Groups of the cells of a run.

    Parameters
    ----------
    column
        That tells them apart.
    codes
        (N,), negative for none.
    names
        Of the groups.
    """

    column: str
    codes: np.ndarray
    names: list[str]


def grouping(run: RunSlices, column: str | None = None, wanted: str | None = None) -> Grouping:
    """Read the groups of a column.

    Parameters
    ----------
    run
        A finished run.
    column
        Of the cells; None for the first that has a group called ``wanted`` of the run's label and its clusters.
    wanted
        A group that is asked for.

    Raises
    ------
    InputError
        If there is no such column.
    """
    if column is not None and column not in run.columns:
        known = ", ".join(run.columns[:MOST_NAMED])
        raise InputError(f"The run has no column {column!r}.", f"one of: {known}.", "name one of these with --label.")
    label = run.report.get("label")
    offered = [column] if column else [str(label)] * bool(label) + [CLUSTERS]
    found = [_read(run, name) for name in offered if name in run.columns]
    if column is None and wanted is not None and not any(wanted in each.names for each in found):
        # labels that no score was computed with
        found += [_read(run, name) for name in run.columns if run.text_codes(name) is not None]
    fitting = [each for each in found if wanted in each.names] or found
    if not fitting:
        return Grouping("", np.zeros(run.n_cells, np.int64), ["all"])
    return fitting[0]


def _read(run: RunSlices, name: str) -> Grouping:
    values = run.column(name)
    if isinstance(values.dtype, pd.CategoricalDtype):
        names, codes = [str(each) for each in values.cat.categories], values.cat.codes.to_numpy(np.int64)
    else:
        numbers, kinds = pd.factorize(values.astype(object).where(values.notna()), sort=False)
        order = np.argsort(np.array(list(map(str, kinds)), dtype=str), kind="stable")
        names = [str(kinds[place]) for place in order]
        codes = np.append(np.argsort(order), -1)[numbers].astype(np.int64)
    return Grouping(name, codes, names)


def begin_at(groups: Grouping, name: str) -> Start:
    """Begin in a group.

    Raises
    ------
    InputError
        If there is no such group.
    """
    if name not in groups.names:
        shown = ", ".join(groups.names[:MOST_NAMED]) + (", ..." if len(groups.names) > MOST_NAMED else "")
        raise InputError(
            f"{groups.column or 'The run'} has no group {name!r}.",
            f"one of its {len(groups.names)} groups: {shown}.",
            "name one of these, or another column with --label.",
        )
    rows = np.flatnonzero(groups.codes == groups.names.index(name))
    if not len(rows):
        raise InputError(f"No cell is in the group {name!r}.", "a group with cells.", "name another one.")
    return Start(rows, f"the group {name}")


def cell_row(run: RunSlices, name: str) -> Start:
    """Begin at a cell, named with or without its modality.

    Raises
    ------
    InputError
        If there is no such cell.
    """
    modality, _, plain = name.partition(":")
    spans = [run.spans[modality]] if modality in run.spans else []
    for wanted, among in ((plain, spans), (name, list(run.spans.values()))):
        for span in among:
            names = np.array(run.names(slice(span.start, span.stop)), object)
            rows = np.flatnonzero(names == wanted)
            if len(rows):
                return Start(rows[:1] + span.start, f"the cell {name}")
    example = run.names(slice(0, 1))[0]
    raise InputError(
        f"The run has no cell {name!r}.",
        f"the name of a cell as the input has it, such as {example} or {run.modalities[0]}:{example}.",
        "check the name.",
    )


def follow_run(
    run: RunSlices,
    groups: Grouping,
    start: Start,
    *,
    cells: np.ndarray | None = None,
    points: np.ndarray | None = None,
    tell: Telling = SILENT,
) -> Trajectory:
    """Follow the cells of a run on the axes that modalities share.

    Parameters
    ----------
    run, groups, start
        What is followed, from where.
    cells
        (N,) bool, those to follow; None for all.
    points
        Another space, (N, D); None for the shared axes.
    tell
        As in :func:`~monae_app.engine.analysis.trajectory.following.follow`.

    Raises
    ------
    InputError
        If there are too few cells, or the root is none of them.
    """
    space = run.array(SHARED) if points is None else points
    if cells is not None:
        space = np.where(cells[:, None], space, np.nan)
    modality = np.repeat(list(run.spans), [len(span) for span in run.spans.values()])
    return follow(space, modality, (groups.codes, groups.names), start, seed=run.config.seed, tell=tell)


def table_of(run: RunSlices, found: Trajectory) -> pd.DataFrame:
    """Table with a row for each cell: ``cell`` with its modality, ``pseudotime``, ``branch``."""
    names = run.names(slice(0, run.n_cells))
    modality = np.repeat(list(run.spans), [len(span) for span in run.spans.values()])
    return pd.DataFrame(
        {
            "cell": [f"{kind}:{name}" for kind, name in zip(modality, names, strict=True)],
            "pseudotime": found.pseudotime,
            "branch": found.names,
        }
    )


def begin_high(run: RunSlices, marker: str) -> Start:
    """Begin at the cell in which a feature is highest, as the run imputes it.

    Parameters
    ----------
    run
        A finished run.
    marker
        Name of a feature, with or without its modality; without it, the first modality that has such a feature.

    Raises
    ------
    InputError
        If there is no such feature.
    """
    search = FeatureSearch(run)
    modality, _, plain = marker.partition(":")
    offered = [(modality, plain)] * (modality in run.modalities) + [(each, marker) for each in run.modalities]
    for each, name in offered:
        row = search.row(each, name)
        if row is not None:
            levels = impute_everywhere(run, each, np.array([row]), log=True)
            highest = np.argsort(-np.nan_to_num(levels, nan=-np.inf), kind="stable")[:1]
            return Start(highest, f"the cell highest in {name}")
    raise InputError(
        f"The run has no feature {marker!r}.",
        "a gene, a peak or a protein of this run, with or without its modality:.",
        "check the name, or choose another root.",
    )


def imputed_space(run: RunSlices, modality: str) -> np.ndarray:
    """Principal components of the imputed features of a modality in all cells, (N, D).

    They are taken of a sample of features: those whose levels vary most over landmarks say the same as all of them.

    Raises
    ------
    InputError
        If the run has no such modality.
    """
    if modality not in run.modalities:
        raise InputError(
            f"The run has no {modality}.", f"one of: {', '.join(run.modalities)}.", "choose another space."
        )
    search = FeatureSearch(run)
    first, count = search.first_row(modality), len(search.all_names(modality))
    rng = np.random.default_rng(run.config.seed)
    rows = first + np.sort(rng.permutation(count)[:SPACE_FEATURES])
    values = np.stack([impute_everywhere(run, modality, rows[[each]], log=True) for each in range(len(rows))], axis=1)
    values = np.nan_to_num(values - np.nanmean(values, axis=0))
    _, vectors = np.linalg.eigh(values.T @ values)
    found: np.ndarray = values @ vectors[:, ::-1][:, :SPACE_AXES]
    return found
