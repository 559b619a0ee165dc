"""What a user maps by hand: ``ANTIBODY=GENE``, ``ANTIBODY=GENE+GENE``, or ``ANTIBODY=`` for no link."""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING

from monae_app.engine.data.antibodies.isotypes import is_isotype_control
from monae_app.engine.data.antibodies.names import canonical
from monae_app.engine.data.antibodies.table import targets
from monae_app.engine.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

# of messages, for those who set it by its name
PREFIX = "antibody_genes: "
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
                f"{PREFIX}{item!r} maps no antibody.",
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
        if antibody is None and not symbols and is_isotype_control(written):
            # it has left the panel, and has no link for sure
            continue
        if antibody is None:
            close = close_names(written, antibodies)
            raise _unknown(f"antibody {written!r} to map", close, "an antibody as the protein file names it.")
        places = {symbol: find(symbol) for symbol in symbols}
        strange = next((symbol for symbol, place in places.items() if place is None), None)
        if strange is not None:
            close = [*_known_as(strange, find), *close_names(strange, genes)][:_CLOSE]
            raise _unknown(f"gene {strange!r} to link {antibody!r} to", close, "a gene as the RNA file names it.")
        found[antibody] = tuple(dict.fromkeys(place for place in places.values() if place is not None))
    return found


def _known_as(name: str, find: Callable[[str], int | None]) -> list[str]:
    """Genes of the data that code for a target of that name: somebody may write CD20 for MS4A1."""
    target = targets().get(canonical(name))
    listed = [] if target is None else [symbols[0] for genes in target.genes.values() for symbols in genes]
    return [symbol for symbol in dict.fromkeys(listed) if find(symbol) is not None]


def close_names(name: str, names: Iterable[str]) -> list[str]:
    """Names that look like one, the closest first: upper and lower case are alike."""
    folded = {each.casefold(): each for each in names}
    return [folded[each] for each in get_close_matches(name.casefold(), folded, n=_CLOSE, cutoff=0.6)]


def _unknown(what: str, close: Sequence[str], expected: str) -> InputError:
    todo = f"did you mean {' or '.join(close)}?" if close else "correct its name, or leave it out."
    return InputError(f"{PREFIX}there is no {what}.", expected, todo)
