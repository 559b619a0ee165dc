"""What the encoder of a linked modality reads: its own components, and those of the genes that it is linked to.

Components of a modality by itself follow what varies most in it; a rare kind of cell that stands out by a handful of
genes may not be among them. Summed over the features linked to each gene, the same values show it. On mouse cortex this
raised label transfer of the closed-form alignment from .595 to .631, and balanced from .285 to .363.

N cells, G features, H genes, k components of each kind.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import scipy.sparse as sp

from monae_app.engine.data.graph_projection import KIND as GRAPH_KIND
from monae_app.engine.data.graph_projection import GraphProjection
from monae_app.engine.data.level_projection import LevelProjection
from monae_app.engine.data.representation import ARRAYS, KINDS, Projection, fit_projection
from monae_app.engine.telling import SILENT, Telling

if TYPE_CHECKING:
    from collections.abc import Mapping

KIND = "linked"
LINK_ARRAYS = ("data", "indices", "indptr", "shape")


@dataclass(frozen=True)
class LinkedProjection:
    """Two projections side by side.

    Parameters
    ----------
    own
        Of the features.
    link
        Which features make up which gene, (G, H).
    genes
        Of the activities of the genes.
    """

    own: Projection
    link: sp.csr_matrix
    genes: Projection

    @property
    def kind(self) -> str:
        """Kind of the projection and of its first part, as saved."""
        return f"{KIND}:{self.own.kind}"

    @property
    def n_features(self) -> int:
        """Number of features, G."""
        return self.own.n_features

    @property
    def n_components(self) -> int:
        """Number of components of both."""
        return self.own.n_components + self.genes.n_components

    def transform(self, values: sp.csr_matrix, measured: np.ndarray | None = None) -> np.ndarray:
        """Project cells; values (N, G), measured (G,) bool or None for all; (N, 2k) float32."""
        seen = None
        if measured is not None and not measured.all():
            # a gene is measured if any of its features is
            seen = np.asarray(self.link[measured].sum(axis=0)).ravel() > 0
        through = self.genes.transform(sp.csr_matrix(values @ self.link), seen)
        return np.hstack([self.own.transform(values, measured), through])

    def arrays(self) -> dict[str, np.ndarray]:
        """All of it, by name."""
        link = {name: np.asarray(getattr(self.link, name)) for name in LINK_ARRAYS}
        named = {"own": self.own.arrays(), "link": link, "genes": self.genes.arrays()}
        return {f"{part}.{name}": values for part, arrays in named.items() for name, values in arrays.items()}

    @classmethod
    def from_arrays(cls, kind: str, arrays: Mapping[str, np.ndarray]) -> LinkedProjection:
        """Rebuild what :meth:`arrays` gave."""
        parts = {
            part: {name: arrays[f"{part}.{name}"] for name in names}
            for part, names in (("own", ARRAYS), ("link", LINK_ARRAYS), ("genes", ARRAYS))
        }
        link = parts["link"]
        matrix = sp.csr_matrix((link["data"], link["indices"], link["indptr"]), shape=tuple(link["shape"]))
        # an index beyond the shape would be read from foreign memory
        matrix.check_format(full_check=True)
        own = Projection.from_arrays(KINDS[KINDS.index(kind.partition(":")[2])], parts["own"])
        return cls(own, matrix, Projection.from_arrays("counts", parts["genes"]))


def link_projection(
    own: Projection,
    values: sp.csr_matrix,
    link: sp.csr_matrix,
    n_components: int,
    seed: int,
    tell: Telling = SILENT,
) -> LinkedProjection:
    """Fit the second part: a PCA of the log-normalised activities of genes.

    Parameters
    ----------
    own
        As fitted to the values.
    values
        Counts of the cells to fit on, (N, G).
    link
        (G, H); genes without link are left out.
    n_components, seed, tell
        As in :func:`~monae_app.engine.data.representation.fit_projection`.
    """
    linked = np.asarray(link.sum(axis=0)).ravel() > 0
    link = sp.csr_matrix(link[:, linked], dtype=np.float32)
    return LinkedProjection(own, link, fit_projection(sp.csr_matrix(values @ link), "counts", n_components, seed, tell))


def projection_from(
    kind: str, arrays: Mapping[str, np.ndarray]
) -> Projection | LinkedProjection | LevelProjection | GraphProjection:
    """Rebuild any kind of projection."""
    if kind.startswith(f"{GRAPH_KIND}:"):
        return GraphProjection.from_arrays(kind, arrays)
    if kind == LevelProjection.kind:
        return LevelProjection.from_arrays(arrays)
    if kind.startswith(f"{KIND}:"):
        return LinkedProjection.from_arrays(kind, arrays)
    return Projection.from_arrays(KINDS[KINDS.index(kind)], arrays)
