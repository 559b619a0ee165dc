"""What the Guidance page computes from places that were read once: the genome chosen, and the links that come of it."""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, cast

import pandas as pd

from monae_app.engine.config import RunConfig
from monae_app.engine.data.former_symbols import names_in
from monae_app.engine.data.genome import one_place_per_symbol, read_bed, read_genome
from monae_app.engine.data.gtf import read_gtf
from monae_app.engine.data.guidance_effect import guidance_effect
from monae_app.engine.errors import InputError
from monae_app.jobs.columns import read_columns
from monae_app.web.datasets import Source

if TYPE_CHECKING:
    from collections.abc import Callable

    from monae_app.engine.config import GenomeName
    from monae_app.engine.data.guidance_effect import GuidanceEffect
    from monae_app.jobs.surveys import Survey
    from monae_app.web.services import Services

KEPT = 12
LENGTHS = ("promoter", "window")
T = TypeVar("T")


def length(name: str, text: Any) -> int:
    """Read ``promoter`` or ``window``: "2000", "2,000", "2 kb", "1.5 Mb".

    Raises
    ------
    InputError
        If it is no length within the bounds of the setting.
    """
    setting = RunConfig.model_fields[name]
    most = next(bound for rule in setting.metadata if (bound := getattr(rule, "le", None)) is not None)
    plain = str("" if text is None else text).lower().replace(",", "").replace("_", "").replace(" ", "")
    if not plain:
        return int(setting.default)
    scale = 1.0
    for unit, factor in (("kb", 1e3), ("mb", 1e6), ("bp", 1.0), ("k", 1e3), ("m", 1e6)):
        if plain.endswith(unit):
            plain, scale = plain.removesuffix(unit), factor
            break
    try:
        found = float(plain) * scale
    except ValueError:
        found = -1.0
    if not 0 <= found <= most:
        raise InputError(
            f"{name.capitalize()}: {str(text)[:40]!r} is no length.",
            f"a number of base pairs from 0 to {most:,}, such as 2000, 50 kb or 0.1 Mb.",
            "correct it.",
        )
    return round(found)


def standard() -> dict[str, int]:
    """Return promoter length and window as they are unless set."""
    return {name: int(RunConfig.model_fields[name].default) for name in LENGTHS}


@dataclass(frozen=True)
class Choice:
    """What the page is set to, as the browser says it: to be checked."""

    source: dict[str, Any] | None
    genome: str | None
    promoter: Any
    window: Any

    def lengths(self) -> dict[str, int]:
        """Read promoter length and window.

        Raises
        ------
        InputError
            If one is no length.
        """
        return {"promoter": length("promoter", self.promoter), "window": length("window", self.window)}

    def kept(self) -> dict[str, Any]:
        """Return the settings that come with the data set."""
        return dict((self.source or {}).get("settings") or {})


class GuidanceView:
    """Links of the data sets that were looked at last.

    Parameters
    ----------
    services
        Data sets on offer, and what was found out about them.
    """

    def __init__(self, services: Services) -> None:
        self._services = services
        self._lock = threading.Lock()
        self._kept: OrderedDict[tuple[Any, ...], Any] = OrderedDict()

    def source(self, chosen: dict[str, Any] | None) -> Source:
        """Read which data set is chosen; the first sample unless one is.

        Raises
        ------
        InputError
            If there is none.
        """
        source = Source.from_json(chosen) or self._services.catalogue.default()
        if source is None:
            raise InputError("No data are chosen yet.", "a sample, or files.", "choose some on the Data page.")
        return source

    def settings(self, chosen: dict[str, Any] | None) -> dict[str, Any]:
        """Return the settings of a run on the data set.

        Raises
        ------
        InputError
            If there is none, or a file of it is not on offer.
        """
        return self._services.catalogue.settings(self.source(chosen))

    def own(self, chosen: dict[str, Any] | None) -> dict[str, Any]:
        """Return the gene coordinates that the data set brings itself: ``genome``, ``bed`` or ``gtf``, or nothing.

        Raises
        ------
        InputError
            If there is no data set, or a file of it is not on offer.
        """
        base = self._services.catalogue.settings(replace(self.source(chosen), genome=""))
        return {key: base[key] for key in ("genome", "bed", "gtf") if base.get(key)}

    def survey(self, chosen: dict[str, Any] | None) -> Survey:
        """Say how far the places of a data set are read.

        Raises
        ------
        InputError
            If there is none, or a file of it is not on offer.
        """
        return self._services.surveys.ask("places", self.settings(chosen))

    def places(self, chosen: dict[str, Any] | None, modality: str) -> pd.DataFrame:
        """Names of the features, and of peaks their places.

        Raises
        ------
        InputError
            If they are not read yet, or cannot be.
        """
        survey = self.survey(chosen)
        if survey.state != "done":
            raise survey.error or InputError("The files are being read.", "a moment of patience.", "wait.")
        file = survey.folder / f"places-{modality}.npz"
        return self.once(("places", str(file)), lambda: read_columns(file))

    def effect(self, choice: Choice, lengths: dict[str, int]) -> GuidanceEffect:
        """Links of all genes and peaks of a data set.

        Raises
        ------
        InputError
            If no genome is chosen, or the gene coordinates cannot be read.
        """
        named = self._services.catalogue.coordinates(choice.genome) if choice.genome else self.own(choice.source)
        genome = {kind: value for kind, value in named.items() if value}
        if not genome:
            raise InputError("No genome is chosen.", "gene coordinates.", "choose a genome, or a BED or GTF file.")
        annotation = self._annotation(genome)
        genes, peaks = (self.places(choice.source, modality) for modality in ("rna", "atac"))
        key = ("effect", str(self.survey(choice.source).folder), *_stamped(genome), *sorted(lengths.items()))
        names = pd.Index(genes["name"])
        known_as = names_in(names, cast("GenomeName | None", genome.get("genome"))).tolist()
        return self.once(
            key,
            lambda: guidance_effect(names.tolist(), peaks.set_index("name"), annotation, known_as=known_as, **lengths),
        )

    def _annotation(self, settings: dict[str, Any]) -> pd.DataFrame:
        key = _stamped(settings)
        if "genome" in settings:
            return self.once(key, lambda: read_genome(settings["genome"]))
        if "bed" in settings:
            return self.once(key, lambda: read_bed(Path(settings["bed"])))
        return self.once(key, lambda: one_place_per_symbol(read_gtf(Path(settings["gtf"]))))

    def once(self, key: tuple[Any, ...], compute: Callable[[], T]) -> T:
        """Compute something, or take it from what was computed last."""
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
                found: T = self._kept[key]
                return found
        value = compute()
        with self._lock:
            self._kept[key] = value
            while len(self._kept) > KEPT:
                self._kept.popitem(last=False)
        return value


def _stamped(settings: dict[str, Any]) -> tuple[Any, ...]:
    """Make a key of a choice of genome: a file that has changed is another."""
    (kind, name), *_ = settings.items()
    file = Path(str(name))
    return (kind, str(name), file.stat().st_mtime_ns if kind != "genome" and file.exists() else 0)
