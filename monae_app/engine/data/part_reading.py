"""One part of a file becomes a table of values, cells and named features."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import scipy.sparse as sp

from monae_app.engine.data import on_disk
from monae_app.engine.data.dataset import METHYLATION
from monae_app.engine.data.genome import has_peak_columns
from monae_app.engine.data.gtf import read_gtf
from monae_app.engine.data.levels import CONTEXT
from monae_app.engine.data.methylation_reading import coverage_of, read_methylation, with_contexts_in_names
from monae_app.engine.data.peak_union import sum_repeated
from monae_app.engine.data.regions import contexts_of
from monae_app.engine.data.store.mapped_matrix import MappedMatrix
from monae_app.engine.data.understanding.cell_names import name_cells
from monae_app.engine.data.understanding.feature_names import (
    MOSTLY,
    SPECIES,
    name_features,
    share_matching,
    without_version,
)
from monae_app.engine.data.understanding.matrices import RAW, WORDS, X, choose_matrix
from monae_app.engine.data.understanding.modality import guess_modality
from monae_app.engine.data.understanding.origin import guess_origin
from monae_app.engine.data.understanding.turned import check_not_turned

if TYPE_CHECKING:
    from pathlib import Path

    from monae_app.engine.config import ModalityName, RunConfig
    from monae_app.engine.data.contents import Part
    from monae_app.engine.data.covered import CoveredMatrix
    from monae_app.engine.data.understanding.feature_names import Named
    from monae_app.engine.data.understanding.matrices import Chosen
    from monae_app.engine.data.understanding.origin import Origin


@dataclass(frozen=True)
class Table:
    """What was read of one part.

    Parameters
    ----------
    values
        Shape (N, G), float32; no stored zero, no place twice. Of methylation a ``CoveredMatrix``.
    obs, var
        Cells and features, (N, .) and (G, .); the names of the features are unique.
    found
        What it is, as JSON: modality, matrix, kind of values and of names, organism, genome; of methylation how much is
        covered.
    notes
        What was decided, in words.
    """

    values: sp.csr_matrix | CoveredMatrix
    obs: pd.DataFrame
    var: pd.DataFrame
    found: dict[str, Any]
    notes: tuple[str, ...]


def read_part(part: Part, modality: ModalityName, config: RunConfig) -> Table:
    """Read the right matrix of a part and settle the names of its features.

    Parameters
    ----------
    part
        Of a file.
    modality
        What it is read as.
    config
        Which matrix to take, and the genome or annotation of the run.

    Raises
    ------
    InputError
        If it has no matrix, not the one asked for, the matrix cannot be read, or features lie in its rows.
    """
    check_not_turned(part)
    if modality == METHYLATION:
        return _read_methylation(part, config)
    chosen = choose_matrix(part, getattr(config, f"{modality}_matrix"))
    matrix = part.matrices[chosen.name]
    values = _tidy(matrix.read())
    var = part.var if matrix.var is None else matrix.var
    notes = [*part.notes, *on_matrix(chosen)]
    if modality == "atac" and var.index.has_duplicates and not has_peak_columns(var):
        before = len(var)
        values, var = sum_repeated(values, var)
        notes.append(f"{before - len(var):,} peaks stand more than once; their counts were summed.")
    named = settle_names(var, modality, config)
    origin = origin_of(part, var, named.var, modality)
    found = {
        "modality": guess_modality(part).to_json(),
        "matrix": chosen.name,
        "kind": chosen.kind,
        "names": named.kind,
        "organism": origin.organism.to_json(),
        "genome": origin.genome.to_json(),
    }
    obs, about_cells = name_cells(part.obs, modality)
    return Table(values, obs, named.var, found, (*notes, *about_cells, *named.notes))


def _tidy(values: sp.csr_matrix | np.ndarray) -> sp.csr_matrix:
    """Return values as float32, each place once and no zero; what lies on disk is so already."""
    if isinstance(values, MappedMatrix):
        return values
    found = sp.csr_matrix(values, dtype=np.float32)
    found.sum_duplicates()
    found.eliminate_zeros()
    return found


def _read_methylation(part: Part, config: RunConfig) -> Table:
    # on disk a covered place whose level is 0 would look like one that is not covered
    with on_disk.all_in_memory():
        values, source, kind, notes = read_methylation(part, config.methylation_matrix)
    context, because = contexts_of(part.var, config.methylation_context)
    named = settle_names(with_contexts_in_names(part.var, context), METHYLATION, config)
    origin = origin_of(part, part.var, named.var, METHYLATION)
    found = {
        "modality": guess_modality(part).to_json(),
        "matrix": source.name,
        "kind": kind,
        "names": named.kind,
        "organism": origin.organism.to_json(),
        "genome": origin.genome.to_json(),
        "coverage": coverage_of(values, context, kind),
    }
    obs, about_cells = name_cells(part.obs, METHYLATION)
    told = f"the context of the regions is {' and '.join(dict.fromkeys(context.tolist()))}, {because}."
    var = named.var.assign(**{CONTEXT: context})
    return Table(values, obs, var, found, (*part.notes, *notes, *about_cells, *named.notes, told))


def settle_names(var: pd.DataFrame, modality: ModalityName, config: RunConfig) -> Named:
    """Name features as the run names them, by its genome or its own annotation."""
    gtf = config.gtf
    symbol_of = None if gtf is None else lambda: symbols_of_ids(gtf)
    return name_features(var, modality, genome=config.genome, symbol_of=symbol_of)


def origin_of(part: Part, var: pd.DataFrame, named: pd.DataFrame, modality: ModalityName | None) -> Origin:
    """Say where the features of a part come from: by the prefixes of species if they had any, else by their names."""
    before = share_matching(var.index, SPECIES) > MOSTLY
    return guess_origin(var if before else named, modality, part.genome)


def on_matrix(chosen: Chosen) -> list[str]:
    """Say which matrix was taken, where it is not the X that everybody expects."""
    if chosen.name == X:
        return []
    what = RAW if chosen.name == RAW else f"the layer {chosen.name!r}"
    return [f"{WORDS[chosen.kind]} were taken from {what}, {chosen.because}."]


def symbols_of_ids(gtf: Path) -> pd.Series:
    """Symbol of each gene id of an annotation, the id without its version; (genes,)."""
    genes = read_gtf(gtf)
    return pd.Series(genes["symbol"].to_numpy(), index=genes["gene_id"].map(without_version)).loc[
        lambda each: ~each.index.duplicated()
    ]
