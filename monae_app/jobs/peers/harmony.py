"""Harmony (harmonypy) on the PCA of expression and gene activity, the modality as its batch."""

from __future__ import annotations

from typing import TYPE_CHECKING

import harmonypy
import numpy as np
import pandas as pd

from monae_app.jobs.peers.pca import components, divided

if TYPE_CHECKING:
    from monae_app.jobs.peers.exchange import Answer, Question


def harmony(question: Question, found: Answer) -> None:
    """Embed."""
    sizes = [table.n_obs for table in question.tables.values()]
    modality = pd.DataFrame({"modality": np.repeat(question.names, sizes)})
    fitted = harmonypy.run_harmony(
        components(question), modality, ["modality"], random_state=question.seed, ncores=1, verbose=False
    )
    corrected = np.asarray(fitted.Z_corr)
    corrected = corrected if len(corrected) == sum(sizes) else corrected.T
    found.known("harmonypy", "numpy")
    found.embedding(**divided(question, corrected))
