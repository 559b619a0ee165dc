"""Which organism and genome the features come from: genes by their names, peaks by their places."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from monae_app.engine.data.former_symbols import other_names
from monae_app.engine.data.genome import harmonise_chromosomes, parse_peaks
from monae_app.engine.data.understanding.feature_names import ENSEMBL, GENE_ID, SPECIES, organism_of, share_matching
from monae_app.engine.data.understanding.guess import Guess
from monae_app.engine.data.understanding.known_genes import GENOMES, ORGANISMS, lengths, share_known, starts
from monae_app.engine.errors import InputError

if TYPE_CHECKING:
    from monae_app.engine.config import GenomeName, ModalityName

NEAR = 500  # bp between a peak and the start of a gene
MOST_PEAKS = 50_000
ENOUGH, ENOUGH_GENES, FEW_NAMES = 200, 20, 10
# open chromatin gathers at starts of genes: with the right genome several times as much as with a wrong one
CLEARLY, RATHER = 2.0, 1.2
FEW, SOME, MOSTLY = 0.1, 0.3, 0.5
ENSEMBL_ORGANISMS = {
    "ENSG": "human", "ENSMUSG": "mouse", "ENSRNOG": "rat", "ENSDARG": "zebrafish", "ENSSSCG": "pig",
    "ENSMMUG": "macaque", "ENSGALG": "chicken", "ENSBTAG": "cow", "ENSOCUG": "rabbit", "ENSCAFG": "dog",
}  # fmt: skip
NOTHING = Guess(None, "unsure", "nothing speaks for any")


@dataclass(frozen=True)
class Origin:
    """Where the features come from.

    Parameters
    ----------
    organism
        ``human``, ``mouse``, or another by its Ensembl ids.
    genome
        ``hg38``, ``hg19`` or ``mm10``.
    """

    organism: Guess = NOTHING
    genome: Guess = NOTHING

    def __str__(self) -> str:
        if self.organism.value is None:
            return "organism unknown"
        if self.genome.value is None or self.genome.certainty == "unsure":
            return f"{self.organism.value} ({self.organism.certainty})"
        if self.genome.certainty == self.organism.certainty:
            return f"{self.organism.value} ({self.genome.value}, {self.genome.certainty})"
        return f"{self.organism.value} ({self.organism.certainty}; {self.genome.value} {self.genome.certainty})"


def guess_origin(var: pd.DataFrame, modality: ModalityName | None, told: GenomeName | None = None) -> Origin:
    """Say where features come from.

    Parameters
    ----------
    var
        Of one part, names settled or not, shape (G, columns); prefixes of species say most before they are taken off.
    modality
        What the features are; None is looked at as genes.
    told
        The genome that the file names.
    """
    if told is not None:
        said = "the file says so"
        return Origin(Guess(ORGANISMS[told], "sure", said), Guess(told, "sure", said))
    if modality in ("atac", "methylation"):
        return _of_peaks(var)
    return Origin() if modality == "protein" else _of_genes(var)


def _of_genes(var: pd.DataFrame) -> Origin:
    names = var.index
    if share_matching(names, SPECIES) > MOSTLY:
        return _of_prefixes(names)
    shares = {genome: share_known(names, genome) for genome in GENOMES}
    best = max(shares, key=lambda each: shares[each])
    other = max(share for genome, share in shares.items() if ORGANISMS[genome] != ORGANISMS[best])
    by_id = _of_ids(var)
    if shares[best] < FEW or shares[best] < RATHER * other:
        return Origin(by_id)
    about = f"{shares[best]:.0%} of the genes are known to {best}, {other:.0%} to the other organism"
    sure = shares[best] * len(names) >= ENOUGH_GENES and shares[best] >= SOME and shares[best] >= 2 * CLEARLY * other
    organism = by_id if by_id.value == ORGANISMS[best] else Guess(ORGANISMS[best], "sure" if sure else "likely", about)
    return Origin(organism, _release(names, ORGANISMS[best]))


def _release(names: pd.Index, organism: str) -> Guess:
    """Which bundled genome of an organism the gene names fit; names tell a release of names, never an assembly."""
    genomes = [genome for genome in GENOMES if ORGANISMS[genome] == organism]
    if len(genomes) == 1:
        return Guess(genomes[0], "likely", f"the one bundled genome of {organism}; names of genes tell no assembly")
    later = other_names("hg38")
    counts = {"hg38": int(names.isin(list(later.values())).sum()), "hg19": int(names.isin(list(later)).sum())}
    about = "; ".join(
        f"{count:,} genes bear the name that {genome} alone has for them" for genome, count in counts.items()
    )
    best = max(counts, key=lambda each: counts[each])
    least, most = sorted(counts.values())
    # names come in releases: of one of them nearly all such names, of the other hardly any
    likely = most >= max(CLEARLY * least, FEW_NAMES)
    return Guess(best if likely else "hg38", "likely" if likely else "unsure", about)


def _of_prefixes(names: pd.Index) -> Origin:
    prefixes = pd.Series([match.group(1) for name in names if (match := SPECIES.match(str(name)))])
    counts = prefixes.map(organism_of).value_counts()
    about = ", ".join(f"{count:,} genes are marked as {organism}" for organism, count in counts.items())
    if len(counts) > 1:
        return Origin(Guess("human and mouse", "sure", about))
    return Origin(Guess(str(counts.index[0]), "sure", about))


def _of_ids(var: pd.DataFrame) -> Guess:
    for names in (var.index, *([pd.Index(var[GENE_ID].astype(str))] if GENE_ID in var else [])):
        share = share_matching(names, ENSEMBL)
        if share > MOSTLY:
            stems = pd.Series(names).str.extract(r"^(ENS[A-Z]*G)\d", expand=False).value_counts()
            organism = ENSEMBL_ORGANISMS.get(str(stems.index[0]))
            about = f"{share:.0%} of the genes have Ensembl ids ({stems.index[0]}...)"
            return Guess(organism, "sure", about) if organism else Guess("another organism", "likely", about)
    return NOTHING


def _of_peaks(var: pd.DataFrame) -> Origin:
    try:
        peaks = parse_peaks(var.iloc[:: max(1, -(-len(var) // MOST_PEAKS))])
    except InputError:
        return Origin()
    beyond, near = {}, {}
    for genome in GENOMES:
        beyond[genome], near[genome] = _fit(peaks, genome)
    fitting = [genome for genome in GENOMES if not beyond[genome]]
    ruled_out = [f"{count:,} peaks lie beyond the chromosomes of {genome}" for genome, count in beyond.items() if count]
    if not fitting:
        return Origin(genome=Guess(None, "unsure", "; ".join(ruled_out)))
    best = max(fitting, key=lambda each: near[each])
    others = max((near[each] for each in GENOMES if each != best), default=0.0)
    shares = ", ".join(f"{near[each]:.1%} by {each}" for each in sorted(GENOMES, key=lambda each: -near[each]))
    about = "; ".join([f"peaks near the start of a gene: {shares}", *ruled_out])
    clear = near[best] >= CLEARLY * others and len(peaks) >= ENOUGH
    if not clear and near[best] < RATHER * others and len(fitting) > 1:
        return Origin(genome=Guess(None, "unsure", about))
    organism = ORGANISMS[best]
    strangers = max((near[each] for each in GENOMES if ORGANISMS[each] != organism), default=0.0)
    same = near[best] >= CLEARLY * strangers and len(peaks) >= ENOUGH
    return Origin(
        Guess(organism, "sure" if same else "likely", about), Guess(best, "sure" if clear else "likely", about)
    )


def _fit(peaks: pd.DataFrame, genome: GenomeName) -> tuple[int, float]:
    """How many peaks end beyond their chromosome, and which share of those on one lies near the start of a gene."""
    known, at = lengths(genome), starts(genome)
    chrom = harmonise_chromosomes(peaks["chrom"], known.index)
    end_of = chrom.map(known)
    beyond = int((peaks["end"].to_numpy() > end_of.to_numpy(float)).sum())
    # a chromosome that the genome does not have, such as chr21 in a mouse; scaffolds go by many names
    main = chrom.astype(str).str.fullmatch(r"(?:chr)?(?:\d{1,2}|[XYWZ])")
    beyond += int((main & end_of.isna()).sum())
    near = 0
    for name, each in peaks.groupby(chrom.to_numpy()):
        sites = at.get(str(name))
        if sites is not None:
            first = np.searchsorted(sites, each["start"].to_numpy() - NEAR)
            near += int((first < np.searchsorted(sites, each["end"].to_numpy() + NEAR)).sum())
    placed = int(end_of.notna().sum())
    return beyond, near / placed if placed else 0.0
