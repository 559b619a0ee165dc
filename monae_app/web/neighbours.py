"""From selected cells of one modality to their nearest in the others, as a selection. N cells."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from monae_app.engine.analysis import nearest_across
from monae_app.web.modalities import modality_title

if TYPE_CHECKING:
    from monae_app.web.explore import RunView

FEWEST, MOST, USUAL = 1, 100, 15
SEED = 0


def neighbours(view: RunView, chosen: np.ndarray, k: int = USUAL) -> tuple[np.ndarray, str]:
    """Find the cells of every other modality that are among the k nearest of a chosen cell, in X_monae.

    Parameters
    ----------
    view
        The run.
    chosen
        (N,) booleans.
    k
        Neighbours of each chosen cell in each other modality.

    Returns
    -------
    (N,) booleans, and what was found in words; they say so where not all was compared with all.
    """
    space, found, told = view.run.array("X_monae"), np.zeros(len(chosen), np.bool_), []
    for source, rows in view.spans.items():
        asked = rows.start + np.flatnonzero(chosen[rows.start : rows.stop])
        for target, others in view.spans.items():
            if source == target or not len(asked) or not len(others):
                continue
            references = space[others.start : others.stop]
            near, note = _near(view, target, references, space[asked], k)
            found[others.start : others.stop] |= near
            cells = f"{len(asked):,} {'cell' if len(asked) == 1 else 'cells'} of {modality_title(source)}"
            told.append(f"{cells} have {int(near.sum()):,} neighbours in {modality_title(target)}{note}.")
    return found, " ".join(told) or "There is no other modality."


def _near(view: RunView, target: str, references: np.ndarray, queries: np.ndarray, k: int) -> tuple[np.ndarray, str]:
    if nearest_across.is_exact(len(queries), len(references)):
        return nearest_across.nearest_exactly(references, queries, k), ""
    lists = view.run.kept.get(
        view.run.owner, ("lists", target), lambda: nearest_across.make_lists(references, SEED)
    )  # fmt: skip
    note = ", found in the parts of the space around them"
    if len(queries) > nearest_across.MOST_QUERIES:
        drawn = np.random.default_rng(SEED).choice(len(queries), nearest_across.MOST_QUERIES, replace=False)
        note = f": {nearest_across.MOST_QUERIES:,} of them, drawn at random, were asked{note}"
        queries = queries[np.sort(drawn)]
    return nearest_across.nearest_by_lists(references, queries, k, lists), note
