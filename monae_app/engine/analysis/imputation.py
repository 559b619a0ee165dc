"""Fill in what was not measured: cell embedding x feature embedding, from the files of a run alone.

Source: Tang et al. 2024, Nat Commun 15:9021: an imputed profile is U F^T through the modality's likelihood.
N cells of the source, F features asked for, V features of the target, D_s shared and D_p private axes, b batches.
"""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Literal

import numpy as np

from monae_app.engine.analysis.landmarks import Landmarks
from monae_app.engine.analysis.linear_decoding import linear_predictor, normaliser, shards
from monae_app.engine.analysis.response import response
from monae_app.engine.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import anndata as ad

    from monae_app.engine.result import Result

Scale = Literal["cp10k", "proportion", "counts"]
BATCH = "monae_batch"


class AtBatch(Enum):
    """At which batch to decode, where none is named: all cells at that of the run, or each at its own."""

    REFERENCE = "reference"
    OWN = "own"


def impute(
    result: Result,
    source: str,
    target: str,
    features: Sequence[str] | None = None,
    *,
    scale: Scale = "cp10k",
    batch: str | AtBatch | None = None,
) -> np.ndarray:
    """Impute features of the target modality in the cells of the source modality.

    Within one modality shared and private axes are used, across modalities the shared ones alone.

    Parameters
    ----------
    result
        Of the run; its cells may have been replaced by those that ``Monae.embed`` returned.
    source, target
        Modalities.
    features
        Plain names, as in the input file; None for all of the target.
    scale
        ``cp10k``: counts per 10,000; ``proportion``: of the cell's total; ``counts``: at the cell's own library size,
        within one modality only. Continuous modalities come on the model's own scale, methylation as levels from 0 to
        1.
    batch
        Decode as if in this batch; None or ``AtBatch.REFERENCE`` for the reference batch of the run, ``AtBatch.OWN``
        for each cell's own.

    Returns
    -------
    numpy.ndarray
        (N, F), float32. :func:`impute_shards` gives the same in parts.

    Raises
    ------
    InputError
        If a modality, feature or batch is unknown.
    """
    request = _request(result, source, target, features, scale, batch)
    found = np.empty(request.shape, np.float32)
    for rows, values in request.compute():
        found[rows] = values
    return found


def impute_shards(
    result: Result,
    source: str,
    target: str,
    features: Sequence[str] | None = None,
    *,
    scale: Scale = "cp10k",
    batch: str | AtBatch | None = None,
) -> Iterator[tuple[slice, np.ndarray]]:
    """Impute as :func:`impute` does, but yield (rows, values (n, F) float32), never all cells at once.

    Raises
    ------
    InputError
        As :func:`impute`, at once and not with the first shard.
    """
    return _request(result, source, target, features, scale, batch).compute()


@dataclass(frozen=True)
class _Request:
    """What is needed to decode; ``chosen`` of the V features, ``column`` of the b batches for each cell.

    ``total`` holds the saved normaliser at the reference batch, None where the values are continuous or levels;
    ``landmarks`` stand beside the shared axes across modalities, where the target has some.
    """

    latent: np.ndarray
    vectors: np.ndarray
    landmarks: Landmarks | None
    scale: np.ndarray
    bias: np.ndarray
    chosen: np.ndarray
    column: np.ndarray
    reference: int
    total: np.ndarray | None
    factor: np.ndarray
    target: str
    likelihood: str

    @property
    def shape(self) -> tuple[int, int]:
        """(N, F)."""
        return len(self.latent), len(self.chosen)

    def compute(self) -> Iterator[tuple[slice, np.ndarray]]:
        """Decode in shards."""
        for rows in shards(*self.shape):
            values = np.empty((rows.stop - rows.start, len(self.chosen)), np.float32)
            for column in np.unique(self.column[rows]):
                mine = self.column[rows] == column
                values[mine] = self._decode(rows, mine, int(column))
            yield rows, values

    def _decode(self, rows: slice, mine: np.ndarray, column: int) -> np.ndarray:
        latent, scale, bias = self.latent[rows][mine], self.scale[:, column], self.bias[:, column]
        vectors = self.vectors
        if self.landmarks is not None:
            vectors = self.landmarks.vectors(vectors, scale)
        parts = vectors[self.chosen], scale[self.chosen], bias[self.chosen]
        if self.total is None:
            return response(linear_predictor(latent, *parts, bound=np.inf), self.target, self.likelihood)
        # the saved normaliser holds for the reference batch
        at_reference = column == self.reference
        total = self.total[rows][mine] if at_reference else normaliser(latent, vectors, scale, bias)
        proportion = np.exp(linear_predictor(latent, *parts))
        proportion *= (self.factor[rows][mine] / total)[:, None]
        return np.asarray(proportion)


def _request(
    result: Result,
    source: str,
    target: str,
    features: Sequence[str] | None,
    scale: Scale,
    batch: str | AtBatch | None,
) -> _Request:
    for name in (source, target):
        if name not in result.modalities:
            raise InputError(
                f"There is no modality {name!r}.", f"one of: {', '.join(result.modalities)}.", "choose one of these."
            )
    rows = target_rows(result, target)
    chosen = np.arange(len(rows))
    if features is not None:
        chosen = np.searchsorted(rows, feature_rows(result, target, features))
    cells = result.cells
    of_source = (cells.obs["modality"] == source).to_numpy()
    axes = ["X_monae", "X_private"] if source == target else ["X_monae"]
    total = cells.obs[f"normaliser_{target}"].to_numpy(np.float32)[of_source]
    continuous = bool(np.isnan(total).all())
    landmarks = None if source == target else Landmarks.of(result, target, rows)
    latent = np.hstack([cells.obsm[each][of_source] for each in axes])
    return _Request(
        latent=latent if landmarks is None else landmarks.beside(latent),
        vectors=np.hstack([result.features.obsm[each][rows] for each in axes]),
        landmarks=landmarks,
        scale=result.features.obsm["scale"][rows],
        bias=result.features.obsm["bias"][rows],
        chosen=chosen,
        column=_columns(result, of_source, batch),
        reference=_batch_column(result, str(result.features.uns["reference_batch"])),
        total=None if continuous else total,
        factor=_factor(cells, source, target, "proportion" if continuous else scale)[of_source],
        target=target,
        likelihood=_likelihood(result, target),
    )


def _likelihood(result: Result, target: str) -> str:
    """How the target was modelled; a report that does not say it is of an earlier version, without logits."""
    said = result.report.get("dataset", {}).get("modalities", {}).get(target, {})
    return str(said.get("likelihood", "normal"))


def _factor(cells: ad.AnnData, source: str, target: str, scale: Scale) -> np.ndarray:
    """Return what the proportions of each cell are multiplied by, rows as in ``cells``."""
    if scale != "counts":
        return np.full(cells.n_obs, 1e4 if scale == "cp10k" else 1, np.float32)
    if source != target:
        raise InputError(
            f"Counts of {target} were asked for in cells of {source}, whose {target} library size nobody measured.",
            "--scale cp10k or proportion across modalities.",
            "choose one of these.",
        )
    return np.asarray(cells.obs["library_size"].to_numpy(np.float32))


def target_rows(result: Result, modality: str) -> np.ndarray:
    """Rows of all features of a modality, increasing."""
    return np.flatnonzero((result.features.obs["modality"] == modality).to_numpy())


def feature_rows(result: Result, modality: str, features: Sequence[str]) -> np.ndarray:
    """Rows of the named features, in the order asked for.

    Raises
    ------
    InputError
        If one is unknown; the message names those that come close.
    """
    rows = result.features.obs_names.get_indexer([f"{modality}:{name}" for name in features])
    if (rows < 0).any():
        missing = [str(name) for name, row in zip(features, rows, strict=True) if row < 0]
        known = result.features.obs["name"].to_numpy(str)[target_rows(result, modality)]
        raise unknown_features(modality, missing, len(features), known.tolist())
    return np.asarray(rows)


def unknown_features(modality: str, missing: Sequence[str], asked: int, known: Sequence[str]) -> InputError:
    """Say that some of the features that were asked for are not there, and which known ones come close."""
    close = _close_to(missing[0], known)
    return InputError(
        f"{len(missing):,} of {asked:,} features are not in {modality}, first {missing[0]!r}.",
        "names as in the input file.",
        f"check the spelling; {'close to it: ' + close if close else 'upper and lower case count'}.",
    )


def _close_to(name: str, known: Sequence[str]) -> str:
    folded = name.casefold()
    same = [each for each in known if each.casefold() == folded]
    return ", ".join(map(repr, same or difflib.get_close_matches(name, known, n=3)))


def _columns(result: Result, of_source: np.ndarray, batch: str | AtBatch | None) -> np.ndarray:
    """Column of the decoder at which each cell is decoded, (N,)."""
    names = [str(name) for name in result.features.uns["batches"]]
    if batch is not AtBatch.OWN or len(names) == 1:
        wanted = batch if isinstance(batch, str) else str(result.features.uns["reference_batch"])
        return np.full(of_source.sum(), _batch_column(result, wanted), np.int64)
    if BATCH not in result.cells.obs:
        raise InputError(
            "The run does not say which batch a cell is of: it was written by an earlier version.",
            f"an obs column {BATCH!r}.",
            "decode at the reference batch, or train anew.",
        )
    own, cell = np.unique(result.cells.obs[BATCH].to_numpy(str)[of_source], return_inverse=True)
    return np.array([_batch_column(result, name) for name in own.tolist()], np.int64)[cell]


def _batch_column(result: Result, wanted: str) -> int:
    names = [str(name) for name in result.features.uns["batches"]]
    if wanted not in names:
        raise InputError(f"There is no batch {wanted!r}.", f"one of: {', '.join(names)}.", "choose one of these.")
    return names.index(wanted)
