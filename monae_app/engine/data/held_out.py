"""Cells that training never sees, so that what is said about them is a fair test.

They are taken out before anything is fitted: neither projection, anchors nor network knows them, only the choice of the
features to model does. Every modality draws its own, or the pairing of cells that stand in one row of two files would
leak.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np

from monae_app.engine.data.dataset import Dataset
from monae_app.engine.data.on_disk import take

if TYPE_CHECKING:
    import scipy.sparse as sp

    from monae_app.engine.data.covered import CoveredMatrix
    from monae_app.engine.data.dataset import Modality

FEWEST, MOST = 50, 1000
# too few cells tell nothing about a feature; where FEWEST are more than this share, none are held out
LARGEST_SHARE = 0.05
STREAM = 0x48454C44


@dataclass(frozen=True)
class Split:
    """A dataset, the part of it that is trained on, and the rows left out.

    Parameters
    ----------
    whole, training
        The latter holds the rows of the former that are not held out, in their order.
    held_out
        Rows of ``whole`` by modality, increasing; empty where none are held out.
    """

    whole: Dataset
    training: Dataset
    held_out: dict[str, np.ndarray]

    def unseen(
        self, name: str, columns: np.ndarray | slice = slice(None)
    ) -> tuple[sp.csr_matrix | CoveredMatrix, np.ndarray]:
        """Values (n, columns) and batches (n,) of the cells of a modality that are held out."""
        rows = self.held_out[name]
        return self.whole.modalities[name].values[rows][:, columns], self.whole.batch_codes[name][rows]

    def join(self, name: str, trained: np.ndarray, others: np.ndarray) -> np.ndarray:
        """Put rows of the training cells and rows of the cells held out back into the order of the whole."""
        rows = self.held_out[name]
        if not len(rows):
            return trained
        joined = np.empty((len(trained) + len(rows), *trained.shape[1:]), trained.dtype)
        joined[rows] = others
        joined[_others(rows, len(joined))] = trained
        return joined


def split(dataset: Dataset, share: float, seed: int) -> Split:
    """Draw the cells to hold out of training.

    Of every modality ``share`` of the cells, at least 50 and at most 1,000; none where 50 would be more than a
    twentieth and more than was asked for. Every batch keeps a cell, and every two modalities with known pairs keep one.

    Parameters
    ----------
    dataset
        As read.
    share
        Of each modality's cells, 0 for none.
    seed
        Of the draw.
    """
    kept = _kept_in_any_case(dataset, seed)
    held_out = {
        name: _draw(modality, kept[name], share, np.random.default_rng([seed, position, STREAM]))
        for position, (name, modality) in enumerate(dataset.modalities.items())
    }
    if not any(map(len, held_out.values())):
        return Split(dataset, dataset, held_out)
    training = {name: _without(modality, held_out[name]) for name, modality in dataset.modalities.items()}
    # the largest batch of what is left may be another
    reference = dataset.batch_names[dataset.reference] if dataset.batch_columns else ""
    left = Dataset(training, dataset.batch_columns, dataset.use_pairs, dataset.notes, reference_batch=reference)
    return Split(dataset, left, held_out)


def _kept_in_any_case(dataset: Dataset, seed: int) -> dict[str, np.ndarray]:
    """Rows without which a batch or all pairs would be gone."""
    rng = np.random.default_rng([seed, len(dataset.modalities), STREAM])
    kept = {}
    for name, codes in dataset.batch_codes.items():
        order = rng.permutation(len(codes))
        kept[name] = order[np.unique(codes[order], return_index=True)[1]]
    for names in combinations(kept, 2) if dataset.use_pairs else ():
        pairs = dataset.known_pairs(*names)
        for name, row in zip(names, rng.choice(pairs), strict=True) if len(pairs) else ():
            kept[name] = np.r_[kept[name], row]
    return kept


def _draw(modality: Modality, kept: np.ndarray, share: float, rng: np.random.Generator) -> np.ndarray:
    candidates = _others(kept, modality.n_cells)
    size = min(max(round(share * modality.n_cells), FEWEST), MOST)
    if not share or size > max(share, LARGEST_SHARE) * modality.n_cells or size > len(candidates):
        return np.empty(0, np.int64)
    return np.sort(rng.choice(candidates, size, replace=False))


def _without(modality: Modality, rows: np.ndarray) -> Modality:
    if not len(rows):
        return modality
    left = _others(rows, modality.n_cells)
    return replace(modality, values=take(modality.values, left), obs=modality.obs.iloc[left])


def _others(rows: np.ndarray, n_rows: int) -> np.ndarray:
    stays = np.ones(n_rows, bool)
    stays[rows] = False
    return np.flatnonzero(stays)
