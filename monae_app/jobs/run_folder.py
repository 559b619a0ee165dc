"""The folder of one run: beside what every job says of itself, a config.json, and in the end a result."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from monae_app.engine import result
from monae_app.jobs.progress import JobFolder

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from monae_app.engine.config import RunConfig
    from monae_app.jobs.progress import Kind


class RunFolder(JobFolder):
    """The small files of one run folder."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.config_path = path / "config.json"
        self.report_path = path / result.REPORT
        self.checkpoint_path = path / result.CHECKPOINT

    def write_config(self, config: RunConfig) -> None:
        """Save what the run is made from."""
        result.write_config(self.path, config)

    def read_config(self) -> RunConfig:
        """Load what the run is made from.

        Raises
        ------
        InputError
            If there is no readable config.json.
        """
        return result.read_config(self.path)

    @property
    def kind(self) -> Kind:
        """A run."""
        return "run"

    @property
    def ordered(self) -> bool:
        """Whether there is a config.json."""
        return self.config_path.is_file()

    @property
    def finished(self) -> bool:
        """Whether there is a result."""
        # os.path, not Path: a folder that may not be read holds no result, and is no error.
        return os.path.isfile(self.report_path)  # noqa: PTH113

    @property
    def has_checkpoint(self) -> bool:
        """Whether training can go on from where it stood."""
        return os.path.isfile(self.checkpoint_path)  # noqa: PTH113

    @property
    def has_begun(self) -> bool:
        """Whether there is a checkpoint, or anything that was worked out before training."""
        return self.has_checkpoint or os.path.isdir(self.path / result.STAGES)  # noqa: PTH112

    @property
    def goes_on(self) -> str:
        """Whether there is a checkpoint, or what else is kept, in a sentence."""
        if self.has_checkpoint:
            return "It can go on from its last checkpoint."
        kept = " What it had worked out is kept." if self.has_begun else ""
        return f"It had no checkpoint yet.{kept}"

    def device(self) -> str:
        """Return what its settings say."""
        return self.read_config().device

    def processes(self) -> int:
        """Return what its settings say."""
        return self.read_config().processes

    def needs(self) -> Iterator[Path]:
        """Name its inputs and other files."""
        config = self.read_config()
        yield from (path for paths in config.inputs.values() for path in paths)
        yield from config.files().values()
