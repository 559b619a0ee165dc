"""Maps of any size that look like real ones: clusters of different size and shape in two modalities. N cells."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from monae_app.web import map_frame

CLUSTERS = 24
GENES = 50
SHARE_OF_RNA = 0.5


@dataclass(frozen=True)
class SyntheticMap:
    """A map.

    Parameters
    ----------
    cells
        How many, N.
    seed
        Of the generator.
    """

    cells: int
    seed: int = 0

    @cached_property
    def cluster(self) -> np.ndarray:
        """The cluster of each cell, (N,); a modality's cells are contiguous and mixed over the clusters."""
        generator = np.random.default_rng(self.seed)
        shares = generator.dirichlet(np.full(CLUSTERS, 2.0))
        return generator.choice(CLUSTERS, size=self.cells, p=shares).astype(np.uint8)

    @cached_property
    def xy(self) -> np.ndarray:
        """Where the cells lie, (N, 2) float32."""
        generator = np.random.default_rng(self.seed + 1)
        angle = np.arange(CLUSTERS) * 2.4
        centre = (1.5 * np.sqrt(np.arange(CLUSTERS) + 0.5) * np.stack([np.cos(angle), np.sin(angle)])).T  # (C, 2)
        spread = generator.uniform(0.25, 0.75, (CLUSTERS, 2))
        turn = generator.uniform(0, np.pi, CLUSTERS)[self.cluster]
        noise = generator.standard_normal((self.cells, 2), dtype=np.float32) * spread[self.cluster]
        bend = 0.35 * noise[:, 0] ** 2
        x, y = noise[:, 0], noise[:, 1] + bend
        turned = np.stack([x * np.cos(turn) - y * np.sin(turn), x * np.sin(turn) + y * np.cos(turn)], axis=1)
        return (centre[self.cluster] + turned).astype(np.float32)

    def expression(self, gene: int) -> np.ndarray:
        """Values of a gene, (N,) float32: most are zero, it is high in one cluster."""
        generator = np.random.default_rng([self.seed, gene])
        high = self.cluster == gene % CLUSTERS
        seen = generator.random(self.cells, dtype=np.float32) < np.where(high, 0.9, 0.12)
        return (seen * generator.gamma(2.0, np.where(high, 1.0, 0.3))).astype(np.float32)

    @property
    def first_of_second(self) -> int:
        """Where the second modality begins."""
        return int(SHARE_OF_RNA * self.cells)

    @property
    def about(self) -> dict:
        """What map.json says."""
        first = self.first_of_second
        return {
            "cells": self.cells,
            "version": f"{self.cells}-{self.seed}",
            "bounds": map_frame.bounds_of(self.xy),
            "modalities": [
                {"key": "rna", "title": "RNA", "first": 0, "count": first},
                {"key": "atac", "title": "ATAC", "first": first, "count": self.cells - first},
            ],
        }

    @cached_property
    def places(self) -> bytes:
        """What map.xy says."""
        return map_frame.coordinates(self.xy, map_frame.bounds_of(self.xy))

    def frame(self, key: str, *, low: float = 1.0, high: float = 99.0, nonzero: bool = False, other: str = "") -> bytes:
        """What map.colour says."""
        if key.startswith("rna:"):
            numbers = self.expression(int(key.removeprefix("rna:Gene")))
            about = {"key": key, "title": key.removeprefix("rna:"), "unit": "ln(1 + CP10k)"}
            if other:
                second = self.expression(int(other.removeprefix("rna:Gene")))
                header, codes = map_frame.blend(numbers, second, low, high)
                titles = {"titles": [about["title"], other.removeprefix("rna:")], "units": ["", ""]}
                return map_frame.frame(header | about | titles, codes)
            header, codes = map_frame.values(numbers, low, high, nonzero=nonzero)
            return map_frame.frame(header | about, codes)
        if key == "obs:modality":
            groups = (np.arange(self.cells) >= self.first_of_second).astype(np.int64)
            header, codes = map_frame.groups(groups, ["RNA", "ATAC"])
        elif key == "obs:some":
            groups = np.where(np.arange(self.cells) % 3 == 0, -1, self.cluster.astype(np.int64) % 5)
            header, codes = map_frame.groups(groups, list("ABCDE"))
        else:
            header, codes = map_frame.groups(self.cluster.astype(np.int64), [f"Type {i}" for i in range(CLUSTERS)])
        return map_frame.frame(header | {"key": key, "title": key.removeprefix("obs:")}, codes)
