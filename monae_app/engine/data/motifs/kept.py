"""Hits that were found before: the same peaks, motifs, threshold and genome file are not scanned again."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import pandas as pd

from monae_app.engine.data.motifs.genome_file import identity, read_sequences
from monae_app.engine.data.motifs.hits import MotifHits, hits_of
from monae_app.engine.data.motifs.scanner import P, check_p, scan
from monae_app.engine.errors import InputError
from monae_app.engine.telling import SILENT, Telling

if TYPE_CHECKING:
    from pathlib import Path

    from monae_app.engine.data.motifs.motif import MotifCollection

# raised when the same order gives other hits
SCANNER_VERSION = 1


@dataclass(frozen=True)
class Scan:
    """What is to be scanned.

    Parameters
    ----------
    peaks
        Columns chrom, start, end; the index names the peaks as the data set does, (P, 3).
    motifs
        What to look for.
    fasta
        The genome.
    p
        As in :func:`~monae_app.engine.data.motifs.scanner.scan`.
    """

    peaks: pd.DataFrame
    motifs: MotifCollection
    fasta: Path
    p: float = P

    def key(self) -> str:
        """Return a fingerprint of places of peaks, counts of motifs, threshold and genome file; names do not matter."""
        places = pd.util.hash_pandas_object(self.peaks[["chrom", "start", "end"]], index=False).to_numpy()
        said: dict[str, Any] = {"version": SCANNER_VERSION, "p": self.p, "motifs": self.motifs.digest}
        text = json.dumps(said | identity(self.fasta), sort_keys=True)
        return hashlib.sha256(text.encode() + places.tobytes()).hexdigest()


def scan_or_load(order: Scan, path: Path, tell: Telling = SILENT) -> tuple[MotifHits, bool]:
    """Load the hits that a file holds if they are those asked for; else scan and write them there.

    Returns
    -------
    tuple
        The hits, and whether they were there already. Names of peaks, motifs and factors are always those of the order.

    Raises
    ------
    InputError
        If the genome cannot be used.
    """
    check_p(order.p)
    try:
        key = order.key()
    except OSError:
        # says what is wrong with the file
        read_sequences(order.peaks, order.fasta, tell)
        raise
    before = _before(path, key)
    if before is not None:
        named = _named_anew(before, order)
        if _names(named) != _names(before):
            named.save(path)
        return named, True
    found = scan(order.peaks.index, read_sequences(order.peaks, order.fasta, tell), order.motifs, order.p, tell)
    found = replace(found, provenance={**found.provenance, **identity(order.fasta), "key": key})
    found.save(path)
    return found, False


def _before(path: Path, key: str) -> MotifHits | None:
    try:
        found = MotifHits.load(path) if path.exists() else None
    except InputError:
        return None
    return found if found is not None and found.provenance.get("key") == key else None


def _named_anew(before: MotifHits, order: Scan) -> MotifHits:
    """Call peaks, motifs and factors as they are called now."""
    how = {name: value for name, value in before.provenance.items() if not name.startswith("motif_")}
    notes = before.provenance.get("scan_notes", [])
    return hits_of(order.peaks.index, order.motifs, before.counts, before.scores, how, notes)


def _names(hits: MotifHits) -> tuple[Any, ...]:
    said = (hits.provenance["motif_source"], hits.provenance["motif_version"], list(hits.notes))
    return hits.peaks.tolist(), list(hits.ids), list(hits.names), list(hits.genes), list(hits.families), said
