"""Which type the markers of a cell, or of a cluster, speak for. N cells, C types, G clusters."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from monae_app.engine.analysis.everywhere import impute_everywhere
from monae_app.engine.analysis.label_transfer.unassigned import UNASSIGNED
from monae_app.engine.data.dataset import is_count
from monae_app.engine.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from monae_app.engine.analysis.feature_search import FeatureSearch, Found
    from monae_app.engine.analysis.label_transfer.marker_lists import MarkerList
    from monae_app.engine.analysis.run_slices import RunSlices

# Standard deviations, averaged over the markers of a type, above which a cluster is given it.
LEAST = 0.25


@dataclass(frozen=True)
class Marked:
    """What markers say.

    Parameters
    ----------
    types
        Names, (C,): those with any marker in the run.
    scores
        (N, C) float32: mean over the markers of a type of how many standard deviations a cell lies above all cells.
    missing
        Type -> markers that the run does not have.
    found
        Type -> number of markers that it has.
    """

    types: np.ndarray
    scores: np.ndarray
    missing: dict[str, list[str]]
    found: dict[str, int]

    @property
    def best(self) -> np.ndarray:
        """Code of the type that each cell speaks for most, (N,)."""
        return np.asarray(self.scores.argmax(axis=1))

    def by_group(self, groups: Sequence[str]) -> pd.DataFrame:
        """Say which type each cluster is.

        Parameters
        ----------
        groups
            Cluster of each cell, (N,).

        Returns
        -------
        pandas.DataFrame
            G rows: ``group``, ``cells``, ``label`` ("unassigned" where no type scores .25), ``score``, ``second``,
            ``margin`` (score less that of the second) and ``agreeing`` (share of its cells that speak for the label).
        """
        codes, names = pd.factorize(np.asarray(groups), sort=True)
        counts = np.bincount(codes, minlength=len(names))
        each_type = self.scores.T.astype(np.float64)
        total: np.ndarray = np.stack([np.bincount(codes, each, len(names)) for each in each_type], axis=1)
        mean: np.ndarray = total / np.maximum(counts, 1)[:, None]
        order = np.argsort(-mean, axis=1, kind="stable")
        first, second = order[:, 0], order[:, min(1, mean.shape[1] - 1)]
        rows = np.arange(len(names))
        agreeing = np.bincount(codes, self.best == first[codes], len(names)) / np.maximum(counts, 1)
        label = self.types.astype(object)[first]
        label[mean[rows, first] < LEAST] = UNASSIGNED
        return pd.DataFrame({
            "group": names,
            "cells": counts,
            "label": label,
            "score": mean[rows, first],
            "second": self.types[second],
            "margin": mean[rows, first] - mean[rows, second],
            "agreeing": agreeing,
        })  # fmt: skip


def score_markers(
    run: RunSlices,
    search: FeatureSearch,
    lists: Sequence[MarkerList],
    tell: Callable[[int, int], None] = lambda _done, _all: None,
) -> Marked:
    """Score the markers of each type in all cells, of all modalities, by their imputed values.

    A marker is looked up in the modality that has most of them, else in the others. All of them count alike.

    Parameters
    ----------
    run, search
        The run and its features.
    lists
        Markers by type.
    tell
        Told how many markers are done, and of how many.

    Raises
    ------
    InputError
        If fewer than two types have any marker in the run.
    """
    found = _look_up(run, search, lists)
    missing = {
        each.name: [gene for gene, hit in zip(each.genes, hits, strict=True) if hit is None]
        for each, hits in zip(lists, found, strict=True)
    }
    known = {
        each.name: list({hit.row: hit for hit in hits if hit}.values())
        for each, hits in zip(lists, found, strict=True)
        if any(hits)
    }
    if len(known) < 2:
        absent = sorted({gene for genes in missing.values() for gene in genes})
        raise InputError(
            f"{len(known)} of {len(lists)} types have markers in this run; not in it: {', '.join(absent[:8])}.",
            "markers of at least two types, by symbol or Ensembl id.",
            "check the spelling and the species.",
        )
    scores = np.zeros((run.n_cells, len(known)), np.float32)
    total, done = sum(map(len, known.values())), 0
    for column, hits in enumerate(known.values()):
        for hit in hits:
            log = is_count(run.likelihood(hit.modality))
            values = impute_everywhere(run, hit.modality, np.array([hit.row]), log=log)
            spread = float(values.std())
            scores[:, column] += (values - values.mean()) / (spread if spread > 0 else 1)
            done += 1
            tell(done, total)
        scores[:, column] /= len(hits)
    return Marked(np.array(list(known)), scores, missing, {name: len(hits) for name, hits in known.items()})


def _look_up(run: RunSlices, search: FeatureSearch, lists: Sequence[MarkerList]) -> list[list[Found | None]]:
    genes = [gene for each in lists for gene in each.genes]
    by_modality = [search.alike(modality, genes) for modality in run.modalities]
    by_modality.sort(key=lambda hits: -sum(hit is not None for hit in hits))
    best = iter([next((hit for hit in hits if hit), None) for hits in zip(*by_modality, strict=True)])
    return [[next(best) for _ in each.genes] for each in lists]
