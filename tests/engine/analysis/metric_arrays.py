"""Small drawn arrays on which the metrics are compared with other implementations; numpy alone, the same everywhere."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

CELLS, AXES = 400, 8
BLOBS, GENES, PEAKS = 10, 30, 60


@dataclass(frozen=True)
class Drawn:
    """An imperfect integration of two modalities; the rows of one half of the cells pair with those of the other."""

    cells: np.ndarray
    before: np.ndarray
    modality: np.ndarray
    uneven: np.ndarray
    label: np.ndarray
    batch: np.ndarray


def drawn(seed: int = 5) -> Drawn:
    rng = np.random.default_rng(seed)
    half = CELLS // 2
    label = np.tile(rng.choice(list("abcd"), half, p=[0.4, 0.3, 0.2, 0.1]), 2)
    centres = dict(zip("abcd", rng.normal(0, 1.0, (4, AXES)), strict=True))
    cells = np.stack([centres[each] for each in label]) + rng.normal(0, 0.9, (CELLS, AXES))
    cells[half:] = 0.5 * cells[half:] + 0.5 * cells[:half] + 0.25
    # a type of one modality alone
    label[:12] = "lone"
    modality = np.repeat(["rna", "atac"], half)
    uneven = np.where(np.arange(CELLS) < 260, "rna", "atac")
    batch = rng.choice(["x", "y", "z"], CELLS, p=[0.5, 0.3, 0.2])
    cells += 0.5 * (batch == "x")[:, None]
    before = cells[:, :5] + rng.normal(0, 0.5, (CELLS, 5))
    return Drawn(cells, before, modality, uneven, label, batch)


@dataclass(frozen=True)
class Linked:
    """Counts of two modalities in ten separate blobs of cells, and signed links between their features."""

    places: tuple[np.ndarray, np.ndarray]
    counts: tuple[np.ndarray, np.ndarray]
    first: np.ndarray
    second: np.ndarray
    weight: np.ndarray
    sign: np.ndarray


def linked(seed: int = 6) -> Linked:
    rng = np.random.default_rng(seed)
    centres = 100 * np.eye(BLOBS)
    blobs = [rng.permutation(np.repeat(np.arange(BLOBS), size)) for size in (12, 9)]
    levels = rng.normal(0, 0.7, (BLOBS, GENES))
    first, second = np.repeat(np.arange(GENES), 2), rng.permutation(PEAKS)
    sign = rng.choice([1, -1], PEAKS, p=[0.8, 0.2])
    of_peak = np.empty((BLOBS, PEAKS))
    of_peak[:, second] = levels[:, first] * sign + rng.normal(0, 0.8, (BLOBS, PEAKS))
    counts = [rng.poisson(np.exp(level[blob] + 0.5)) for level, blob in zip((levels, of_peak), blobs, strict=True)]
    places = [centres[blob] + rng.normal(0, 1, (len(blob), BLOBS)) for blob in blobs]
    weight = rng.uniform(0.2, 1, PEAKS).round(3)
    return Linked((places[0], places[1]), (counts[0], counts[1]), first, second, weight, sign)
