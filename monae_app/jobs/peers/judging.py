"""What a method's answer is worth on the cells of a run: the scores of the paper, and how imputed values follow.

N cells of two modalities, n pairs, F features that are looked at.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import scipy.sparse as sp
from sklearn.utils.extmath import randomized_svd

from monae_app.engine.analysis.metrics import centred_pearson, noise_ceiling, paired_rows, rounded, score
from monae_app.engine.telling import SILENT, Telling
from monae_app.jobs.peers.normalised import logged

if TYPE_CHECKING:
    from collections.abc import Callable

    from monae_app.engine.analysis.run_slices import RunSlices
    from monae_app.jobs.peers.of_run import RunQuestion

WIDTH = 30
MOST_FEATURES, MOST_PAIRS = 300, 5_000
LEAST_PAIRS = 50
PER_10K = 1e4
# imputed values of a direction: rows are cells of the source, columns all features of the target
Imputed = np.ndarray


@dataclass(frozen=True)
class Judge:
    """Scores embeddings and imputed values of the same cells by the same labels and pairs.

    Parameters
    ----------
    run
        Of which the cells are.
    asked
        The question.
    label
        Column of cell types; None for none.
    """

    run: RunSlices
    asked: RunQuestion
    label: str | None

    @cached_property
    def modality(self) -> np.ndarray:
        """Of every cell, (N,)."""
        question = self.asked.question
        return np.repeat(question.names, [table.n_obs for table in question.tables.values()])

    @cached_property
    def own(self) -> dict[str, np.ndarray]:
        """What each modality alone says of its cells, (N_k, 30): a truncated SVD of log counts, scaled."""
        found = {}
        for name, table in self.asked.question.tables.items():
            values = logged(sp.csr_matrix(table.X))
            width = min(WIDTH, min(values.shape) - 1)
            left, size, _ = randomized_svd(values, width, random_state=self.asked.question.seed)
            found[name] = left * size
        return found

    def embedding(self, embedding: np.ndarray, tell: Telling = SILENT) -> dict[str, float | int]:
        """Score an embedding (N, D)."""
        label = None if self.label is None else self._column(self.label)
        found = score(
            embedding,
            self.modality,
            label,
            self._pairs_of_cells,
            self.asked.question.seed,
            reference=self.own,
            tell=tell,
        )
        return rounded(found)

    def imputation(
        self, source: str, target: str, values: Callable[[np.ndarray], np.ndarray]
    ) -> dict[str, float | int]:
        """Correlate imputed with measured values, feature by feature over cells (Pearson, ln(1 + per 10,000)).

        Across modalities the truth is what was measured in the other half of the cell's pair, which no method saw as
        such. Within one it is what the method was given: that tells how much of it is kept, not whether it is right.

        Parameters
        ----------
        source, target
            Modalities.
        values
            Given numbers of features (F,), returns them imputed in all cells of the source, per 10,000, (cells, F).

        Returns
        -------
        dict
            ``r``, ``ceiling`` (mean of what counts of this depth allow), ``features`` and ``cells``; empty across
            modalities without 50 pairs.
        """
        table = self.asked.question.tables[target]
        cells, truth_cells = self._halves(source, target)
        if len(cells) < LEAST_PAIRS and source != target:
            return {}
        chosen = self._features(target)
        counts = sp.csr_matrix(table.X)[truth_cells]
        total = np.maximum(np.asarray(counts.sum(axis=1)), 1)
        counts = counts[:, chosen]
        truth = np.log1p(counts.toarray() * (PER_10K / total))
        imputed = np.log1p(np.maximum(np.asarray(values(chosen), np.float64)[cells], 0))
        r = centred_pearson(imputed, truth)
        ceiling = noise_ceiling(counts) if (counts.data == np.rint(counts.data)).all() else np.array([np.nan])
        about = {"features": len(chosen), "cells": len(cells)}
        found = {"r": float(np.nanmean(r))}
        if np.isfinite(ceiling).all():
            found["ceiling"] = float(ceiling.mean())
        return rounded(found | about)

    def _features(self, target: str) -> np.ndarray:
        """Return the features that were seen in most cells: what is nearly never seen cannot be followed."""
        seen = np.asarray((sp.csr_matrix(self.asked.question.tables[target].X) != 0).sum(axis=0)).ravel()
        return np.sort(np.argsort(-seen, kind="stable")[:MOST_FEATURES])

    def _halves(self, source: str, target: str) -> tuple[np.ndarray, np.ndarray]:
        """Rows among the cells of the source, and of their truth among those of the target."""
        size = self.asked.question.tables[source].n_obs
        if source == target:
            rows = np.arange(size)[:MOST_PAIRS]
            return rows, rows
        pair = self._pairs_of_cells
        if pair is None:
            return np.zeros(0, int), np.zeros(0, int)
        first, second = self.modality == source, self.modality == target
        rows = paired_rows(first, second, pair, self.asked.question.seed)[:MOST_PAIRS]
        before = [np.flatnonzero(each)[0] if each.any() else 0 for each in (first, second)]
        return rows[:, 0] - before[0], rows[:, 1] - before[1]

    @cached_property
    def _pairs_of_cells(self) -> np.ndarray | None:
        return self._column("pair_id") if "pair_id" in self.run.columns else None

    def _column(self, name: str) -> np.ndarray:
        return np.asarray(self.run.column(name).astype(str).to_numpy()[self.asked.rows])


def per_10k_of(values: Any, chosen: np.ndarray, block: int = 512) -> np.ndarray:
    """Take features (F,) of imputed values (cells, all features) per 10,000 of the cell; rows a block at a time."""
    found = np.empty((len(values), len(chosen)))
    for first in range(0, len(values), block):
        rows = np.maximum(np.asarray(values[first : first + block], np.float64), 0)
        found[first : first + block] = rows[:, chosen] * (PER_10K / np.maximum(rows.sum(axis=1, keepdims=True), 1e-12))
    return found
