"""The batches of a run as its features.h5ad keeps them, and as they are read from there.

N cells, b batches, C covariates.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from monae_app.engine.data.batch_covariates import Batches

NAMES, REFERENCE, COLUMNS, LEVELS, PARTS = (
    "batches", "reference_batch", "batch_columns", "batch_levels", "batch_parts",
)  # fmt: skip


def batches_in_words(batches: Batches, reference: int) -> dict[str, Any]:
    """Say what a run keeps of its batches, in uns of its features.

    Parameters
    ----------
    batches
        Of the dataset.
    reference
        Position of the reference batch.

    Returns
    -------
    dict
        ``batches`` (the columns of ``scale``, ``bias`` and ``dispersion``), ``reference_batch``, and where obs columns
        name the batches ``batch_columns``, ``batch_levels`` (by number of the column, each with its values) and
        ``batch_parts`` (b, C), the position of each batch's value among these.
    """
    found: dict[str, Any] = {NAMES: list(batches.names), REFERENCE: batches.names[reference]}
    if batches.columns:
        # numbers, not names: a column may be called by what .h5ad does not take as a key
        levels = {str(number): list(values) for number, values in enumerate(batches.levels)}
        found |= {COLUMNS: list(batches.columns), LEVELS: levels, PARTS: batches.parts}
    return found
