"""What a file holds, before anything is decided about it: its parts, and the matrices of each.

N cells, G features. Readers make these; nothing here knows a format.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

import numpy as np
import scipy.sparse as sp

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    import pandas as pd

    from monae_app.engine.config import GenomeName, ModalityName

PEEKED_VALUES = 1_000_000


@dataclass(frozen=True)
class Matrix:
    """One matrix of a part, read when it is asked for.

    Parameters
    ----------
    shape
        (N, G).
    read
        Reads it whole: cells in rows, features in columns, any number type.
    peek
        Reads up to ``PEEKED_VALUES`` of its values, spread over the matrix, for a look at what kind they are; zeros
        may be left out.
    var
        Its features, where they are not those of the part (``raw`` of an .h5ad), shape (G, columns).
    columns
        Reads those of its features that are named by their numbers (F,), shape (N, F), float32, without the whole of
        it; None where the file does not allow that.
    """

    shape: tuple[int, int]
    read: Callable[[], sp.csr_matrix | np.ndarray]
    peek: Callable[[], np.ndarray]
    var: pd.DataFrame | None = None
    columns: Callable[[np.ndarray], np.ndarray] | None = None
    dense: bool = False

    @classmethod
    def of(cls, values: sp.spmatrix | np.ndarray, var: pd.DataFrame | None = None) -> Matrix:
        """Wrap values that are in memory already, shape (N, G)."""
        stored: np.ndarray = np.asarray(values.data if sp.issparse(values) else values).ravel()
        step = max(1, len(stored) // PEEKED_VALUES)
        return cls(tuple(values.shape), lambda: values, lambda: stored[::step], var, dense=not sp.issparse(values))


@dataclass(frozen=True)
class Part:
    """One table of a file: N cells by G features, as the file has it.

    Parameters
    ----------
    obs, var
        What is known of cells and features; indices of strings, perhaps with repetitions, shape (N, .) and (G, .).
    matrices
        By name: ``X``, ``raw``, or the name of a layer. Empty where the file has none.
    name
        What the file calls this part (``rna``, ``Gene Expression``); empty where it holds one table alone.
    modality
        Which modality the file says it is; None where it does not say.
    genome
        Which genome the file says it was aligned to, if that is a bundled one.
    notes
        What the reader decided, in words ("The rows are genes: the table was turned.").
    rows
        What the rows of a text table were taken for, ``cells`` or ``features``; None for all other formats.
    """

    obs: pd.DataFrame
    var: pd.DataFrame
    matrices: Mapping[str, Matrix]
    name: str = ""
    modality: ModalityName | None = None
    genome: GenomeName | None = None
    notes: tuple[str, ...] = ()
    rows: Literal["cells", "features"] | None = None


@dataclass(frozen=True)
class Contents:
    """All that a file holds that can be used.

    Parameters
    ----------
    path
        The file or folder.
    format
        What it is, for people: ``AnnData (.h5ad)``, ``10x HDF5 (Cell Ranger 3)``.
    parts
        At least one.
    notes
        What concerns the file as a whole, in words.
    """

    path: Path
    format: str
    parts: tuple[Part, ...]
    notes: tuple[str, ...] = field(default=())


@dataclass(frozen=True)
class ReadingOptions:
    """What a reader may be told; each default means "find out".

    Parameters
    ----------
    orientation
        What the rows of a text table are: ``cells``, ``features``, or ``auto``.
    peaks
        BED file with the peaks to count fragments in; None counts them in bins.
    bin_size
        Width of the bins in bp.
    """

    orientation: str = "auto"
    peaks: Path | None = None
    bin_size: int = 5000
