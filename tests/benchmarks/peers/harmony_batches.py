"""Harmony (harmonypy) on the PCA of expression and gene activity, the modality and the batch as its covariates."""

from __future__ import annotations

import harmonypy
import numpy as np
import pandas as pd
from exchange import Answer, Question, answer
from pca import components


def harmony(question: Question, found: Answer) -> None:
    """Embed."""
    sizes = [question.rna.n_obs, question.atac.n_obs]
    batch = [str(name) for table in (question.rna, question.atac) for name in table.obs["batch"]]
    covariates = pd.DataFrame({"modality": np.repeat(["rna", "atac"], sizes), "batch": batch})
    fitted = harmonypy.run_harmony(
        components(question), covariates, ["modality", "batch"], random_state=question.seed, ncores=1, verbose=False
    )
    corrected = np.asarray(fitted.Z_corr)
    corrected = corrected if len(corrected) == sum(sizes) else corrected.T
    found.known("harmonypy", "numpy")
    found.embedding(corrected[: sizes[0]], corrected[sizes[0] :])


if __name__ == "__main__":
    answer(harmony)
