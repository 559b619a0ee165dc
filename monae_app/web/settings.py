"""What the app is told at its start."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass, field
from pathlib import Path

from monae_app.jobs.run_limits import RunLimits
from monae_app.jobs.upload_limits import UploadLimits


@dataclass(frozen=True)
class Settings:
    """How to serve, and what.

    Parameters
    ----------
    store
        Where runs are kept.
    data_root
        Folder whose files everybody who uses this server may read; None for none.
    host, port
        Where to listen; port 0 takes a free one.
    no_browser
        Do not open a browser.
    files
        Run folders to look at, and files or other folders to choose from, named on the command line.
    single_user
        Whether everybody who reaches the server is one user; None: only while this machine alone can reach it.
    limits
        What uploads may cost.
    run_limits
        How many trainings may wait.
    demo
        Id of the demo whose store this is, see :mod:`monae_app.jobs.demo_store`; empty for none.
    theme
        What browsers begin with that have not chosen; empty: as their system has it.
    """

    store: Path = field(default_factory=lambda: Path.home() / ".monae")
    data_root: Path | None = None
    host: str = "127.0.0.1"
    port: int = 8050
    no_browser: bool = False
    files: tuple[Path, ...] = ()
    single_user: bool | None = None
    limits: UploadLimits = field(default_factory=UploadLimits)
    run_limits: RunLimits = field(default_factory=RunLimits)
    demo: str = ""
    theme: str = ""

    @property
    def loopback(self) -> bool:
        """Whether only programs on this machine can reach the server."""
        if self.host == "localhost":
            return True
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return False

    @property
    def single(self) -> bool:
        """Whether there is one user."""
        return self.loopback if self.single_user is None else self.single_user

    @property
    def opened_runs(self) -> tuple[Path, ...]:
        """The runs among ``files``."""
        return tuple(path.resolve() for path in self.files if _is_run(path))

    @property
    def offered_files(self) -> tuple[Path, ...]:
        """The files and folders with data among ``files``."""
        return tuple(path.resolve() for path in self.files if not _is_run(path))


def _is_run(path: Path) -> bool:
    return path.is_dir() and ((path / "config.json").is_file() or (path / "report.json").is_file())
