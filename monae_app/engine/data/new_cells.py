"""Cells that come after training: matched to the features and batches of a run, or refused with one message.

N new cells, G features of one modality of the run.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

import anndata as ad
import numpy as np
import pandas as pd
import scipy.sparse as sp

from monae_app.engine.data.contents import Matrix, Part, ReadingOptions
from monae_app.engine.data.covered import CoveredMatrix
from monae_app.engine.data.dataset import EMPTY, METHYLATION, UNCOVERED, Modality, is_count
from monae_app.engine.data.levels import check_levels
from monae_app.engine.data.new_cell_batches import find_batches
from monae_app.engine.data.part_reading import read_part
from monae_app.engine.data.readers import open_file
from monae_app.engine.data.understanding.matrices import AUTO
from monae_app.engine.data.understanding.methylated import BOTH
from monae_app.engine.data.understanding.modality import guess_modality
from monae_app.engine.data.understanding.parts import guessed_parts, parts_of
from monae_app.engine.errors import InputError

if TYPE_CHECKING:
    from monae_app.engine.result import Result

# of the features modelled jointly; with fewer the components of a cell are mostly guesswork
SMALLEST_SHARE = 0.5

Source: TypeAlias = Path | str | ad.AnnData | Modality
NewData: TypeAlias = Source | Mapping[str, Source]


@dataclass(frozen=True)
class NewCells:
    """New cells of one modality.

    Parameters
    ----------
    modality
        Its name.
    obs
        As given, (N, columns).
    values
        All features of the run in its order, 0 (of methylation not covered) where a feature was not measured, (N, G)
        float32.
    measured
        Which of them the new data holds, (G,) bool.
    batch
        Position of each cell's batch among those of the run, (N,) int64.
    notes
        What was decided on the way, in words.
    levels
        Position of the value of every batch covariate, (N, C) int64; None where the run has one at most.
    """

    modality: str
    obs: pd.DataFrame
    values: sp.csr_matrix | CoveredMatrix
    measured: np.ndarray
    batch: np.ndarray
    notes: tuple[str, ...]
    levels: np.ndarray | None = None

    @property
    def encoded_batch(self) -> np.ndarray:
        """What the encoder is told of the batch: its position (N,), or the values of its covariates (N, C)."""
        return self.batch if self.levels is None else self.levels

    @property
    def library_size(self) -> np.ndarray:
        """Sum of each cell's values over the features of the run, or number of those that it covers, (N,) float32."""
        if isinstance(self.values, CoveredMatrix):
            return np.diff(self.values.indptr).astype(np.float32)
        return np.asarray(self.values.sum(axis=1), dtype=np.float32).ravel()


def read_new_cells(new_data: NewData, result: Result, modelled: Mapping[str, np.ndarray]) -> list[NewCells]:
    """Match new cells to a run.

    Parameters
    ----------
    new_data
        A path to a file, a table or a modality, or several of them by modality. Without a name the modality is
        the one whose features are most like its own.
    result
        The run.
    modelled
        Positions of the features modelled jointly among all of their modality, by modality.

    Raises
    ------
    InputError
        If the data cannot be read, are of another kind than those trained on, or hold less than half of the features
        modelled jointly.
    """
    given = new_data if isinstance(new_data, Mapping) else {"": new_data}
    if not given:
        raise InputError("No cells were given.", "new cells of a modality of the run.", "name a file or a table.")
    return [_match(*_table(source, name, result), result, modelled) for name, source in given.items()]


class _Given(NamedTuple):
    """Cells as they come: values (N, any features), obs and the names of the features."""

    values: Any
    obs: pd.DataFrame
    names: pd.Index


def _table(source: Source, name: str, result: Result) -> tuple[_Given, str, str]:
    """Cells as a table, the modality's name if it is known, and what to call them in messages."""
    if isinstance(source, Modality):
        return _Given(source.values, source.obs, source.var.index), name or source.name, "The new cells"
    if isinstance(source, ad.AnnData):
        table = source.to_memory() if source.isbacked else source
        part = _as_part(table)
        if METHYLATION in result.modalities and METHYLATION in (name, guess_modality(part).value):
            read = read_part(part, METHYLATION, result.config)
            return _Given(_as_modelled(read.values, result), read.obs, read.var.index), METHYLATION, "The new cells"
        if table.X is None:
            raise InputError("The new cells have no matrix X.", "the measured values in X.", "set X.")
        return _Given(table.X, table.obs, table.var_names), name, "The new cells"
    return _read(Path(source), name, result)


def _as_part(table: ad.AnnData) -> Part:
    """See a table as a part of a file."""
    matrices = {} if table.X is None else {"X": Matrix.of(table.X)}
    return Part(table.obs, table.var, matrices | {name: Matrix.of(each) for name, each in table.layers.items()})


def _as_modelled(values: CoveredMatrix, result: Result) -> CoveredMatrix:
    """Take levels alone where the run was trained on levels."""
    reads = result.likelihood(METHYLATION) != "normal"
    return values if reads else CoveredMatrix.of_levels(values.with_data(values.level))


def _read(path: Path, name: str, result: Result) -> tuple[_Given, str, str]:
    """Read a file as the files of the run were read."""
    config = result.config
    rows = getattr(config, f"{name}_orientation") if name in result.modalities else "auto"
    contents = open_file(path, ReadingOptions(rows, config.peaks, config.bin_size))
    if name in result.modalities:
        part = parts_of(contents, name)[0][0]  # type: ignore[arg-type]
    else:
        known = [each for each, guess in guessed_parts(contents) if guess.value in result.modalities]
        part = (known or contents.parts)[0]
    guess = guess_modality(part).value
    as_what = next(each for each in (name, guess, *result.modalities) if each in result.modalities)
    wanted = getattr(config, f"{as_what}_matrix")
    if any(each not in part.matrices for each in ([wanted] if wanted in part.matrices else wanted.split(BOTH))):
        config = config.model_copy(update={f"{as_what}_matrix": AUTO})
    table = read_part(part, as_what, config)  # type: ignore[arg-type]
    values = table.values
    if isinstance(values, CoveredMatrix):
        return _Given(_as_modelled(values, result), table.obs, table.var.index), METHYLATION, path.name
    return _Given(values, table.obs, table.var.index), name, path.name


def _match(table: _Given, name: str, called: str, result: Result, modelled: Mapping[str, np.ndarray]) -> NewCells:
    names = pd.Index(table.names.astype(str))
    _check_names(names, "feature", called)
    _check_names(pd.Index(table.obs.index.astype(str)), "cell", called)
    of_run = {each: _features(result, each) for each in result.modalities}
    shares = {each: float(of_run[each][rows].isin(names).mean()) for each, rows in modelled.items()}
    modality = name or max(of_run, key=lambda each: _likeness(names, of_run[each]))
    if modality not in shares:
        raise InputError(f"There is no modality {modality!r}.", f"one of: {', '.join(shares)}.", "choose one of these.")
    features = of_run[modality]
    _check_share(shares[modality], modality, called, names, features[modelled[modality]])
    values, measured = _in_order(table.values, names, features)
    _check_values(values, called, modality, result)
    found = find_batches(table.obs, result)
    missing = int((~measured[modelled[modality]]).sum())
    notes = [_on_missing(missing, len(modelled[modality])), _on_empty(values, result, modality), found.note]
    told = tuple(f"{modality}: {sentence}" for sentence in notes if sentence)
    return NewCells(modality, table.obs, values, measured, found.batch, told, found.levels)


def _likeness(names: pd.Index, features: pd.Index) -> float:
    """Share of all names of both that both have: a panel of proteins may be named like some of the genes."""
    common = int(features.isin(names).sum())
    return common / (len(names) + len(features) - common)


def _features(result: Result, modality: str) -> pd.Index:
    obs: pd.DataFrame = result.features.obs
    return pd.Index(obs.loc[(obs["modality"] == modality).to_numpy(), "name"].astype(str))


def _check_names(names: pd.Index, what: str, called: str) -> None:
    repeated = names[names.duplicated()]
    if len(repeated):
        raise InputError(
            f"{called}: {repeated.nunique():,} {what} names stand more than once, such as {repeated[0]!r}.",
            f"a name of its own for every {what}.",
            f"make them unique ({'obs' if what == 'cell' else 'var'}_names_make_unique() in anndata does).",
        )


def _check_share(share: float, modality: str, called: str, names: pd.Index, wanted: pd.Index) -> None:
    if share >= SMALLEST_SHARE:
        return
    shown = ", ".join(repr(str(each)) for each in names[:2]) or "none"
    raise InputError(
        f"{called}: {share:.0%} of the {len(wanted):,} features that the run models jointly in {modality} are among "
        f"its {len(names):,} features ({shown}, ...).",
        f"at least {SMALLEST_SHARE:.0%} of them, named as in training ({wanted[0]!r}, ...).",
        "rename the features, or take a run that was trained on the same ones.",
    )


def _in_order(matrix: object, names: pd.Index, features: pd.Index) -> tuple[sp.csr_matrix | CoveredMatrix, np.ndarray]:
    """Columns of the run, from those of the same name; features that the run does not know are left out."""
    place = names.get_indexer(features)
    measured = place >= 0
    if isinstance(matrix, CoveredMatrix):
        return matrix[:, place[measured]].at_columns(np.flatnonzero(measured), len(features)), measured
    # a copy: what is tidied here must not change the caller's matrix
    found = sp.csr_matrix(sp.csr_matrix(matrix, dtype=np.float32)[:, place[measured]], copy=True)
    found.sum_duplicates()
    found.eliminate_zeros()
    columns = np.flatnonzero(measured)[found.indices]
    return sp.csr_matrix((found.data, columns, found.indptr), shape=(found.shape[0], len(features))), measured


def _check_values(values: sp.csr_matrix | CoveredMatrix, called: str, modality: str, result: Result) -> None:
    likelihood = result.likelihood(modality)
    if isinstance(values, CoveredMatrix):
        check_levels(values, pd.RangeIndex(values.shape[0]), f"{called}: {modality}", likelihood)
        return
    if modality == METHYLATION:
        raise InputError(
            f"{called}: nothing says which places of {modality} are covered.",
            "methylated and covered reads, or levels with NaN, as in training.",
            "give a file, or a table with the layers of both.",
        )
    broken = int((~np.isfinite(values.data)).sum())
    if broken:
        raise InputError(
            f"{called}: {broken:,} values are NaN or infinite.", "a number in every place.", "put the counts there."
        )
    if not is_count(likelihood):
        return
    by_choice = getattr(result.config, f"{modality}_likelihood") != "auto"
    if (values.data < 0).any() or not (by_choice or np.array_equal(values.data, np.round(values.data))):
        raise InputError(
            f"{called}: the values are no counts, but the run was trained on counts of {modality}.",
            "raw counts, as in training.",
            "set X to the counts: normalisation is done here.",
        )


def _on_empty(values: sp.csr_matrix | CoveredMatrix, result: Result, modality: str) -> str:
    covered = isinstance(values, CoveredMatrix)
    tells = covered or is_count(result.likelihood(modality))
    empty = int((np.diff(values.indptr) == 0).sum()) if tells else 0
    if not empty:
        return ""
    what = UNCOVERED if covered else EMPTY
    return f"{empty:,} of {values.shape[0]:,} {what}: they lie where a cell without evidence lies."


def _on_missing(missing: int, modelled: int) -> str:
    if not missing:
        return ""
    return (
        f"{missing:,} of the {modelled:,} features modelled jointly ({missing / modelled:.1%}) are missing and count "
        "as not measured."
    )
