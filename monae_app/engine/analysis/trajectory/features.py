"""All features of a run along a trajectory: tests on halves of the counts, curves on all of them.

N cells, n of a modality that are followed, F features.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import scipy.sparse as sp

from monae_app.engine.analysis.trajectory.changes import Design, changes
from monae_app.engine.analysis.trajectory.composition import pearson_residuals, steady_sizes
from monae_app.engine.analysis.trajectory.linked_times import linked_times
from monae_app.engine.analysis.trajectory.of_run import SHARED
from monae_app.engine.analysis.trajectory.splitting import place_anew, split_counts
from monae_app.engine.analysis.trajectory.tables import Ways, curves_on_ways, feature_table
from monae_app.engine.analysis.verdict.words import title
from monae_app.engine.data.covered import CoveredMatrix
from monae_app.engine.data.reading import read_dataset
from monae_app.engine.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable

    from monae_app.engine.analysis.fitted import Fitted
    from monae_app.engine.analysis.run_slices import RunSlices
    from monae_app.engine.analysis.trajectory.following import Trajectory
    from monae_app.engine.data.dataset import Modality
    from monae_app.engine.result import Result
    from monae_app.engine.telling import Telling

AT_ONCE = 500
PASSES = 2
# features whose curves are worked out, by how many cells they were seen in
MOST_CURVES = 4000
FEWEST_CELLS = 50
HONEST = "{}: tested on a half of the counts that the pseudotime was not worked out from."
DESCRIPTIVE = "{}: p-values are descriptive, for the pseudotime was worked out from the values that are tested ({})."
CONFOUNDED = (
    "{}: its batches ({}) go with {}, from which they cannot be told: p-values are too small and descriptive, as 7 to "
    "36 % of unchanging genes came below .05 on such data."
)


@dataclass
class Changing:
    """What is found of the features of a run along a trajectory.

    Parameters
    ----------
    tables
        Of each modality, as ``feature_table`` makes them.
    levels
        Of their curves, (T, F, G).
    notes
        What is to be known of the tests.
    links
        Peaks and the genes that they are linked to, in order (:func:`linked_times`), and what is to be known of that.
    """

    tables: dict[str, pd.DataFrame] = field(default_factory=dict)
    levels: list[np.ndarray] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    links: tuple[pd.DataFrame, str] = field(default_factory=lambda: (pd.DataFrame(), ""))


def changing_features(run: RunSlices, found: Trajectory, fitted: Fitted | None, tell: Telling) -> Changing:
    """Test the features of every modality along a trajectory, and fit their curves.

    Parameters
    ----------
    run, found
        A run and its trajectory.
    fitted
        The model of the run, which places cells anew by half of their counts; None where it cannot be opened.
    tell
        Told of each stage.
    """
    told = Changing()
    try:
        dataset = read_dataset(run.config, tell)
    except InputError as error:
        told.notes.append(f"No feature is tested: {error.found}")
        return told
    for name, side in dataset.modalities.items():
        if isinstance(side.values, CoveredMatrix):
            told.notes.append(f"{title(name)}: levels of methylation are not tested along pseudotime.")
            continue
        tell(f"Testing features of {name}")
        span = run.spans[name]
        rows = np.arange(span.start, span.stop)
        followed = np.isfinite(found.pseudotime[rows])
        if followed.sum() < FEWEST_CELLS:
            told.notes.append(
                f"{title(name)}: only {int(followed.sum())} cells are followed, too few to test anything."
            )
            continue
        table, curves, note = _of_modality(run, found, fitted, side, rows, tell)
        told.tables[name] = table
        told.levels.append(curves)
        told.notes += [note, *_confounded(run, name)]
    tell("Putting peaks and genes in order")
    told.links = linked_times(run, found, dataset, told.tables)
    return told


def _confounded(run: RunSlices, name: str) -> list[str]:
    of_run = [each for each in run.report.get("confounding", []) if each["modality"] == name]
    return [CONFOUNDED.format(title(name), each["column"], each["label"]) for each in of_run]


def _of_modality(
    run: RunSlices, found: Trajectory, fitted: Fitted | None, side: Modality, rows: np.ndarray, tell: Telling
) -> tuple[pd.DataFrame, np.ndarray, str]:
    name = side.name
    values = sp.csr_matrix(side.values)
    time, tip = found.pseudotime[rows], found.tip[rows]
    tested, note = (values, time, tip), DESCRIPTIVE.format(title(name), "values that are no counts cannot be split")
    if side.is_count:
        note = DESCRIPTIVE.format(title(name), "the model of the run cannot place cells anew")
        with suppress(InputError):
            if fitted is not None:
                tested, note = halved(run, found, fitted, side, rows), HONEST.format(title(name))
    theta, steady, batch = None, None, _batches(run, rows)
    if side.is_count:
        theta = np.ones(side.n_features) if fitted is None else theta_of(fitted.result_of(), side)
        # of all counts: a half would tell worse what stays
        steady = steady_features(values, time, tip, batch, theta)
    p, between = changing_tests(*tested, batch, theta, steady)
    tell(f"Drawing curves of {name}")
    keep = np.sort(np.argsort(-values.getnnz(axis=0), kind="stable")[:MOST_CURVES])
    keep = keep[~np.isnan(p[keep])]
    known = np.isfinite(time)
    some = values[known]
    sizes = np.asarray(some.sum(axis=1)).ravel() if side.is_count else None
    curves = [
        curves_on_ways(time[known], found.ahead[rows][known], _levels(some[:, keep[first : first + AT_ONCE]], sizes))
        for first in range(0, max(len(keep), 1), AT_ONCE)
    ]
    ways = Ways(curves[0].grid, np.concatenate([each.levels for each in curves], axis=1))
    names = [str(side.var.index[each]) for each in keep]
    return feature_table(names, name, (p[keep], between[keep]), ways, found.ends), ways.levels, note


def halved(
    run: RunSlices, found: Trajectory, fitted: Fitted, side: Modality, rows: np.ndarray
) -> tuple[sp.csr_matrix, np.ndarray, np.ndarray]:
    """Split counts, and tell pseudotime and branch anew by one half; the other half comes first."""
    theta = theta_of(fitted.result_of(), side)
    first, second = split_counts(sp.csr_matrix(side.values), theta, run.config.seed)
    latent = fitted.embed(replace(side, values=first)).obsm[SHARED]
    time, tip = place_anew(run.array(SHARED), found, np.asarray(latent, np.float32), rows)
    # a cell that is not followed stays out
    time[~np.isfinite(found.pseudotime[rows])] = np.nan
    return second, time, tip


def theta_of(result: Result, side: Modality) -> np.ndarray:
    """Return theta of each feature as the run has fitted it, (F,)."""
    if side.likelihood == "poisson":
        return np.full(side.n_features, np.inf)
    mine = (result.features.obs["modality"] == side.name).to_numpy()
    known = np.asarray(result.features.obsm["dispersion"], np.float64)[mine]
    return np.asarray(known.mean(axis=1))


def _batches(run: RunSlices, rows: np.ndarray) -> np.ndarray:
    """Whether a cell is of each batch but the first, (n, b - 1)."""
    keys = [key for key in run.config.batch_key if key in run.columns] or (
        ["sample"] if "sample" in run.columns else []
    )
    columns: list[Any] = []
    for key in keys:
        of_cell = run.column(key).astype(str).to_numpy()[rows]
        columns += [of_cell == each for each in np.unique(of_cell)[1:]]
    return np.array(columns, np.float64).reshape(len(columns), len(rows)).T


def steady_features(
    values: sp.csr_matrix, time: np.ndarray, tip: np.ndarray, batch: np.ndarray, theta: np.ndarray
) -> np.ndarray:
    """Choose the half of the features that changes least, (F,) bool: what the others are measured against.

    Parameters are those of :func:`changing_tests`.
    """
    steady = None
    for _ in range(PASSES):
        p, _ = changing_tests(values, time, tip, batch, theta, steady, branches=False)
        steady = p > np.nanmedian(p)
    return np.asarray(steady)


def changing_tests(
    values: sp.csr_matrix,
    time: np.ndarray,
    tip: np.ndarray,
    batch: np.ndarray,
    theta: np.ndarray | None,
    steady: np.ndarray | None = None,
    *,
    branches: bool = True,
) -> tuple[np.ndarray, np.ndarray]:
    """Test all features of a modality along a pseudotime.

    Parameters
    ----------
    values
        (n, F) as measured.
    time, tip
        (n,) pseudotime, NaN for none, and tip of each cell.
    batch
        (n, b) of each cell.
    theta
        Inverse dispersion of counts, (F,); None for values that are none.
    steady
        Features that tell the size of a cell, (F,) bool; None for all.
    branches
        Whether branches are tested too.

    Returns
    -------
    p of a change along time, and of a difference between branches, (F,) each.
    """
    known = np.flatnonzero(np.isfinite(time))
    some, time, tip, batch = values[known], time[known], tip[known], batch[known]
    if theta is None:
        return _in_parts(
            lambda part: some[:, part].toarray().astype(np.float64),
            some.shape[1],
            Design(time, tip, batch),
            branches=branches,
        )
    depth = np.log(np.maximum(np.asarray(some.sum(axis=1)).ravel(), 1.0))[:, None]
    sizes = steady_sizes(some, time, tip, steady)

    def residuals(part: slice) -> np.ndarray:
        return pearson_residuals(some[:, part].toarray().astype(np.float64), sizes, theta[part])

    return _in_parts(residuals, some.shape[1], Design(time, tip, np.hstack([batch, depth])), branches=branches)


def _in_parts(
    read: Callable[[slice], np.ndarray], count: int, design: Design, *, branches: bool
) -> tuple[np.ndarray, np.ndarray]:
    parts = [
        changes(read(slice(first, first + AT_ONCE)), design, branches=branches) for first in range(0, count, AT_ONCE)
    ]
    along, between = (np.concatenate(each) for each in zip(*parts, strict=True))
    return along, between


def _levels(values: sp.csr_matrix, sizes: np.ndarray | None) -> np.ndarray:
    """Return ln(1 + counts per 10,000) of counts, (n, F), or values that are none as they are."""
    dense = values.toarray().astype(np.float64)
    return np.asarray(dense if sizes is None else np.log1p(dense * (1e4 / np.maximum(sizes, 1.0))[:, None]))
