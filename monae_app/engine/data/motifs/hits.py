"""In which peaks which motifs lie: how often, and how well the best place fits; with how that was found.

P peaks, M motifs.
"""

from __future__ import annotations

import json
import zipfile
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import scipy.sparse as sp

from monae_app.engine.data.readers.guard import reason_of
from monae_app.engine.errors import InputError
from monae_app.engine.result import write_atomically

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import numpy.typing as npt
    import pandas as pd

    from monae_app.engine.data.motifs.motif import MotifCollection

# in the folder of a run that was given motifs
MOTIF_HITS = "motif_hits.npz"
FORMAT = 1
_PARTS = ("peaks", "ids", "names", "genes", "families", "indptr", "indices", "counts", "scores", "said")
_BETWEEN = "::"
_EXPECTED = "a file of motif hits (.npz) as `monae motifs` writes it."
_TODO = "make it anew: monae motifs PEAKS --motifs jaspar --fasta GENOME.fa --out FILE.npz."


@dataclass(frozen=True, eq=False)
class MotifHits:
    """Motifs in peaks.

    Parameters
    ----------
    peaks
        Names of the peaks as the data set has them, (P,).
    ids, names
        Of the motifs, (M,).
    genes
        Symbols of the factors of each motif, (M,).
    families
        Structural families of the factors of each motif, (M,).
    counts
        Number of places of each motif in each peak, shape (P, M), only where there are any.
    scores
        Score of the best of them in bits of log odds, or as a table states it; stored where counts are.
    provenance
        How it was found: source and version of the motifs, threshold, background, genome file.
    notes
        What is to be known, in words.

    Raises
    ------
    ValueError
        If shapes do not fit, a count is below one, or scores are stored elsewhere than counts.
    """

    peaks: npt.NDArray[np.object_]
    ids: Sequence[str]
    names: Sequence[str]
    genes: Sequence[tuple[str, ...]]
    families: Sequence[tuple[str, ...]]
    counts: sp.csr_matrix = field(repr=False)
    scores: sp.csr_matrix = field(repr=False)
    provenance: dict[str, Any] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        shape = (len(self.peaks), len(self.ids))
        if self.counts.shape != shape or self.scores.shape != shape:
            raise ValueError(f"hits of the shapes {self.counts.shape} and {self.scores.shape}, not {shape}")
        if not len(self.names) == len(self.genes) == len(self.families) == len(self.ids):
            raise ValueError("motifs have not as many names, genes and families as ids")
        if len(set(self.ids)) < len(self.ids):
            raise ValueError("two motifs share an id")
        same = (self.counts.indptr == self.scores.indptr).all() and (
            len(self.counts.indices) == len(self.scores.indices) and (self.counts.indices == self.scores.indices).all()
        )
        if not same:
            raise ValueError("scores are not stored where counts are")
        if (self.counts.data < 1).any() or not np.isfinite(self.scores.data).all():
            raise ValueError("a count is below one, or a score is no number")

    def named(self, name: str) -> list[int]:
        """Columns of the motifs of a factor, by its gene in any case; empty if it has none."""
        plain = name.casefold()
        return [at for at, genes in enumerate(self.genes) if plain in {gene.casefold() for gene in genes}]

    def save(self, path: Path) -> None:
        """Write one .npz file without pickles, whole or not at all."""
        said = json.dumps({"format": FORMAT, "provenance": self.provenance, "notes": list(self.notes)})
        joined = {name: [_BETWEEN.join(each) for each in getattr(self, name)] for name in ("genes", "families")}

        def write(temporary: Path) -> None:
            with temporary.open("wb") as file:
                np.savez_compressed(
                    file,
                    peaks=_text(self.peaks),
                    ids=_text(self.ids),
                    names=_text(self.names),
                    genes=_text(joined["genes"]),
                    families=_text(joined["families"]),
                    indptr=self.counts.indptr.astype(np.int64),
                    indices=self.counts.indices.astype(np.int32),
                    counts=self.counts.data.astype(np.int32),
                    scores=self.scores.data.astype(np.float32),
                    said=np.array(said),
                )

        write_atomically(path, write)

    @classmethod
    def load(cls, path: Path) -> MotifHits:
        """Read what :meth:`save` wrote.

        Raises
        ------
        InputError
            If the file is missing, damaged, or something else.
        """
        try:
            with path.open("rb") as raw, np.load(raw, allow_pickle=False) as file:
                parts = {name: file[name] for name in _PARTS}
            said = json.loads(str(parts["said"]))
            if said["format"] != FORMAT:
                raise ValueError(f"it is of version {said['format']} of the format, not {FORMAT}")
            shape = (len(parts["peaks"]), len(parts["ids"]))
            counts, scores = (
                sp.csr_matrix((parts[name], parts["indices"], parts["indptr"]), shape=shape)
                for name in ("counts", "scores")
            )
            counts.check_format()
            genes, families = ([_parts(text) for text in parts[name]] for name in ("genes", "families"))
            ids, names = (parts[name].tolist() for name in ("ids", "names"))
            peaks = parts["peaks"].astype(object)
            provenance, notes = said["provenance"], tuple(said["notes"])
            return cls(peaks, ids, names, genes, families, counts, scores, provenance, notes)
        except (OSError, KeyError, ValueError, TypeError, AttributeError, EOFError, zipfile.BadZipFile) as error:
            raise InputError(f"{path.name} holds no motif hits ({reason_of(error)}).", _EXPECTED, _TODO) from error


def hits_of(
    peaks: pd.Index,
    motifs: MotifCollection,
    counts: sp.csr_matrix,
    scores: sp.csr_matrix,
    provenance: dict[str, Any],
    notes: Sequence[str] = (),
) -> MotifHits:
    """Put hits together with the motifs that they are of.

    Parameters
    ----------
    peaks
        Names, (P,).
    motifs
        M of them.
    counts, scores
        Shape (P, M).
    """
    each = motifs.motifs
    return MotifHits(
        peaks.to_numpy(object),
        motifs.ids,
        [motif.name for motif in each],
        [motif.genes for motif in each],
        [motif.families for motif in each],
        counts,
        scores,
        {"motif_source": motifs.source, "motif_version": motifs.version, "motif_digest": motifs.digest, **provenance},
        (*motifs.notes, *notes),
    )


def _parts(joined: str) -> tuple[str, ...]:
    return tuple(filter(None, joined.split(_BETWEEN)))


def _text(values: Any) -> np.ndarray:
    """Turn strings into an array of fixed width, which needs no pickle."""
    return np.array([str(value) for value in values], dtype=np.str_)
