"""What the app is told at its start."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True)
class Settings:
    """How to serve, and what.

    Parameters
    ----------
    store
        Where runs are kept.
    data_root
        Folder whose .h5ad files everybody who uses this server may read; None for none.
    host, port
        Where to listen; port 0 takes a free one.
    no_browser
        Do not open a browser.
    files
        A run folder to look at, or .h5ad files to choose from, named on the command line.
    """

    store: Path = field(default_factory=lambda: Path.home() / ".monae")
    data_root: Path | None = None
    host: str = "127.0.0.1"
    port: int = 8050
    no_browser: bool = False
    files: tuple[Path, ...] = ()

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
    def opened_runs(self) -> tuple[Path, ...]:
        """The folders among ``files``."""
        return tuple(path.resolve() for path in self.files if path.is_dir())

    @property
    def offered_files(self) -> tuple[Path, ...]:
        """The files among ``files``."""
        return tuple(path.resolve() for path in self.files if not path.is_dir())
