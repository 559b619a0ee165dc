"""Motifs in the minimal text format of the MEME suite: probabilities by position, and the number of sites.

Source: meme-suite.org/meme/doc/meme-format.html.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np

from monae_app.engine.data.motifs.motif import Motif

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

# where a file does not say how many there were, as the suite itself takes it
SITES = 20.0
_MATRIX = re.compile(r"^letter-probability matrix\s*:(?P<said>.*)$", re.IGNORECASE)
_SITES = re.compile(r"\bnsites\s*=\s*(?P<sites>[\d.eE+-]+)")
_WIDTH = re.compile(r"\bw\s*=\s*(?P<width>\d+)")
_ALPHABET = re.compile(r"^ALPHABET\s*=?\s*(?P<letters>\S.*)$", re.IGNORECASE)


def is_meme(lines: Sequence[str]) -> bool:
    """Whether lines are MEME's, by the first that says anything."""
    first = next((line for line in lines if line.strip()), "")
    return first.upper().startswith("MEME VERSION") or any(_MATRIX.match(line.strip()) for line in lines[:200])


def read_meme(lines: Sequence[str]) -> list[Motif]:
    """Read motifs.

    Raises
    ------
    ValueError
        If a matrix is none, or its letters are not those of DNA; the line is named.
    """
    found: list[Motif] = []
    id_, name, at = "", "", 0
    while at < len(lines):
        line = lines[at].strip()
        letters = _ALPHABET.match(line)
        if letters and letters["letters"].strip("\"' ").upper() not in ("ACGT", "DNA"):
            raise ValueError(f"its alphabet in line {at + 1} is {letters['letters']!r}, not ACGT")
        if line.upper().startswith("MOTIF "):
            said = line.split()
            id_, name = said[1], " ".join(said[2:]) or said[1]
        matrix = _MATRIX.match(line)
        at += 1
        if matrix:
            rows = _rows(lines, at, matrix["said"])
            if not id_:
                raise ValueError(f"the matrix in line {at} follows no line MOTIF")
            found.append(_motif(id_, name, rows, matrix["said"], at))
            id_, at = "", at + len(rows)
    return found


def write_meme(motifs: Iterable[Motif]) -> str:
    """Write motifs with their names and, for each, the mean number of its sites."""
    parts = ["MEME version 4\n\nALPHABET= ACGT\n\nstrands: + -\n"]
    for motif in motifs:
        sites = motif.counts.sum(axis=1)
        chances = motif.counts / sites[:, None]
        rows = "\n".join(" ".join(f"{value:.8f}" for value in row) for row in chances)
        head = f"letter-probability matrix: alength= 4 w= {len(motif)} nsites= {sites.mean():.6g} E= 0"
        parts.append(f"MOTIF {motif.id} {motif.name}\n{head}\n{rows}\n")
    return "\n".join(parts)


def _rows(lines: Sequence[str], at: int, said: str) -> list[list[float]]:
    width = _WIDTH.search(said)
    rows: list[list[float]] = []
    for number, line in enumerate(lines[at:], start=at + 1):
        fields = line.split()
        if len(fields) != 4 or (width and len(rows) == int(width["width"])):
            break
        try:
            rows.append([float(field) for field in fields])
        except ValueError:
            raise ValueError(f"line {number} holds no four numbers") from None
    if not rows or (width and len(rows) != int(width["width"])):
        raise ValueError(f"the matrix in line {at} has {len(rows)} rows of four numbers, not {_stated(width)}")
    return rows


def _stated(width: re.Match[str] | None) -> str:
    return "one or more" if width is None else width["width"]


def _motif(id_: str, name: str, rows: list[list[float]], said: str, at: int) -> Motif:
    sites = _SITES.search(said)
    # some programs state none, and some state zero
    number = (float(sites["sites"]) if sites else 0.0) or SITES
    chances = np.array(rows)
    totals = chances.sum(axis=1, keepdims=True)
    if not np.isfinite(totals).all() or (np.abs(totals - 1) > 0.05).any():
        raise ValueError(f"the probabilities of {id_} below line {at} do not sum to 1")
    try:
        return Motif(id_, name, chances / totals * number)
    except ValueError as error:
        raise ValueError(f"{id_} below line {at}: {error}") from None
