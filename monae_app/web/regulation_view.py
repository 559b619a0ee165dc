"""What the page Regulation shows of a run: links, targets, factors and levels, as they were worked out before."""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
import pandas as pd

from monae_app.engine.data.known_targets import KnownTargets, organism_of_run, read_known_targets
from monae_app.engine.errors import InputError
from monae_app.jobs import bitsets
from monae_app.jobs.kept_regulation import PLACES, KeptRegulation, groups_asked, inputs_of
from monae_app.web.group_choice import OBS, SET

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

    from monae_app.engine.analysis.regulation.evidence import Regulation
    from monae_app.jobs.kept_npz import Kept
    from monae_app.web.explore import RunView
    from monae_app.web.selections import Selections
    from monae_app.web.services import Services

T = TypeVar("T")
KEPT_TABLES, KEPT_TARGETS, HITS = 4, 24, 40


@dataclass(frozen=True)
class Tables:
    """What was worked out of one run, over one choice of groups.

    Parameters
    ----------
    evidence
        On links and targets.
    places
        Of genes and peaks: ``rna`` and ``atac`` in the order of the evidence, ``annotation``, all genes.
    groups
        Levels over groups, and factors by their activity in them.
    """

    evidence: Regulation
    places: Kept
    groups: Kept

    @property
    def names(self) -> list[str]:
        """Names of the groups."""
        return [str(each) for each in self.groups.about["groups"]]

    @cached_property
    def regulators(self) -> pd.DataFrame:
        """Factors by their activity in groups: ``group``, ``tf``, ``rank``, ``difference``, ``activity`` and more."""
        return self.groups.frame("regulators")

    @cached_property
    def factors(self) -> list[str]:
        """Names of the factors, sorted."""
        return sorted(set(self.regulators["tf"].astype(str))) if len(self.regulators) else []

    @cached_property
    def genes(self) -> pd.DataFrame:
        """Where the genes of the run lie, in its order; ``start`` -1 where that is not known."""
        return self.places.frame("rna")

    @cached_property
    def peaks(self) -> pd.DataFrame:
        """Where its peaks lie, in its order."""
        return self.places.frame("atac")

    @cached_property
    def annotation(self) -> pd.DataFrame:
        """All genes of the genome that the run named, ``symbol`` among the columns; empty without one."""
        return self.places.frame("annotation")

    @property
    def has_peaks(self) -> bool:
        """Whether there are peaks that have places."""
        return len(self.peaks) > 0 and len(self.evidence.links) > 0

    def factor(self, name: str) -> str | None:
        """Find a gene or a factor by its name in any case."""
        number = self.evidence.numbers.get(name.casefold())
        if number is not None:
            return str(self.evidence.genes[number])
        return next((each for each in self.factors if each.casefold() == name.casefold()), None)

    def search(self, text: str) -> list[str]:
        """Names that begin so: factors first, then other genes."""
        plain = text.strip().casefold()
        found = [name for name in self.factors if name.casefold().startswith(plain)][:HITS]
        if plain and len(found) < HITS:
            known = set(found)
            genes = (str(name) for name in self.evidence.genes if str(name).casefold().startswith(plain))
            found += [name for name in genes if name not in known][: HITS - len(found)]
        return found

    def with_motif(self, tf: str) -> np.ndarray | None:
        """Which peaks have a motif of a factor, (P,) bool; None without motifs."""
        support = self.evidence.finder.support
        return None if support is None else support.peaks_of(tf)


class _Lately:
    """What was asked for lately, a few of a kind; made once, however many ask at the same time."""

    def __init__(self, most: int) -> None:
        self._most, self._lock = most, threading.Lock()
        self._kept: OrderedDict[Hashable, Any] = OrderedDict()
        self._making: dict[Hashable, threading.Lock] = {}

    def get(self, key: Hashable, make: Callable[[], T | None]) -> T | None:
        with self._lock:
            making = self._making.setdefault(key, threading.Lock())
        with making:
            with self._lock:
                if key in self._kept:
                    self._kept.move_to_end(key)
                    return self._kept[key]  # type: ignore[no-any-return]
            try:
                made = make()
            finally:
                with self._lock:
                    self._making.pop(key, None)
            if made is not None:
                with self._lock:
                    self._kept[key] = made
                    while len(self._kept) > self._most:
                        self._kept.popitem(last=False)
            return made


class RegulationView:
    """Regulation of the runs that the one who asks can see.

    Parameters
    ----------
    services, selections
        Runs, and what is saved of them.
    """

    def __init__(self, services: Services, selections: Selections) -> None:
        self._services, self._selections = services, selections
        self._tables, self._targets, self._known = (_Lately(most) for most in (KEPT_TABLES, KEPT_TARGETS, KEPT_TABLES))

    @property
    def kept(self) -> KeptRegulation:
        """What is kept for the one who asks."""
        return KeptRegulation(self._services.settings.store, self._services.users.current())

    def view(self, run: str | None) -> RunView | None:
        """Open a run; None if it cannot be."""
        return self._services.opened(run)

    def order(self, run: str | None, groups: str | None) -> dict[str, Any]:
        """Order what is not there yet.

        Raises
        ------
        InputError
            If there is no such run, or no such groups.
        """
        view = self._services.view(run or "")
        if "rna" not in view.modalities:
            raise InputError(
                "This run has no RNA.", "a run with RNA: targets are told by genes.", "choose another run."
            )
        return {"folder": str(view.folder), "groups": self.groups(str(run), groups)}

    def offered(self, run: str) -> list[dict[str, str]]:
        """Offer groups over which levels are shown: columns of the run, and saved selections against all others."""
        view = self._services.view(run)
        found = [{"value": f"{OBS}:{name}", "label": name} for name in view.groupings if name != "modality"]
        saved = self._selections.of(run).annotations.state().sets
        return found + [{"value": f"{SET}:{each.id}", "label": f"{each.name} (selection)"} for each in saved]

    def groups(self, run: str, key: str | None) -> dict[str, Any]:
        """Name groups in plain values.

        Raises
        ------
        InputError
            If there are none such.
        """
        options = {each["value"]: each["label"] for each in self.offered(run)}
        chosen = key or next(iter(options), "")
        if chosen not in options:
            raise InputError(
                "This run has no such groups.", "a column of groups, or a selection.", "choose another one."
            )
        kind, _, name = chosen.partition(":")
        if kind == OBS:
            return {"column": name}
        view = self._services.view(run)
        bits = bitsets.unpack(self._selections.of(run).annotations.sets.bits(name), view.n_cells)
        return {"bits": bitsets.written(np.asarray(bits)), "name": options[chosen].removesuffix(" (selection)")}

    def tables(self, run: str | None, groups: str | None) -> Tables | None:
        """Return what was worked out of a run; None if that has to be ordered first."""
        view = self.view(run)
        if view is None or run is None:
            return None
        try:
            asked = groups_asked(self.groups(run, groups))
        except InputError:
            return None
        user = self._services.users.current()
        key = (user, view.run.owner, *inputs_of(view.folder), str(asked))

        def read() -> Tables | None:
            kept = self.kept
            found = (
                kept.evidence(view.folder),
                kept.read(view.folder, {"kind": PLACES}),
                kept.read(view.folder, asked),
            )
            evidence, places, levels = found
            if evidence is None or places is None or levels is None:
                return None
            return Tables(evidence, places, levels)

        return self._tables.get(key, read)

    def known(self, run: str, tables: Tables, own: str | None) -> KnownTargets | None:
        """Return the known targets among the genes of a run: of a user's own table if one is named, else TRRUST's.

        Raises
        ------
        InputError
            If the table is not kept any more, or cannot be read.
        """
        view = self._services.view(run)
        key = (self._services.users.current(), view.run.owner, *inputs_of(view.folder), own)
        return self._known.get(key, lambda: self._read_known(run, tables, own))

    def _read_known(self, run: str, tables: Tables, own: str | None) -> KnownTargets | None:
        genes = tables.evidence.genes.tolist()
        # factors that have motifs and were not measured have targets, too
        named = [*genes, *tables.factors]
        if own:
            return self.kept.own_targets(own).among(named)
        view = self._services.view(run)
        organism = organism_of_run(view.run.config.genome, genes)
        return None if organism is None else read_known_targets(organism).among(named)

    def targets(self, run: str, tables: Tables, tf: str) -> pd.DataFrame:
        """Rank the targets of a factor; beside what the engine says, ``link_p``, of the surest peak of each target.

        Raises
        ------
        InputError
            If the run knows no such factor.
        """
        view = self._services.view(run)
        key = (self._services.users.current(), view.run.owner, *inputs_of(view.folder), tf)

        def rank() -> pd.DataFrame:
            found = tables.evidence.targets(tf)
            links = tables.evidence.links
            best = links.groupby("gene")["p"].min() if len(links) else pd.Series(dtype=float)
            best.index = tables.evidence.genes[best.index.to_numpy(np.int64)]
            return found.assign(link_p=found["target"].map(best[~best.index.duplicated()]).astype(float))

        found = self._targets.get(key, rank)
        assert found is not None
        return found


def with_known(targets: pd.DataFrame, known: KnownTargets | None, tf: str) -> pd.DataFrame:
    """Say of each target whether it is ``known``, by which ``mode`` and ``pmids``."""
    if known is None:
        return targets.assign(known=False, mode="", pmids="")
    edges = known.targets_of(tf).set_index("target")
    there = targets["target"].isin(edges.index)
    mode, pmids = (targets["target"].map(edges[name]).fillna("") for name in ("mode", "pmids"))
    return targets.assign(known=there, mode=mode, pmids=pmids)
