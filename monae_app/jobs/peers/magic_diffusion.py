"""Imputation within a modality by MAGIC (magic-impute), on square roots of counts per 10,000 as its authors advise."""

from __future__ import annotations

from typing import TYPE_CHECKING

import magic
import numpy as np

from monae_app.jobs.peers.normalised import per_10k

if TYPE_CHECKING:
    from monae_app.jobs.peers.exchange import Answer, Question


def diffuse(question: Question, found: Answer) -> None:
    """Impute within each modality."""
    smooth = {}
    for name, table in question.tables.items():
        rooted = per_10k(table.X).sqrt().toarray()
        operator = magic.MAGIC(random_state=question.seed, n_jobs=1, verbose=0)
        smooth[name] = np.maximum(np.asarray(operator.fit_transform(rooted)), 0) ** 2
    found.known("magic-impute", "numpy")
    for name, values in smooth.items():
        found.imputed(name, name, values)
