"""What the pages may ask for; made once per app and handed to each page's register()."""

from __future__ import annotations

import json
import threading
from collections import OrderedDict
from typing import TYPE_CHECKING, Any

from monae_app.engine.data.contents import ReadingOptions
from monae_app.engine.data.cutoffs import without_cutoffs
from monae_app.engine.errors import InputError
from monae_app.jobs.archive_import import inputs_are_here
from monae_app.jobs.experience import Experience
from monae_app.jobs.inspecting import inspect
from monae_app.jobs.launcher import Launcher, make_launcher
from monae_app.jobs.listing import Listing
from monae_app.jobs.looking import look
from monae_app.jobs.progress import STOPPED
from monae_app.jobs.registry import SHARED, Registry
from monae_app.jobs.sharing import Shares
from monae_app.jobs.surveys import Surveys
from monae_app.jobs.uploads import UploadStore
from monae_app.jobs.views import Views
from monae_app.web import bundled
from monae_app.web.datasets import Catalogue, Source
from monae_app.web.live import LossHistory
from monae_app.web.open_runs import OpenRuns
from monae_app.web.users import Users

if TYPE_CHECKING:
    from pathlib import Path

    from monae_app.engine.config import RunConfig
    from monae_app.jobs.listing import Listed
    from monae_app.jobs.outlook import Outlook
    from monae_app.jobs.registry import RunRecord
    from monae_app.web.explore import RunView
    from monae_app.web.settings import Settings

# what a training makes of columns and names
OF_TRAINING = {"batch_key", "paired", "reference_batch"}
KEPT_SUMMARIES = 20


class Services:
    """Runs, results, data sets and summaries, each as the one who asks may see them.

    Parameters
    ----------
    settings
        Of the app.
    samples_root
        Where the samples lie, if not where they are bundled.
    launcher
        Who computes; the one that fits the settings if left out.
    """

    def __init__(self, settings: Settings, samples_root: Path | None = None, launcher: Launcher | None = None) -> None:
        self.settings = settings
        self.launcher = launcher or make_launcher(settings.store, settings.run_limits)
        self.users = Users(settings)
        self.uploads = UploadStore(settings.store, settings.limits)
        self.catalogue = Catalogue(settings, samples_root, self.uploads, self.users.current)
        self.surveys = Surveys(settings.store / "surveys")
        self.losses = LossHistory()
        self.listing = Listing()
        self.experience = Experience(settings.store)
        self._samples = samples_root or bundled.folder("data_samples")
        self._shares = Shares(settings.store)
        self._lock = threading.Lock()
        self._open_runs = OpenRuns()
        self._summaries: OrderedDict[str, dict[str, Any]] = OrderedDict()

    @property
    def registry(self) -> Registry:
        """The runs of the one who asks."""
        return Registry(
            self.settings.store, self.users.current(), self._samples, self.settings.opened_runs, self._shares
        )

    def runs(self) -> list[Listed]:
        """List the runs that the one who asks can see, newest first, opened and bundled ones last."""
        return self.listing.of(self.registry)

    def default_run(self) -> str | None:
        """Id of the run to begin with: one given at the start, else the newest finished one, else the newest."""
        runs = self.runs()
        opened = [run for run in runs if run.id.startswith("opened-")]
        finished = [run for run in runs if run.finished]
        first = next(iter([*opened, *finished, *runs]), None)
        return first.id if first else None

    def view(self, run_id: str) -> RunView:
        """Open a finished run; what was read of the last few stays in memory.

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
        return self._open_runs.view(record.folder)

    def opened(self, run_id: str | None) -> RunView | None:
        """Open a finished run; None if there is none."""
        try:
            return self.view(run_id) if run_id else None
        except InputError:
            return None

    def summary(self, source: Source) -> dict[str, Any]:
        """Say what a data set holds, all cells of it; a bundled sample's run knows already.

        Raises
        ------
        InputError
            If its files cannot be used.
        """
        settings = without_cutoffs(self.catalogue.settings(source))
        # What a training makes of columns and names changes nothing of what files hold.
        settings = {name: value for name, value in settings.items() if name not in OF_TRAINING}
        key = json.dumps([self.users.current(), settings], default=str, sort_keys=True)
        if (known := self._summaries.get(key)) is not None:
            return known
        summary = self._known_summary(source) or inspect(settings)
        with self._lock:
            self._summaries[key] = summary
            while len(self._summaries) > KEPT_SUMMARIES:
                self._summaries.popitem(last=False)
        return summary

    def look(self, name: str, rows: str = "") -> dict[str, Any]:
        """Say what a file holds, or why it cannot be read, as :func:`monae_app.jobs.looking.look` does.

        Parameters
        ----------
        name
            As ``Catalogue.path`` takes it.
        rows
            What the rows of a text table are, if that is known.
        """
        try:
            path = self.catalogue.path(name)
        except InputError as error:
            return {"error": {"found": error.found, "expected": error.expected, "todo": error.todo}}
        return look([path], ReadingOptions(orientation=rows or "auto"))[0]

    def start(
        self, config: RunConfig, name: str, *, expected_s: float | None = None, source: Source | None = None
    ) -> RunRecord:
        """Create a run and put it in line.

        Parameters
        ----------
        config
            What to compute.
        name
            What people call it.
        expected_s
            How long it may take.
        source
            The data set as the Data page names it, so that the run can be tried again.

        Raises
        ------
        InputError
            If too many wait, or the store cannot be written; no run is left behind then.
        """
        registry = self.registry
        record = registry.create(config, name, source=source.to_json() if source else None)
        return self.submit_new(registry, record, expected_s)

    def submit_new(self, registry: Registry, record: RunRecord, expected_s: float | None) -> RunRecord:
        """Put a run that was just made in line, or leave no trace of it.

        Raises
        ------
        InputError
            If it cannot wait there.
        """
        try:
            self.launcher.submit(registry.user, record.files, expected_s=expected_s, resume=record.files.has_begun)
        except InputError:
            registry.withdraw(record)
            raise
        return record

    def resume(self, run_id: str) -> RunRecord:
        """Put a run that was stopped, lost or refused in line again, to go on from what it keeps, if anything.

        Raises
        ------
        InputError
            If it is not one of one's own that stands still without a result, or its files are not here.
        """
        record = self.own(run_id)
        if record.status.state not in STOPPED:
            raise InputError(
                f"The run {record.name!r} is {record.status.state}.",
                "a run that was cancelled, failed or was lost.",
                "choose another run.",
            )
        check_inputs(record)
        self.launcher.submit(self.registry.user, record.files, resume=record.files.has_begun)
        return record

    def cancel(self, run_id: str) -> None:
        """Take a run of one's own out of the line, or stop it.

        Raises
        ------
        InputError
            If it belongs to somebody else.
        """
        self.launcher.cancel(self.registry.user, self.own(run_id).files)

    def outlook(self, run_id: str) -> Outlook | None:
        """Tell the place in line of a run that can be seen; None if it does not wait."""
        record = self.registry.get(run_id)
        return self.launcher.outlook(record.owner, record.files)

    def share(self, run_id: str) -> str:
        """Let everybody who is told look at a run: return the id under which they find it.

        Raises
        ------
        InputError
            If it is not a run of the one who asks.
        """
        return SHARED + self._shares.share(self.users.current(), self.own(run_id).id)

    def shared(self, run_id: str | None) -> str | None:
        """Return the id under which others find a run of the one who asks, or None if it is not shared."""
        token = self._shares.token(self.users.current(), run_id) if run_id else None
        return None if token is None else SHARED + token

    def unshare(self, run_id: str) -> None:
        """End the sight of a run that others had, and what links to its map show.

        Raises
        ------
        InputError
            If it is not a run of the one who asks.
        """
        record = self.own(run_id)
        self._shares.revoke(self.users.current(), record.id)
        Views(self.settings.store).forget(record.folder)

    def can_share(self, run_id: str | None) -> bool:
        """Whether this is a run of the one who asks, finished or not."""
        try:
            return bool(run_id and self.own(run_id))
        except InputError:
            return False

    def own(self, run_id: str) -> RunRecord:
        """Find a run of the one who asks.

        Raises
        ------
        InputError
            If it belongs to somebody else.
        """
        record = self.registry.get(run_id)
        if record.read_only:
            raise InputError(
                f"The run {record.name!r} is not yours.", "a run of your own.", "ask the one who shared it."
            )
        return record

    def _known_summary(self, source: Source) -> dict[str, Any] | None:
        if not source.sample or source.genome or set(without_cutoffs(source.settings)) - OF_TRAINING:
            return None
        report = self.catalogue.sample(source.sample).folder / "run" / "report.json"
        try:
            return dict(json.loads(report.read_text(encoding="utf-8"))["dataset"])
        except (OSError, ValueError, KeyError):
            return None


def check_inputs(record: RunRecord) -> None:
    """Refuse to train where the files of a run are gone.

    Raises
    ------
    InputError
        If not all of them are there.
    """
    if not inputs_are_here(record.files.read_config()):
        raise InputError(
            f"Files that the run {record.name!r} was made from are not here any more.",
            "all files of the run, unchanged.",
            "put them back, or train anew on files chosen on the Data page.",
        )
