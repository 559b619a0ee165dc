"""Harmony (harmonypy) on the PCA of expression and gene activity, the modality as its batch."""

from __future__ import annotations

import harmonypy
import numpy as np
import pandas as pd
from exchange import Answer, Question, answer
from pca import components


def harmony(question: Question, found: Answer) -> None:
    """Embed."""
    n_rna, n_atac = question.rna.n_obs, question.atac.n_obs
    modality = pd.DataFrame({"modality": np.repeat(["rna", "atac"], [n_rna, n_atac])})
    fitted = harmonypy.run_harmony(
        components(question), modality, ["modality"], random_state=question.seed, ncores=1, verbose=False
    )
    corrected = np.asarray(fitted.Z_corr)
    corrected = corrected if len(corrected) == n_rna + n_atac else corrected.T
    found.known("harmonypy", "numpy")
    found.embedding(corrected[:n_rna], corrected[n_rna:])


if __name__ == "__main__":
    answer(harmony)
