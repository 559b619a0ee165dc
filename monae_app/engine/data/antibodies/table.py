"""The table of targets: what antibodies bind, and the genes that code for it in human and mouse."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from typing import TYPE_CHECKING, Literal, get_args

from monae_app.engine.data.antibodies.names import canonical

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

Organism = Literal["human", "mouse"]
ORGANISMS: tuple[Organism, ...] = get_args(Organism)
Kind = Literal["gene", "complex", "isoform", "glycan", "unknown"]

_FILE = files("monae_app.engine.data.antibodies") / "antibodies.tsv"
_ALIASES, _SYNONYMS = "|", "="


@dataclass(frozen=True)
class Target:
    """What an antibody binds.

    Parameters
    ----------
    name
        As the field calls it.
    aliases
        Other names.
    genes
        By organism, the genes that code for it, each with its former symbols behind it; none for a sugar.
    kind
        ``gene``, ``complex`` (several genes), ``isoform`` (a form of what the gene codes for), ``glycan`` (a sugar, no
        gene codes for it) or ``unknown`` (its gene is not settled).
    weight
        Of all links of such an antibody together, 0 to 1.
    notes
        By organism, what else is to be known, in words.
    """

    name: str
    aliases: tuple[str, ...]
    genes: Mapping[Organism, tuple[tuple[str, ...], ...]]
    kind: Kind
    weight: float
    notes: Mapping[Organism, str]


@lru_cache(maxsize=1)
def read_targets() -> tuple[Target, ...]:
    """Read the table of the package."""
    lines = _FILE.read_text(encoding="utf-8").splitlines()
    return tuple(_target(row) for row in csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE))


def _target(row: dict[str, str]) -> Target:
    genes = {each: tuple(tuple(gene.split(_SYNONYMS)) for gene in row[each].split()) for each in ORGANISMS}
    aliases = tuple(filter(None, row["aliases"].split(_ALIASES)))
    kind: Kind = row["kind"]  # type: ignore[assignment]
    only, colon, text = row["note"].partition(": ")
    notes = {each: row["note"] if not colon else text if each == only else "" for each in ORGANISMS}
    return Target(row["antibody"], aliases, genes, kind, float(row["weight"]), notes)


@lru_cache(maxsize=1)
def targets() -> Mapping[str, Target]:
    """Targets by the canonical form of each of their names, and of the symbol where one gene alone makes it."""
    found: dict[str, Target] = {}
    everything = read_targets()
    for target in everything:
        for name in (target.name, *target.aliases):
            found.setdefault(canonical(name), target)
    # after all names: some symbols are another target's name
    for target in everything:
        for genes in target.genes.values():
            if len(genes) == 1 and target.kind == "gene":
                for symbol in genes[0]:
                    found.setdefault(canonical(symbol), target)
    return found


@lru_cache(maxsize=1)
def _symbols() -> Mapping[Organism, frozenset[str]]:
    return {
        organism: frozenset(symbol for each in read_targets() for gene in each.genes[organism] for symbol in gene)
        for organism in ORGANISMS
    }


def organism_of(genes: Iterable[str]) -> Organism:
    """Tell human from mouse by how the genes of a data set are written; human where nothing tells."""
    names = set(genes)
    human, mouse = (len(names & _symbols()[each]) for each in ORGANISMS)
    return "mouse" if mouse > human else "human"
