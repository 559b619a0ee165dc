"""Imputation within a modality by a truncated SVD of rank 20 of log counts per 10,000."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from sklearn.utils.extmath import randomized_svd

from monae_app.jobs.peers.normalised import logged

if TYPE_CHECKING:
    from monae_app.jobs.peers.exchange import Answer, Question

RANK = 20


def svd(question: Question, found: Answer) -> None:
    """Impute within each modality."""
    smooth = {}
    for name, table in question.tables.items():
        left, values, right = randomized_svd(logged(table.X).toarray(), RANK, random_state=question.seed)
        smooth[name] = np.expm1(np.maximum((left * values) @ right, 0))
    found.known("scikit-learn", "numpy")
    for name, values in smooth.items():
        found.imputed(name, name, values)
