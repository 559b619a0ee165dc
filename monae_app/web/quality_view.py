"""What the quality panel knows: the measures of the cells, found out once, and the cut-offs that are set."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from monae_app.engine.config import RunConfig
from monae_app.engine.data.cutoffs import CUTOFFS, SETTINGS, SHARES, Cutoff, left_out, suggest_cutoffs
from monae_app.engine.errors import InputError
from monae_app.jobs.columns import read_columns
from monae_app.web.datasets import Source

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd

    from monae_app.engine.config import ModalityName
    from monae_app.jobs.surveys import Survey
    from monae_app.web.services import Services

WITH_DOUBLETS = ("rna", "atac")
BY_SETTING: dict[str, Cutoff] = {cutoff.setting: cutoff for each in CUTOFFS.values() for cutoff in each}


@dataclass(frozen=True)
class Measured:
    """Measures of all cells of a data set.

    Parameters
    ----------
    tables
        By modality, shape (N, measures).
    thresholds
        Where the scores of made-up doublets part, by modality; None where they do not.
    left_aside
        Modalities whose values are no counts.
    doublets
        Whether doublets were looked for.
    key
        Another data set, or more measures, has another.
    """

    tables: dict[str, pd.DataFrame]
    thresholds: dict[str, float | None] = field(default_factory=dict)
    left_aside: tuple[str, ...] = ()
    doublets: bool = False
    key: str = ""

    def kept(self, cutoffs: dict[str, Any]) -> dict[str, np.ndarray]:
        """Say which cells of each modality stay."""
        found = {}
        for name, table in self.tables.items():
            masks = list(left_out(table, cast("ModalityName", name), cutoffs).values())
            found[name] = ~np.logical_or.reduce(masks) if masks else np.ones(len(table), bool)
        return found

    def suggested(self) -> dict[str, Any]:
        """Suggest cut-offs that suit the data."""
        found: dict[str, Any] = {}
        for name, table in self.tables.items():
            found |= suggest_cutoffs(table, cast("ModalityName", name), self.thresholds.get(name))
        return {setting: plain(setting, value) for setting, value in found.items()}


class QualityView:
    """Measures of data sets.

    Parameters
    ----------
    services
        Data sets on offer, and what was found out about them.
    """

    def __init__(self, services: Services) -> None:
        self._services = services

    def source(self, chosen: dict[str, Any] | None) -> Source | None:
        """Read which data set is chosen; the first sample unless one is; None for none."""
        return Source.from_json(chosen) or self._services.catalogue.default()

    def survey(self, source: Source, *, doublets: bool = False) -> Survey:
        """Say how far the measures are, and begin to look for them unless that has happened.

        Raises
        ------
        InputError
            If a file of the data set is not on offer.
        """
        return self._services.surveys.ask(
            "doublets" if doublets else "quality", self._services.catalogue.settings(source)
        )

    def measured(self, source: Source, *, doublets: bool) -> Measured | None:
        """Return the measures of a data set; None as long as they are not known.

        Parameters
        ----------
        source
            The data set.
        doublets
            Whether doublets were asked for.

        Raises
        ------
        InputError
            If a file of the data set is not on offer.
        """
        survey = self.survey(source)
        if survey.state != "done":
            return None
        tables = {name: _table(survey.folder / f"quality-{name}.npz") for name in survey.said["modalities"]}
        left_aside, thresholds = tuple(survey.said["left_aside"]), {}
        key = survey.folder.name
        more = self.survey(source, doublets=True) if doublets else None
        if more is not None and more.state == "done":
            thresholds, key = more.said["thresholds"], f"{key}+"
            for name in set(thresholds) & set(tables):
                tables[name] = tables[name].join(_table(more.folder / f"doublets-{name}.npz"))
        return Measured(tables, thresholds, left_aside, doublets=key.endswith("+"), key=key)


@lru_cache(maxsize=12)
def _read(path: Path, _written: int) -> pd.DataFrame:
    return read_columns(path)


def _table(path: Path) -> pd.DataFrame:
    return _read(path, path.stat().st_mtime_ns)


def cutoffs_of(settings: dict[str, Any] | None) -> dict[str, Any]:
    """Pick the cut-offs among the settings of a data set."""
    return {name: value for name, value in (settings or {}).items() if name in SETTINGS and value is not None}


def plain(setting: str, value: float) -> Any:
    """Write a value as its setting wants it: whole where genes and peaks are counted."""
    whole = "int" in str(RunConfig.model_fields[setting].annotation)
    return int(value) if whole or float(value).is_integer() else round(float(value), 4)


def shown(setting: str, value: Any) -> str:
    """Write a cut-off for its field; shares in percent, empty for none."""
    if value is None:
        return ""
    number = 100 * value if BY_SETTING[setting].measure in SHARES else value
    return f"{number:.10g}"


def typed(setting: str, text: Any) -> Any:
    """Read what was typed; None for no cut-off.

    Raises
    ------
    InputError
        If it is no number, or none that the measure can have.
    """
    words = str("" if text is None else text).replace(",", "").replace("%", "").replace(" ", "")
    if not words:
        return None
    measure = BY_SETTING[setting].measure
    most = 100.0 if measure in SHARES else 1.0 if measure == "doublet_score" else 1e9
    try:
        value = float(words)
    except ValueError:
        value = -1.0
    if not 0 <= value <= most:
        raise InputError(f"{str(text)[:40]!r} is no cut-off.", f"a number from 0 to {most:,.0f}.", "correct it.")
    value = plain(setting, value / 100 if measure in SHARES else value)
    # nothing lies below 0
    return None if not value and BY_SETTING[setting].side == "min" else value
