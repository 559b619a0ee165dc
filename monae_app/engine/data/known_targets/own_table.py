"""A user's own table of known targets: tf, target and, if it says so, mode and PubMed ids."""

from __future__ import annotations

import csv
import gzip
import io
import re
import zlib
from typing import TYPE_CHECKING

import pandas as pd

from monae_app.engine.data.known_targets.edges import (
    ACTIVATION,
    BETWEEN,
    BOTH,
    EDGE_COLUMNS,
    REPRESSION,
    UNKNOWN,
    KnownTargets,
    merge_edges,
)
from monae_app.engine.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

MOST_BYTES = 50 * 2**20
EXPECTED = (
    "one edge a line: factor, target and, if known, mode and PubMed ids, separated by tabs, commas or semicolons, with "
    "a header (tf, target, mode, pmid) or in this order."
)
_NAMES = {
    "tf": ("tf", "factor", "transcription_factor", "regulator", "source"),
    "target": ("target", "target_gene", "gene"),
    "mode": ("mode", "effect", "sign", "regulation", "mor", "direction"),
    "pmids": ("pmid", "pmids", "pubmed", "pubmed_id", "pubmed_ids", "reference", "references"),
}
_MODES = {
    **dict.fromkeys(("activation", "activator", "activates", "activating", "+", "+1", "1", "1.0", "up"), ACTIVATION),
    **dict.fromkeys(("repression", "repressor", "represses", "inhibition", "-", "-1", "-1.0", "down"), REPRESSION),
    **dict.fromkeys(("unknown", "", "na", "nan", "none", "0", "0.0", "?"), UNKNOWN),
    "both": BOTH,
}
_BETWEEN_IDS = re.compile(r"[;,|\s]+")
_LONGEST_NAME = 100


def read_own_targets(path: Path) -> KnownTargets:
    """Read a table of known targets from a file of text, gzipped or not.

    Raises
    ------
    InputError
        If it cannot be read, or a line holds no edge.
    """
    try:
        content = path.read_bytes()
        if content.startswith(b"\x1f\x8b"):
            with gzip.open(io.BytesIO(content)) as file:
                content = file.read(MOST_BYTES + 1)
        text = content.decode("utf-8-sig")
    except (OSError, EOFError, zlib.error, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is neither text nor gzipped text"
        found = f"The known targets in {path} cannot be read: {reason}."
        raise InputError(found, EXPECTED, "check the path and that the file is whole.") from None
    return parse_own_targets(text, path.name)


def parse_own_targets(text: str, name: str) -> KnownTargets:
    """Read the text of a table of known targets.

    A mode may also be written +, -, 1, -1, activator or repressor; any other is Unknown, and counted in a note.

    Parameters
    ----------
    text
        Of the file.
    name
        Of the file, for people.

    Raises
    ------
    InputError
        If a line holds no edge, there is none at all, or it is too long.
    """
    if len(text) > MOST_BYTES:
        raise InputError(f"{name} is longer than {MOST_BYTES // 2**20} MB.", EXPECTED, "leave out what is not needed.")
    rows = _rows(text)
    at = _header(rows[0][1]) if rows else None
    if at is None:
        at = dict(zip(EDGE_COLUMNS, range(len(EDGE_COLUMNS)), strict=True))
    else:
        rows = rows[1:]
    found = [_edge(fields, at) for _, fields in rows]
    broken = [number for (number, _), edge in zip(rows, found, strict=True) if edge is None]
    if broken or not found:
        lines = ", ".join(map(str, broken[:3])) + (", ..." if len(broken) > 3 else "")
        told = f"{len(broken):,} of {len(rows):,} lines of {name} hold no edge (line {lines})."
        todo = "correct these lines, or the header, and load it again."
        raise InputError(told if broken else f"{name} holds no edges.", EXPECTED, todo)
    edges = pd.DataFrame([edge for edge in found if edge is not None], columns=EDGE_COLUMNS)
    strange = ~edges["mode"].isin((ACTIVATION, REPRESSION, BOTH, UNKNOWN))
    notes = (f"{int(strange.sum()):,} modes are neither activation nor repression: they count as unknown.",)
    edges.loc[strange, "mode"] = UNKNOWN
    return KnownTargets(merge_edges(edges), name, notes=notes if strange.any() else ())


def _rows(text: str) -> list[tuple[int, list[str]]]:
    """Fields of each line that holds something, with its number."""
    lines = [(number, line) for number, line in enumerate(text.splitlines(), 1) if line.strip()]
    lines = [(number, line) for number, line in lines if not line.startswith("#")]
    first = lines[0][1] if lines else ""
    # PubMed ids may stand between semicolons: these part columns where nothing else does
    delimiter = next((each for each in "\t,;" if each in first), "\t")
    if delimiter not in first:
        return [(number, line.split()) for number, line in lines]
    fields = (next(csv.reader([line], delimiter=delimiter)) for _, line in lines)
    return [(number, [each.strip() for each in found]) for (number, _), found in zip(lines, fields, strict=True)]


def _header(fields: Sequence[str]) -> dict[str, int] | None:
    """Find the columns by their names; None if the first line is no header."""
    plain = [field.strip().lower().replace(" ", "_") for field in fields]
    at = {
        column: place
        for column, names in _NAMES.items()
        if (place := next((plain.index(name) for name in names if name in plain), None)) is not None
    }
    return at if {"tf", "target"} <= set(at) else None


def _edge(fields: Sequence[str], at: dict[str, int]) -> tuple[str, str, str, str] | None:
    def said(column: str) -> str:
        place = at.get(column, len(fields))
        return fields[place] if place < len(fields) else ""

    tf, target = said("tf"), said("target")
    if not tf or not target or max(len(tf), len(target)) > _LONGEST_NAME:
        return None
    mode = said("mode")
    ids = BETWEEN.join(each.lower().removeprefix("pmid:") for each in _BETWEEN_IDS.split(said("pmids")))
    return tf, target, _MODES.get(mode.lower(), mode), ids
