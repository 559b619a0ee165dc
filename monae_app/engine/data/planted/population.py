"""The cells of a planted data set: their types, a lineage among these, their hidden axes and their batch.

A hidden axes, T types, N cells. Types come in families of two. Types 0 to 3 form a lineage: 0 is its root, 1 its fork,
2 and 3 its tips. The other types are clouds.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from monae_app.engine.data.planted.regimes import Regime

AXES = 12
FAMILY_SPREAD, RELATIVES_APART, CELL_SPREAD = 0.8, 2.4, 0.38
ROOT, FORK, TIPS = 0, 1, (2, 3)
ABSENT_FROM = {"atac": 4, "rna": 5}
RARE, RARE_SHARE = 6, 0.01
FEWEST_TYPES = 7
SMALLEST_SHARE = 0.03
STEM_END = 0.6


@dataclass(frozen=True)
class Cells:
    """Cells as drawn, before anything is measured.

    Parameters
    ----------
    kind, batch
        (N,), int.
    latent
        (N, A).
    pseudotime
        Place between root (0) and tip (1), NaN outside the lineage, (N,).
    branch
        "stem", "a" or "b"; "" outside the lineage, (N,).
    """

    kind: np.ndarray
    latent: np.ndarray
    pseudotime: np.ndarray
    branch: np.ndarray
    batch: np.ndarray


def draw_centres(n_types: int, rng: np.random.Generator) -> np.ndarray:
    """Place the types, (T, A); types 2i and 2i + 1 are relatives, at the same distance in every family."""
    families = rng.normal(0, FAMILY_SPREAD, ((n_types + 1) // 2, AXES))
    apart = rng.normal(0, 1, families.shape)
    apart *= RELATIVES_APART / np.linalg.norm(apart, axis=1, keepdims=True)
    return np.stack([families - apart / 2, families + apart / 2], axis=1).reshape(-1, AXES)[:n_types]


def draw_composition(n_types: int, regime: Regime, rng: np.random.Generator) -> dict[str, np.ndarray]:
    """Share of each type in each modality, (T,) each.

    Raises
    ------
    ValueError
        If there are too few types for the roles that they play.
    """
    if n_types < FEWEST_TYPES:
        msg = f"{n_types} types; at least {FEWEST_TYPES} are needed"
        raise ValueError(msg)
    shares = np.maximum(rng.dirichlet(np.full(n_types, 4.0)), SMALLEST_SHARE)
    shares /= shares.sum()
    found = {}
    for modality in ("rna", "atac", "protein", "methylation"):
        mine = shares.copy() if regime.paired or modality == "rna" else rng.permutation(shares)
        if not regime.paired:
            mine[RARE] = 0
            if modality in ABSENT_FROM:
                mine[ABSENT_FROM[modality]] = 0
            mine *= (1 - RARE_SHARE) / mine.sum()
            mine[RARE] = RARE_SHARE
        found[modality] = mine
    return found


def draw_cells(
    n_cells: int, shares: np.ndarray, centres: np.ndarray, confounding: float, rng: np.random.Generator
) -> Cells:
    """Draw cells of a composition."""
    kind = rng.choice(len(shares), n_cells, p=shares)
    place = centres[kind]
    pseudotime, branch = np.full(n_cells, np.nan, np.float32), np.full(n_cells, "", dtype="<U4")

    members = np.flatnonzero(kind <= max(TIPS))
    # half of the cells of the root and of the tips rest at the very end
    middle = np.array([0.0, 0.5, 1.0, 1.0])[kind[members]]
    time = np.clip(middle + rng.uniform(-0.25, 0.25, len(members)), 0, 1)
    is_tip = np.isin(kind[members], TIPS)
    tip = np.where(is_tip, kind[members], rng.choice(TIPS, len(members)))
    before = np.clip(2 * time, 0, 1)[:, None]
    after = np.clip(2 * time - 1, 0, 1)[:, None]
    place[members] = centres[ROOT] + before * (centres[FORK] - centres[ROOT]) + after * (centres[tip] - centres[FORK])
    pseudotime[members] = time
    branch[members] = np.where(time <= STEM_END, "stem", np.where(tip == TIPS[0], "a", "b"))

    second = rng.random(n_cells) < 0.5 + confounding * np.where(kind % 2, 0.5, -0.5)
    return Cells(kind, place + rng.normal(0, CELL_SPREAD, place.shape), pseudotime, branch, second.astype(int))
