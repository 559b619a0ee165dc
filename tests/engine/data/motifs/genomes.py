"""Genomes whose motifs are known: random bases, with instances written into them at places that are kept."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from monae_app.engine.data.motifs.motif import Motif, MotifCollection

if TYPE_CHECKING:
    from pathlib import Path

LETTERS = np.array(list("ACGT"))
WIDTH, GAP = 300, 200


@dataclass(frozen=True)
class Planted:
    """A genome: chromosomes as texts, peaks in them, motifs, and which motif was written into which peak (P, M)."""

    chromosomes: dict[str, str]
    peaks: pd.DataFrame
    motifs: MotifCollection
    truth: np.ndarray

    def write(self, path: Path) -> Path:
        text = "".join(f">{name} made\n{_wrapped(bases)}" for name, bases in self.chromosomes.items())
        path.write_text(text, encoding="ascii")
        return path


def _wrapped(bases: str) -> str:
    return "".join(f"{bases[at : at + 60]}\n" for at in range(0, len(bases), 60))


def random_motif(rng: np.random.Generator, name: str, length: int, sure: float = 0.95) -> Motif:
    """A motif whose best base has this probability at each position."""
    chances = np.full((length, 4), (1 - sure) / 3)
    chances[np.arange(length), rng.integers(0, 4, length)] = sure
    return Motif(name, name, chances * 1000)


def random_bases(rng: np.random.Generator, length: int, gc: float) -> np.ndarray:
    return rng.choice(4, length, p=[(1 - gc) / 2, gc / 2, gc / 2, (1 - gc) / 2])


def planted(seed: int = 0, peaks_each: int = 150) -> Planted:
    """Two chromosomes of peaks and gaps; sites in half of the peaks for each motif, and decoys in the gaps."""
    rng = np.random.default_rng(seed)
    motifs = MotifCollection(tuple(random_motif(rng, f"TF{at}", 12 + at) for at in range(4)), "made")
    chromosomes, rows, truth = {}, [], []
    for chrom in ("chr1", "chr2"):
        parts = []
        for number in range(peaks_each):
            gc = rng.uniform(0.3, 0.7)
            gap, peak = random_bases(rng, GAP, gc), random_bases(rng, WIDTH, gc)
            has = rng.random(len(motifs)) < 0.5
            places = rng.permutation(np.arange(10, WIDTH - 30, 30))
            for motif, there, place in zip(motifs.motifs, has, places, strict=False):
                _write_site(rng, peak if there else gap, motif, int(place) % (GAP - 30) if not there else int(place))
            # a site over the edge belongs to no peak
            parts += [gap, peak]
            start = number * (GAP + WIDTH) + GAP
            rows.append((chrom, start, start + WIDTH))
            truth.append(has)
        chromosomes[chrom] = "".join(LETTERS[np.concatenate(parts)])
    names = [f"{chrom}:{start}-{end}" for chrom, start, end in rows]
    return Planted(
        chromosomes, pd.DataFrame(rows, columns=["chrom", "start", "end"], index=names), motifs, np.array(truth)
    )


def _write_site(rng: np.random.Generator, bases: np.ndarray, motif: Motif, place: int) -> None:
    chances = (motif if rng.random() < 0.5 else motif.reversed()).counts
    site = [rng.choice(4, p=row / row.sum()) for row in chances]
    bases[place : place + len(site)] = site
