"""Lines of a matrix that come block after block, from a text: in memory as long as they are few, then on disk.

L lines, M places in each.
"""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING

import scipy.sparse as sp

from monae_app.engine.data import on_disk
from monae_app.engine.data.store.kept import for_once
from monae_app.engine.data.store.lines import LineWriter

if TYPE_CHECKING:
    from types import TracebackType


class Gathering:
    """Takes blocks of lines until its context ends.

    Parameters
    ----------
    n_places
        M.
    """

    def __init__(self, n_places: int) -> None:
        self._n_places = n_places
        self._blocks: list[sp.csr_matrix] = []
        self._stored = 0
        self._writer: LineWriter | None = None
        self._folder = ExitStack()

    def __enter__(self) -> Gathering:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._folder.close()

    def append(self, block: sp.csr_matrix) -> None:
        """Add lines, (n, M), each place once.

        Raises
        ------
        OSError
            If they have to go to disk, and it is too full.
        """
        self._stored += block.nnz
        self._blocks.append(block)
        if self._writer is None and on_disk.is_large(self._stored):
            self._writer = LineWriter(self._folder.enter_context(for_once(on_disk.folder())))
        if self._writer is not None:
            for each in self._blocks:
                each.sort_indices()
                self._writer.append(each)
            self._blocks.clear()

    def finish(self) -> sp.csr_matrix:
        """Return all lines, (L, M); on disk they are float32."""
        if self._writer is None:
            return sp.vstack(self._blocks, format="csr") if self._blocks else sp.csr_matrix((0, self._n_places))
        return self._writer.finish().matrix(self._n_places)
