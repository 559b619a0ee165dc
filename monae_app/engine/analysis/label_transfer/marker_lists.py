"""Lists of marker genes by cell type, read from what people have: lines, tables of two columns, or GMT."""

from __future__ import annotations

import re
from dataclasses import dataclass

from monae_app.engine.errors import InputError

MOST_TYPES, MOST_GENES = 200, 1000
NAMED = re.compile(r"^\s*([^:\t]{1,120}?)\s*:\s*(.+)$")
BETWEEN = re.compile(r"[,;\s]+")
HEADS = {"type", "cell_type", "celltype", "cell type", "label", "cluster"}
EXAMPLE = "lines such as 'T cell: CD3D, CD3E', a table of two columns (type, gene), or GMT."


@dataclass(frozen=True)
class MarkerList:
    """The genes that tell one type of cell."""

    name: str
    genes: tuple[str, ...]


def read_marker_lists(text: str) -> list[MarkerList]:
    """Read lists of markers, each type once, its genes in their order.

    Raises
    ------
    InputError
        If a line is none of what is known, fewer than two types are named, or there is too much.
    """
    found: dict[str, dict[str, None]] = {}
    lines = [line for line in text.replace("\r", "\n").split("\n") if line.strip() and not line.startswith("#")]
    for number, line in enumerate(lines):
        name, genes = _read(line, number)
        if genes:
            found.setdefault(name, {}).update(dict.fromkeys(genes))
    lists = [MarkerList(name, tuple(genes)) for name, genes in found.items()]
    most = max((len(each.genes) for each in lists), default=0)
    if not 2 <= len(lists) <= MOST_TYPES or most > MOST_GENES:
        raise InputError(
            f"{len(lists):,} types are named, with up to {most:,} genes.",
            f"2 to {MOST_TYPES} types with at most {MOST_GENES:,} genes each: {EXAMPLE}",
            "check the text, or the file.",
        )
    return lists


def _read(line: str, number: int) -> tuple[str, list[str]]:
    fields = [each.strip().strip('"') for each in line.split("\t")]
    if len(fields) > 2:
        # GMT: the second field is a description
        return fields[0], [each for each in fields[2:] if each]
    if len(fields) == 2:
        return _row(fields, number)
    if (named := NAMED.match(line)) is not None:
        return named[1].strip('"'), [each for each in BETWEEN.split(named[2].strip()) if each]
    fields = [each.strip().strip('"') for each in re.split(r"[,;]", line)]
    if len(fields) >= 2 and all(fields[:2]):
        return _row(fields, number)
    raise InputError(f"The line {line.strip()[:80]!r} names no type with its genes.", EXAMPLE, "correct this line.")


def _row(fields: list[str], number: int) -> tuple[str, list[str]]:
    """Read a row of a table; its head names no genes."""
    if number == 0 and fields[0].casefold() in HEADS:
        return fields[0], []
    return fields[0], [gene for each in fields[1:] for gene in BETWEEN.split(each) if gene]
