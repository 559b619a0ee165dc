from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from monae_app.engine.data.genome import read_genome
from monae_app.engine.data.understanding.known_genes import lengths, starts, symbols
from monae_app.engine.data.understanding.origin import guess_origin


def table(names, **columns):
    return pd.DataFrame(columns, index=pd.Index(list(names), dtype=object))


def genes(genome, n=2000, seed=0):
    return table(np.random.default_rng(seed).choice(symbols(genome), n, replace=False))


def peaks(genome, n=1500, share=0.3, seed=0, named="{}:{}-{}"):
    """Peaks of which a share lies at starts of genes, the rest anywhere on the chromosomes."""
    rng = np.random.default_rng(seed)
    known, at = lengths(genome), starts(genome)
    main = [name for name in known.index if name != "chrM"]
    chrom = rng.choice(main, n, p=known[main] / known[main].sum())
    start = np.array([rng.integers(0, known[name] - 600) for name in chrom])
    for row in np.flatnonzero(rng.random(n) < share):
        if str(chrom[row]) in at:
            start[row] = max(0, rng.choice(at[str(chrom[row])]) - 200)
    return table(named.format(name, first, first + 400) for name, first in zip(chrom, start, strict=True))


@pytest.mark.parametrize(("genome", "organism"), [("hg38", "human"), ("hg19", "human"), ("mm10", "mouse")])
def test_genes_tell_the_organism_and_the_release_of_their_names(genome, organism):
    found = guess_origin(genes(genome), "rna")
    assert (found.organism.value, found.organism.certainty) == (organism, "sure")
    assert (found.genome.value, found.genome.certainty) == (genome, "likely")
    assert "%" in found.organism.because


def test_names_known_to_both_releases_leave_the_genome_open():
    both = symbols("hg38").intersection(symbols("hg19"))[:500]
    found = guess_origin(table(both), "rna")
    assert found.organism.value == "human"
    assert found.genome.certainty == "unsure"


@pytest.mark.parametrize("genome", ["hg38", "hg19", "mm10"])
@pytest.mark.parametrize("named", ["{}:{}-{}", "{}-{}-{}"])
def test_peaks_tell_the_genome(genome, named):
    found = guess_origin(peaks(genome, named=named), "atac")
    assert (found.genome.value, found.genome.certainty) == (genome, "sure")
    assert found.organism.certainty == "sure"
    assert "beyond the chromosomes" in found.genome.because or genome == "mm10"


def test_chromosomes_without_chr_are_the_same():
    plain = table(name.removeprefix("chr") for name in peaks("hg19").index)
    assert guess_origin(plain, "atac").genome.value == "hg19"


def test_a_peak_beyond_its_chromosome_rules_a_genome_out():
    end = int(lengths("hg19")["chr1"])
    assert end > lengths("hg38")["chr1"]
    found = guess_origin(table([*peaks("hg38").index, f"chr1:{end - 300}-{end}"]), "atac")
    assert found.genome.value != "hg38"
    assert "1 peaks lie beyond the chromosomes of hg38" in found.genome.because


def test_peaks_that_gather_nowhere_are_not_called_sure():
    found = guess_origin(peaks("hg38", share=0.0), "atac")
    assert found.genome.certainty != "sure"


def test_a_planted_genome_of_no_species_is_unknown():
    rng = np.random.default_rng(0)
    strange = table(f"chr{rng.integers(1, 60)}:{i * 1000}-{i * 1000 + 300}" for i in range(500))
    assert guess_origin(strange, "atac").genome.value is None
    assert guess_origin(table(f"Foreign{i}" for i in range(50)), "rna").organism.value is None


@pytest.mark.parametrize(
    ("prefix", "organism"),
    [("ENSG", "human"), ("ENSMUSG", "mouse"), ("ENSDARG", "zebrafish"), ("ENSXETG", "another organism")],
)
def test_ensembl_ids_tell_the_organism(prefix, organism):
    ids = [f"{prefix}{i:011d}.2" for i in range(30)]
    assert guess_origin(table(ids), "rna").organism.value == organism
    # and where symbols have taken their place
    assert guess_origin(table((f"g{i}" for i in range(30)), gene_id=ids), "rna").organism.value == organism


def test_a_mixture_is_a_mixture():
    names = [*(f"GRCh38_{name}" for name in symbols("hg38")[:40]), *(f"mm10___{name}" for name in symbols("mm10")[:20])]
    found = guess_origin(table(names), "rna")
    assert found.organism.value == "human and mouse"
    assert "40 genes are marked as human" in found.organism.because


def test_few_genes_are_never_sure():
    found = guess_origin(table(["Gata1", "Gata2", "Klf1", "Fli1", "Unknown7"]), "rna")
    assert (found.organism.value, found.organism.certainty) == ("mouse", "likely")


def test_what_the_file_says_counts_and_proteins_say_nothing():
    assert str(guess_origin(genes("mm10"), "rna", "hg19")) == "human (hg19, sure)"
    assert guess_origin(table(["CD3", "CD4"]), "protein").organism.value is None


def test_positions_in_columns_are_read():
    place = peaks("mm10").index.to_series().str.extract(r"(.*):(\d+)-(\d+)").set_axis(["chrom", "start", "end"], axis=1)
    var = place.astype({"start": int, "end": int}).set_axis([f"p{i}" for i in range(len(place))])
    assert guess_origin(var, "atac").genome.value == "mm10"


def test_the_bundled_starts_lie_on_their_strand():
    table_of = read_genome("mm10").iloc[:200]
    at = starts("mm10")
    for gene in table_of.itertuples():
        site = gene.start if gene.strand != "-" else gene.end - 1
        assert site in at[gene.chrom]
