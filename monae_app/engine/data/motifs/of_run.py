"""The motifs of a run: from a table, or found in its peaks; kept in the run folder, for whoever asks later."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from monae_app.engine.config import JASPAR
from monae_app.engine.data.motifs.hits import MOTIF_HITS
from monae_app.engine.data.motifs.jaspar import read_jaspar_core
from monae_app.engine.data.motifs.kept import Scan, scan_or_load
from monae_app.engine.data.motifs.organisms import GENOMES, for_organism, symbol_in
from monae_app.engine.data.motifs.reading import read_motifs
from monae_app.engine.data.motifs.table_reading import read_motif_table
from monae_app.engine.folder import in_words

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd

    from monae_app.engine.config import RunConfig
    from monae_app.engine.data.antibodies import Organism
    from monae_app.engine.data.motifs.hits import MotifHits
    from monae_app.engine.telling import Telling

PLACE = ["chrom", "start", "end"]


def hits_of_run(config: RunConfig, located: dict[str, pd.DataFrame], folder: Path, tell: Telling) -> MotifHits | None:
    """Find the motifs of a run, or take them from its folder, where they are left.

    Parameters
    ----------
    config
        Names a table, or motifs and a genome.
    located
        Coordinates of all features; of the peaks the index has the names.
    folder
        Of the run.
    tell
        Told the progress.

    Returns
    -------
    MotifHits or None
        None if no motifs were asked for.

    Raises
    ------
    InputError
        If a file cannot be used.
    """
    organism = _organism(config)
    if config.motif_peaks is not None:
        tell(f"Reading {config.motif_peaks.name}")
        found = _renamed(read_motif_table(config.motif_peaks, located["atac"][PLACE]), organism)
        with in_words(folder):
            found.save(folder / MOTIF_HITS)
        return found
    if config.motifs is None or config.fasta is None:
        return None
    motifs = read_jaspar_core() if str(config.motifs) == JASPAR else read_motifs(config.motifs)
    motifs = motifs if organism is None else for_organism(motifs, organism)
    with in_words(folder):
        return scan_or_load(Scan(located["atac"][PLACE], motifs, config.fasta), folder / MOTIF_HITS, tell)[0]


def _organism(config: RunConfig) -> Organism | None:
    """Whose genes the run has, as far as its bundled genome says."""
    if config.genome is None:
        return None
    return "mouse" if config.genome == GENOMES["mouse"] else "human"


def _renamed(hits: MotifHits, organism: Organism | None) -> MotifHits:
    if organism is None:
        return hits
    return replace(hits, genes=[tuple(symbol_in(gene, organism) or gene for gene in each) for each in hits.genes])
