"""What a user maps by hand: ``ANTIBODY=GENE``, ``ANTIBODY=GENE+GENE``, or ``ANTIBODY=`` for no link."""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING

from monae_app.engine.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

_CLOSE = 3


def split_mapping(items: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """Read a mapping: the genes of each antibody, as they are written; of an antibody named twice the last counts.

    Raises
    ------
    InputError
        If an item has no equals sign or names no antibody.
    """
    found: dict[str, tuple[str, ...]] = {}
    for item in items:
        # a gene has no equals sign in its name, an antibody may
        antibody, equals, genes = item.rpartition("=")
        if not equals or not antibody.strip():
            raise InputError(
                f"antibody_genes: {item!r} maps no antibody.",
                "ANTIBODY=GENE, ANTIBODY=GENE+GENE, or ANTIBODY= for no link.",
                "write for example antibody_genes=CD20=MS4A1.",
            )
        found[antibody.strip()] = tuple(gene.strip() for gene in genes.split("+") if gene.strip())
    return found


def genes_by_hand(
    items: Iterable[str], antibodies: Sequence[str], genes: Sequence[str], find: Callable[[str], int | None]
) -> dict[str, tuple[int, ...]]:
    """Find the genes that antibodies were mapped to.

    Parameters
    ----------
    items
        As in :func:`split_mapping`.
    antibodies, genes
        Names of those that there are.
    find
        Gives the position of a gene.

    Returns
    -------
    dict
        By antibody, positions of its genes; none for no link.

    Raises
    ------
    InputError
        If an item cannot be read, or names an antibody or a gene that is not there.
    """
    found = {}
    folded = {name.casefold(): name for name in reversed(antibodies)}
    for written, symbols in split_mapping(items).items():
        antibody = written if written in antibodies else folded.get(written.casefold())
        if antibody is None:
            raise _unknown("antibody", written, antibodies, "an antibody of the protein file")
        places = {symbol: find(symbol) for symbol in symbols}
        strange = next((symbol for symbol, place in places.items() if place is None), None)
        if strange is not None:
            raise _unknown("gene", strange, genes, f"a gene of the RNA file for {antibody!r}")
        found[antibody] = tuple(dict.fromkeys(place for place in places.values() if place is not None))
    return found


def close_names(name: str, names: Iterable[str]) -> list[str]:
    """Names that look like one, the closest first."""
    folded = {each.casefold(): each for each in names}
    return [folded[each] for each in get_close_matches(name.casefold(), folded, n=_CLOSE, cutoff=0.6)]


def _unknown(what: str, name: str, names: Sequence[str], expected: str) -> InputError:
    close = close_names(name, names)
    todo = f"did you mean {' or '.join(close)}?" if close else f"look at the names that the file has, as {names[0]}."
    return InputError(f"antibody_genes: there is no {what} {name!r}.", f"{expected}.", todo)
