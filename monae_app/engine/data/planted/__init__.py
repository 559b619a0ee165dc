"""Planted data whose truth is known: which cells are the same, which peaks follow which gene.

    from monae_app.engine.data.planted import make_planted

    planted = make_planted(n_cells=2000, n_genes=2000, n_peaks=10_000, regime="hostile", seed=0, means=True)

Cells of several types differ along a few hidden axes that all modalities read out, each through its own loadings, and
along axes that one modality alone sees. Counts are negative binomial: the generator shares the likelihood of the
model, so it shows whether a method does what it claims, not how methods rank on real data.

``plain`` is small and easy, for tests. ``standard`` and ``hostile`` are for benchmarks; see
:mod:`monae_app.engine.data.planted.regimes`.
"""

from __future__ import annotations

from typing import Literal

from monae_app.engine.data.planted.plain import make_plain
from monae_app.engine.data.planted.record import Planted
from monae_app.engine.data.planted.regimes import REGIMES
from monae_app.engine.data.planted.whole import CellsOf, make_regime

__all__ = ["Planted", "make_planted"]

RegimeName = Literal["plain", "standard", "hostile"]
PLAIN_TYPES, REGIME_TYPES = 5, 8


def make_planted(  # noqa: PLR0913 - each is one knob of the data
    *,
    n_cells: int = 600,
    n_genes: int = 400,
    n_peaks: int = 1500,
    n_types: int | None = None,
    seed: int = 0,
    regime: RegimeName = "plain",
    means: bool = False,
    protein: CellsOf | None = None,
    methylation: CellsOf | None = None,
) -> Planted:
    """Draw a planted data set.

    Parameters
    ----------
    n_cells
        Of each modality.
    n_genes, n_peaks
        Features.
    n_types
        Cell types; 5 if plain, else 8 and at least 7, the roles of which are fixed.
    seed
        Of everything random.
    regime
        How hard it is.
    means
        Also keep the layers ``mu``, the mean each count was drawn from, and ``mu0``, the same without batch; not plain.
    protein
        Add a panel of antibodies: on the cells of the RNA ("same") or on other cells ("own"); not plain.
    methylation
        Add methylated and covered reads of promoters and gene bodies, on the same cells or on others; not plain.

    Raises
    ------
    ValueError
        If the regime is unknown, if plain data is asked for what it does not have, if the genome has no room for so
        many peaks, or if there are too few types.
    """
    if regime == "plain":
        if means or protein is not None or methylation is not None:
            msg = "plain planted data has neither means nor proteins nor methylation; take regime='standard'"
            raise ValueError(msg)
        kinds = PLAIN_TYPES if n_types is None else n_types
        return make_plain(n_cells=n_cells, n_genes=n_genes, n_peaks=n_peaks, n_types=kinds, seed=seed)
    if regime not in REGIMES:
        msg = f"there is no regime {regime!r}; one of plain, {', '.join(REGIMES)}"
        raise ValueError(msg)
    return make_regime(
        (n_cells, n_genes, n_peaks),
        REGIMES[regime],
        n_types=REGIME_TYPES if n_types is None else n_types,
        seed=seed,
        means=means,
        protein=protein,
        methylation=methylation,
    )
