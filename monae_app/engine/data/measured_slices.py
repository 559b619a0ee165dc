"""The measured values of some features in the cells of a run, read from the inputs without the whole of them.

n cells of one modality of the run, V features of the run, F of them wanted.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np
import pandas as pd

from monae_app.engine.data.contents import ReadingOptions
from monae_app.engine.data.dataset import METHYLATION
from monae_app.engine.data.measured_levels import level_columns
from monae_app.engine.data.methylation_reading import with_contexts_in_names
from monae_app.engine.data.modality_reading import part_names
from monae_app.engine.data.part_reading import settle_names
from monae_app.engine.data.readers import open_file
from monae_app.engine.data.regions import contexts_of
from monae_app.engine.data.samples import stacked_names
from monae_app.engine.data.understanding.cell_names import name_cells
from monae_app.engine.data.understanding.matrices import choose_matrix
from monae_app.engine.data.understanding.parts import parts_of, separate

if TYPE_CHECKING:
    from collections.abc import Callable

    from monae_app.engine.config import ModalityName, RunConfig
    from monae_app.engine.data.contents import Contents, Part


@dataclass(frozen=True)
class Piece:
    """One sample: how its features are read, where its cells begin and end, where the features of the run stand.

    Parameters
    ----------
    columns
        Reads features of the sample, (cells, F).
    cells
        Its rows among the cells of all samples.
    at
        Column of each feature of the run, (V,), -1 where the sample lacks it.
    """

    columns: Callable[[np.ndarray], np.ndarray]
    cells: range
    at: np.ndarray


@dataclass(frozen=True)
class MeasuredSlices:
    """All samples of one modality; ``rows`` (n,) says which of their cells each cell of the run is, -1 for none.

    ``lacking`` stands where a sample lacks a feature: 0 for counts, NaN for levels, which are not covered there.
    """

    pieces: tuple[Piece, ...]
    rows: np.ndarray
    lacking: float = 0.0

    @property
    def nbytes(self) -> int:
        """What it takes."""
        return int(self.rows.nbytes + sum(piece.at.nbytes for piece in self.pieces))

    def has(self, feature: int) -> bool:
        """Whether any sample has a feature of the run."""
        return any(piece.at[feature] >= 0 for piece in self.pieces)

    def read(self, features: np.ndarray) -> np.ndarray:
        """Read features of the run by their numbers, (F,): (n, F) float32, NaN for a cell that is in no sample."""
        every = np.full((self.pieces[-1].cells.stop, len(features)), self.lacking, np.float32)
        for piece in self.pieces:
            there = np.flatnonzero(piece.at[features] >= 0)
            if len(there):
                found = piece.columns(piece.at[features[there]])
                every[piece.cells.start : piece.cells.stop, there] = found
        if len(self.rows) == len(every) and (self.rows == np.arange(len(every))).all():
            return every
        return np.where(self.rows[:, None] >= 0, every[self.rows], np.float32(np.nan))


class CellNames(Protocol):
    """Names of the run's cells of one modality, (n,), which are not read before they have to be."""

    def are(self, names: Sequence[str]) -> bool:
        """Whether they are known to be these, in this order."""

    def read(self) -> Sequence[str]:
        """Read them."""


def open_measured(
    config: RunConfig, modality: ModalityName, cells: Sequence[str] | CellNames, features: Sequence[str]
) -> MeasuredSlices | None:
    """Open the inputs of a modality.

    Parameters
    ----------
    cells
        Names of the run's cells of this modality, (n,).
    features
        Names of the run's features, (V,).

    Returns
    -------
    None where the files can be read as a whole alone: text, or samples whose peaks were merged.

    Raises
    ------
    InputError
        If a file cannot be read.
    """
    options = ReadingOptions(getattr(config, f"{modality}_orientation"), config.peaks, config.bin_size)
    chosen: list[tuple[Contents, Part]] = []
    for path in config.inputs[modality]:
        contents = open_file(path, options)
        chosen += [(contents, part) for part in _parts(contents, modality)]
    parts = [part for _, part in chosen]
    named, readers = zip(*[_columns(part, modality, config) for part in parts], strict=True)
    if not _by_name(modality, named) or any(columns is None for columns in readers):
        return None
    indices = [name_cells(part.obs, modality)[0].index for part in parts]
    names, _ = stacked_names(part_names(chosen), indices) if len(indices) > 1 else (indices, 0)
    everyone = names[0].append(list(names[1:]))
    rows = _rows(everyone, cells)
    if rows is None:
        return None
    ends = np.cumsum([0, *map(len, names)]).tolist()
    pieces = [
        Piece(columns, range(ends[i], ends[i + 1]), index.get_indexer(pd.Index(features)).astype(np.int32))
        for i, (columns, index) in enumerate(zip(readers, named, strict=True))
        if columns is not None
    ]
    lacking = np.nan if modality == METHYLATION else 0.0
    return MeasuredSlices(tuple(pieces), rows.astype(np.int32), lacking)


def _rows(everyone: pd.Index, cells: Sequence[str] | CellNames) -> np.ndarray | None:
    """Find the cells of the run among all of the files, (n,), -1 for none; None where names do not tell."""
    # as they stand, which takes no table of hashes: most runs hold all cells of their files
    if not isinstance(cells, Sequence):
        if cells.are(everyone.tolist()):
            return np.arange(len(everyone))
        cells = cells.read()
    if everyone.tolist() == list(cells):
        return np.arange(len(cells))
    if everyone.is_unique:
        return everyone.get_indexer(pd.Index(cells))
    return np.arange(len(everyone)) if len(everyone) == len(cells) else None


def _parts(contents: Contents, modality: ModalityName) -> list[Part]:
    """Choose the parts of a modality; what a file of one part holds was settled when the run was made."""
    parts = [part for whole in contents.parts for part in separate(whole)]
    return parts if len(parts) == 1 else parts_of(contents, modality)[0]


def _columns(
    part: Part, modality: ModalityName, config: RunConfig
) -> tuple[pd.Index, Callable[[np.ndarray], np.ndarray] | None]:
    """Names of the features of a part, and what reads some of them."""
    if modality == METHYLATION:
        context, _ = contexts_of(part.var, config.methylation_context)
        var = with_contexts_in_names(part.var, context)
        return settle_names(var, modality, config).var.index, level_columns(part, config.methylation_matrix)
    matrix = part.matrices[choose_matrix(part, getattr(config, f"{modality}_matrix")).name]
    var = part.var if matrix.var is None else matrix.var
    return settle_names(var, modality, config).var.index, matrix.columns


def _by_name(modality: ModalityName, named: Sequence[pd.Index]) -> bool:
    """Whether features of all samples are told by their names: peaks that differ were merged, repeated ones summed."""
    if not all(index.is_unique for index in named):
        return False
    return modality != "atac" or all(index.equals(named[0]) for index in named[1:])
