"""A motif: which bases a transcription factor binds, position by position; and collections of motifs.

L positions of a motif. Bases are ordered A, C, G, T everywhere.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

from monae_app.engine.data.motifs.names import genes_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    import numpy.typing as npt

BASES = "ACGT"
LONGEST = 100
# counts that are added to each position, in all; as motifmatchr does
PSEUDOCOUNT = 0.8


@dataclass(frozen=True, eq=False)
class Motif:
    """One motif.

    Parameters
    ----------
    id
        By which it is told from others: ``MA0099.4``.
    name
        As its source writes it: ``FOS::JUN(var.2)``.
    counts
        How often each base was seen at each position, shape (L, 4), bases in the order A, C, G, T.
    families
        Structural families of its factors, one each for a dimer where the source says so.
    classes
        The same of classes, which hold families.
    genes
        Symbols of its factors; read from the name if none are given.

    Raises
    ------
    ValueError
        If the counts are none.
    """

    id: str
    name: str
    counts: npt.NDArray[np.float64] = field(repr=False)
    families: tuple[str, ...] = ()
    classes: tuple[str, ...] = ()
    genes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        counts = np.array(self.counts, dtype=np.float64)
        if not self.id or self.id != self.id.strip():
            raise ValueError("the motif has no id")
        if counts.ndim != 2 or counts.shape[1] != len(BASES) or not 1 <= len(counts) <= LONGEST:
            raise ValueError(f"its counts have the shape {counts.shape}, not 1 to {LONGEST} positions of four bases")
        if not np.isfinite(counts).all() or (counts < 0).any():
            raise ValueError("a count is negative or no number")
        if (counts.sum(axis=1) <= 0).any():
            raise ValueError("a position has no counts")
        counts.setflags(write=False)
        object.__setattr__(self, "counts", counts)
        if not self.genes:
            object.__setattr__(self, "genes", genes_of(self.name))

    def __len__(self) -> int:
        return len(self.counts)

    def probabilities(self) -> npt.NDArray[np.float64]:
        """Return the probability of each base at each position, none of them zero, shape (L, 4)."""
        total = self.counts.sum(axis=1, keepdims=True)
        return np.asarray((self.counts + PSEUDOCOUNT / len(BASES)) / (total + PSEUDOCOUNT))

    def information(self) -> float:
        """Return how far the motif is from even chance, in bits, over all positions."""
        chances = self.probabilities()
        return float((chances * np.log2(chances * len(BASES))).sum())

    def reversed(self) -> Motif:
        """Return the motif as it reads on the other strand."""
        return replace(self, counts=self.counts[::-1, ::-1])


@dataclass(frozen=True, eq=False)
class MotifCollection:
    """Motifs of one source.

    Parameters
    ----------
    motifs
        Each with an id of its own.
    source
        Where they come from: the name of a database or of a file, never its folder.
    version
        Of the source; empty if it says none.
    notes
        What is to be known of how they were read, in words.

    Raises
    ------
    ValueError
        If two motifs share an id.
    """

    motifs: tuple[Motif, ...]
    source: str
    version: str = ""
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if len({motif.id for motif in self.motifs}) < len(self.motifs):
            raise ValueError("two motifs share an id")

    def __len__(self) -> int:
        return len(self.motifs)

    @property
    def ids(self) -> list[str]:
        """Ids in order."""
        return [motif.id for motif in self.motifs]

    @property
    def digest(self) -> str:
        """A fingerprint of all ids and counts, in order."""
        found = hashlib.sha256()
        for motif in self.motifs:
            found.update(f"{motif.id}\t{len(motif)}\n".encode())
            found.update(np.ascontiguousarray(motif.counts, dtype="<f8").tobytes())
        return found.hexdigest()

    def of_genes(self, genes: Iterable[str]) -> MotifCollection:
        """Keep motifs all of whose factors are among genes, for example among those that are expressed.

        Names are compared in any case. A dimer stays if both partners are there.
        """
        known = {gene.casefold() for gene in genes}
        kept = tuple(
            motif for motif in self.motifs if motif.genes and all(gene.casefold() in known for gene in motif.genes)
        )
        return replace(self, motifs=kept)
