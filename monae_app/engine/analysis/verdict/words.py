"""Names and numbers as sentences of a verdict write them."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

TITLES = {"rna": "RNA", "atac": "ATAC"}
MOST_NAMED = 4


def title(modality: str) -> str:
    """Write a modality as people do."""
    return TITLES.get(modality, modality)


def listed(parts: Sequence[str], most: int = MOST_NAMED) -> str:
    """Write an enumeration: "a", "a and b", "a, b and 3 more"."""
    shown = list(parts[:most])
    if len(parts) > most:
        return f"{', '.join(shown)} and {len(parts) - most:,} more"
    return " and ".join(filter(None, [", ".join(shown[:-1]), *shown[-1:]]))


def percent(share: float) -> str:
    """Write a share: "12 %", "0.4 %"."""
    return f"{100 * share:.0f}\u00a0%" if share >= 0.01 or share == 0 else f"{100 * share:.1f}\u00a0%"


def clusters(names: Sequence[str]) -> str:
    """Write names of clusters: "cluster 3", "clusters 1 and 3"."""
    return f"cluster{'s' if len(names) > 1 else ''} {listed(names)}"
