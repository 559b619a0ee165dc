"""How well the targets that a run ranks agree with known ones. T factors, G genes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from monae_app.engine.analysis.target_evaluation import evaluate_targets
from monae_app.engine.telling import SILENT, Telling

if TYPE_CHECKING:
    from monae_app.engine.analysis.regulation.evidence import Regulation
    from monae_app.engine.analysis.target_evaluation import TargetEvaluation


def agreement(regulation: Regulation, known: pd.DataFrame, tell: Telling = SILENT) -> TargetEvaluation:
    """Rank the targets of every factor that has known ones, and compare.

    Parameters
    ----------
    regulation
        Of a run.
    known
        Columns tf and target, named as in the run.
    tell
        Told the progress.

    Raises
    ------
    InputError
        If no factor of the run has a known target among its genes.
    """
    genes = [str(gene) for gene in regulation.genes]
    factors = sorted(set(known["tf"]) & set(genes))
    scores = pd.DataFrame(np.nan, index=factors, columns=genes)
    for done, tf in enumerate(factors, start=1):
        tell.part(done, len(factors))
        scores.loc[tf] = regulation.ranked(tf)
    return evaluate_targets(scores, known, seed=regulation.seed)
