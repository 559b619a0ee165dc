"""Motifs from the command line: peaks and a genome, or peaks and a table, in; one file of hits out."""

from __future__ import annotations

import zipfile
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from monae_app.engine.data.genome import transcription_factors
from monae_app.engine.data.motifs.jaspar import read_jaspar_core
from monae_app.engine.data.motifs.kept import Scan, scan_or_load
from monae_app.engine.data.motifs.organisms import GENOMES, for_organism, symbol_in
from monae_app.engine.data.motifs.reading import read_motifs
from monae_app.engine.data.motifs.scanner import check_p
from monae_app.engine.data.motifs.table_reading import read_motif_table
from monae_app.engine.errors import InputError
from monae_app.engine.telling import Telling
from monae_app.engine.training.threads import thread_count
from monae_app.jobs.peaks_of import peaks_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from monae_app.engine.data.antibodies import Organism
    from monae_app.engine.data.motifs.hits import MotifHits
    from monae_app.engine.data.motifs.motif import MotifCollection

JASPAR = "jaspar"
SUFFIX = ".npz"
_MOST = 5


@dataclass(frozen=True)
class Order:
    """What was asked for on the command line.

    Parameters
    ----------
    peaks
        A finished run, a BED file, or a file of cells and peaks.
    motif_peaks
        A ready-made table of motifs and peaks; None to scan.
    motifs
        ``jaspar`` or a file of motifs.
    fasta
        The genome.
    p
        Threshold of the scan.
    organism
        Whose genes factors are called by; None to leave their names as they are.
    out
        The file to write.
    """

    peaks: Path
    motif_peaks: Path | None
    motifs: str
    fasta: Path | None
    p: float
    organism: Organism | None
    out: Path


def execute(order: Order, say: Callable[[str], None]) -> str:
    """Find motifs and write the file.

    Parameters
    ----------
    order
        What to do.
    say
        Told the progress and what is to be known, line by line.

    Returns
    -------
    str
        A summary, several lines.

    Raises
    ------
    InputError
        If the peaks, motifs, genome, table or the file to write cannot be used.
    """
    _check(order)
    peaks = peaks_of(order.peaks)
    if order.motif_peaks is not None:
        found, there = _renamed(read_motif_table(order.motif_peaks, peaks), order.organism), False
        order.out.parent.mkdir(parents=True, exist_ok=True)
        found.save(order.out)
    elif order.fasta is not None:
        order.out.parent.mkdir(parents=True, exist_ok=True)
        scan = Scan(peaks, _motifs(order), order.fasta, order.p)
        _set_threads()
        found, there = scan_or_load(scan, order.out, Telling("motifs", on_event=_Lines(say).tell))
    else:
        raise InputError(
            "Neither a genome nor a table of motifs and peaks was named.",
            "--fasta GENOME.fa, or --motif-peaks FILE.",
            "docs/motifs.md says where to get a genome; Cell Ranger writes peak_motif_mapping.bed.",
        )
    return "\n".join(_summary(order, found, there=there))


def _check(order: Order) -> None:
    check_p(order.p)
    if order.motif_peaks is not None and order.fasta is not None:
        raise InputError(
            "A genome and a table of motifs and peaks were named.",
            "--fasta GENOME.fa to scan, or --motif-peaks FILE to take what was found.",
            "leave one of them away.",
        )
    if order.out.suffix != SUFFIX:
        raise InputError(f"{order.out.name} does not end in {SUFFIX}.", "a name that does.", "name another file.")
    if order.out.is_dir() or (order.out.exists() and not _is_ours(order.out)):
        raise InputError(
            f"{order.out} is there already and holds no motif hits.",
            "a new name, or that of earlier hits, which are replaced.",
            "name another file with --out.",
        )


def _set_threads() -> None:
    """Leave cores to others, as trainings do; the hits do not depend on it."""
    # here, not above: it takes a second, and a ready-made table needs none of it
    import numba

    numba.set_num_threads(min(thread_count(), numba.get_num_threads()))


def _is_ours(path: Path) -> bool:
    try:
        with zipfile.ZipFile(path) as file:
            return {"peaks.npy", "ids.npy", "said.npy"} <= set(file.namelist())
    except (zipfile.BadZipFile, OSError):
        return False


def _motifs(order: Order) -> MotifCollection:
    found = read_jaspar_core() if order.motifs == JASPAR else read_motifs(Path(order.motifs))
    return found if order.organism is None else for_organism(found, order.organism)


def _renamed(hits: MotifHits, organism: Organism | None) -> MotifHits:
    if organism is None:
        return hits
    return replace(hits, genes=[tuple(symbol_in(gene, organism) or gene for gene in each) for each in hits.genes])


def _summary(order: Order, hits: MotifHits, *, there: bool) -> Iterator[str]:
    found, peaks, motifs = int(hits.counts.sum()), len(hits.peaks), len(hits.ids)
    said = "the hits were there already: nothing was scanned" if there else f"{found:,} hits"
    yield f"{order.out}: {peaks:,} peaks x {motifs:,} motifs, {said}"
    how = hits.provenance
    version = f" {how['motif_version']}" if how["motif_version"] else ""
    by = f", p <= {how['p']:g}, in {how['gc_bins']} bins of GC" if "p" in how else ""
    yield f"motifs of {how['motif_source']}{version}{by}"
    with_any = int(np.count_nonzero(np.diff(hits.counts.indptr)))
    times = np.diff(hits.counts.tocsc().indptr)
    yield f"{with_any:,} peaks have a motif; half of the motifs lie in {int(np.median(times)):,} peaks or more"
    genes = {gene for each in hits.genes for gene in each}
    known = transcription_factors(None if order.organism is None else GENOMES[order.organism])
    yield f"{len(genes):,} factors, {len(genes & known):,} of them listed as transcription factors"
    most = np.argsort(-times, kind="stable")[:_MOST]
    yield "most often: " + ", ".join(f"{hits.names[at]} ({hits.ids[at]}) in {times[at]:,} peaks" for at in most)
    yield from hits.notes


class _Lines:
    """Says what begins, and every tenth of what is counted."""

    def __init__(self, say: Callable[[str], None]) -> None:
        self._say, self._before = say, ("", -1)

    def tell(self, event: dict[str, Any]) -> None:
        """Pass on what is new."""
        message, total = event["message"], event.get("total", 0)
        tenth = 10 * event["done"] // total if total else -1
        if (message, tenth) != self._before:
            self._before = (message, tenth)
            self._say(f"motifs: {message}" + (f", {tenth * 10} %" if total else ""))
