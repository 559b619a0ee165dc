"""Genes of a region in lanes, so that neither bodies nor names lie over each other."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

MOST_LANES = 6
# of the width of a region
LETTER, BESIDE = 0.0085, 0.012


@dataclass(frozen=True)
class Lane:
    """A gene and the row that it is drawn in; ``label_at`` is where its name begins."""

    symbol: str
    start: int
    end: int
    strand: str
    measured: bool
    row: int
    label_at: float

    @property
    def begin(self) -> int:
        """Where it is transcribed from."""
        return self.end if self.strand == "-" else self.start

    @property
    def symbol_of_strand(self) -> str:
        """Mark that points along its strand."""
        return {"+": "triangle-right", "-": "triangle-left"}.get(self.strand, "circle")


def lanes_of(genes: pd.DataFrame, start: int, end: int) -> tuple[list[Lane], int]:
    """Lay genes out: each in the lowest row that is free, genes of the run first.

    Parameters
    ----------
    genes
        ``symbol``, ``start``, ``end``, ``strand``, ``measured``.
    start, end
        Of the region.

    Returns
    -------
    list of Lane
        In crowded regions those that find no row are left out.
    int
        Number of rows.
    """
    width, found = float(end - start), []
    taken: list[list[tuple[float, float]]] = [[] for _ in range(MOST_LANES)]
    ordered = genes.sort_values(["measured", "start"], ascending=[False, True]) if len(genes) else genes
    for gene in ordered.to_dict("records"):
        first, last = max(gene["start"], start), min(gene["end"], end)
        name = LETTER * width * len(str(gene["symbol"]))
        label = min(first, end - name)
        span = (min(first, label), max(last, label + name) + BESIDE * width)
        row = next(
            (at for at, lane in enumerate(taken) if all(span[1] <= low or span[0] >= high for low, high in lane)), None
        )
        if row is None:
            continue
        taken[row].append(span)
        place = (int(gene["start"]), int(gene["end"]), str(gene["strand"]), bool(gene["measured"]))
        found.append(Lane(str(gene["symbol"]), *place, row, float(label)))
    return found, sum(bool(lane) for lane in taken)
