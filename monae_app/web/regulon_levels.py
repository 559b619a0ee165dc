"""A factor and its targets over groups of cells: measured RNA, and how open the peaks are that go with each gene."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from monae_app.web.regulation_view import Tables

SURE = 0.05


def regulon_levels(tables: Tables, tf: str, targets: list[str]) -> tuple[pd.DataFrame, pd.DataFrame | None]:
    """Collect levels of a factor and its targets.

    Parameters
    ----------
    tf, targets
        The factor, where it was measured the first row, and its targets.

    Returns
    -------
    pandas.DataFrame
        Mean counts per 10,000 of the RNA, genes x groups.
    pandas.DataFrame | None
        Mean counts per 10,000 of the peaks that go with each gene, weighed by their scores: of peaks with p <= .05, or
        of the surest one where there is none; NaN for genes without peaks. None where there are no peaks.
    """
    numbers = tables.evidence.numbers
    names = [name for name in dict.fromkeys([tf, *targets]) if name.casefold() in numbers]
    at = np.array([numbers[name.casefold()] for name in names], np.int64)
    rna = pd.DataFrame(tables.groups.arrays["rna"][:, at].T, names, tables.names)
    if not tables.has_peaks:
        return rna, None
    links, open_ = tables.evidence.links, tables.groups.arrays["atac"]
    mine = links[links["gene"].isin(at)]
    found = np.full((len(at), len(tables.names)), np.nan)
    for row, number in enumerate(at.tolist()):
        peaks = mine[mine["gene"] == number]
        # where no p is known, the score says which is the surest
        best = peaks.sort_values(["p", "score"], ascending=[True, False]).head(1)
        chosen = peaks[peaks["p"] <= SURE] if (peaks["p"] <= SURE).any() else best
        if len(chosen):
            weight = chosen["score"].to_numpy(np.float64)
            found[row] = open_[:, chosen["peak"].to_numpy(np.int64)] @ (weight / max(weight.sum(), 1e-12))
    return rna, pd.DataFrame(found, names, tables.names)
