"""What the server clears away from time to time, in one call."""

from __future__ import annotations

from typing import TYPE_CHECKING

from monae_app.jobs.archive_import import sweep_imports
from monae_app.jobs.downloads import sweep_downloads
from monae_app.jobs.kept_files import sweep_kept
from monae_app.jobs.kept_matrices import sweep_matrices
from monae_app.jobs.short_work import Tickets
from monae_app.jobs.trash import purge_all
from monae_app.jobs.works import sweep_works

if TYPE_CHECKING:
    from pathlib import Path


def sweep(store: Path) -> None:
    """Remove what its time is over for: deleted runs, what was made for a while, leftovers of other work."""
    purge_all(store)
    sweep_downloads(store)
    sweep_kept(store)
    sweep_matrices(store)
    sweep_imports(store)
    Tickets(store).sweep()
    sweep_works(store)
