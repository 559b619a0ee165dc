"""Which files of a folder or archive belong together: a matrix.mtx, its features and its barcodes."""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

# fmt: off
FEATURES = frozenset([
    "feature", "features", "gene", "genes", "peak", "peaks", "region", "regions", "rownames", "protein", "proteins",
    "adt", "adts", "antibodies",
])
# fmt: on
BARCODES = frozenset(["barcode", "barcodes", "cell", "cells", "cellnames", "colnames"])
METADATA = frozenset(["metadata", "meta"])
# words that say only that it is the matrix
PLAIN = frozenset(["matrix", "mtx", "count", "counts", "names", "name", "all", "raw_counts"])
# alevin-fry names rows and columns of a matrix of cells x genes
ALEVIN = {"quants_mat_cols": "features", "quants_mat_rows": "barcodes", "quants_mat": "matrix"}
TABLE_ROLES = ("features", "barcodes", "metadata")
PACKED = (".gz", ".bz2", ".xz")
TABLES = (".tsv", ".txt", ".csv", ".bed")


@dataclass(frozen=True)
class MtxSet:
    """Matrices that share features and barcodes; None where a file is missing.

    Parameters
    ----------
    matrices
        Paths of the matrices, the main one first.
    features, barcodes, metadata
        Paths of the tables.
    name
        What tells it from other sets: a prefix of its files, or its folder.
    """

    matrices: tuple[str, ...]
    features: str | None
    barcodes: str | None
    metadata: str | None
    name: str

    @property
    def files(self) -> list[str]:
        """All paths that are there."""
        return [each for each in (*self.matrices, self.features, self.barcodes, self.metadata) if each is not None]


def find_sets(names: Iterable[str]) -> tuple[list[MtxSet], list[str]]:
    """Find all matrices among the files of a folder or archive.

    Parameters
    ----------
    names
        Paths inside it, with slashes; of a file that is there packed and unpacked, the first counts.

    Returns
    -------
    tuple
        The sets, sorted by name, and notes on those passed over: of a raw and a filtered matrix the filtered is kept.
    """
    found: dict[str, dict[str, dict[str, list[str]]]] = defaultdict(lambda: defaultdict(lambda: defaultdict(list)))
    seen: set[str] = set()
    for name in names:
        role, key = _role(name)
        # the same file may lie beside itself, packed
        if role is not None and _unpacked_name(name) not in seen:
            seen.add(_unpacked_name(name))
            found[str(PurePosixPath(name).parent)][role][key].append(name)
    sets: list[MtxSet] = []
    for folder, roles in found.items():
        sets += _of_folder(folder, roles)
    return _filtered(_told_apart(sets))


def _role(name: str) -> tuple[str | None, str]:
    """Return what a file is by its name, and what is left of the name."""
    base = _unpacked_name(PurePosixPath(name).name)
    suffix = PurePosixPath(base).suffix
    stem = base.removesuffix(suffix)
    if stem in ALEVIN and suffix in (".mtx", *TABLES):
        return ALEVIN[stem], "quants"
    words = [word for word in re.split(r"[._\s-]+", stem) if word]
    rest = "_".join(word for word in words if word not in FEATURES | BARCODES | METADATA | PLAIN)
    if suffix == ".mtx":
        return "matrix", rest
    if suffix not in TABLES:
        return None, ""
    # the last word that says something: cells_x_genes.barcodes.txt are barcodes
    for word in reversed(words):
        for role, known in (("metadata", METADATA), ("features", FEATURES), ("barcodes", BARCODES)):
            if word in known:
                # Parse Biosciences calls its table of barcodes cell_metadata
                return ("barcodes" if role == "metadata" and "cell" in words else role), rest
    return None, ""


def _unpacked_name(name: str) -> str:
    low = name.lower()
    for ending in PACKED:
        low = low.removesuffix(ending)
    return low


def _of_folder(folder: str, roles: dict[str, dict[str, list[str]]]) -> list[MtxSet]:
    together: dict[tuple[str | None, str | None, str | None], list[tuple[str, str]]] = defaultdict(list)
    for key, matrices in roles.get("matrix", {}).items():
        features, barcodes, metadata = (_companion(roles.get(role, {}), key) for role in TABLE_ROLES)
        together[features, barcodes, metadata] += [(key, each) for each in matrices]
    sets = []
    for (features, barcodes, metadata), keyed in together.items():
        # the main matrix has the shortest name: matrix.mtx before UniqueAndMult-EM.mtx
        ordered = tuple(path for _, path in sorted(keyed, key=lambda pair: (len(pair[0]), pair[1])))
        label = min((key for key, _ in keyed), key=len)
        sets.append(MtxSet(ordered, features, barcodes, metadata, f"{folder}/{label}".strip("./")))
    return sets


def _companion(tables: dict[str, list[str]], key: str) -> str | None:
    """Return the table of the same name, or else the only one of the folder."""
    if key in tables:
        return min(tables[key])
    paths = [path for each in tables.values() for path in each]
    return paths[0] if len(paths) == 1 else None


def _told_apart(sets: list[MtxSet]) -> list[MtxSet]:
    """Shorten the names to what differs."""
    parts = [each.name.split("/") for each in sets]
    if len(sets) == 1:
        return sets
    while all(len(each) > 1 for each in parts) and len({each[0] for each in parts}) == 1:
        parts = [each[1:] for each in parts]
    return [
        MtxSet(each.matrices, each.features, each.barcodes, each.metadata, "/".join(name) or "matrix")
        for each, name in zip(sets, parts, strict=True)
    ]


def _filtered(sets: list[MtxSet]) -> tuple[list[MtxSet], list[str]]:
    ordered = sorted(sets, key=lambda each: each.name)
    umis = {_beside(each, "umi_count") for each in ordered} - {None}
    reads = [each for each in ordered if _beside(each, "read_count") in umis]
    if reads:
        ordered = [each for each in ordered if each not in reads]
        return ordered, ["The matrix of reads was passed over; the one of molecules (UMIs) is taken."]
    raw = [each for each in ordered if re.search(r"(^|[/_])raw([/_]|$)", each.matrices[0].lower())]
    filtered = [each for each in ordered if "filtered" in each.matrices[0].lower()]
    if not raw or not filtered:
        return ordered, []
    left = [each for each in ordered if each not in raw]
    return left, ["The raw matrix of all droplets was passed over; the filtered one, of cells, is taken."]


def _beside(each: MtxSet, folder: str) -> PurePosixPath | None:
    """Return where the folder of a set lies, if it is called so; CITE-seq-Count writes reads and molecules."""
    own = PurePosixPath(each.matrices[0]).parent
    return own.parent if own.name == folder else None
