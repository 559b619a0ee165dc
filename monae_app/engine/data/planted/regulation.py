"""Who follows whom in a planted genome: targets a transcription factor, peaks a gene, proteins a gene.

Everything is a loading on the A hidden axes of the cells, (A, features): what loads alike goes alike.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from monae_app.engine.data.planted.places import GENES_PER_CHROMOSOME

if TYPE_CHECKING:
    from monae_app.engine.data.planted.regimes import Regime

FACTORS, TARGETS_EACH, GENES_A_FACTOR = 20, 40, 30
SHARE_VARYING, GENE_LOADING = 0.6, 0.55
PEAK_GAIN, PEAK_NOISE = 1.1, 0.1
SHARE_STRAY, SHARE_LONE, LONE_LOADING = 0.4, 0.3, 0.45
FARTHEST_TILE = 2
MOTIF_FOUND, MOTIF_FALSE = 0.7, 0.04
NOBODY = -1


@dataclass(frozen=True)
class Leads:
    """What each of P peaks follows.

    Parameters
    ----------
    leader
        Number of the gene that it follows in cis, -1 for none, (P,).
    sign
        +1 or -1, (P,).
    loadings
        (A, P); peaks without a leader may follow a gene elsewhere or vary by themselves.
    """

    leader: np.ndarray
    sign: np.ndarray
    loadings: np.ndarray


def load_genes(n_genes: int, n_axes: int, rng: np.random.Generator) -> tuple[np.ndarray, dict[int, np.ndarray]]:
    """Draw loadings of genes, (A, genes), and the disjoint targets of each transcription factor, by number.

    A factor's activity is not its own mRNA: factor and targets load on the same program, each with noise of its own.
    """
    varying = rng.random(n_genes) < SHARE_VARYING
    loadings = rng.normal(0, GENE_LOADING, (n_axes, n_genes)) * varying
    n_factors = min(FACTORS, n_genes // GENES_A_FACTOR)
    shuffled = rng.permutation(n_genes)
    factors, others = shuffled[:n_factors], shuffled[n_factors:]
    each = min(TARGETS_EACH, len(others) // max(n_factors, 1))
    targets = {}
    for place, factor in enumerate(factors.tolist()):
        program = rng.normal(0, 0.6, (n_axes, 1))
        mine = others[place * each : (place + 1) * each]
        loadings[:, [factor]] = 0.6 * program + rng.normal(0, 0.27, (n_axes, 1))
        loadings[:, mine] = 0.75 * program + rng.normal(0, 0.25, (n_axes, each))
        targets[factor] = mine
    return loadings, targets


def lead_peaks(peaks: pd.DataFrame, of_genes: np.ndarray, regime: Regime, rng: np.random.Generator) -> Leads:
    """Decide what each placed peak follows.

    Parameters
    ----------
    peaks
        From :func:`~monae_app.engine.data.planted.places.place_peaks`.
    of_genes
        Loadings of the genes, (A, genes).
    regime
        Shares of following, distal and repressive peaks.
    rng
        Source of randomness.
    """
    (n_axes, n_genes), n_peaks = of_genes.shape, len(peaks)
    tile, near = peaks["tile"].to_numpy(), peaks["near"].to_numpy()
    follows = near & (rng.random(n_peaks) < regime.following)
    distal = follows & (rng.random(n_peaks) < regime.distal)
    sign = np.where(follows & (rng.random(n_peaks) < regime.repressive), -1, 1)
    shift = rng.integers(1, FARTHEST_TILE + 1, n_peaks) * rng.choice([-1, 1], n_peaks)
    leader = np.where(follows, np.where(distal, _on_the_chromosome(tile, shift, n_genes), tile), NOBODY)

    loadings = np.zeros((n_axes, n_peaks))
    loadings[:, follows] = PEAK_GAIN * sign[follows] * of_genes[:, leader[follows]]
    loadings[:, follows] += rng.normal(0, PEAK_NOISE, (n_axes, follows.sum()))
    stray = np.flatnonzero(near & ~follows & (rng.random(n_peaks) < SHARE_STRAY))
    elsewhere = (tile[stray] + rng.integers(FARTHEST_TILE + 1, max(n_genes - FARTHEST_TILE, 4), len(stray))) % n_genes
    loadings[:, stray] = PEAK_GAIN * of_genes[:, elsewhere]
    lone = np.flatnonzero(~near & (rng.random(n_peaks) < SHARE_LONE))
    loadings[:, lone] = rng.normal(0, LONE_LOADING, (n_axes, len(lone)))
    return Leads(leader, sign, loadings)


def _on_the_chromosome(tile: np.ndarray, shift: np.ndarray, n_genes: int) -> np.ndarray:
    """Shift tiles; one that would leave its chromosome goes the other way."""
    first = tile // GENES_PER_CHROMOSOME * GENES_PER_CHROMOSOME
    last = np.minimum(first + GENES_PER_CHROMOSOME, n_genes) - 1
    wanted = tile + shift
    back = np.where((wanted < first) | (wanted > last), tile - shift, wanted)
    return np.asarray(np.clip(back, first, last))


def scan_motifs(
    leader: np.ndarray, targets: dict[int, np.ndarray], peaks: list[str], symbols: np.ndarray, rng: np.random.Generator
) -> pd.DataFrame:
    """Motif hits, with misses in the peaks that lead to a factor's targets and false hits elsewhere: peak, tf."""
    hits = []
    names = np.asarray(peaks)
    for factor, mine in targets.items():
        chance = np.where(np.isin(leader, mine), MOTIF_FOUND, MOTIF_FALSE)
        hits.append(pd.DataFrame({"peak": names[rng.random(len(names)) < chance], "tf": symbols[factor]}))
    return pd.concat(hits, ignore_index=True) if hits else pd.DataFrame({"peak": [], "tf": []}, dtype=str)
