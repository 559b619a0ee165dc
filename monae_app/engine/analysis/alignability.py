"""Is there anything to align? Two modalities without pairs and labels, asked before any training.

Anchors and canonical axes can be found between any two tables, so that finding some says nothing. Here the features of
the first modality are split in two; cells are aligned in closed form by the links of one half, and then asked whether
the linked features of the other half, which the alignment never saw, vary together. Then the halves change places.
On nonsense links the result keeps to its null, on true ones it stands far outside.

N cells, G features of the first modality that have links, D axes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import scipy.sparse as sp

from monae_app.engine.analysis.consistency import Comparison, Consistency, compared

if TYPE_CHECKING:
    from monae_app.engine.analysis.linked_features import Links, Measured

AXES, OVERSAMPLING, POWER_ITERATIONS = 20, 10, 6
MOST_CELLS = 5000
MOST_FEATURES = 4000
HIGHEST_Z = 10.0


def held_out_consistency(cells: tuple[Measured, Measured], links: Links, *, seed: int, axes: int = AXES) -> Consistency:
    """Consistency of linked features that the closed-form alignment of the cells did not use.

    A held-out link whose second feature is also linked to a feature of the other half is left out.

    Parameters
    ----------
    cells
        What was measured in each modality; at most 5,000 cells of each are used, drawn by the seed.
    links
        Between their features; at most 4,000 features of the first modality are used.
    seed
        Of the samples, the halves, metacells and permutations.
    axes
        Canonical axes, D.
    """
    rng = np.random.default_rng(seed)
    cells = (_some(cells[0], rng), _some(cells[1], rng))
    features = rng.permutation(np.unique(links.first))[:MOST_FEATURES]
    halves = []
    for half in (features[::2], features[1::2]):
        seen = np.isin(links.first, half)
        held_out = ~seen & np.isin(links.first, features) & ~np.isin(links.second, links.second[seen])
        if not seen.any() or not held_out.any():
            continue
        embeddings = closed_form_alignment(cells, links.at(seen), axes=axes, seed=seed)
        halves.append(compared(embeddings, cells, links.at(held_out), seed))
    return _joined(halves)


def _joined(halves: list[Comparison]) -> Consistency:
    """Take two halves as one: the mean of their scores beside the mean of their null scores."""
    # a number of metacells that one half lacks is left out in both
    numbers = sorted(set(halves[0].curve).intersection(*(half.curve for half in halves))) if halves else []
    curve = {number: float(np.mean([half.curve[number] for half in halves])) for number in numbers}
    null = np.mean([half.null_over(numbers) for half in halves], axis=0) if numbers else np.zeros((0, 2))
    return Consistency.from_null(curve, null, sum(half.links for half in halves))


def alignment_verdict(found: Consistency) -> str:
    """Say in one sentence what held-out consistency means."""
    if not found.curve:
        return "There are too few links between the modalities to tell whether they have anything in common."
    if not found.is_significant:
        return (
            "Cells aligned by one half of the linked features do not agree on the other half "
            f"({found.numbers}): nothing shows that these modalities describe the same kinds of cells. An integration "
            "will be made all the same; do not trust it without other evidence."
        )
    return f"Cells aligned by one half of the linked features agree on the other half ({found.numbers})."


def closed_form_alignment(
    cells: tuple[Measured, Measured], links: Links, *, axes: int = AXES, seed: int
) -> tuple[np.ndarray, np.ndarray]:
    """Canonical axes of linked features and the weighted sums of their partners, rows of length 1, (N, D) each.

    Singular vectors of the N x N product of the two standardised tables, by power iteration without that product.
    Source: Stuart et al. 2019, Cell 177:1888 (diagonalised CCA).

    Parameters
    ----------
    cells
        What was measured.
    links
        Between their features, E.
    axes
        D, bounded by cells and features.
    seed
        Of the start of the iteration.
    """
    first, second, near = links.renumbered()
    carry = sp.csr_array((near.sign * near.weight, (near.second, near.first)), shape=(len(second), len(first)))
    own = _standardised(cells[0].normalised(first))  # (N, G)
    partners = _standardised(cells[1].normalised(second) @ carry)  # (N, G)
    width = min(axes + OVERSAMPLING, len(own), len(partners), len(first))
    basis = np.random.default_rng(seed).normal(size=(len(partners), width)).astype(np.float32)
    for _ in range(POWER_ITERATIONS):
        basis = np.linalg.qr(partners @ (own.T @ (own @ (partners.T @ basis))))[0]
    left, _, right = np.linalg.svd(own @ (partners.T @ basis), full_matrices=False)
    return _unit_rows(left[:, :axes]), _unit_rows((basis @ right.T)[:, :axes])


def _some(cells: Measured, rng: np.random.Generator) -> Measured:
    if cells.n_cells <= MOST_CELLS:
        return cells
    return cells.at(np.sort(rng.choice(cells.n_cells, MOST_CELLS, replace=False)))


def _standardised(values: sp.csr_array) -> np.ndarray:
    """Mean 0 and variance 1 per column, clipped so that no single cell makes an axis; zeros where nothing varies."""
    dense = np.asarray(values.toarray(), np.float32)
    dense -= dense.mean(axis=0)
    spread = dense.std(axis=0)
    dense /= np.where(spread > 0, spread, 1)
    return np.clip(dense, -HIGHEST_Z, HIGHEST_Z)


def _unit_rows(rows: np.ndarray) -> np.ndarray:
    length = np.linalg.norm(rows, axis=1, keepdims=True)
    return np.asarray(rows / np.where(length > 0, length, 1))
