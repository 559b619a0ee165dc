"""Motifs for an organism: factors named as its genes are, orthologues found by name."""

from __future__ import annotations

import re
from dataclasses import replace
from functools import lru_cache
from typing import TYPE_CHECKING

from monae_app.engine.data.genome import bundled_symbols

if TYPE_CHECKING:
    from monae_app.engine.config import GenomeName
    from monae_app.engine.data.antibodies import Organism
    from monae_app.engine.data.motifs.motif import MotifCollection

GENOMES: dict[Organism, GenomeName] = {"human": "hg38", "mouse": "mm10"}
# orthologues whose names differ by more than their case: those of JASPAR, from human to mouse
_BY_HAND = (("TP53", "Trp53"), ("TP63", "Trp63"), ("TP73", "Trp73"), ("TBXT", "T"), ("NKX2-8", "Nkx2-9"))
_ZINC_FINGER = {"mouse": (re.compile(r"^ZNF(?=\d)"), "ZFP"), "human": (re.compile(r"^ZFP(?=\d)"), "ZNF")}


def symbol_in(gene: str, organism: Organism) -> str | None:
    """Find the symbol of a gene, or of its orthologue, in an organism; None if its genome knows none by such a name.

    Case does not matter, ``ZNF143`` is ``Zfp143`` in mouse, and ``TP53`` is ``Trp53``.
    """
    known, others = _symbols(organism), _others(organism)
    plain = gene.upper()
    pattern, instead = _ZINC_FINGER[organism]
    for name in (others.get(plain, plain), plain, pattern.sub(instead, plain)):
        if name in known:
            return known[name]
    return None


def for_organism(motifs: MotifCollection, organism: Organism) -> MotifCollection:
    """Name the factors of all motifs as an organism's genes.

    Motifs of either organism serve both: what binds is conserved where the name is. A factor that the genome does not
    know keeps the name it has, and a note counts the motifs of which that is so.
    """
    named, unknown = [], 0
    for motif in motifs.motifs:
        found = [symbol_in(gene, organism) for gene in motif.genes]
        unknown += None in found
        genes = [symbol or gene for symbol, gene in zip(found, motif.genes, strict=True)]
        named.append(replace(motif, genes=tuple(dict.fromkeys(genes))))
    note = (
        f"{unknown:,} of {len(motifs):,} motifs name a factor that {organism} genes do not know; they keep their names."
    )
    return replace(motifs, motifs=tuple(named), notes=(*motifs.notes, *((note,) if unknown else ())))


@lru_cache(maxsize=2)
def _symbols(organism: Organism) -> dict[str, str]:
    return {symbol.upper(): symbol for symbol in reversed(bundled_symbols(GENOMES[organism]).tolist())}


@lru_cache(maxsize=2)
def _others(organism: Organism) -> dict[str, str]:
    pairs = ((human.upper(), mouse.upper()) for human, mouse in _BY_HAND)
    return dict(pairs) if organism == "mouse" else {m: h for h, m in pairs if m != "T"}
