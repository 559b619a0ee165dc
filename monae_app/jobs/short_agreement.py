"""How well a run's ranked targets agree with known ones, worked out by short work."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import threadpoolctl

from monae_app.engine.analysis.regulation.agreement import agreement
from monae_app.engine.data.known_targets import organism_of_run, read_known_targets
from monae_app.engine.errors import InputError
from monae_app.engine.result import read_config
from monae_app.engine.telling import Telling
from monae_app.jobs.kept_regulation import KeptRegulation

if TYPE_CHECKING:
    from monae_app.engine.analysis.regulation.evidence import Regulation
    from monae_app.engine.data.known_targets import KnownTargets
    from monae_app.jobs.short_work import Bench


def measure_agreement(order: dict[str, Any], bench: Bench) -> dict[str, Any]:
    """Rank the targets of all factors that have known ones, and compare with tables of the same degrees.

    Parameters
    ----------
    order
        ``folder`` of the run, and ``own``, key and name of a user's table, or nothing for TRRUST.
    bench
        Where.

    Returns
    -------
    dict
        ``source``, ``rows`` (``metric``, ``value``, ``chance``, ``low``, ``high``, ``p``), ``factors``, ``known`` and
        ``draws``.

    Raises
    ------
    InputError
        If there is no evidence on the run, no table, or nothing to compare.
    """
    folder, kept = Path(order["folder"]), KeptRegulation(bench.store, bench.user)
    regulation = kept.evidence(folder)
    if regulation is None:
        raise InputError("What regulates what is not worked out yet.", "the tables of this page.", "wait for them.")
    known = _known(order, kept, folder, regulation)

    def heard(event: dict[str, Any]) -> None:
        bench.tell(0.9 * event.get("done", 0) / max(event.get("total") or 1, 1), "Ranking the targets of every factor")

    with threadpoolctl.threadpool_limits(1):
        found = agreement(regulation, known.edges, Telling("agreement", heard).counting("Ranking"))
    rows = [{"metric": str(name), **row} for name, row in found.table.to_dict("index").items()]
    about = {"factors": found.n_factors, "known": found.n_known, "draws": found.draws}
    return {"source": known.source, "rows": rows, **about}


def _known(order: dict[str, Any], kept: KeptRegulation, folder: Path, regulation: Regulation) -> KnownTargets:
    genes = [str(gene) for gene in regulation.genes]
    if order.get("own"):
        return kept.own_targets(str(order["own"])).among(genes)
    organism = organism_of_run(read_config(folder).genome, genes)
    if organism is None:
        raise InputError("There are no known targets for this run.", "a run of human or mouse.", "load your own table.")
    return read_known_targets(organism).among(genes)
