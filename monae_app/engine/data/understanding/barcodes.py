"""Which cells were measured in several modalities, by their names, whatever programs have hung onto these.

N cells of one modality.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_BETWEEN = r"[-_.:#|/ ]"
_MODALITY = re.compile(
    rf"(?:^|(?<={_BETWEEN[:-1]}]))(?:rna|gex|gene_?expression|atac|peaks?|adt|prot|protein|cite)(?:{_BETWEEN}+|$)",
    re.IGNORECASE,
)
_LANE = re.compile(r"(?<=[ACGTN]{8})-\d+(?=$|[-_.:#|])", re.IGNORECASE)
_BARCODE = re.compile(r"[ACGTN]{8,}(?:[-_+][ACGTN]{8,})*", re.IGNORECASE)
# Of the smaller modality. Two experiments have few barcodes in common by chance: 5,000 each of 737,000 have 0.7 %.
SMALLEST_SHARE = 0.2


@dataclass(frozen=True)
class CellMatch:
    """How the names of cells were compared.

    Parameters
    ----------
    keys
        By modality, (N,) each, unique: equal where the names mean the same cell.
    rule
        What was left away of the names, in words; empty where they were compared as they are.
    """

    keys: dict[str, pd.Index]
    rule: str


def cell_keys(names: Mapping[str, pd.Index]) -> dict[str, pd.Index]:
    """Give cells keys that are equal where their names mean the same cell; see :func:`match_cells`."""
    return match_cells(names).keys


def match_cells(names: Mapping[str, pd.Index]) -> CellMatch:
    """Find by which rule the names of cells coincide best.

    The names themselves, if any coincide; else with suffixes of the modality (``_rna``), numbers of the lane (``-1``)
    or prefixes of the sample left away, whichever makes most coincide, the first of them at equal numbers. Nothing is
    left away that would make two cells of one modality the same, of which no more than a number would be left, or that
    makes but a few names coincide: those would coincide by chance.

    Parameters
    ----------
    names
        By modality, (N,) each, unique.
    """
    best = CellMatch({name: each.astype(str) for name, each in names.items()}, "")
    most = n_in_several(best.keys)
    if most:
        return best
    fewest = SMALLEST_SHARE * min(map(len, names.values())) if names else 0
    for rule, change in CHANGES.items():
        changed = {name: pd.Index([change(each) for each in index.astype(str)]) for name, index in names.items()}
        if all(each.is_unique for each in changed.values()):
            found = n_in_several(changed)
            if found > most and found >= fewest:
                best, most = CellMatch(changed, rule), found
    return best


def n_in_several(keys: Mapping[str, pd.Index]) -> int:
    """Count the keys that stand in more than one modality."""
    if len(keys) < 2:
        return 0
    first, *others = keys.values()
    joined = first.append(list(others))
    return int(joined[joined.duplicated()].nunique())


def _without_modality(name: str) -> str:
    rest = _MODALITY.sub("", name).rstrip("-_.:#|/ ")
    # rna_5 and atac_5 are the fifth cells of two files, nothing more
    return rest if any(map(str.isalpha, rest)) else name


def _without_lane(name: str) -> str:
    return _LANE.sub("", _without_modality(name))


def _barcode_alone(name: str) -> str:
    found: list[str] = _BARCODE.findall(name)
    return max(found, key=len).upper() if found else name


# what is left away, in words
CHANGES: dict[str, Callable[[str], str]] = {
    "the name of the modality": _without_modality,
    "the number of the lane (-1) and the name of the modality": _without_lane,
    "all but the barcode": _barcode_alone,
}
