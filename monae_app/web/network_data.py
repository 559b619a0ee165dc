"""The edges of a network: the targets of some factors, filtered as the table of targets is."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from monae_app.web.figures.network import Network, network_of
from monae_app.web.regulation_view import with_known

if TYPE_CHECKING:
    from monae_app.engine.data.known_targets import KnownTargets
    from monae_app.web.regulation_tables import Filters
    from monae_app.web.regulation_view import RegulationView, Tables

COLUMNS = ["tf", "target", "score", "sign", "p", "q", "known", "mode", "pmids", "link_p"]
MOST_FACTORS, MOST_TARGETS = 8, 150


def network_for(
    view: RegulationView, run: str, tables: Tables, factors: list[str], filters: Filters, known: KnownTargets | None
) -> Network:
    """Build the network of up to eight factors, with up to 150 targets each.

    Raises
    ------
    InputError
        If the run knows no such factor.
    """
    names = list(dict.fromkeys(found for name in factors if (found := tables.factor(name))))[:MOST_FACTORS]
    parts = []
    for tf in names:
        targets = with_known(view.targets(run, tables, tf), known, tf)
        parts.append(filters.of(targets).head(MOST_TARGETS)[COLUMNS].assign(tf=tf))
    edges = pd.concat(parts, ignore_index=True) if parts else pd.DataFrame({name: [] for name in COLUMNS})
    return network_of(edges, names, set(tables.factors), tables.evidence.seed)
