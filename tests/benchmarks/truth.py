"""What is known of a data set, rows as in its inputs."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from tests.benchmarks.datasets import MODALITIES

if TYPE_CHECKING:
    from tests.benchmarks.datasets import Data

RARE_SHARE = 0.02


@dataclass(frozen=True)
class Truth:
    """Labels, pairs, latent and means of a data set."""

    data: Data

    @cached_property
    def _columns(self) -> dict[str, np.ndarray]:
        with np.load(self.data.truth / "cells.npz") as stored:
            return dict(stored)

    def joined(self, column: str) -> np.ndarray:
        """A column of the cells of RNA, then of ATAC."""
        return np.concatenate([self._columns[f"{name}_{column}"] for name in MODALITIES])

    @property
    def modality(self) -> np.ndarray:
        """Modality of every cell, in the same order."""
        return np.repeat(MODALITIES, [len(self._columns[f"{name}_cell_type"]) for name in MODALITIES])

    @property
    def latent(self) -> dict[str, np.ndarray]:
        """The hidden axes, by modality."""
        return {name: self._columns[f"z_{name}"] for name in MODALITIES}

    @property
    def links_hold(self) -> np.ndarray | None:
        """Which links of the guidance hold, in its order; None if nobody knows."""
        path = self.data.truth / "links_hold.npy"
        return np.load(path) if path.exists() else None

    @property
    def rare(self) -> list[str]:
        """Types that both modalities have and that are at most 2 % of either."""
        shares = []
        for name in MODALITIES:
            kinds, counts = np.unique(self._columns[f"{name}_cell_type"], return_counts=True)
            shares.append(dict(zip(kinds.tolist(), (counts / counts.sum()).tolist(), strict=True)))
        return sorted(kind for kind in shares[0] if max(shares[0][kind], shares[1].get(kind, 1)) <= RARE_SHARE)

    def mean(self, source: str, target: str) -> np.ndarray | None:
        """Mean counts without batch of the target's features in the source's cells; None if nobody knows them.

        Across modalities that takes pairs: the mean of the cell's other half.
        """
        path = self.data.truth / f"mu0_{target}.npy"
        if not path.exists():
            return None
        mean = np.load(path, mmap_mode="r")
        if source == target:
            return mean
        halves = {pair: row for row, pair in enumerate(self._columns[f"{target}_pair_id"].tolist()) if pair != "-1"}
        pairs = self._columns[f"{source}_pair_id"].tolist()
        if not all(pair in halves for pair in pairs):
            return None
        return mean[[halves[pair] for pair in pairs]]
