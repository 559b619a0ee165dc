"""The runs that are being looked at: what was read of them stays in memory for a while, bounded by bytes."""

from __future__ import annotations

import threading
from collections import OrderedDict
from typing import TYPE_CHECKING

from monae_app.engine.analysis.kept_arrays import KeptArrays
from monae_app.engine.analysis.run_slices import RunSlices, version_of
from monae_app.web.explore import RunView

if TYPE_CHECKING:
    from pathlib import Path

# A view takes a few kB; what has been read lately takes up to so many bytes, for all of them together.
KEPT_VIEWS = 20
KEPT_BYTES = 384 * 2**20


class OpenRuns:
    """Views by folder: an id means another run for another user."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._views: OrderedDict[Path, RunView] = OrderedDict()
        self.kept = KeptArrays(KEPT_BYTES)

    def view(self, folder: Path) -> RunView:
        """Open the finished run in a folder, anew if it has changed.

        Raises
        ------
        InputError
            If it is none.
        """
        version = version_of(folder)
        with self._lock:
            known = self._views.pop(folder, None)
        if known is not None and known.version != version:
            self.kept.drop(known.run.owner)
            known = None
        view = known or RunView(RunSlices(folder, self.kept))
        self._keep(view)
        return view

    def _keep(self, view: RunView) -> None:
        with self._lock:
            self._views[view.folder] = view
            gone = [folder for folder in self._views if not folder.is_dir()]
            gone += list(self._views)[: max(0, len(self._views) - KEPT_VIEWS)]
            for folder in dict.fromkeys(gone):
                self.kept.drop(self._views.pop(folder).run.owner)
