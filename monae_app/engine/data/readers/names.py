"""What names say: which genome, which modality; and names made unique."""

from __future__ import annotations

import re
from itertools import repeat
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from monae_app.engine.config import GenomeName, ModalityName

GENOMES: tuple[tuple[str, GenomeName], ...] = (
    ("hg38", "hg38"),
    ("grch38", "hg38"),
    ("hg19", "hg19"),
    ("grch37", "hg19"),
    ("mm10", "mm10"),
    ("grcm38", "mm10"),
)
MODALITIES: dict[ModalityName, frozenset[str]] = {
    "rna": frozenset(
        ["rna", "scrna", "snrna", "mrna", "gex", "gene", "genes", "expression", "transcriptome", "transcripts"]
    ),
    "atac": frozenset(["atac", "scatac", "snatac", "peak", "peaks", "chromatin", "accessibility"]),
    "protein": frozenset(["prot", "protein", "proteins", "adt", "antibody", "antibodies", "cite", "citeseq", "abseq"]),
    "methylation": frozenset(["methylation", "methylome", "meth", "dnam", "mcg", "mch", "mcds", "snmc", "bisulfite"]),
}
BYTES_SHOWN = ("b'", 'b"')


def genome_of(text: str) -> GenomeName | None:
    """Return the bundled genome that a text names: ``GRCh38_chr21`` is hg38; None for any other."""
    low = text.lower()
    found = {genome for word, genome in GENOMES if word in low}
    return found.pop() if len(found) == 1 else None


def modality_of(text: str) -> ModalityName | None:
    """Return the modality that a name such as ``rna``, ``Gene Expression`` or ``ADT`` says; None if it says none."""
    words = set(re.split(r"[^a-z]+", text.lower()))
    found = [modality for modality, known in MODALITIES.items() if words & known]
    return found[0] if len(found) == 1 else None


def as_text(values: Iterable[object]) -> np.ndarray:
    """Give values as strings; bytes are UTF-8. Shape (n,)."""
    texts = _at_once(values)
    if texts is None:
        texts = [value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value) for value in values]
    # bytes that were once written as Python shows them: b'chr1:100-600'
    if any(map(str.startswith, texts, repeat(BYTES_SHOWN))):
        texts = [
            text[2:-1] if text.startswith(BYTES_SHOWN) and text[-1:] == text[1] and len(text) > 3 else text
            for text in texts
        ]
    return np.array(texts, dtype=object)


def _at_once(values: Iterable[object]) -> list[str] | None:
    """Give an array of texts, or of bytes, as strings in one go; None for anything else."""
    if not isinstance(values, np.ndarray) or values.dtype.kind not in "OS" or values.ndim != 1:
        return None
    listed = values.tolist()
    kinds = set(map(type, listed))
    if kinds == {str}:
        return listed  # type: ignore[no-any-return]
    return together(listed, "replace") if kinds == {bytes} else None


def together(encoded: Sequence[bytes], errors: str = "strict") -> list[str] | None:
    """Decode many UTF-8 names in a tenth of the time that one after the other takes; None if one holds a line break.

    Raises
    ------
    UnicodeDecodeError
        If one is no UTF-8.
    """
    texts = b"\n".join(encoded).decode("utf-8", errors).split("\n")
    return texts if len(texts) == len(encoded) else None


def feature_names(symbols: Iterable[str], ids: Iterable[str] | None = None) -> pd.Index:
    """Name features by their symbols; where a symbol stands again, by the id, and where that is taken, by a suffix.

    Parameters
    ----------
    symbols, ids
        Of each feature, shape (G,).

    Returns
    -------
    pandas.Index
        Unique names, shape (G,). The first feature of a symbol keeps it.
    """
    names = pd.Series(list(symbols), dtype=object)
    if ids is not None:
        repeated = names.duplicated() | (names == "")
        names[repeated] = pd.Series(list(ids), dtype=object)[repeated]
    taken, nexts = set(names), dict.fromkeys(names, 1)
    for row in np.flatnonzero(names.duplicated()).tolist():
        name = names[row]
        while f"{name}-{nexts[name]}" in taken:
            nexts[name] += 1
        names[row] = f"{name}-{nexts[name]}"
        taken.add(names[row])
    index: pd.Index = pd.Index(names.to_numpy(dtype=object))
    return index


def invented(word: str, count: int) -> pd.Index:
    """Names for what has none: ``cell1``, ``cell2``, ..."""
    return pd.Index([f"{word}{i + 1}" for i in range(count)], dtype=object)
