"""Motifs as JASPAR writes them: ``>id name`` and a row of counts for each base, with or without its letter."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np

from monae_app.engine.data.motifs.motif import BASES, Motif

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_ROW = re.compile(r"^(?:(?P<base>[ACGTUacgtu])\s*[:|]?\s*)?\[?\s*(?P<counts>[-+\d.eE\s]+?)\s*\]?$")


def is_jaspar(lines: Sequence[str]) -> bool:
    """Whether lines are those of JASPAR: a header, and a row of counts below it."""
    said = [line.strip() for line in lines if line.strip()][:2]
    return len(said) == 2 and said[0].startswith(">") and _ROW.match(said[1]) is not None


def read_jaspar(lines: Sequence[str]) -> list[Motif]:
    """Read motifs.

    Raises
    ------
    ValueError
        If a motif has not its four rows of counts; the line is named.
    """
    found: list[Motif] = []
    said = [(number, line.strip()) for number, line in enumerate(lines, start=1) if line.strip()]
    said = [(number, line) for number, line in said if not line.startswith("#")]
    for place in range(0, len(said), 1 + len(BASES)):
        number, header = said[place]
        if not header.startswith(">") or not header[1:].strip():
            raise ValueError(f"line {number} is no header such as >MA0004.1 Arnt")
        counts = _counts(said[place + 1 : place + 1 + len(BASES)], number)
        words = header[1:].split()
        try:
            found.append(Motif(words[0], " ".join(words[1:]) or words[0], counts))
        except ValueError as error:
            raise ValueError(f"{words[0]} in line {number}: {error}") from None
    return found


def write_jaspar(motifs: Iterable[Motif]) -> str:
    """Write motifs with a letter before each row."""
    parts = []
    for motif in motifs:
        rows = (
            f"{base}  [ {' '.join(repr(float(value)) for value in row)} ]"
            for base, row in zip(BASES, motif.counts.T, strict=True)
        )
        parts.append(f">{motif.id}\t{motif.name}\n" + "\n".join(rows) + "\n")
    return "".join(parts)


def _counts(rows: Sequence[tuple[int, str]], header: int) -> np.ndarray:
    """Read four rows, shape (L, 4)."""
    read: dict[str, list[float]] = {}
    for base, (number, line) in zip(BASES, rows, strict=False):
        matched = _ROW.match(line)
        if matched is None:
            raise ValueError(f"line {number} is no row of counts")
        letter = (matched["base"] or base).upper().replace("U", "T")
        try:
            read[letter] = [float(field) for field in matched["counts"].split()]
        except ValueError:
            raise ValueError(f"line {number} holds what is no number") from None
    if len(read) < len(BASES) or len({len(row) for row in read.values()}) != 1:
        raise ValueError(f"the motif in line {header} has not four rows of counts of one length")
    return np.array([read[base] for base in BASES]).T
