"""Which batch cells that come after training are of, among those of a run.

N new cells, b batches of the run, C covariates.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from monae_app.engine.data.batch_covariates import BETWEEN_LEVELS
from monae_app.engine.data.samples import SAMPLE

if TYPE_CHECKING:
    from monae_app.engine.result import Result


@dataclass(frozen=True)
class NewBatches:
    """The batch of every new cell.

    Parameters
    ----------
    batch
        Position of the batch that decodes a cell as its own, (N,) int64.
    levels
        Position of the value of every covariate, (N, C) int64; None where the run has one covariate at most.
    note
        What was decided, in words.
    """

    batch: np.ndarray
    levels: np.ndarray | None
    note: str


def find_batches(obs: pd.DataFrame, result: Result) -> NewBatches:
    """Find the batches of new cells.

    Parameters
    ----------
    obs
        Of the cells, (N, columns).
    result
        The run. Cells of a batch that it does not know count as of its reference batch. Where it has several covariates
        and knows the value of each, a cell is embedded by these, whether they came together in the run or not.
    """
    known = pd.Index([str(name) for name in result.features.uns["batches"]])
    reference = str(result.features.uns["reference_batch"])
    if len(known) == 1:
        return NewBatches(np.zeros(len(obs), np.int64), None, "")
    at_reference = np.full(len(obs), known.get_loc(reference), np.int64)
    parts = result.features.uns.get("batch_parts")
    of_reference = None if parts is None else np.asarray(parts, np.int64)[at_reference]
    # without a column of the user's, it was the samples that were batches
    columns = list(result.config.batch_key) or [SAMPLE]
    lacking = [column for column in columns if column not in obs]
    if lacking:
        note = f"there is no obs column {lacking[0]!r}, so all cells count as of batch {reference!r}."
        return NewBatches(at_reference, _if_several(of_reference), note)
    values = [obs[column].astype(str).to_numpy(object) for column in columns]
    labels = np.array([BETWEEN_LEVELS.join(row) for row in zip(*values, strict=True)], dtype=object)
    codes = known.get_indexer(pd.Index(labels, dtype=object))
    batch = np.where(codes < 0, at_reference, codes).astype(np.int64)
    if of_reference is None or of_reference.shape[1] == 1:
        return NewBatches(batch, None, _on_strangers(labels[codes < 0], reference))
    levels = _levels(values, result)
    strange = np.asarray((levels < 0).any(axis=1))
    notes = (_on_combinations(labels[(codes < 0) & ~strange], reference), _on_strangers(labels[strange], reference))
    return NewBatches(batch, np.where(strange[:, None], of_reference, levels), " ".join(filter(None, notes)))


def _if_several(levels: np.ndarray | None) -> np.ndarray | None:
    return None if levels is None or levels.shape[1] == 1 else levels


def _levels(values: list[np.ndarray], result: Result) -> np.ndarray:
    """Positions of the values among those of the run, -1 where it does not have them, (N, C)."""
    kept = result.features.uns["batch_levels"]
    found = [
        pd.Index([str(level) for level in kept[str(number)]], dtype=object).get_indexer(pd.Index(each, dtype=object))
        for number, each in enumerate(values)
    ]
    return np.column_stack(found).astype(np.int64)


def _on_combinations(labels: np.ndarray, reference: str) -> str:
    if not len(labels):
        return ""
    return (
        f"{len(labels):,} cells are of a combination that the run does not have ({_shown(labels)}), though it knows "
        f"each of its parts: they are embedded by these, and decoded as of batch {reference!r}."
    )


def _on_strangers(labels: np.ndarray, reference: str) -> str:
    if not len(labels):
        return ""
    return (
        f"{len(labels):,} cells are of batches that the run does not know ({_shown(labels)}) and count as of batch "
        f"{reference!r}."
    )


def _shown(labels: np.ndarray) -> str:
    names = np.unique(labels.astype(str))
    return f"{str(names[0])!r}{', ...' if len(names) > 1 else ''}"
