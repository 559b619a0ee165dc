"""The coembedding of a finished run, read by slices. N cells, G groups, V features of all modalities, F of one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from monae_app.engine.analysis.coembedding import placing
from monae_app.engine.analysis.coembedding.groups import Groups, Moments, moments_of
from monae_app.engine.analysis.coembedding.scoring import cosines, scores
from monae_app.engine.analysis.coembedding.specificity import Specificity, shares_of, specificity_of
from monae_app.engine.result import FEATURES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from monae_app.engine.analysis.run_slices import RunSlices

SHARED, DEVIATION, MAP = "X_monae", "posterior_sd", "X_umap"
FEATURES_AT_ONCE = 2**16


@dataclass(frozen=True)
class Coembedding:
    """How near the features of a run are to groups of its cells.

    Parameters
    ----------
    groups
        Of the cells.
    moments
        Where they lie.
    first
        Row of the first feature of every modality in features.h5ad; the others follow.
    scores
        By modality, (G, F) float32; higher is nearer.
    specificity
        By modality, how specific its features are, (F,) each.
    """

    groups: Groups
    moments: Moments
    first: dict[str, int]
    scores: dict[str, np.ndarray]
    specificity: dict[str, Specificity]

    @property
    def nbytes(self) -> int:
        """Bytes that it takes."""
        arrays = [*self.scores.values(), *(each.gini for each in self.specificity.values())]
        return self.groups.nbytes + sum(int(each.nbytes) for each in arrays)

    @property
    def modalities(self) -> list[str]:
        """Modalities that have features, in the order of the run."""
        return list(self.scores)

    def rows(self, modality: str) -> range:
        """Rows of the features of a modality in features.h5ad."""
        return range(self.first[modality], self.first[modality] + self.scores[modality].shape[1])


def coembed(run: RunSlices, groups: Groups) -> Coembedding:
    """Score all features of a run against groups of its cells.

    Raises
    ------
    InputError
        If the run lacks what is read of it.
    """
    moments = moments_of(run.blocks(SHARED, range(run.n_cells)), groups)
    first: dict[str, int] = {}
    found: dict[str, np.ndarray] = {}
    for modality, rows in feature_rows(run).items():
        first[modality] = rows.start
        parts = [cosines(moments, vectors, deviation) for vectors, deviation in _vectors(run, rows)]
        found[modality] = scores(np.concatenate(parts, axis=1))
    specificity = {modality: specificity_of(shares_of(each)) for modality, each in found.items()}
    return Coembedding(groups, moments, first, found, specificity)


def feature_rows(run: RunSlices) -> dict[str, range]:
    """Rows of the features of every modality in features.h5ad, in the order of the file."""
    of_feature = run.column("modality", FEATURES).astype("category")
    codes = of_feature.cat.codes.to_numpy()
    starts = np.flatnonzero(np.diff(codes, prepend=-2))
    ends = [*starts[1:].tolist(), len(codes)]
    names = of_feature.cat.categories
    return {
        str(names[codes[start]]): range(start, end)
        for start, end in zip(starts.tolist(), ends, strict=True)
        if codes[start] >= 0
    }


def places_of(run: RunSlices, found: Coembedding, rows: np.ndarray) -> np.ndarray:
    """Place features on the map of the run by their rows in features.h5ad, (n,); (n, 2) float32."""
    cells = placing.some_cells(found.groups, run.config.seed)
    latent, xy = (_rows(run, name, cells) for name in (SHARED, MAP))
    return placing.place(latent, xy, found.moments.middle, run.feature_rows(SHARED, rows))


def _rows(run: RunSlices, name: str, cells: np.ndarray) -> np.ndarray:
    """Read rows of an obsm of the cells, increasing, without the whole of it."""
    blocks = run.blocks(name, range(run.n_cells))
    return np.concatenate([block[_within(cells, rows)] for rows, block in blocks])


def _within(cells: np.ndarray, rows: slice) -> np.ndarray:
    begin, end = np.searchsorted(cells, [rows.start, rows.stop])
    return np.asarray(cells[begin:end] - rows.start)


def _vectors(run: RunSlices, rows: range) -> Iterator[tuple[np.ndarray, np.ndarray | None]]:
    """Yield vectors of features and their standard deviations, block by block."""
    with run.open(FEATURES) as file:
        told = DEVIATION in file["obsm"]
    for start in range(rows.start, rows.stop, FEATURES_AT_ONCE):
        some = np.arange(start, min(start + FEATURES_AT_ONCE, rows.stop))
        vectors = run.feature_rows(SHARED, some)
        # the deviations of the private axes follow those of the shared ones
        yield vectors, run.feature_rows(DEVIATION, some)[:, : vectors.shape[1]] if told else None
