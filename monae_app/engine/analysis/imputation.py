"""Fill in what was not measured: cell embedding x feature embedding, from the files of a run alone.

Source: Tang et al. 2024, Nat Commun 15:9021: an imputed profile is U F^T through the modality's likelihood.
N cells of the source, F features, D_s shared and D_p private axes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np

from monae_app.engine.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from monae_app.engine.result import Result

Scale = Literal["cp10k", "proportion", "counts"]
LARGEST_EXPONENT = 30.0
CELLS_AT_ONCE = 4096


def linear_predictor(
    latent: np.ndarray, vectors: np.ndarray, scale: np.ndarray, bias: np.ndarray, *, bound: float = LARGEST_EXPONENT
) -> np.ndarray:
    """Scale (u . f) + bias; latent (N, D), vectors (F, D), scale and bias (F,), result (N, F)."""
    level = latent @ vectors.T
    level *= scale
    level += bias
    return np.asarray(np.minimum(level, bound, out=level))


def normaliser(latent: np.ndarray, vectors: np.ndarray, scale: np.ndarray, bias: np.ndarray) -> np.ndarray:
    """Sum over all features of exp(scale (u . f) + bias), in shards of cells, shape (N,), float32."""
    total = np.empty(len(latent), np.float32)
    for start in range(0, len(latent), CELLS_AT_ONCE):
        rows = slice(start, start + CELLS_AT_ONCE)
        total[rows] = np.exp(linear_predictor(latent[rows], vectors, scale, bias)).sum(axis=1)
    return total


def impute(
    result: Result,
    source: str,
    target: str,
    features: Sequence[str],
    *,
    scale: Scale = "cp10k",
    batch: str | None = None,
) -> np.ndarray:
    """Impute features of the target modality in the cells of the source modality.

    Within one modality shared and private axes are used, across modalities the shared ones alone.

    Parameters
    ----------
    result
        Of the run.
    source, target
        Modalities.
    features
        Plain names, as in the input file.
    scale
        ``cp10k``: counts per 10,000; ``proportion``: of the cell's total; ``counts``: at the cell's own library size,
        within one modality only. Continuous modalities come on the model's own scale.
    batch
        Decode as if in this batch; None for the reference batch of the run.

    Returns
    -------
    numpy.ndarray
        (N, F), float32.

    Raises
    ------
    InputError
        If a modality, feature or batch is unknown.
    """
    unknown = [name for name in (source, target) if name not in result.modalities]
    if unknown:
        raise InputError(
            f"There is no modality {unknown[0]!r}.", f"one of: {', '.join(result.modalities)}.", "choose one of these."
        )
    rows = feature_rows(result, target, features)
    cells = result.cells
    of_source = (cells.obs["modality"] == source).to_numpy()
    column = _batch_column(result, batch)
    axes = [(cells.obsm["X_monae"], result.features.obsm["X_monae"])]
    if source == target:
        axes.append((cells.obsm["X_private"], result.features.obsm["X_private"]))
    latent = np.hstack([cell_axes[of_source] for cell_axes, _ in axes])
    vectors = np.hstack([feature_axes for _, feature_axes in axes])
    weights, bias = (result.features.obsm[name][:, column] for name in ("scale", "bias"))
    level = linear_predictor(latent, vectors[rows], weights[rows], bias[rows])
    totals = cells.obs[f"normaliser_{target}"].to_numpy(np.float32)[of_source]
    if np.isnan(totals).all():
        return level.astype(np.float32)
    if column != _batch_column(result, None):
        # the saved normaliser holds for the reference batch
        of_target = (result.features.obs["modality"] == target).to_numpy()
        totals = normaliser(latent, vectors[of_target], weights[of_target], bias[of_target])
    proportion = np.exp(level) / totals[:, None]
    if scale == "counts":
        if source != target:
            raise InputError(
                f"Counts of {target} were asked for in cells of {source}, whose {target} library size nobody measured.",
                "--scale cp10k or proportion across modalities.",
                "choose one of these.",
            )
        proportion *= cells.obs["library_size"].to_numpy(np.float32)[of_source, None]
    elif scale == "cp10k":
        proportion *= 1e4
    return np.asarray(proportion, dtype=np.float32)


def feature_rows(result: Result, modality: str, features: Sequence[str]) -> np.ndarray:
    """Rows of the named features, in the order asked for.

    Raises
    ------
    InputError
        If one is unknown.
    """
    rows = result.features.obs_names.get_indexer([f"{modality}:{name}" for name in features])
    if (rows < 0).any():
        missing = [name for name, row in zip(features, rows, strict=True) if row < 0]
        raise InputError(
            f"{len(missing):,} of {len(features):,} features are not in {modality}, first {missing[0]!r}.",
            "names as in the input file.",
            "check the spelling; symbols are case-sensitive.",
        )
    return np.asarray(rows)


def _batch_column(result: Result, batch: str | None) -> int:
    names = [str(name) for name in result.features.uns["batches"]]
    wanted = str(result.features.uns["reference_batch"]) if batch is None else batch
    if wanted not in names:
        raise InputError(f"There is no batch {wanted!r}.", f"one of: {', '.join(names)}.", "choose one of these.")
    return names.index(wanted)
