"""Motifs in the format of TRANSFAC: two letters a line, one row of counts a position, ``//`` behind each."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from monae_app.engine.data.motifs.motif import BASES, Motif

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_TAGS = {"AC", "ID", "NA", "DE", "P0", "PO"}


def is_transfac(lines: Sequence[str]) -> bool:
    """Whether lines are TRANSFAC's, by the row that names the bases."""
    return any(line.split()[:5] in (["P0", *BASES], ["PO", *BASES]) for line in lines[:500])


def read_transfac(lines: Sequence[str]) -> list[Motif]:
    """Read motifs; the id is the accession (AC) where there is one, else ID.

    Raises
    ------
    ValueError
        If a row of counts is none; the line is named.
    """
    found: list[Motif] = []
    said: dict[str, str] = {}
    rows: list[list[float]] = []
    for number, line in enumerate([*lines, "//"], start=1):
        tag, _, rest = line.strip().partition(" ")
        if tag == "//":
            if rows:
                found.append(_motif(said, rows, number))
            said, rows = {}, []
        elif tag in _TAGS:
            said.setdefault(tag, rest.strip())
        elif tag.isdigit() and ("P0" in said or "PO" in said):
            rows.append(_row(rest, number))
    return found


def write_transfac(motifs: Iterable[Motif]) -> str:
    """Write motifs."""
    parts = []
    for motif in motifs:
        counts = enumerate(motif.counts, start=1)
        rows = (f"{at:02d}  " + " ".join(repr(float(value)) for value in row) for at, row in counts)
        head = f"AC {motif.id}\nXX\nID {motif.name}\nXX\nP0 A C G T\n"
        parts.append(head + "\n".join(rows) + "\nXX\n//\n")
    return "".join(parts)


def _row(text: str, number: int) -> list[float]:
    try:
        row = [float(field) for field in text.split()[: len(BASES)]]
    except ValueError:
        raise ValueError(f"line {number} holds what is no number") from None
    if len(row) < len(BASES):
        raise ValueError(f"line {number} has {len(row)} counts, not four")
    return row


def _motif(said: dict[str, str], rows: list[list[float]], number: int) -> Motif:
    id_ = said.get("AC") or said.get("ID") or said.get("NA") or ""
    name = said.get("NA") or said.get("ID") or id_
    try:
        return Motif(id_, name, np.array(rows))
    except ValueError as error:
        raise ValueError(f"{id_ or 'the motif'} above line {number}: {error}") from None
