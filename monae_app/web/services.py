"""What the pages may ask for; made once per app and handed to each page's register()."""

from __future__ import annotations

import json
import threading
from collections import OrderedDict
from typing import TYPE_CHECKING, Any

from monae_app.engine.data.duration import expected_seconds
from monae_app.engine.errors import InputError
from monae_app.engine.result import Result
from monae_app.jobs.launcher import Launcher, inspect
from monae_app.jobs.registry import Registry
from monae_app.jobs.surveys import Surveys
from monae_app.web import bundled
from monae_app.web.datasets import Catalogue, Source
from monae_app.web.explore import RunView
from monae_app.web.live import LossHistory

if TYPE_CHECKING:
    from pathlib import Path

    from monae_app.engine.config import RunConfig
    from monae_app.jobs.registry import RunRecord
    from monae_app.web.settings import Settings

# A result of 100,000 cells takes about 100 MB.
KEPT_RESULTS = 3
KEPT_SUMMARIES = 20


class Services:
    """Runs, results, data sets and summaries.

    Parameters
    ----------
    settings
        Of the app.
    samples_root
        Where the samples lie, if not where they are bundled.
    """

    def __init__(self, settings: Settings, samples_root: Path | None = None) -> None:
        self.settings = settings
        self.catalogue = Catalogue(settings, samples_root)
        self.registry = Registry(
            settings.store,
            bundled=samples_root or bundled.folder("data_samples"),
            opened=settings.opened_runs,
        )
        self.launcher = Launcher(self.registry)
        self.surveys = Surveys(settings.store / "surveys")
        self.losses = LossHistory()
        self._lock = threading.Lock()
        self._views: OrderedDict[tuple[str, int], RunView] = OrderedDict()
        self._summaries: OrderedDict[Source, dict[str, Any]] = OrderedDict()

    def default_run(self) -> str | None:
        """Id of the run to begin with: one given at the start, else the newest finished one, else the newest."""
        runs = self.registry.list()
        opened = [record for record in runs if record.id.startswith("opened-")]
        finished = [record for record in runs if record.finished]
        first = next(iter([*opened, *finished, *runs]), None)
        return first.id if first else None

    def view(self, run_id: str) -> RunView:
        """Open a finished run; the last few stay in memory.

        Raises
        ------
        InputError
            If there is no such run, or it has no result yet.
        """
        record = self.registry.get(run_id)
        if not record.finished:
            raise InputError(
                f"The run {record.name!r} has no result yet.", "a finished run.", "follow it on the Training page."
            )
        key = (run_id, (record.folder / "cells.h5ad").stat().st_mtime_ns)
        with self._lock:
            view = self._views.pop(key, None) or RunView(Result.load(record.folder))
            self._views[key] = view
            while len(self._views) > KEPT_RESULTS:
                self._views.popitem(last=False)
        return view

    def summary(self, source: Source) -> dict[str, Any]:
        """Say what a data set holds; a bundled sample's run knows already.

        Raises
        ------
        InputError
            If its files cannot be used.
        """
        settings = self.catalogue.settings(source)
        if source in self._summaries:
            return self._summaries[source]
        summary = self._known_summary(source) or inspect(settings)
        self._summaries[source] = summary
        while len(self._summaries) > KEPT_SUMMARIES:
            self._summaries.popitem(last=False)
        return summary

    def expected_seconds(self, source: Source, config: RunConfig) -> float:
        """Estimate how long a training takes here."""
        return expected_seconds(self.summary(source), config)

    def start(self, config: RunConfig, name: str) -> RunRecord:
        """Create a run and start to compute it.

        Raises
        ------
        InputError
            If another one is computing.
        """
        record = self.registry.create(config, name)
        self.launcher.start(record)
        return record

    def _known_summary(self, source: Source) -> dict[str, Any] | None:
        if not source.sample:
            return None
        report = self.catalogue.sample(source.sample).folder / "run" / "report.json"
        try:
            return dict(json.loads(report.read_text(encoding="utf-8"))["dataset"])
        except (OSError, ValueError, KeyError):
            return None
