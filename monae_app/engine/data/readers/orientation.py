"""Whether the rows of a table are cells or features, by what their names look like."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from monae_app.engine.data.genome import read_genome

if TYPE_CHECKING:
    from collections.abc import Sequence

LOOKED_AT, FEWEST = 2000, 3
BARCODE = re.compile(r"(^|[^A-Za-z])[ACGT]{8,}N?(\W|_|\d|$)")
CELL = re.compile(
    # words with numbers, wells of a plate, and accessions of cells that were sequenced one by one
    r"^(?i:barcode|cell|bc|spot|well|droplet|plate)[\W_]?\w*\d+$|(^|_)[A-P](0[1-9]|1\d|2[0-4])(_|$)|^(SRR|ERR|DRR|GSM)\d{5}"
)
ENSEMBL = re.compile(r"(^|_)ENS[A-Z]{0,4}[GT]\d{6,}(\.\d+)?")
PEAK = re.compile(r"^(chr)?\w+[:_-]\d+[-_:]\d+$", re.IGNORECASE)
PROTEIN = re.compile(
    r"^(CD\d+[A-Za-z]{0,3}|HLA[-.]?DR|Ig[GMDAE]\w*|TCR\w*|.*(TotalSeq\w*|[-_]ADT|AB_\w+))$", re.IGNORECASE
)
GENE_CORNERS = frozenset(
    ["gene", "symbol", "feature", "peak", "ensembl", "protein", "antibody", "region", "site", "chr", "chrom"]
)
CELL_CORNERS = frozenset(["cell", "barcode", "bc", "spot"])
CERTAIN, LIKELY = 0.5, 0.15
# the side that is so many times longer is taken for the features, where names say nothing
MUCH_LONGER = 2.0
TODO = "the setting rna_orientation, atac_orientation or protein_orientation turns it round"


class Orientation(NamedTuple):
    """What the rows are, ``cells`` or ``features``, and why, in words."""

    rows: str
    reason: str


def find_orientation(rows: Sequence[str], columns: Sequence[str], corner: str) -> Orientation:
    """Find out what the rows of a table are.

    Parameters
    ----------
    rows, columns
        Their names, shapes (R,) and (C,).
    corner
        What stands over the column of names.
    """
    named = _by_corner(corner)
    row_features, row_cells = feature_share(rows), cell_share(rows)
    column_features, column_cells = feature_share(columns), cell_share(columns)
    evidence = row_features + column_cells - row_cells - column_features + named
    if abs(evidence) >= LIKELY:
        rows_are = "features" if evidence > 0 else "cells"
        shares = [(row_features, column_cells), (column_features, row_cells)][rows_are == "cells"]
        sides = [("row", "column"), ("column", "row")][rows_are == "cells"]
        reasons = [
            f"{share:.0%} of the {side} names look like {what}"
            for share, side, what in zip(shares, sides, ("genes, peaks or proteins", "barcodes of cells"), strict=True)
            if share >= LIKELY
        ] + ([f"the column of names is called {corner!r}"] if named else [])
        sure = "sure" if abs(evidence) >= CERTAIN else "likely"
        return Orientation(rows_are, f"{sure}: {' and '.join(reasons) or 'by the names'}")
    if max(len(rows), len(columns)) >= MUCH_LONGER * min(len(rows), len(columns)):
        rows_are = "features" if len(rows) > len(columns) else "cells"
        return Orientation(
            rows_are, f"a guess: names say nothing, but tables mostly have more features than cells; {TODO}"
        )
    return Orientation("cells", f"a guess: neither names nor sizes say what they are; {TODO}")


def feature_share(names: Sequence[str]) -> float:
    """Return the share of names that look like genes, peaks or proteins."""
    sample = _sample(names)
    genes = known_genes()
    found = sum(
        bool(ENSEMBL.search(name) or PEAK.match(name) or PROTEIN.match(name)) or _gene(name) in genes for name in sample
    )
    return _share(found, len(sample))


def cell_share(names: Sequence[str]) -> float:
    """Return the share of names that look like barcodes, or say that they are cells."""
    sample = _sample(names)
    return _share(sum(bool(BARCODE.search(name) or CELL.match(name)) for name in sample), len(sample))


def _share(found: int, total: int) -> float:
    # one or two names look like anything: C2 is a gene
    return found / total if found >= FEWEST else 0.0


@lru_cache(maxsize=1)
def known_genes() -> frozenset[str]:
    """Return the symbols of human and mouse genes, in capitals."""
    return frozenset(symbol.upper() for genome in ("hg38", "mm10") for symbol in read_genome(genome)["symbol"])


def _gene(name: str) -> str:
    # mixtures of species name them by genome: HUMAN_ACTB, GRCh38_ACTB, hg19_ACTB
    return re.sub(r"^(human|mouse|grch\d+|grcm\d+|hg\d+|mm\d+)_+", "", name, flags=re.IGNORECASE).upper()


def _by_corner(corner: str) -> float:
    word = re.sub(r"[^a-z]", " ", corner.lower()).split()
    singular = {each.removesuffix("s") for each in word}
    return CERTAIN * (bool(singular & GENE_CORNERS) - bool(singular & CELL_CORNERS))


def _sample(names: Sequence[str]) -> list[str]:
    return [str(name) for name in names[:: max(1, len(names) // LOOKED_AT)]]
