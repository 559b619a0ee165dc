"""What people do with runs beside starting and stopping them: extend, rename, note, delete, try again."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from monae_app.engine.data.duration import expected_seconds
from monae_app.engine.errors import InputError
from monae_app.engine.folder import checkpoint_steps
from monae_app.jobs.about import change_about
from monae_app.jobs.registry import without_checkpoint
from monae_app.jobs.trash import Deleted, Trash
from monae_app.web.datasets import Source
from monae_app.web.forecast import times_expected
from monae_app.web.services import check_inputs

if TYPE_CHECKING:
    from monae_app.engine.config import RunConfig
    from monae_app.jobs.registry import RunRecord
    from monae_app.web.services import Services

SAMPLE = "sample-"


@dataclass(frozen=True)
class Earlier:
    """What an earlier run was made from.

    Parameters
    ----------
    record
        The run.
    config
        All its settings.
    source
        The data set as the Data page names it; None where that is not known.
    """

    record: RunRecord
    config: RunConfig
    source: Source | None


class RunActions:
    """Changes of the runs of the one who asks.

    Parameters
    ----------
    services
        Of the app.
    """

    def __init__(self, services: Services) -> None:
        self._services = services

    def earlier(self, run_id: str) -> Earlier:
        """Return what a run was made from, to try again with other settings.

        Raises
        ------
        InputError
            If it is neither one's own nor a bundled one, or its settings cannot be read.
        """
        record = self._services.registry.get(run_id)
        if record.id.startswith(SAMPLE):
            source: Source | None = Source(sample=record.id.removeprefix(SAMPLE))
        else:
            source = Source.from_json(self._services.own(run_id).about.source)
        return Earlier(record, record.files.read_config(), source)

    def extensible(self, run_id: str) -> int:
        """Return how many training steps a run has had that can be extended.

        Raises
        ------
        InputError
            If it has no result or keeps no checkpoint, or its files are not here.
        """
        parent = self._services.registry.get(run_id)
        if not parent.finished:
            raise InputError(f"The run {parent.name!r} has no result yet.", "a finished run.", "let it finish first.")
        known = checkpoint_steps(parent.files.checkpoint_path)
        if known is None:
            raise without_checkpoint(parent)
        check_inputs(parent)
        return max(known)

    def extend(self, run_id: str, more: int) -> RunRecord:
        """Put a new run in line that goes on where a finished one ended.

        Parameters
        ----------
        run_id
            Of the finished run.
        more
            Further training steps.

        Raises
        ------
        InputError
            If it has no result or keeps no checkpoint, its files are not here, or too many runs wait.
        """
        if more < 1:
            raise InputError(f"{more:,} further steps are none.", "1 or more.", "type how many steps to add.")
        self.extensible(run_id)
        registry = self._services.registry
        parent = registry.get(run_id)
        record = registry.extend(parent, more)
        return self._services.submit_new(registry, record, self._expected(parent, record, more))

    def reached(self, run_id: str) -> int | None:
        """Return how many training steps the checkpoint of a run holds; None if there is none."""
        known = checkpoint_steps(self._services.registry.get(run_id).files.checkpoint_path)
        return None if known is None else known[0]

    def describe(self, run_id: str, name: str, note: str) -> None:
        """Call a run of one's own something, and write a note to it.

        Raises
        ------
        InputError
            If name or note cannot be kept, or the run belongs to somebody else.
        """
        try:
            change_about(self._services.own(run_id).folder, name=name, note=note)
        except OSError as error:
            raise _unwritable(error) from error

    def delete(self, run_id: str) -> Deleted:
        """Move a run of one's own to the trash.

        Raises
        ------
        InputError
            If that is not possible.
        """
        try:
            return self._trash().delete(self._services.registry, run_id)
        except OSError as error:
            raise _unwritable(error) from error

    def restore(self, run_id: str) -> RunRecord:
        """Bring a deleted run back.

        Raises
        ------
        InputError
            If it is not in the trash any more.
        """
        try:
            return self._trash().restore(run_id)
        except OSError as error:
            raise _unwritable(error) from error

    def deleted(self) -> list[Deleted]:
        """List the deleted runs, the last deleted first."""
        try:
            return self._trash().list()
        except OSError:
            return []

    def _trash(self) -> Trash:
        return Trash(self._services.settings.store, self._services.users.current())

    def _expected(self, parent: RunRecord, record: RunRecord, more: int) -> float | None:
        """Estimate how long only the further steps take."""
        try:
            summary: dict[str, Any] = json.loads(parent.files.report_path.read_bytes())["dataset"]
            config = record.files.read_config().model_copy(update={"steps": more})
            return expected_seconds(summary, config) * times_expected(self._services, config.device)
        except (OSError, ValueError, KeyError, TypeError, InputError):
            return None


def _unwritable(error: OSError) -> InputError:
    return InputError(
        f"The store could not be changed ({error.strerror or error}).",
        "a store that can be written, with free space.",
        "free some space in the folder that --store names, or look who may write there.",
    )
