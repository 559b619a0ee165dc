"""What the encoder of methylation reads: a PCA of how far levels lie off the expected ones.

N cells, G regions, k components.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from monae_app.engine.data.levels import LevelModel
from monae_app.engine.data.representation import Projection, fit_projection
from monae_app.engine.telling import SILENT, Telling

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np

    from monae_app.engine.data.covered import CoveredMatrix


@dataclass(frozen=True)
class LevelProjection:
    """A fitted PCA of levels.

    Parameters
    ----------
    levels
        What levels are expected to be.
    own
        Of the deviations from that.
    """

    levels: LevelModel
    own: Projection
    kind: ClassVar[str] = "levels"

    @property
    def n_features(self) -> int:
        """Number of regions, G."""
        return self.own.n_features

    @property
    def n_components(self) -> int:
        """Number of components, k."""
        return self.own.n_components

    def transform(self, values: CoveredMatrix, _measured: np.ndarray | None = None) -> np.ndarray:
        """Project cells, (N, G) to (N, k) float32; a region that was not measured is covered in no cell."""
        return self.own.transform(self.levels.deviations(values))

    def arrays(self) -> dict[str, np.ndarray]:
        """All of it, by name."""
        named = {"levels": self.levels.arrays(), "own": self.own.arrays()}
        return {f"{part}.{name}": values for part, arrays in named.items() for name, values in arrays.items()}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, np.ndarray]) -> LevelProjection:
        """Rebuild what :meth:`arrays` gave."""
        parts = {
            part: {name.partition(".")[2]: each for name, each in arrays.items() if name.startswith(f"{part}.")}
            for part in ("levels", "own")
        }
        return cls(LevelModel.from_arrays(parts["levels"]), Projection.from_arrays("values", parts["own"]))


def fit_level_projection(
    values: CoveredMatrix, context: np.ndarray, n_components: int, seed: int, tell: Telling = SILENT
) -> LevelProjection:
    """Fit to cells.

    Parameters
    ----------
    values
        (N, G).
    context
        Of the regions, (G,).
    n_components, seed, tell
        As in :func:`~monae_app.engine.data.representation.fit_projection`.
    """
    levels = LevelModel.fit(values, context)
    own = fit_projection(levels.deviations(values), "values", n_components, seed, tell)
    return LevelProjection(levels, own)
