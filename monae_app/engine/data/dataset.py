"""What a run is made from: modalities of cells x features, checked once, at construction."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final, Literal

import numpy as np

from monae_app.engine.data.batch_covariates import batches_of
from monae_app.engine.data.covered import CoveredMatrix
from monae_app.engine.data.levels import check_levels
from monae_app.engine.data.on_disk import value_blocks
from monae_app.engine.data.understanding.barcodes import match_cells, n_in_several
from monae_app.engine.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pandas as pd
    import scipy.sparse as sp

    from monae_app.engine.data.batch_covariates import Batches
    from monae_app.engine.data.understanding.barcodes import CellMatch

Likelihood = Literal["nb", "zinb", "poisson", "bernoulli", "normal", "binomial", "beta_binomial"]
METHYLATION: Final = "methylation"
MIN_CELLS = 5
MIN_FEATURES = 5
EMPTY, UNCOVERED = "cells have no counts", "cells cover no region"


def is_count(likelihood: str) -> bool:
    """Whether values of this likelihood are counts, decoded as library size x proportion."""
    return likelihood in ("nb", "zinb", "poisson", "bernoulli")


@dataclass(frozen=True)
class Modality:
    """One measurement of N cells by G features.

    Parameters
    ----------
    name
        ``rna``, ``atac``, ``protein`` or ``methylation``.
    values
        Counts, or continuous values, shape (N, G), float32, one row a cell. Of methylation a ``CoveredMatrix``:
        methylated among covered reads, or levels; what it does not store was not covered.
    obs
        What is known of the cells; the index holds their names, shape (N, columns).
    var
        What is known of the features; the index holds their names, shape (G, columns).
    likelihood
        ``nb``, ``zinb``, ``poisson`` or ``bernoulli`` for counts, ``beta_binomial`` or ``binomial`` for methylated
        among covered reads, ``normal`` for continuous values and levels.

    Raises
    ------
    InputError
        If a name stands twice, a value is missing or infinite, counts are negative, no cell has any, or there is too
        little to train on.
    """

    name: str
    values: sp.csr_matrix | CoveredMatrix
    obs: pd.DataFrame
    var: pd.DataFrame
    likelihood: Likelihood

    def __post_init__(self) -> None:
        self._check_shape()
        for names, what in ((self.obs.index, "cell"), (self.var.index, "feature")):
            _check_unique(names, what, self.name)
        check_values(self.values, self.obs.index, self.name, self.likelihood)

    @property
    def n_cells(self) -> int:
        """Number of cells, N."""
        return int(self.values.shape[0])

    @property
    def n_features(self) -> int:
        """Number of features, G."""
        return int(self.values.shape[1])

    @property
    def is_count(self) -> bool:
        """Whether the values are counts."""
        return is_count(self.likelihood)

    @property
    def informative(self) -> np.ndarray:
        """Rows of cells that say anything: with counts, or with a covered region; increasing."""
        if self.is_count or isinstance(self.values, CoveredMatrix):
            return np.flatnonzero(self.library_size > 0)
        return np.arange(self.n_cells)

    @property
    def library_size(self) -> np.ndarray:
        """Sum of each cell's values; of methylation the number of regions that it covers; shape (N,), float32."""
        if isinstance(self.values, CoveredMatrix):
            return np.diff(self.values.indptr).astype(np.float32)
        return np.asarray(self.values.sum(axis=1), dtype=np.float32).ravel()

    def _check_shape(self) -> None:
        if self.values.shape != (len(self.obs), len(self.var)):
            raise InputError(
                f"{self.name}: the matrix is {self.values.shape[0]:,} x {self.values.shape[1]:,}, but obs has "
                f"{len(self.obs):,} rows and var {len(self.var):,}.",
                "one row of obs a cell and one row of var a feature.",
                "write the file anew from the object that it came from.",
            )
        if self.n_cells < MIN_CELLS or self.n_features < MIN_FEATURES:
            raise InputError(
                f"{self.name}: {self.n_cells:,} cells x {self.n_features:,} features.",
                f"at least {MIN_CELLS} cells and {MIN_FEATURES} features.",
                "check that the file is the one you meant and that no filter emptied it.",
            )


def check_values(values: sp.csr_matrix | CoveredMatrix, cells: pd.Index, name: str, likelihood: str) -> None:
    """Make sure that values can be modelled.

    Parameters
    ----------
    values
        Shape (N, G).
    cells
        Names of the cells, (N,).
    name
        Of the modality.
    likelihood
        As in :class:`Modality`.

    Raises
    ------
    InputError
        If a value is missing or infinite, a count is negative, or no cell has any count; of methylation if more reads
        are methylated than covered, or nothing is covered.
    """
    if isinstance(values, CoveredMatrix):
        check_levels(values, cells, name, likelihood)
        return
    data, blocks = values.data, list(value_blocks(values))
    broken = [part.start + np.flatnonzero(~np.isfinite(data[part])) for part in blocks]
    if any(map(len, broken)):
        places = np.concatenate(broken)
        first = cells[np.searchsorted(values.indptr, places[0], side="right") - 1]
        raise InputError(
            f"{name}: {len(places):,} values are NaN or infinite, first in cell {first!r}.",
            "a number in every place; 0 where nothing was counted.",
            "replace them by the counts as measured, or leave those cells or features out.",
        )
    if not is_count(likelihood):
        return
    if negative := sum(int((data[part] < 0).sum()) for part in blocks):
        raise InputError(
            f"{name}: {negative:,} values are negative, the lowest {data.min():g}.",
            "counts, none of them below 0.",
            f"give the raw counts, or take continuous values with --set {name}_likelihood=normal.",
        )
    if not any((data[part] > 0).any() for part in blocks):
        raise InputError(
            f"{name}: none of the {values.shape[0]:,} cells has any count.",
            "counts other than 0.",
            "check that X holds the measured values.",
        )


def _check_unique(names: pd.Index, what: str, modality: str) -> None:
    repeated = names[names.duplicated()].unique()
    if len(repeated):
        shown = ", ".join(repr(str(name)) for name in repeated[:3])
        raise InputError(
            f"{modality}: {len(repeated):,} {what} names stand more than once, such as {shown}.",
            f"a name of its own for every {what}.",
            f"make them unique in the file ({'obs' if what == 'cell' else 'var'}_names_make_unique() in anndata does).",
        )


def _empty_cells(modality: Modality, notes: Sequence[str]) -> list[str]:
    """Say that a modality has cells without counts, unless a data set that this one is part of has said so."""
    empty = modality.n_cells - len(modality.informative)
    covered = isinstance(modality.values, CoveredMatrix)
    what, setting = (UNCOVERED, "methylation_min_regions=1") if covered else (EMPTY, "min_counts=1")
    if not empty or any(note.startswith(f"{modality.name}: ") and what in note for note in notes):
        return []
    return [
        f"{modality.name}: {empty:,} of {modality.n_cells:,} {what}: they lie where a cell without evidence lies; "
        f"leave them out with {setting}."
    ]


@dataclass(frozen=True)
class Dataset:
    """The modalities of one run, with the batch of every cell and the pairs if any are to be used.

    Parameters
    ----------
    modalities
        By name, in the order in which they were given.
    batch_columns
        Columns of obs that together name a cell's batch; none means one batch.
    use_pairs
        Whether cells of equal name are known to be the same cell.
    notes
        What was decided while reading, in words, for the report; cells without counts are added to it.
    findings
        What the files of each modality hold, for the report; empty for data that were in memory already.
    reference_batch
        Name of the batch at which values are imputed where none is named; empty for the largest.

    Raises
    ------
    InputError
        If a batch column is missing or has gaps, no batch is called like the reference, or pairs are asked for and no
        name coincides.
    """

    modalities: dict[str, Modality]
    batch_columns: Sequence[str] = ()
    use_pairs: bool = False
    notes: tuple[str, ...] = ()
    findings: Mapping[str, dict[str, Any]] = field(default_factory=dict)
    reference_batch: str = ""
    batches: Batches = field(init=False)
    reference: int = field(init=False)

    def __post_init__(self) -> None:
        empty = [note for modality in self.modalities.values() for note in _empty_cells(modality, self.notes)]
        object.__setattr__(self, "notes", (*self.notes, *empty))
        tables = {name: each.obs for name, each in self.modalities.items()}
        object.__setattr__(self, "batches", batches_of(tables, self.batch_columns))
        object.__setattr__(self, "reference", self.batches.reference(self.reference_batch))
        if self.use_pairs and len(self.modalities) > 1 and not self.n_cells_in_several():
            where, files = ("both modalities", "both") if len(self.modalities) == 2 else ("two modalities", "the")
            raise InputError(
                f"--paired was given, but no cell name stands in {where}.",
                "the same name for a cell in each modality that measured it.",
                f"give the cells the same obs_names in {files} files, or train without --paired.",
            )

    @property
    def batch_names(self) -> tuple[str, ...]:
        """Names of the batches, (b,)."""
        return self.batches.names

    @property
    def batch_codes(self) -> dict[str, np.ndarray]:
        """Position of each cell's batch, by modality, (N,) int64."""
        return self.batches.codes

    @cached_property
    def cell_match(self) -> CellMatch:
        """How the names of cells say which of them were measured in several modalities."""
        return match_cells({name: each.obs.index for name, each in self.modalities.items()})

    @property
    def cell_keys(self) -> dict[str, pd.Index]:
        """Keys of the cells by modality, (N,) each: equal where the names mean one cell, whatever hangs on to them."""
        return self.cell_match.keys

    def n_cells_in_several(self) -> int:
        """Count the cells that, by their names, stand in more than one modality."""
        return n_in_several(self.cell_keys)

    def known_pairs(self, *names: str) -> np.ndarray:
        """Rows of two modalities (the first two unless named) that hold the same cell, by name, shape (pairs, 2)."""
        first, second = (self.cell_keys[name] for name in (names or list(self.modalities)[:2]))
        common = first.intersection(second, sort=False)
        return np.column_stack([first.get_indexer(common), second.get_indexer(common)])
