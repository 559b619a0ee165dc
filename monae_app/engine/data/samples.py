"""Several samples of one modality become one table.

N cells, G features of a sample.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import scipy.sparse as sp

from monae_app.engine.data import on_disk
from monae_app.engine.data.covered import CoveredMatrix, stacked
from monae_app.engine.data.dataset import METHYLATION
from monae_app.engine.data.peak_union import unite_peaks
from monae_app.engine.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path
    from typing import Literal

SAMPLE = "sample"
KEPT_SAMPLE = "input_sample"
# endings that say how a file is written, not what it holds
ENDINGS = (
    ".gz", ".bgz", ".zip", ".tar", ".tgz", ".h5ad", ".h5mu", ".h5", ".hdf5", ".loom", ".csv", ".tsv", ".txt", ".mtx",
    ".zarr",
)  # fmt: skip


@dataclass
class Sample:
    """One table of cells.

    Parameters
    ----------
    name
        Of the sample.
    values
        Shape (N, G), float32.
    obs, var
        Cells and features, shapes (N, .) and (G, .).
    counted
        Whether the values are whole numbers.
    """

    name: str
    values: sp.csr_matrix | CoveredMatrix
    obs: pd.DataFrame
    var: pd.DataFrame
    counted: bool = True


def sample_stem(path: Path) -> str:
    """Name of a file or folder without the endings that say how it is written."""
    stem = path.name
    while (ending := next((each for each in ENDINGS if stem.lower().endswith(each)), None)) and len(stem) > len(ending):
        stem = stem[: -len(ending)]
    return stem


def sample_names(paths: Sequence[Path]) -> list[str]:
    """Name samples after their files, each in its own way: those of equal stem also after their folder, then by number.

    Parameters
    ----------
    paths
        One a sample.
    """
    stems = [sample_stem(path) for path in paths]
    names = [
        f"{path.resolve().parent.name}_{stem}" if stems.count(stem) > 1 else stem
        for path, stem in zip(paths, stems, strict=True)
    ]
    found: list[str] = []
    for name in names:
        number, unique = 1, name
        while unique in found:
            number += 1
            unique = f"{name}_{number}"
        found.append(unique)
    return found


def mark_sample(obs: pd.DataFrame, name: str) -> pd.DataFrame:
    """Add the column ``sample``; one that the input has already is kept as ``input_sample``."""
    kept = obs.rename(columns={SAMPLE: KEPT_SAMPLE}) if SAMPLE in obs and KEPT_SAMPLE not in obs else obs
    return kept.assign(**{SAMPLE: name})


def stack(
    samples: list[Sample], modality: str, join: Literal["intersection", "union"], notes: list[str]
) -> tuple[sp.csr_matrix | CoveredMatrix, pd.DataFrame, pd.DataFrame]:
    """Stack samples, cells in their order.

    Parameters
    ----------
    samples
        At least one. The list is emptied, so that no table stays in memory longer than it is needed.
    modality
        Peaks are united by their places, other features by their names.
    join
        Which genes, proteins or regions to keep: those of all samples, or those of any (0, or not covered, where a
        sample lacks them).
    notes
        Told what was decided, in words.

    Returns
    -------
    tuple
        Values (N, G) float32, obs (N, .), var (G, .). Of several samples obs has the column ``sample``, and cells whose
        name stands in several samples are named ``<sample>_<name>``, as are all others then.

    Raises
    ------
    InputError
        If the samples have nothing in common, or some hold counts and others do not.
    """
    if len(samples) == 1:
        only = samples.pop()
        return only.values, only.obs, only.var
    _check_alike(samples, modality)
    sizes = ", ".join(f"{each.name} ({each.values.shape[0]:,} cells)" for each in samples)
    notes.append(f"{modality}: {len(samples)} samples were stacked: {sizes}.")
    var = _unite(samples, modality, join, notes)
    obs = _obs(samples, modality, notes)
    blocks = []
    while samples:
        blocks.append(samples.pop(0).values)
    if not isinstance(blocks[0], CoveredMatrix) and sum(each.nnz for each in blocks) > on_disk.LARGE:
        return on_disk.below_each_other(blocks), obs, var
    return stacked(blocks), obs, var


def _check_alike(samples: Sequence[Sample], modality: str) -> None:
    kinds = {each.counted for each in samples}
    if len(kinds) == 1:
        return
    counted, other = ([each.name for each in samples if each.counted is kind] for kind in (True, False))
    raise InputError(
        f"{modality}: {', '.join(counted)} holds counts, {', '.join(other)} does not.",
        "values of one kind in all samples of a modality.",
        f"give the counts of all samples (--set {modality}_matrix=... names the layer that holds them).",
    )


def _unite(samples: Sequence[Sample], modality: str, join: str, notes: list[str]) -> pd.DataFrame:
    """Bring all samples to the same features, in place; return var of these."""
    first = samples[0].var
    if all(each.var.index.equals(first.index) for each in samples[1:]):
        return first
    return _unite_peaks(samples, notes) if modality == "atac" else _unite_names(samples, modality, join, notes)


def _unite_peaks(samples: Sequence[Sample], notes: list[str]) -> pd.DataFrame:
    var, sums = unite_peaks([each.var for each in samples])
    counts = " and ".join(f"{len(each.var):,}" for each in samples)
    notes.append(f"atac: the {counts} peaks of the samples became {len(var):,}, overlapping ones merged into one.")
    for each, matrix in zip(samples, sums, strict=True):
        each.values = on_disk.through(each.values, partial(_times, matrix=matrix), len(var))
    return var


def _times(some: sp.csr_matrix, matrix: sp.csr_matrix) -> sp.csr_matrix:
    found = sp.csr_matrix(some @ matrix, dtype=np.float32)
    found.sort_indices()
    return found


def _unite_names(samples: Sequence[Sample], modality: str, join: str, notes: list[str]) -> pd.DataFrame:
    names = union = samples[0].var.index.append([each.var.index for each in samples[1:]]).unique()
    if join == "intersection":
        common = np.all([union.isin(each.var.index) for each in samples], axis=0)
        names = union[common]
    what = {"protein": "proteins", METHYLATION: "regions"}.get(modality, "genes")
    if not len(names):
        shown = "; ".join(f"{each.name}: {', '.join(map(repr, each.var.index[:2]))}" for each in samples)
        raise InputError(
            f"{modality}: the samples have no {what} in common ({shown}).",
            f"{what} that are named alike in all samples.",
            f"name the {what} alike, or keep those of any sample with --set join_genes=union.",
        )
    if join == "intersection":
        notes.append(
            f"{modality}: {len(names):,} of {len(union):,} {what} are in all samples; the other "
            f"{len(union) - len(names):,} were left out (--set join_genes=union keeps them)."
        )
    else:
        lacking = "it is not covered" if modality == METHYLATION else "0 stands"
        notes.append(
            f"{modality}: {len(names):,} {what} are in any of the samples; {lacking} where a sample lacks one."
        )
    var = _var_of(samples, names)
    for each in samples:
        each.values = _in_order(each.values, each.var.index, names)
    return var


def _var_of(samples: Sequence[Sample], names: pd.Index) -> pd.DataFrame:
    """Take what the first sample that has a feature knows of it."""
    known = [each.var for each in samples]
    columns = [name for name in known[0].columns if all(name in each for each in known)]
    rows = pd.concat([each[columns].astype(object) for each in known])
    return rows.loc[~rows.index.duplicated()].loc[names]


def _in_order(
    values: sp.csr_matrix | CoveredMatrix, names: pd.Index, wanted: pd.Index
) -> sp.csr_matrix | CoveredMatrix:
    at = names.get_indexer(wanted)
    found = np.flatnonzero(at >= 0)
    if isinstance(values, CoveredMatrix):
        return values[:, at[found]].at_columns(found, len(wanted))

    def moved(some: sp.csr_matrix) -> sp.csr_matrix:
        kept = some[:, at[found]]
        return sp.csr_matrix((kept.data, found[kept.indices], kept.indptr), shape=(kept.shape[0], len(wanted)))

    return on_disk.through(values, moved, len(wanted))


def _obs(samples: Sequence[Sample], modality: str, notes: list[str]) -> pd.DataFrame:
    names, clash = stacked_names([each.name for each in samples], [each.obs.index for each in samples])
    parts = [mark_sample(each.obs, each.name).set_axis(index) for each, index in zip(samples, names, strict=True)]
    if clash:
        notes.append(
            f"{modality}: {clash:,} cell names stand in several samples, so all begin with the name of their sample."
        )
    columns = dict.fromkeys(name for obs in parts for name in obs)
    index = parts[0].index.append([obs.index for obs in parts[1:]])
    return pd.DataFrame({name: _column(parts, str(name)) for name in columns}, index=index)


def stacked_names(samples: Sequence[str], cells: Sequence[pd.Index]) -> tuple[list[pd.Index], int]:
    """Name the cells of several samples.

    Parameters
    ----------
    samples
        Names of the samples.
    cells
        Names of the cells of each.

    Returns
    -------
    tuple
        Names of the cells of each, ``<sample>_<name>`` if any stands in several samples, and how many do.
    """
    everyone = cells[0].append(list(cells[1:]))
    clash = int(everyone[everyone.duplicated()].nunique())
    if not clash:
        return list(cells), 0
    named = zip(samples, cells, strict=True)
    return [pd.Index([f"{sample}_{cell}" for cell in index]) for sample, index in named], clash


def _column(parts: Sequence[pd.DataFrame], name: str) -> pd.Series:
    pieces = [obs[name] if name in obs else pd.Series(np.nan, obs.index, dtype=object) for obs in parts]
    if any(piece.dtype != pieces[0].dtype for piece in pieces):
        pieces = [piece.astype(object) for piece in pieces]
    whole: pd.Series = pd.concat(pieces)
    return whole.infer_objects()
