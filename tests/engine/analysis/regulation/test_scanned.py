"""From a genome file to targets: sites that are written into peaks are scanned, and say who regulates whom."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from sklearn.metrics import roc_auc_score

from monae_app.engine.data.motifs.genome_file import read_sequences
from monae_app.engine.data.motifs.motif import MotifCollection
from monae_app.engine.data.motifs.scanner import scan
from tests.engine.data.motifs.genomes import random_motif

if TYPE_CHECKING:
    from pathlib import Path

LETTERS = np.frombuffer(b"ACGT", np.uint8)


def write_genome(path: Path, peaks, has: np.ndarray, motifs: MotifCollection, rng: np.random.Generator) -> Path:
    """Random bases in peaks, N between them; an instance of each motif where it shall be."""
    with path.open("wb") as file:
        for chrom, rows in peaks.groupby("chrom", sort=False).indices.items():
            bases = np.full(int(peaks["end"].iloc[rows].max()) + 1000, ord("N"), np.uint8)
            for row in rows:
                start, end = (int(peaks[name].iloc[row]) for name in ("start", "end"))
                bases[start:end] = LETTERS[rng.integers(0, 4, end - start)]
                # peaks may overlap: sites are written into the first bases, side by side
                at = start + 4
                for number in np.flatnonzero(has[row]):
                    chances = motifs.motifs[number].counts
                    site = [rng.choice(4, p=each / each.sum()) for each in chances]
                    bases[at : at + len(site)] = LETTERS[site]
                    at += len(site) + 2
            file.write(f">{chrom}\n".encode() + bases.tobytes() + b"\n")
    return path


def test_sites_in_a_genome_raise_the_targets_of_their_factors(known, tmp_path):
    rng = np.random.default_rng(7)
    factors = {str(tf): list(names) for tf, names in known.planted.rna.uns["tf_targets"].items()}
    motifs = MotifCollection(tuple(random_motif(rng, tf, 12 + at % 5) for at, tf in enumerate(factors)), "made")
    var = known.planted.atac.var
    leads = np.where(var["true_link"], var["owner"].astype(str), "")
    chance = np.stack([np.where(np.isin(leads, names), 0.7, 0.02) for names in factors.values()], axis=1)
    has = rng.random(chance.shape) < chance
    fasta = write_genome(tmp_path / "made.fa", known.peaks, has, motifs, rng)
    hits = scan(known.peaks.index, read_sequences(known.peaks, fasta), motifs)
    found = hits.counts.toarray() > 0
    assert found[has].mean() > 0.85
    assert found[~has].mean() < 0.1

    def area(regulation) -> float:
        tables = {tf: regulation.targets(tf) for tf in factors}
        return float(np.mean([roc_auc_score(t["target"].isin(factors[tf]), t["score"]) for tf, t in tables.items()]))

    without, scanned = replace(known.regulation, hits=None), replace(known.regulation, hits=hits)
    assert area(scanned) > area(without) + 0.02
    # all genes of motifs are asked for by their names
    assert set(scanned.factors()["tf"]) == set(factors)
