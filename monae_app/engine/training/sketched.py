"""Correspondence of very many cells, found on a sketch of them and carried over to all.

Looking for neighbours among all pairs of cells grows with the square of their number. Beyond some tens of thousands,
more cells do not change the linear maps of the modalities, nor do more anchors help: training draws from the anchors at
random. So a sketch is drawn, half by chance and half by leverage, which keeps rare cells; anchors join cells of the
sketch, and the maps take every cell to the shared axes.

Source: leverage scores to sketch cells: Hao et al. 2024, Nat Biotechnol 42:293 (Seurat v5); the mixture is ours.

N cells, k components, S cells of a sketch.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from monae_app.engine.data.some_cells import drawn_rows, with_rows
from monae_app.engine.kept_stages import in_shards
from monae_app.engine.model.anchors import nearest, unit_rows
from monae_app.engine.training.correspondence import Anchors, Correspondence

if TYPE_CHECKING:
    from monae_app.engine.data.dataset import Dataset
    from monae_app.engine.data.preprocess import Prepared

# Up to so many cells of each modality all are looked at; the sketch of more has as many.
SKETCH = 25_000
# A cell is its own nearest; one neighbour says what a cell weighs.
NEAREST = 1
WEIGHED_AT_ONCE = 50_000


@dataclass(frozen=True)
class Sketch:
    """Some cells of a dataset, in the place of all.

    Parameters
    ----------
    whole, all_prepared
        What it was drawn from.
    rows
        Of its cells, by modality, (S,) each, increasing.
    dataset, prepared
        These cells alone.
    """

    whole: Dataset
    all_prepared: dict[str, Prepared]
    rows: dict[str, np.ndarray]
    dataset: Dataset
    prepared: dict[str, Prepared]

    def carried_over(self, found: Correspondence | None) -> Correspondence | None:
        """Bring what was found on the sketch to all cells."""
        if found is None or self.dataset is self.whole:
            return found
        anchors = tuple(self._anchors(each) for each in found.anchors)
        start = {name: unit_rows(each(self.all_prepared[name].representation)) for name, each in found.maps.items()}
        balance = {name: self._balance(name, each, found, start) for name, each in found.balance.items()}
        return Correspondence(anchors, found.maps, start, balance)

    def _anchors(self, found: Anchors) -> Anchors:
        """Anchors by rows of the whole, and all known pairs among them, not only those of the sketch."""
        names = (found.first, found.second)
        rows = np.column_stack([self.rows[name][found.rows[:, side]] for side, name in enumerate(names)])
        if self.whole.use_pairs:
            known = self.whole.known_pairs(*names)
            rows = np.unique(np.concatenate([known, rows]), axis=0)
        return replace(found, rows=rows)

    def _balance(
        self, name: str, weight: np.ndarray, found: Correspondence, start: dict[str, np.ndarray]
    ) -> np.ndarray:
        if name not in start:
            return np.ones(self.whole.modalities[name].n_cells, np.float32)

        def weigh(rows: slice) -> np.ndarray:
            return np.asarray(weight[nearest(start[name][rows], found.start[name], NEAREST)[:, 0]])

        of_all = in_shards(f"balance of all cells of {name}", len(start[name]), WEIGHED_AT_ONCE, weigh)
        return np.asarray(of_all / max(float(of_all.mean()), 1e-12), np.float32)


def sketch(dataset: Dataset, prepared: dict[str, Prepared], *, seed: int, most: int = SKETCH) -> Sketch:
    """Draw a sketch; of few cells it holds all.

    Parameters
    ----------
    dataset, prepared
        All cells.
    seed
        Of the draw.
    most
        Cells of each modality.
    """
    if all(each.n_cells <= most for each in dataset.modalities.values()):
        every = {name: np.arange(each.n_cells) for name, each in dataset.modalities.items()}
        return Sketch(dataset, prepared, every, dataset, prepared)
    weight = {name: _weight(each.representation) for name, each in prepared.items()}
    rows = drawn_rows(dataset, most, seed, weight)
    some = with_rows(dataset, rows)
    of_some = {
        name: replace(each, modality=some.modalities[name], representation=each.representation[rows[name]])
        for name, each in prepared.items()
    }
    return Sketch(dataset, prepared, rows, some, of_some)


def _weight(representation: np.ndarray) -> np.ndarray:
    """Weigh cells: one half alike, the other by leverage; columns have variance 1, so it goes by the squared length."""
    length = np.einsum("nk,nk->n", representation, representation, dtype=np.float64)
    return np.asarray(0.5 + 0.5 * length / max(float(length.mean()), 1e-12))
