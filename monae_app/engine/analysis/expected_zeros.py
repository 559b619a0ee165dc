"""How likely a zero is at a cell's depth, under the likelihood that the run was trained with. n cells, F features."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from monae_app.engine.result import FEATURES

if TYPE_CHECKING:
    from monae_app.engine.analysis.run_slices import RunSlices

# as the model bounds them, see monae_app.engine.model.likelihoods.negative_binomial
LOWEST, HIGHEST = float(np.exp(-15.0)), float(np.exp(8.0))
EDGES = {"certain": (0.95, 1.01), "likely": (0.5, 0.95), "open": (0.05, 0.5), "surprising": (-0.01, 0.05)}


def chance_of_zero(mean: np.ndarray, dispersion: np.ndarray | None) -> np.ndarray:
    """P(X = 0) of a count around a mean, of the shape of ``mean``.

    (1 + m / t)^-t for the negative binomial (Lopez et al. 2018, Nat Methods 15:1053), exp(-m) for the Poisson and for
    whether there is any count at all.

    Parameters
    ----------
    mean
        Expected counts at the depth of the cell, (n, F).
    dispersion
        Inverse dispersion t, (F,); None for Poisson.
    """
    if dispersion is None:
        return np.asarray(np.exp(-mean))
    return np.asarray(np.exp(-dispersion * np.log1p(mean / dispersion)))


def inverse_dispersion(run: RunSlices, modality: str, rows: np.ndarray) -> np.ndarray | None:
    """Read the inverse dispersion of features at the reference batch, (F,); None where counts are Poisson."""
    if run.likelihood(modality) not in ("nb", "zinb"):
        return None
    with run.open(FEATURES) as file:
        if "dispersion" not in file["obsm"]:
            return None
    found = run.feature_rows("dispersion", rows)[:, run.reference_batch].astype(np.float64)
    return np.asarray(np.clip(found, LOWEST, HIGHEST))


def by_chance(counts: np.ndarray, chance: np.ndarray) -> dict[str, int]:
    """Count the cells: ``counted`` above zero, and zeros by how likely they were.

    Parameters
    ----------
    counts, chance
        Of one feature in some cells, (n,) each.
    """
    zero = counts == 0
    found = {"cells": len(counts), "counted": int((~zero).sum())}
    for name, (low, high) in EDGES.items():
        found[name] = int((zero & (chance >= low) & (chance < high)).sum())
    return found
