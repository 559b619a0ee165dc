"""A mapping of antibodies as a table to keep, to change elsewhere and to give back."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING

from monae_app.engine.data.antibodies.by_hand import close_names
from monae_app.engine.errors import InputError
from monae_app.web.antibody_view import put, typed_genes

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from monae_app.engine.data.gene_names import GeneNames
    from monae_app.web.antibody_view import Antibody

NEEDED = ("antibody", "gene")
COLUMNS = (*NEEDED, "how", "target", "kind", "weight", "note")
_DELIMITERS = ",;\t"


def to_csv(panel: Sequence[Antibody], mapping: Mapping[str, str]) -> str:
    """Write what every antibody is taken for, a row each."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    for each in (antibody.mapped(mapping) for antibody in panel):
        weight = f"{each.weight:g}" if each.gene else "0"
        writer.writerow([each.name, each.gene, each.how, each.target, each.kind, weight, each.note])
    return text.getvalue()


def from_csv(text: str, panel: Sequence[Antibody], mapping: Mapping[str, str], genes: GeneNames) -> dict[str, str]:
    """Put a table into a mapping; antibodies that it does not name stay as they are.

    Parameters
    ----------
    text
        Of the table: CSV or TSV.
    panel
        Antibodies as they are without a mapping.
    mapping
        What was mapped before.
    genes
        Of the data.

    Raises
    ------
    InputError
        If it is no table with the columns ``antibody`` and ``gene``, or names what is not there; nothing is taken then.
    """
    known = {antibody.name: antibody for antibody in panel}
    after = dict(mapping)
    for name, symbols in _rows(text):
        if name not in known:
            close = close_names(name, known)
            raise InputError(
                f"The table names {name!r}, which is no antibody of these data.",
                "the names that the protein file has.",
                f"did you mean {' or '.join(close)}?" if close else "leave out the row.",
            )
        after = put(after, known[name], typed_genes(name, symbols, genes))
    return after


def _rows(text: str) -> list[tuple[str, str]]:
    text = text.removeprefix("\ufeff")
    first = text.partition("\n")[0]
    delimiter = max(_DELIMITERS, key=first.count)
    reader = csv.reader(io.StringIO(text), delimiter=delimiter)
    try:
        head, *rows = [row for row in reader if any(cell.strip() for cell in row)] or [[]]
    except csv.Error:
        raise _no_table("It is no table.") from None
    place = {name.strip().lower(): at for at, name in reversed(list(enumerate(head)))}
    if not set(NEEDED) <= set(place):
        raise _no_table(f"Its columns are {', '.join(head)[:200] or 'none'}.")
    antibody, gene = (place[name] for name in NEEDED)
    return [(row[antibody].strip(), row[gene] if gene < len(row) else "") for row in rows if antibody < len(row)]


def _no_table(found: str) -> InputError:
    return InputError(
        f"This file maps no antibodies. {found}",
        "a CSV or TSV table with the columns antibody and gene (CD3D+CD3E for several, empty for no link).",
        "download the table of this page, change its column gene, and give it back.",
    )
