"""Which cells files have in common, as they are looked into one after the other."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd

from monae_app.engine.data.samples import stacked_names
from monae_app.engine.data.shared_cells import count_shared, shared_in_words
from monae_app.engine.data.understanding.barcodes import match_cells

TITLES = {"rna": "RNA", "atac": "ATAC", "protein": "protein", "methylation": "methylation"}
PAIRED = "training takes these as the same cells only with --paired"


class CellsTogether:
    """Collects the names of the cells of every file that can be read."""

    def __init__(self) -> None:
        self._names: dict[str, list[tuple[str, pd.Index]]] = {}

    def take(self, answer: dict[str, Any]) -> dict[str, Any]:
        """Keep the names of the cells of an answer, which it is returned without."""
        for part in answer.get("parts") or ():
            names = pd.Index(part.pop("cell_names", ()), dtype=object)
            modality = part["modality"]["value"]
            if modality is not None and part["error"] is None and len(names) and names.is_unique:
                self._names.setdefault(modality, []).append((Path(answer["path"]).stem, names))
        return answer

    def in_words(self) -> str:
        """Say how many cells modalities share; empty where fewer than two were seen."""
        if len(self._names) < 2:
            return ""
        stacked = {modality: _stacked(samples) for modality, samples in self._names.items()}
        found = count_shared(stacked, match_cells(stacked))
        titles = {name: TITLES.get(name, name) for name in stacked}
        said = "; ".join(shared_in_words(found, titles))
        return f"{said}; {PAIRED}." if any(each["both"] for each in found["pairs"].values()) else f"{said}."


def _stacked(samples: list[tuple[str, pd.Index]]) -> pd.Index:
    """Names of the cells of all samples of a modality, as a run would give them."""
    names, _ = stacked_names([stem for stem, _ in samples], [cells for _, cells in samples])
    every = names[0].append(names[1:])
    return every[~every.duplicated()]
