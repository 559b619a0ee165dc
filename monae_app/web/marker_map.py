"""Which features stand on the map of the cells, and where. n features."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

if TYPE_CHECKING:
    from collections.abc import Sequence

    from monae_app.web.marker_view import MarkerView, Wanted

ALL, SEARCHED = "all", "searched"
TABLE = ["key", "feature", "modality", "nearest", "score", "specificity", "x", "y"]


def shown_features(markers: MarkerView, show: str, wanted: Wanted, searched: Sequence[str]) -> tuple[pd.DataFrame, int]:
    """Choose features and place them on the map.

    Parameters
    ----------
    show
        "all" of a modality, those "searched" for alone, or else the most specific ones of each group.
    wanted
        Of which modality, and how specific.
    searched
        Keys of features that are shown in any case, the newest last.

    Returns
    -------
    table, every
        The most important ones first: ``key``, ``feature``, ``modality``, ``nearest`` group, its ``score``,
        ``specificity``, ``x`` and ``y``; and how many there would be if there were room for all.
    """
    own = markers.chosen(searched[::-1])
    if show == SEARCHED:
        return markers.placed(own)[TABLE], len(own)
    others, every = markers.of_modality(wanted) if show == ALL else (markers.most_specific(wanted), 0)
    table = pd.concat([own, others[~others.index.isin(own.index)]])
    return markers.placed(table)[TABLE], max(every, len(table))
