"""Features as Cell Ranger lists them: split by their type into modalities, and named."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from monae_app.engine.data.readers.names import feature_names, genome_of

if TYPE_CHECKING:
    from monae_app.engine.config import GenomeName, ModalityName

TYPES: dict[str, ModalityName] = {"Gene Expression": "rna", "Peaks": "atac", "Antibody Capture": "protein"}
# Known to be no modality of ours; a type that is not listed at all says nothing, as in files of other programs.
LEFT_OUT = ("CRISPR Guide Capture", "Multiplexing Capture", "Custom", "Antigen Capture", "CRISPR", "VDJ", "VDJ-T")


@dataclass(frozen=True)
class Features:
    """All features of a file, each array of shape (G,).

    Parameters
    ----------
    ids, symbols
        Ensembl id and gene symbol; the same where the file has one name alone.
    types
        Feature types; None where the file has none.
    genomes
        Genome of each feature, empty where it has none (antibodies); None where the file does not say.
    more
        Further columns, such as ``interval``.
    """

    ids: np.ndarray
    symbols: np.ndarray
    types: np.ndarray | None = None
    genomes: np.ndarray | None = None
    more: dict[str, np.ndarray] | None = None


@dataclass(frozen=True)
class Group:
    """The features of one modality of a file.

    Parameters
    ----------
    name, modality
        The feature type, and what it is here.
    columns
        Where its features stand, shape (G',); None means all of them.
    var
        Their table, shape (G', .).
    genome, notes
        As in Part.
    """

    name: str
    modality: ModalityName | None
    columns: np.ndarray | None
    var: pd.DataFrame
    genome: GenomeName | None
    notes: tuple[str, ...]


def grouped(features: Features, peaks: bool = False) -> tuple[list[Group], list[str]]:  # noqa: FBT001, FBT002
    """Split features by their types.

    Parameters
    ----------
    peaks
        Whether they are peaks, where no types are given.

    Returns
    -------
    tuple
        The groups, and notes on what is left out.
    """
    types = features.types
    known = set(TYPES) | set(LEFT_OUT)
    if types is None or not set(types) & known:
        return [_group("", "atac" if peaks else None, features, None)], []
    groups, notes = [], []
    for kind in dict.fromkeys(types):
        columns = np.flatnonzero(types == kind)
        if kind in TYPES:
            groups.append(_group(kind, TYPES[kind], features, None if len(columns) == len(types) else columns))
        else:
            notes.append(f"{len(columns):,} features of the type {kind or 'without a name'} were left out.")
    return groups, notes


def _group(name: str, modality: ModalityName | None, features: Features, columns: np.ndarray | None) -> Group:
    rows = slice(None) if columns is None else columns
    ids, symbols = features.ids[rows], features.symbols[rows]
    notes: list[str] = []
    genomes = None if features.genomes is None else features.genomes[rows]
    genome, several = _genome(genomes)
    if several and genomes is not None:
        ids, symbols = _prefixed(ids, genomes), _prefixed(symbols, genomes)
        notes.append(f"Genes of {len(several)} genomes ({', '.join(several)}) stand side by side, named by genome.")
    names = feature_names(symbols, ids)
    renamed = int((names.to_numpy() != symbols).sum())
    if renamed:
        notes.append(f"{renamed:,} features share their symbol with another and are named by their id.")
    columns_of = {"gene_id" if modality != "atac" else "id": ids}
    if several and genomes is not None:
        columns_of["genome"] = genomes
    columns_of |= {key: values[rows] for key, values in (features.more or {}).items()}
    return Group(name, modality, columns, pd.DataFrame(columns_of, index=names), genome, tuple(notes))


def _genome(genomes: np.ndarray | None) -> tuple[GenomeName | None, list[str]]:
    """Return the one genome that all features have, and all names if there are several."""
    found = [] if genomes is None else [str(each) for each in dict.fromkeys(genomes) if each]
    if len(found) == 1:
        return genome_of(found[0]), []
    return None, found


def _prefixed(names: np.ndarray, genomes: np.ndarray) -> np.ndarray:
    """Put the genome before each name, as Cell Ranger does where there are several, if it is not there yet."""
    return np.array(
        [
            name if not genome or name.startswith(genome) else f"{genome}_{name}"
            for name, genome in zip(names, genomes, strict=True)
        ],
        dtype=object,
    )
