"""The known targets that come with the app: TRRUST version 2, human and mouse. Data: CC BY-SA 4.0, see README.md."""

from __future__ import annotations

from functools import lru_cache
from importlib.resources import as_file, files
from typing import TYPE_CHECKING

import pandas as pd

from monae_app.engine.data.antibodies import ORGANISMS
from monae_app.engine.data.known_targets.edges import EDGE_COLUMNS, KnownTargets, merge_edges
from monae_app.engine.data.motifs.organisms import GENOMES
from monae_app.engine.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from monae_app.engine.config import GenomeName
    from monae_app.engine.data.antibodies import Organism

LICENCE = "CC BY-SA 4.0"
CITATION = "Han et al., Nucleic Acids Res 46, D380-D386 (2018), doi:10.1093/nar/gkx1013"
CREDIT = f"Known targets: TRRUST v2, {CITATION}, {LICENCE}"
_FILES = files("monae_app.engine.data") / "known_targets"
# of the genes of a data set, as many have to be written as an organism writes them to be taken for its own
_FEWEST_GENES, _CLEARLY = 10, 2.0
_OF_GENOME: dict[str, Organism] = {"hg38": "human", "hg19": "human", "mm10": "mouse"}


@lru_cache(maxsize=2)
def read_known_targets(organism: Organism) -> KnownTargets:
    """Read the targets that TRRUST knows of an organism.

    Parameters
    ----------
    organism
        ``human`` or ``mouse``.

    Raises
    ------
    InputError
        If none are bundled for it.
    """
    if organism not in ORGANISMS:
        raise InputError(
            f"No known targets are bundled for {str(organism)[:40]!r}.",
            "human or mouse.",
            "load a table of your own: columns tf and target.",
        )
    with as_file(_FILES / f"trrust_{organism}.tsv.gz") as path:
        # a gene may be called NA, and TRRUST's Nan is one
        rows = pd.read_csv(path, sep="\t", dtype=str, keep_default_na=False)
    edges = merge_edges(rows.rename(columns={"pmid": "pmids"})[EDGE_COLUMNS])
    return KnownTargets(edges, f"TRRUST v2, {organism}", CREDIT)


def organism_of_run(genome: GenomeName | None, genes: Iterable[str]) -> Organism | None:
    """Tell whose genes a run has: by its bundled genome, else by how they are written; None where nothing tells.

    Parameters
    ----------
    genome
        Of the run, if it named a bundled one.
    genes
        Names of its genes.
    """
    if genome is not None:
        return _OF_GENOME[genome]
    from monae_app.engine.data.genome import bundled_symbols

    names = pd.Index(list(genes)).unique()
    known = {each: int(names.isin(bundled_symbols(GENOMES[each])).sum()) for each in ORGANISMS}
    best, other = sorted(known, key=lambda each: -known[each])
    clear = known[best] >= max(_FEWEST_GENES, _CLEARLY * known[other])
    return best if clear else None
